"""Single records, details and lists of keys of a rest system."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from midspan.kernel.errors import (
    ProtocolError,
)
from midspan.kernel.stream import Slice
from tests.adapters.building import records
from tests.adapters.http_site import Answer, Asked
from tests.adapters.rest_site import PLAIN, Api, plain, reading, reply, rows, system


def test_records_are_read_by_key(tmp_path: Path) -> None:
    """A key that is gone is left out; a position goes on behind the keys that are done."""
    part = Slice(keys=tuple((key,) for key in [3, 999, *range(10, 35)]))
    with reading(Api.of(40), tmp_path, system("page")) as (adapter, _):
        batches = list(adapter.read("items", part))
        rest = records(list(adapter.read("items", part, batches[0].position)))

    assert [row["id"] for row in records(batches)] == [3, *range(10, 35)]
    assert [row["id"] for row in rest] == list(range(28, 35))


def test_several_keys_go_in_one_call(tmp_path: Path) -> None:
    """Where the system takes a list of keys, it is asked as often as it must."""
    wanted = []

    def answer(asked: Asked) -> Answer:
        keys = dict(parse_qsl(asked.path.partition("?")[2]))["ids"].split(",")
        wanted.append(keys)
        return reply({"data": [{"id": int(key)} for key in keys]})

    text = plain(detail='{path: /all, rows: data, many: 2, query: {ids: "{keys}"}}')
    with reading(answer, tmp_path, text) as (adapter, _):
        part = Slice(keys=((1,), (2,), (3,)))
        found = [row["id"] for batch in adapter.read("items", part) for row in records([batch])]

    assert found == [1, 2, 3]
    assert wanted == [["1", "2"], ["3"]]


def test_another_record_than_asked_for_is_refused(tmp_path: Path) -> None:
    """A detail call that ignores its key does not pass one record off as another."""
    text = plain(detail='{path: "/one/{id}"}')
    with (
        reading(lambda _asked: reply({"id": 1}), tmp_path, text) as (adapter, _),
        pytest.raises(ProtocolError) as caught,
    ):
        list(adapter.read("items", Slice(keys=((2,),))))

    assert caught.value.code == "rest.filter_ignored"


@pytest.mark.parametrize("columns", [(), ("id", "name", "extra")])
def test_each_row_is_completed_by_its_detail(tmp_path: Path, columns: Sequence[str]) -> None:
    """A list that shows keys alone, and a record that went away in between."""

    def answer(asked: Asked) -> Answer:
        key = asked.path.rpartition("/")[2]
        if key == "all":
            return reply({"data": [{"id": 1, "name": "a"}, {"id": 2}, {"id": 3, "name": "c"}]})
        return Answer(b"", 404) if key == "2" else reply({"id": int(key), "extra": [key]})

    text = plain(detail='{path: "/one/{id}", each: true}')
    with reading(answer, tmp_path, text, columns) as (adapter, _):
        found = rows(adapter)

    assert [(row["id"], row["name"], row["extra"]) for row in found] == [
        (1, "a", ["1"]),
        (3, "c", ["3"]),
    ]


@pytest.mark.parametrize("style", ["page", "cursor", "link", "keyset by key"])
def test_keys_list_every_record(tmp_path: Path, style: str) -> None:
    """For deletes: all keys, whatever the style."""
    with reading(Api.of(47), tmp_path, system(style)) as (adapter, _):
        assert [key for keys in adapter.keys("items") for key in keys] == [
            (number,) for number in range(1, 48)
        ]


def test_keys_may_have_a_call_of_their_own(tmp_path: Path) -> None:
    """A list of plain values is a list of keys."""
    text = plain(keys="{path: /keys, rows: ids}")
    with reading(lambda _asked: reply({"ids": ["a", "b"]}), tmp_path, text) as (adapter, _):
        assert list(adapter.keys("items")) == [[("a",), ("b",)]]


def test_a_key_list_without_keys_is_refused(tmp_path: Path) -> None:
    """A record without a key would count as deleted."""
    body = {"data": [{"id": 1}, {"id": None}]}
    with (
        reading(lambda _asked: reply(body), tmp_path, PLAIN) as (adapter, _),
        pytest.raises(ProtocolError) as caught,
    ):
        list(adapter.keys("items"))

    assert caught.value.code == "rest.no_key"
