"""One promise for every style of paging: what is in the list all the while is read."""

import json
import random
from pathlib import Path

import pytest

from midspan.kernel.errors import MidspanError, ProtocolError, TransientError
from midspan.kernel.stream import Slice
from tests.adapters.building import records
from tests.adapters.http_site import Answer, Asked
from tests.adapters.rest_site import (
    HEAD,
    MOVING,
    STYLES,
    Api,
    ids,
    opened,
    reading,
    reply,
    rows,
    stamp,
    system,
)

TIED = [name for name in STYLES if name != "whole" and "404" not in name]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("count", [0, 1, 10, 11, 37])
def test_a_still_list_is_read_whole(tmp_path: Path, style: str, count: int) -> None:
    """Every record comes, whatever says where the end is."""
    api = Api.of(count)
    with reading(api, tmp_path, system(style)) as (adapter, _):
        read = ids(adapter)

    assert list(dict.fromkeys(read)) == list(range(1, count + 1))
    if not style.startswith("keyset by change"):
        assert len(read) == count


@pytest.mark.parametrize("style", STYLES)
def test_a_filter_reads_what_changed_since(tmp_path: Path, style: str) -> None:
    """The bound goes out in the cursor's own form and is inclusive wherever the server is."""
    with reading(Api.of(47), tmp_path, system(style)) as (adapter, _):
        read = ids(adapter, stamp(30))

    assert set(read) >= set(range(31, 48))
    assert set(read) <= set(range(30, 48))


@pytest.mark.parametrize("style", STYLES)
def test_every_position_resumes(tmp_path: Path, style: str) -> None:
    """What came before a position and what comes after it are together the list."""
    with reading(Api.of(27), tmp_path, system(style)) as (adapter, _):
        batches = list(adapter.read("items", Slice()))
        for done, batch in enumerate(batches, 1):
            position = json.loads(json.dumps(batch.position))
            rest = records(list(adapter.read("items", Slice(), position)))
            read = {row["id"] for row in records(batches[:done]) + rest}
            assert read == set(range(1, 28)), f"after {done} of {len(batches)}"


@pytest.mark.parametrize("style", MOVING)
@pytest.mark.parametrize("seed", range(3))
def test_edits_and_deletes_between_pages_lose_nothing(
    tmp_path: Path, style: str, seed: int
) -> None:
    """Records move to the end, vanish and appear while the list is read; the rest is all seen."""
    chance = random.Random(seed)  # noqa: S311 a reproducible disturbance
    api = Api.of(90)
    deleted = set()

    def disturb(call: int) -> None:
        if call > 25:
            return
        action = chance.random()
        if action < 0.5:
            api.edit(chance.randrange(len(api.items)))
        elif action < 0.7:
            deleted.add(api.items.pop(chance.randrange(len(api.items)))["id"])
        elif action < 0.8:
            api.items.append({"id": 1000 + call, "name": "new", "changed": stamp(api.clock)})

    api.before = disturb
    with reading(api, tmp_path, system(style)) as (adapter, _):
        read = set(ids(adapter))

    assert set(range(1, 91)) - deleted <= read


@pytest.mark.parametrize("style", ["next", "link"])
def test_edits_between_linked_pages_are_noticed_and_healed(tmp_path: Path, style: str) -> None:
    """A record that comes twice tells that another one was passed over: the list is read again."""
    api = Api.of(60)
    api.before = lambda call: api.edit(0) if call in (2, 4) else None
    with reading(api, tmp_path, system(style)) as (adapter, _):
        read = set(ids(adapter))

    assert read == set(range(1, 61))


@pytest.mark.parametrize("style", [name for name in TIED if "keyset" not in name])
@pytest.mark.parametrize("seed", range(2))
def test_ties_in_another_order_each_time_lose_nothing(
    tmp_path: Path, style: str, seed: int
) -> None:
    """A sort that leaves ties to chance shows some rows twice, until all were shown."""
    api = Api.of(40, a_second=20)
    api.ties = random.Random(seed)  # noqa: S311 a reproducible disturbance
    with reading(api, tmp_path, system(style)) as (adapter, _):
        read = set(ids(adapter))

    assert read == set(range(1, 41))


@pytest.mark.parametrize("style", ["keyset by change", "keyset by change, bound excluded"])
@pytest.mark.parametrize("a_second", [1, 5, 9, 10, 11, 60])
def test_ties_at_one_second_lose_nothing(tmp_path: Path, style: str, a_second: int) -> None:
    """More records than a page holds share a stamp: the page grows until it holds them."""
    api = Api.of(75, a_second=a_second)
    with reading(api, tmp_path, system(style)) as (adapter, _):
        read = set(ids(adapter))

    assert read == set(range(1, 76))


