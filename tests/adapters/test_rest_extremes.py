"""Values and headers at the edge of what can be held: none of them ends a run by surprise."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.discovery import describe
from midspan.kernel.stream import Slice
from tests.adapters.http_site import Answer
from tests.adapters.rest_site import PLAIN, plain, read_all, reading, refused, reply


def test_a_number_beyond_every_bound_costs_its_own_record_alone(tmp_path: Path) -> None:
    """The records beside it are read, and it is kept with its own bytes."""
    body = b'{"data": [{"id": 1, "x": 1e99999999999999999999999}, {"id": 2, "x": 1.5}]}'

    with reading(lambda _asked: Answer(body), tmp_path, PLAIN) as (adapter, _):
        batches = list(adapter.read("items", Slice()))

    assert [row for batch in batches for row in batch.rows] == [(2, Decimal("1.5"))]
    assert [reject.code for batch in batches for reject in batch.rejects] == ["rest.row"]


@pytest.mark.parametrize("charset", ["hex", "rot13", "idna", "undefined", "nonsense"])
def test_a_charset_that_is_none_counts_as_not_declared(tmp_path: Path, charset: str) -> None:
    """Python knows codecs of such names, and they decode no text."""
    answer = Answer(
        b'{"data": [{"id": 1}, {"id": "\xff"}]}',
        headers={"Content-Type": f"application/json; charset={charset}"},
    )

    assert read_all(answer, tmp_path) == [{"id": 1}]


def test_a_token_of_numbers_can_be_kept(tmp_path: Path) -> None:
    """A position is JSON, whatever a system hands out to go on with."""
    text = plain(paging='{style: cursor, size: 1, next: next, query: {c: "{cursor}"}}')
    body = reply({"data": [{"id": 1}], "next": {"after": [1.5, "x"]}})

    with reading(lambda _asked: body, tmp_path, text) as (adapter, _):
        batch = next(adapter.read("items", Slice()))

    assert "1.5" in json.dumps(batch.position)


def test_a_total_without_end_is_none(tmp_path: Path) -> None:
    """Python refuses to read a number of that many digits."""
    text = plain(paging='{style: page, size: 1, total: total, query: {p: "{page}"}}')

    error = refused(reply({"data": [{"id": 1}], "total": "9" * 5000}), tmp_path, text)

    assert error.code == "rest.path"


def test_a_number_of_many_zeros_is_described_at_once() -> None:
    """It is never written out: that would take all memory there is."""
    column = [(Decimal("1E+400000000"),), (Decimal("2.5"),)]

    assert describe(("n",), column).fields[0].type == "decimal"
