"""What check and deep check find out about a rest system, without changing anything."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from midspan.kernel.stream import StreamCheck
from midspan.kernel.writing import Capability
from tests.adapters.http_site import Answer
from tests.adapters.rest_site import HEAD, PLAIN, Api, opened, reading, reply, system
from tests.adapters.rest_store import STORE, stored

DENIED = Answer(
    b"", 403, {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="items.write"'}
)


def deeply(folder: Path, text: str = STORE, *, override: Any = None, fill: int = 3) -> StreamCheck:
    """Return what a deep check finds out about the store; nothing in it may change."""
    with stored() as (store, site):
        for number in range(1, fill + 1):
            stamp = f"2026-01-01T00:00:0{number}"
            store.put(number, {"name": f"n{number}", "ref": f"R{number}"}, stamp)
        before = {key: dict(one) for key, one in store.items.items()}
        store.override = override or store.override
        adapter = opened(site, folder, text)
        (found,) = adapter.check(deep=True).streams
        adapter.close()
    assert store.items == before
    assert {asked.method for asked in site.asked[1:]} <= {"GET", "OPTIONS"}
    return found


def only(part: str, answer: Answer, method: str = "GET") -> Any:
    """Answer requests of a part of the interface with this."""
    return lambda asked: answer if part in asked.path and asked.method == method else None


def test_all_is_well(tmp_path: Path) -> None:
    """Each call is tried: list, filter, detail, keys, search, and the right to write."""
    assert deeply(tmp_path) == StreamCheck("items", readable=True, writable=True)


def test_capabilities_are_what_is_configured(tmp_path: Path) -> None:
    """No call is needed to tell them."""
    with reading(Api.of(1), tmp_path, PLAIN) as (adapter, site):
        assert adapter.capabilities("items") == {Capability.READ, Capability.KEYS}
    with reading(Api.of(1), tmp_path, system("page")) as (adapter, _):
        assert adapter.capabilities("items") == {
            *(Capability.READ, Capability.KEYS, Capability.CHANGES, Capability.BY_KEY)
        }
    with stored() as (_, store_site):
        adapter = opened(store_site, tmp_path, STORE)
        assert adapter.capabilities("items") == set(Capability)
        adapter.close()

    assert site.asked == store_site.asked == []


@pytest.mark.parametrize(
    ("override", "word"),
    [
        (only("since=", reply({"data": []})), "rest.filter_misread"),
        (only("/items/1", Answer(b"{}", 500)), None),
        (only("/items/", Answer(b"{}", 404)), "rest.detail_blind"),
        (only("/items/", reply({"id": "99"})), "rest.filter_ignored"),
        (
            only("/items?", reply({"data": [{"changed": "2026-01-01T00:00:00"}]})),
            "adapter.field_missing",
        ),
        (only("/items?", Answer(b"{}", 404)), "http.not_found"),
    ],
)
def test_what_cannot_be_read_is_a_problem(tmp_path: Path, override: Any, word: str | None) -> None:
    """Each call has its own finding; overload is nobody's fault and raises."""
    if word is None:
        with pytest.raises(Exception, match="cannot answer now"):
            deeply(tmp_path, override=override)
        return
    found = deeply(tmp_path, override=override)

    assert not found.readable
    assert word in found.problem


def test_an_ignored_filter_is_a_remark(tmp_path: Path) -> None:
    """It loses nothing, and costs a whole reading each time."""
    found = deeply(tmp_path, STORE.replace("since:", "sinse:"))

    assert found.ok
    assert "ignored" in found.remarks[0]


def test_a_search_that_finds_somebody_for_nobodys_reference_is_a_problem(tmp_path: Path) -> None:
    """A create could never be settled by it."""
    everybody = reply({"data": [{"id": "1", "ref": "R1"}]})
    found = deeply(tmp_path, override=only("search", everybody))

    assert (found.readable, found.writable) == (True, False)
    assert "rest.find_ignored" in found.problem


