"""What a list says of itself and is not so: nothing is lost silently, nothing goes on for ever."""

from pathlib import Path
from typing import Any

import pytest

from midspan.kernel.errors import ProtocolError
from midspan.kernel.stream import Slice
from tests.adapters.building import records
from tests.adapters.http_site import Answer, Asked
from tests.adapters.rest_site import Api, ids, plain, reading, reply, stamp, system

BOUND = 60
"""Calls within which whatever never ends has been given up."""


@pytest.mark.parametrize(
    ("style", "code"),
    [
        ("page", "adapter.silent_loss"),
        ("page from 0", "adapter.silent_loss"),
        ("offset", "adapter.silent_loss"),
        ("link", "adapter.silent_loss"),
        ("keyset by key", "rest.filter_ignored"),
    ],
)
def test_a_page_that_is_repeated_for_ever_is_noticed(tmp_path: Path, style: str, code: str) -> None:
    """A paging parameter that the server ignores neither loops nor passes for the whole list."""
    first = reply(
        {"data": [{"id": n, "name": "x", "changed": stamp(n)} for n in range(10)]},
        {"Link": '</api/link?start=10>; rel="next"'},
    )
    with (
        reading(lambda _asked: first, tmp_path, system(style)) as (adapter, site),
        pytest.raises(ProtocolError) as caught,
    ):
        ids(adapter)

    assert caught.value.code == code
    assert len(site.asked) < BOUND


@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize("total", [10, 20, 25])
@pytest.mark.parametrize("past", [200, 404])
def test_a_total_that_counts_too_few_loses_nothing(
    tmp_path: Path, sized: bool, total: int, past: int
) -> None:
    """The count of the page, or one that is capped: a full page is never taken for the last."""
    api = Api.of(37)

    def answer(asked: Asked) -> Answer:
        api.seen.clear()
        given = api(asked)
        size = int(api.seen[0].get("size", 10))
        found = (int(api.seen[0]["page"]) - 1) * size < 37
        if not found and past == 404:
            return Answer(b"{}", 404)
        body = given.body.replace(b'"total": 37', b'"total": %d' % total)
        return Answer(body, headers=given.headers)

    text = system("page and total")
    with reading(answer, tmp_path, text if sized else text.replace('"{page_size}"', "10")) as (
        a,
        _,
    ):
        assert set(ids(a)) == set(range(1, 38))


@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize("style", ["page and total", "offset and total"])
def test_a_list_that_ends_with_its_total_may_refuse_a_page_beyond(
    tmp_path: Path, style: str, sized: bool
) -> None:
    """Whoever answers 404 past the end, and tells its total, needs no other word for it."""
    api = Api.of(40)

    def answer(asked: Asked) -> Answer:
        given = api(asked)
        return Answer(b"{}", 404) if b'"data": []' in given.body else given

    text = system(style) if sized else system(style).replace('"{page_size}"', "10")
    with reading(answer, tmp_path, text) as (adapter, _):
        assert set(ids(adapter)) == set(range(1, 41))


def test_a_list_that_is_gone_is_no_empty_one(tmp_path: Path) -> None:
    """A status that ends a list means nothing at its beginning: no key counts as deleted."""
    with reading(lambda _a: Answer(b"{}", 404), tmp_path, system("page until 404")) as (adapter, _):
        assert ids(adapter) == []
        with pytest.raises(ProtocolError) as caught:
            list(adapter.keys("items"))
        (found,) = adapter.check().streams

    assert caught.value.code == "http.not_found"
    assert not found.readable


def test_an_order_that_the_server_ignores_is_noticed(tmp_path: Path) -> None:
    """Behind the first page of an unsorted list, earlier changes would be lost."""
    api = Api.of(30)
    mixed = [api.items[at] for at in (7, 3, 9, 1, 5, 2, 8, 4, 6, 0)]
    with (
        reading(lambda _a: reply({"data": mixed}), tmp_path, system("keyset by change")) as (a, _),
        pytest.raises(ProtocolError) as caught,
    ):
        ids(a)

    assert caught.value.code == "rest.order"


def test_keys_that_stand_twice_are_listed_once(tmp_path: Path) -> None:
    """For deletes it only matters that a key is there."""
    body = {"data": [{"id": 1}, {"id": 2}, {"id": 1}]}
    with reading(lambda _asked: reply(body), tmp_path, plain()) as (adapter, _):
        assert list(adapter.keys("items")) == [[(1,), (2,)]]


def test_negative_keys_are_different_ones(tmp_path: Path) -> None:
    """-1 and -2 have one hash, and are two records."""
    data = [{"id": n, "changed": stamp(1)} for n in (-1, -2, 3)]
    text = system("page and total")
    with reading(lambda _asked: reply({"data": data, "total": 3}), tmp_path, text) as (adapter, _):
        assert ids(adapter) == [-1, -2, 3]


MERGED = '{path: "/one/{id}"%s}'


@pytest.mark.parametrize(("key", "left"), [(1, [1]), (2, []), (3, [])])
def test_a_record_that_was_merged_away_counts_as_gone(
    tmp_path: Path, key: int, left: list[int]
) -> None:
    """Whether a redirect leads to the other record, or it answers in its place."""

    def answer(asked: Asked) -> Answer:
        name = asked.path.rpartition("/")[2]
        if name == "2":
            return Answer(b"", 301, {"Location": "/api/one/1"})
        return reply({"id": 1, "name": "both"})

    text = plain(detail=MERGED % ", merged: true")
    with reading(answer, tmp_path, text) as (adapter, _):
        found = records(list(adapter.read("items", Slice(keys=((key,),)))))

    assert [row["id"] for row in found] == left


def test_a_redirect_to_another_record_needs_no_word(tmp_path: Path) -> None:
    """It says by itself that the record asked for is another one now."""

    def answer(asked: Asked) -> Answer:
        if asked.path.endswith("/2"):
            return Answer(b"", 302, {"Location": "/api/one/1"})
        return reply({"id": 1})

    with reading(answer, tmp_path, plain(detail=MERGED % "")) as (adapter, _):
        assert records(list(adapter.read("items", Slice(keys=((2,), (1,)))))) == [{"id": 1}]


HOSTILE: dict[str, Any] = {
    "escaped": "M&uuml;ller &amp; S&ouml;hne",
    "truth": "true",
    "number": "1.234,50",
    "nul": "a\x00b",
    "emoji": "\U0001f600",
    "half": "\ud800",
    "line": "a\r\nb\u2028c",
    "brace": "{id}",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("columns", [(), ("id", "text")])
def test_strange_texts_pass_as_they_are(
    tmp_path: Path, name: str, columns: tuple[str, ...]
) -> None:
    """What they mean is the mapping's affair; a text that is none is set aside with its bytes."""
    body = reply({"data": [{"id": 1, "text": HOSTILE[name]}, {"id": 2, "text": "ok"}]})
    with reading(lambda _asked: body, tmp_path, plain(), columns) as (adapter, _):
        (batch,) = adapter.read("items", Slice())

    found = {row["id"]: row["text"] for row in records([batch])}
    if name == "half":
        assert [one.code for one in batch.rejects] == ["rest.row"]
        assert batch.rejects[0].raw == b'{"id": 1, "text": "\\ud800"}'
        assert found == {2: "ok"}
    else:
        assert found == {1: HOSTILE[name], 2: "ok"}
