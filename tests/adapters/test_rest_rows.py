"""What the rest adapter makes of the rows of a reply, in JSON and XML."""

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from midspan.kernel.errors import (
    DriftError,
)
from midspan.kernel.stream import Slice
from tests.adapters.building import records
from tests.adapters.http_site import Answer
from tests.adapters.rest_site import PLAIN, XML, Api, plain, read_all, reading, system


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ({"data": [{"id": 1}, {"id": 2}]}, {}),
        ([{"id": 1}, {"id": 2}], {"rows": "''"}),
        ({"a": {"b": [{"id": 1}, {"id": 2}]}}, {"rows": "a.b"}),
        ({"a": [{"b": [{"id": 1}]}, {"b": []}, {"b": [{"id": 2}]}]}, {"rows": "a.b"}),
        ({"data": {"1": {}, "2": {}}}, {"keyed_by": "id"}),
        ({"data": {"id": 1}}, {}),
        ({"data": None}, {}),
    ],
)
@pytest.mark.parametrize("columns", [(), ("id",)])
def test_rows_stand_at_any_path(
    tmp_path: Path, body: Any, keys: dict[str, str], columns: Sequence[str]
) -> None:
    """Lists, lists in lists, objects by key, one object, and nothing."""
    text = plain(**keys)
    if "rows" in keys:
        text = text.replace("rows: data, ", "")
    if keys.get("keyed_by"):
        text = text.replace("keyed_by", "sparse: true, keyed_by")
    found = [str(row["id"]) for row in read_all(body, tmp_path, text, columns)]

    assert found == ["1", "2"][: len(found)]
    assert len(found) == json.dumps(body).count('"id"') + 2 * bool(keys.get("keyed_by"))


@pytest.mark.parametrize("columns", [(), ("line", "order")])
def test_nested_rows_know_what_they_stand_in(tmp_path: Path, columns: Sequence[str]) -> None:
    """A line is a row of its own, with its order's number and the reply's own stamp."""
    body = {"at": 5, "orders": [{"no": 7, "lines": [{"line": 1}, {"line": 2}]}]}
    text = plain(carry="{order: orders.no, at: at}").replace("rows: data", "rows: orders.lines")
    found = read_all(body, tmp_path, text.replace("key: id", "key: [order, line]"), columns)

    assert [(row["order"], row["line"]) for row in found] == [(7, 1), (7, 2)]


def test_keys_and_stamps_may_stand_inside(tmp_path: Path) -> None:
    """They are columns under their whole name."""
    text = plain().replace("primary_key: id", "primary_key: ref.id")
    found = read_all({"data": [{"ref": {"id": 4}, "x": 1, "y": 2}]}, tmp_path, text, ["x"])

    assert found == [{"ref": {"id": 4}, "x": 1, "ref.id": 4}]


@pytest.mark.parametrize("columns", [(), ("id", "price", "flag", "big", "deep")])
def test_values_arrive_as_they_were_sent(tmp_path: Path, columns: Sequence[str]) -> None:
    """Nothing is rounded, and a number or a boolean that comes as text stays text."""
    record = b'{"id":"007","price":19.90,"flag":"true","big":123456789012345678901,"deep":[1.10]}'
    (row,) = read_all(Answer(b'{"data": [' + record + b"]}"), tmp_path, PLAIN, columns)

    assert row == {
        "id": "007",
        "price": Decimal("19.90"),
        "flag": "true",
        "big": 123456789012345678901,
        "deep": [Decimal("1.10")],
    }
    assert str(row["price"]) == "19.90"


def test_xml_becomes_records(tmp_path: Path) -> None:
    """Attributes, repeated elements, nested records and what is nil."""
    body = b"""<r xmlns="urn:x" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><items>
      <item no="7"><id>1</id><tag>a</tag><tag>b</tag><place><city>Graz</city></place>
        <price currency="EUR">19.90</price><none i:nil="true"/><one>x</one></item></items></r>"""
    (row,) = read_all(Answer(body), tmp_path, XML.replace("format", "lists: [one], format"))

    assert row == {
        "@no": "7",
        "id": "1",
        "tag": ["a", "b"],
        "place": {"city": "Graz"},
        "price": {"@currency": "EUR", "#text": "19.90"},
        "none": None,
        "one": ["x"],
    }


@pytest.mark.parametrize(
    ("body", "header", "more"),
    [
        ("Ébéniste".encode(), "application/json; charset=iso-8859-1", ""),
        ("Ébéniste".encode("latin-1"), "application/json; charset=iso-8859-1", ""),
        ("Ébéniste".encode("latin-1"), "application/json", "encoding: latin-1\n"),
        (b"\xc3\x89b\xc3\xa9niste", "application/json; charset=nonsense", ""),
    ],
)
def test_a_charset_that_lies_is_found_out(
    tmp_path: Path, body: bytes, header: str, more: str
) -> None:
    """UTF-8 is believed before the header, the header before a guess."""
    answer = Answer(
        b'\xef\xbb\xbf{"data":[{"id":"' + body + b'"}]}', headers={"Content-Type": header}
    )
    text = PLAIN + more
    if more:
        answer = Answer(answer.body.removeprefix(b"\xef\xbb\xbf"), headers=answer.headers)

    assert read_all(answer, tmp_path, text) == [{"id": "Ébéniste"}]


@pytest.mark.parametrize("columns", [(), ("id", "name")])
def test_one_bad_record_does_not_stop_its_page(tmp_path: Path, columns: Sequence[str]) -> None:
    """It travels beside the rows, with its bytes and place."""
    body = b'{"data": [{"id":1,"name":"a"},{"id":2,"name":"b\xff"},7,{"id":3,"name":"c"}]}'
    with reading(lambda _asked: Answer(body), tmp_path, PLAIN, columns) as (adapter, _):
        (batch,) = adapter.read("items", Slice())

        assert [row["id"] for row in records([batch])] == [1, 3]
        assert [(one.code, one.where) for one in batch.rejects] == [
            ("rest.row", "page 1, record 2"),
            ("rest.row", "page 1, record 3"),
        ]
        assert b"b\xff" in batch.rejects[0].raw
        assert batch.origin(1) == (b'{"id":3,"name":"c"}', "page 1, record 4")


def test_a_refused_row_can_show_where_it_came_from(tmp_path: Path) -> None:
    """Quarantine keeps the row's own bytes and its place, on the fast way too."""
    with reading(Api.of(25), tmp_path, system("page"), ["id"]) as (adapter, _):
        batch = list(adapter.read("items", Slice()))[1]
        raw, place = batch.origin(2)

    assert json.loads(raw)["id"] == batch.rows[2][0]
    assert place.startswith("page 2 of size")


def test_a_field_that_vanished_is_drift(tmp_path: Path) -> None:
    """A column that no record has is told; a null one and a missing one here and there are not."""
    body = {"data": [{"id": 1, "fax": None}, {"id": 2, "name": "b"}]}
    found = read_all(body, tmp_path, PLAIN, ["id", "fax", "name"])
    assert [row["name"] for row in found] == [None, "b"]

    with pytest.raises(DriftError) as caught:
        read_all(body, tmp_path, PLAIN, ["id", "phone"])
    assert caught.value.code == "adapter.field_missing"

    sparse = plain(sparse="true")
    assert read_all(body, tmp_path, sparse, ["id", "phone"])[0]["phone"] is None