@pytest.mark.parametrize(
    ("allow", "writable", "grant"),
    [
        ("GET, POST, PUT, DELETE", True, ""),
        ("GET, POST, DELETE", False, "PUT /items/{id}"),
        ("GET", False, "POST /items"),
        (None, None, ""),
    ],
)
def test_the_right_to_write_is_told_by_options(
    tmp_path: Path, allow: str | None, writable: bool | None, grant: str
) -> None:
    """The method that is missing is named; a system that tells nothing is not guessed at."""
    answer = Answer(b"", 204, {"Allow": allow} if allow else {})
    found = deeply(tmp_path, override=only("/items", answer, "OPTIONS"))

    assert (found.writable, found.grant) == (writable, grant)
    assert (found.problem == "") == (writable is not False)


@pytest.mark.parametrize(
    ("granted", "answer", "writable"),
    [
        (
            "{path: /me, value: scopes, any: [items.write]}",
            reply({"scopes": ["items.write"]}),
            True,
        ),
        (
            "{path: /me, value: scopes, any: [items.write]}",
            reply({"scopes": ["items.read"]}),
            False,
        ),
        ("{path: /me, value: scope, any: [items.write]}", reply({"scope": "a items.write"}), True),
        ("{path: /me, value: may.write}", reply({"may": {"write": True}}), True),
        ("{path: /me, value: may.write}", reply({"may": {"write": False}}), False),
        ("{path: /me}", reply({}), True),
        ("{path: /me}", DENIED, False),
    ],
)
def test_the_right_to_write_may_have_a_call_of_its_own(
    tmp_path: Path, granted: str, answer: Answer, writable: bool
) -> None:
    """A list of rights, a text of words, a flag, or the call's success alone."""
    text = STORE + f"    granted: {granted}\n"
    found = deeply(tmp_path, text, override=only("/me", answer))

    assert found.writable is writable
    if answer is DENIED:
        assert found.grant == "items.write"


def test_check_names_the_missing_grant(tmp_path: Path) -> None:
    """One stream's trouble is told, with the scope that the system names."""
    text = system("page") + "  secrets: {primary_key: id, path: /secrets, rows: data}\n"
    api = Api.of(5)
    challenge = {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="secrets.read"'}
    api.override = lambda asked: Answer(b"", 403, challenge) if "secrets" in asked.path else None
    with reading(api, tmp_path, text) as (adapter, _):
        report = adapter.check()

    good, bad = report.streams
    assert good == StreamCheck("items", readable=True)
    assert not bad.readable
    assert bad.grant == "secrets.read"
    assert "'jane'" in bad.problem


def test_a_rule_names_the_grant_too(tmp_path: Path) -> None:
    """Where the system says it in its own words."""
    text = PLAIN + 'errors: [{match: "right (?P<name>[A-Z_]+) missing", means: denied}]\n'
    answer = Answer(b'{"message": "right SALES_READ missing"}', 500)
    with reading(lambda _asked: answer, tmp_path, text) as (adapter, _):
        (found,) = adapter.check().streams

    assert (found.readable, found.grant) == (False, "SALES_READ")


def test_one_stream_that_fails_does_not_hide_the_others(tmp_path: Path) -> None:
    """Also when it is the first one."""
    text = HEAD + "streams:\n  a: {primary_key: id, path: /none}\n" + PLAIN.split("streams:\n")[1]
    api = Api.of(2)
    api.override = lambda asked: Answer(b"{}", 404) if "none" in asked.path else None
    with reading(api, tmp_path, text) as (adapter, _):
        assert [one.readable for one in adapter.check(deep=True).streams] == [False, True]


def test_now_is_the_servers_clock(tmp_path: Path) -> None:
    """The Date header, carried on to this moment."""
    with reading(Api.of(1), tmp_path, PLAIN) as (adapter, _):
        now = adapter.now()

    assert now is not None
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_stream_that_is_refused_tells_the_time_too(tmp_path: Path) -> None:
    """One stream's trouble does not keep the others from being read."""
    with reading(lambda _asked: Answer(b"{}", 403), tmp_path, PLAIN) as (adapter, _):
        assert adapter.now() is not None


def test_a_part_is_checked_with_its_stream(tmp_path: Path) -> None:
    """By the stream's name, and it alone is by its own."""
    text = STORE + "    parts: {lines: {parent: id, path: /items, rows: data}}\n"
    with stored() as (_, site):
        adapter = opened(site, tmp_path, text)
        assert [one.stream for one in adapter.check(["items"]).streams] == ["items", "items.lines"]
        assert [one.stream for one in adapter.check(["items.lines"]).streams] == ["items.lines"]
        adapter.close()