def test_more_ties_than_a_page_may_ever_hold_are_told(tmp_path: Path) -> None:
    """Where the server caps its pages, a keyset on the stamp cannot go on, and says so."""
    api = Api.of(75, a_second=60)
    api.cap = 10
    with (
        reading(api, tmp_path, system("keyset by change")) as (adapter, _),
        pytest.raises(ProtocolError) as caught,
    ):
        ids(adapter)

    assert caught.value.code == "rest.ties"


@pytest.mark.parametrize("style", ["page", "page and total", "offset", "keyset by key"])
def test_a_page_that_the_server_cuts_shorter_is_noticed(tmp_path: Path, style: str) -> None:
    """A server that grants fewer records a page than asked for is read whole."""
    api = Api.of(47)
    api.cap = 7
    with reading(api, tmp_path, system(style)) as (adapter, _):
        assert set(ids(adapter)) == set(range(1, 48))


@pytest.mark.parametrize(
    ("style", "code"),
    [
        ("page and total", "adapter.silent_loss"),
        ("page and more", "adapter.silent_loss"),
        ("cursor", "adapter.silent_loss"),
        ("next", "adapter.silent_loss"),
        ("keyset by change", "rest.filter_ignored"),
        ("offset and total", "adapter.silent_loss"),
    ],
)
def test_a_server_that_answers_the_first_page_for_ever_is_noticed(
    tmp_path: Path, style: str, code: str
) -> None:
    """A paging parameter that the server does not know neither loops nor loses."""
    first = [{"id": n, "name": "x", "changed": stamp(n)} for n in range(10)]
    body = {"data": first, "total": 30, "more": True, "next": "/api/next?start=10"}
    with (
        reading(lambda _asked: reply(body, {"X-Total": "30"}), tmp_path, system(style)) as (a, _),
        pytest.raises(ProtocolError) as caught,
    ):
        ids(a)

    assert caught.value.code == code


def test_a_chain_that_comes_back_is_noticed(tmp_path: Path) -> None:
    """Tokens that lead in a circle end in an error, not in a run without end."""
    circle = {"": "a", "a": "b", "b": "c", "c": "a"}

    def answer(asked: Asked) -> Answer:
        token = asked.path.partition("cursor=")[2]
        row = {"id": token, "changed": stamp(1)}
        return reply({"data": [row], "next": circle[token]})

    with (
        reading(answer, tmp_path, system("cursor")) as (adapter, site),
        pytest.raises(ProtocolError) as caught,
    ):
        ids(adapter)

    assert caught.value.code == "adapter.silent_loss"
    assert len(site.asked) < 12


def test_announced_but_not_delivered_is_an_error(tmp_path: Path) -> None:
    """A reply that says 5 and holds 3 never passes."""
    text = system("whole").replace("{style: none}", "{style: none, total: total}")
    short = {"data": Api.of(3).items, "total": 5}
    with (
        reading(lambda _asked: reply(short), tmp_path, text) as (adapter, _),
        pytest.raises(ProtocolError) as caught,
    ):
        ids(adapter)

    assert caught.value.code == "adapter.silent_loss"


def test_pages_that_nobody_configured_are_noticed(tmp_path: Path) -> None:
    """A server that pages by itself is not taken for one that sends everything."""
    text = system("whole").replace("path: /all", "path: /link")
    with (
        reading(Api.of(30), tmp_path, text) as (adapter, _),
        pytest.raises(ProtocolError) as caught,
    ):
        ids(adapter)

    assert caught.value.code == "adapter.silent_loss"
    assert "style link" in caught.value.remedy


def test_a_list_that_is_new_each_time_is_given_up(tmp_path: Path) -> None:
    """A list that never holds still ends the run, to be tried at a quieter hour."""
    chance = random.Random(1)  # noqa: S311 a reproducible disturbance
    calls = []

    def answer(_asked: Asked) -> Answer:
        calls.append(1)
        data = [{"id": chance.randrange(10**9), "changed": stamp(1)} for _ in range(5)]
        return reply({"data": data, "next": None, "total": 100 * len(calls)})

    text = system("cursor").replace("next: next", "next: next, total: total")
    with (
        reading(answer, tmp_path, text) as (adapter, _),
        pytest.raises(TransientError) as caught,
    ):
        ids(adapter)

    assert caught.value.code == "adapter.list_unstable"


def test_a_list_that_holds_a_key_twice_is_read_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without an announcement a repeated key is the source's, and said."""
    api = Api.of(12)
    api.items.append(dict(api.items[3]))
    with reading(api, tmp_path, system("next")) as (adapter, _):
        read = ids(adapter)

    assert set(read) == set(range(1, 13))
    assert "keys more than once" in caplog.text


