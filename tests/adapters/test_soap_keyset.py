"""SOAP lists whose next page is asked for behind the last record of the one before."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from midspan.kernel.errors import ProtocolError
from midspan.kernel.stream import Slice
from midspan.kernel.writing import Capability
from tests.adapters.soap_site import Answer, Site, running_site
from tests.adapters.soap_wild import contract, element, given, open_wild, record, reply, rows_of

DOORS = contract(
    record("Door", "id xs:int", "changed xs:string")
    + element("After", "mark xs:string?", "most xs:int")
    + element("AfterResponse", "more xs:boolean?", "door t:Door*"),
    "After",
)
YAML = """
address: /
streams:
  doors:
    primary_key: id
    operation: After
    arguments: {mark: "{cursor}", most: "{page_size}"}
    rows: door
    paging: {size: 4, field: id}
"""
BY_STAMP = YAML.replace(
    "primary_key: id", 'primary_key: id\n    cursor: {fields: changed, format: "%Y-%m-%d %H:%M"}'
).replace("field: id", "field: changed")


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as site:
        site.wsdl = Answer(DOORS)
        yield site


def doors(
    stamps: list[int], field: Callable[[int, int], Any], *, inclusive: bool, most: int = 4
) -> Callable[[bytes, object], Answer]:
    """Return a service of doors; ``stamps`` are their minutes, ``field`` what it filters by."""
    rows = list(enumerate(stamps, start=1))

    def answer(body: bytes, _headers: object) -> Answer:
        told = given(body, "mark")
        size = min(int(given(body, "most") or 0), most)
        bound = None if told is None else type(field(*rows[0]))(told)
        shown = [
            one
            for one in rows
            if bound is None or field(*one) > bound or (inclusive and field(*one) == bound)
        ][:size]
        inner = "".join(
            f"<door><id>{number}</id><changed>{stamp(minute)}</changed></door>"
            for number, minute in shown
        )
        return reply("After", inner)

    return answer


def stamp(minute: int) -> str:
    return f"2026-03-01 10:{minute:02}"


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("count", [0, 1, 4, 5, 11])
def test_pages_go_on_behind_the_last_key(
    site: Site, tmp_path: Path, count: int, inclusive: bool
) -> None:
    """Every record comes once, however many there are and whatever the bound means."""
    site.respond = doors(list(range(count)), lambda number, _: number, inclusive=inclusive)

    with closing(open_wild(site, tmp_path, YAML)) as adapter:
        found = rows_of(adapter, "doors")

    assert [row["id"] for row in found] == list(range(1, count + 1))


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("most", [3, 4])
def test_records_that_share_a_stamp_are_all_read(
    site: Site, tmp_path: Path, inclusive: bool, most: int
) -> None:
    """A page may end between records of one stamp: those are asked for again."""
    stamps = [1, 2, 3, 3, 4, 5, 5, 6, 7, 7]
    site.respond = doors(stamps, lambda _, minute: stamp(minute), inclusive=inclusive, most=most)

    with closing(open_wild(site, tmp_path, BY_STAMP)) as adapter:
        found = rows_of(adapter, "doors")

    assert {row["id"] for row in found} == set(range(1, 11))
    assert len(found) == 10


@pytest.mark.parametrize("inclusive", [False, True])
def test_a_stamp_that_fills_a_page_never_passes(
    site: Site, tmp_path: Path, inclusive: bool
) -> None:
    """More records of one stamp than a page holds cannot be reached: that is an error."""
    stamps = [1, 2, 3, 3, 3, 3, 3, 4]
    site.respond = doors(stamps, lambda _, minute: stamp(minute), inclusive=inclusive)

    with (
        closing(open_wild(site, tmp_path, BY_STAMP)) as adapter,
        pytest.raises(ProtocolError, match=r"adapter\.silent_loss"),
    ):
        rows_of(adapter, "doors")


def test_changes_begin_where_the_cursor_stands(site: Site, tmp_path: Path) -> None:
    """A list by the cursor's field is read from the last change on; a position goes on."""
    site.respond = doors(list(range(12)), lambda _, minute: stamp(minute), inclusive=True)

    with closing(open_wild(site, tmp_path, BY_STAMP)) as adapter:
        batches = list(adapter.read("doors", Slice(lower=stamp(5)), None))
        rest = rows_of(adapter, "doors", Slice(lower=stamp(5)), batches[0].position)
        can = adapter.capabilities("doors")

    read = [row[batch.columns.index("id")] for batch in batches for row in batch.rows]
    assert read == list(range(6, 13))
    assert {row["id"] for row in rest} >= {10, 11, 12}
    assert Capability.CHANGES in can


def test_a_list_that_says_it_goes_on_and_does_not_never_passes(site: Site, tmp_path: Path) -> None:
    """A flag that announces more records than come is an error."""
    inner = "<more>true</more><door><id>1</id><changed>x</changed></door>"
    site.respond = lambda _body, _headers: reply("After", inner)
    yaml = YAML.replace("field: id", "field: id, more: more")

    with (
        closing(open_wild(site, tmp_path, yaml)) as adapter,
        pytest.raises(ProtocolError, match=r"adapter\.silent_loss"),
    ):
        rows_of(adapter, "doors")


def test_a_field_that_no_record_holds_is_named(site: Site, tmp_path: Path) -> None:
    """A page cannot be asked for behind what its records do not show."""
    site.respond = doors([1, 2], lambda number, _: number, inclusive=False)

    with (
        closing(open_wild(site, tmp_path, YAML.replace("field: id", "field: nr"))) as adapter,
        pytest.raises(ProtocolError, match=r"holds no 'nr'"),
    ):
        rows_of(adapter, "doors")