@pytest.mark.parametrize("style", ["next", "link"])
def test_a_next_page_on_another_host_is_refused(tmp_path: Path, style: str) -> None:
    """Credentials are not sent to whoever a reply names."""
    away = "http://thief.example/next?start=10"
    page = reply({"data": Api.of(10).items, "next": away}, {"Link": f'<{away}>; rel="next"'})
    with (
        reading(lambda _asked: page, tmp_path, system(style)) as (adapter, _),
        pytest.raises(ProtocolError) as caught,
    ):
        ids(adapter)

    assert caught.value.code == "rest.elsewhere"


def test_a_position_holds_no_key(tmp_path: Path) -> None:
    """A next address that repeats the API key is kept without it, and used with it."""
    head = HEAD + 'auth: {query: {api_key: "{password}"}}\n'

    def answer(asked: Asked) -> Answer:
        assert "api_key=pass-word" in asked.path
        later = "start=10" in asked.path
        ahead = None if later else f"{asked.path}&start=10"
        items = Api.of(20).items
        return reply({"data": items[10:] if later else items[:10], "next": ahead})

    with reading(answer, tmp_path, system("next", head)) as (adapter, _):
        batches = list(adapter.read("items", Slice()))

    assert len(records(batches)) == 20
    assert "pass-word" not in json.dumps([batch.position for batch in batches])


def test_an_unsorted_keyset_is_refused(tmp_path: Path) -> None:
    """Rows that descend would be lost behind the first page."""
    api = Api.of(30)
    falling = reply({"data": list(reversed(api.items))[:10]})
    with (
        reading(lambda _asked: falling, tmp_path, system("keyset by key")) as (adapter, _),
        pytest.raises(ProtocolError) as caught,
    ):
        ids(adapter)

    assert caught.value.code == "rest.order"


def test_paging_at_system_level_holds_for_its_streams(tmp_path: Path) -> None:
    """What all lists share is written once."""
    paging = STYLES["page"][1]
    text = system("page").replace(f"    paging: {paging}\n", "")
    with reading(Api.of(25), tmp_path, text + f"paging: {paging}\n") as (adapter, _):
        assert ids(adapter) == list(range(1, 26))


@pytest.mark.parametrize(
    ("style", "old", "new", "word"),
    [
        ("page", '"{page}"', '"1"', "{page}"),
        ("page", '"{page}"', '"{pages}"', "Did you mean 'page'"),
        ("cursor", "next: next, ", "", "paging.next"),
        ("keyset by key", "field: id", "field: name", "neither its key"),
        ("keyset by key", '"{after}"', '"1"', "{after}"),
        ("page", "/items/{id}", "/items", "which record"),
    ],
)
def test_a_wrong_configuration_is_told_before_any_call(
    tmp_path: Path, style: str, old: str, new: str, word: str
) -> None:
    """What cannot work shows when the adapter is made."""
    with reading(Api.of(1), tmp_path, system("page")) as (_, site):
        with pytest.raises(MidspanError) as caught:
            opened(site, tmp_path, system(style).replace(old, new))

        assert word in str(caught.value)
        assert site.asked == []


def test_a_filter_that_is_ignored_loses_nothing_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """All rows come back page by page, and the log says that they were not asked for."""
    text = system("page").replace("since:", "sinse:")
    with reading(Api.of(47), tmp_path, text) as (adapter, _):
        read = ids(adapter, stamp(40))
        report = adapter.check(deep=True)

    assert read == list(range(1, 48))
    assert "check the filter" in caplog.text
    assert report.ok
    assert "ignored" in report.streams[0].remarks[0]


def test_a_filter_that_is_misread_is_told(tmp_path: Path) -> None:
    """Nothing comes back although the list holds newer rows: that is not 'no changes'."""
    text = system("page").replace('"{lower}"', '"on {lower}"')
    with reading(Api.of(47), tmp_path, text) as (adapter, _):
        with pytest.raises(ProtocolError) as caught:
            rows(adapter, stamp(5))
        report = adapter.check(deep=True)

    assert caught.value.code == "rest.filter_misread"
    assert not report.ok


def test_nothing_new_is_no_error(tmp_path: Path) -> None:
    """An empty increment of a list without newer rows is what it is."""
    with reading(Api.of(7), tmp_path, system("page")) as (adapter, _):
        assert rows(adapter, stamp(1000)) == []


@pytest.mark.parametrize("none", ["", "0000-00-00T00:00:00"])
def test_a_keyset_begins_behind_the_records_without_a_stamp(tmp_path: Path, none: object) -> None:
    """They sort before all others, and are read with the first page."""
    api = Api.of(25)
    for item in api.items[:3]:
        item["changed"] = none

    with reading(api, tmp_path, system("keyset by change")) as (adapter, _):
        found = ids(adapter)

    assert set(found) == set(range(1, 26))
