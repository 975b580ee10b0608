"""Systems whose lists are counted, or come all at once, and whose filter is no tree."""

import json
import xmlrpc.client
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.rpc import RpcAdapter
from midspan.kernel.errors import MidspanError
from midspan.kernel.stream import Slice
from midspan.kernel.writing import Capability
from tests.adapters.building import build, project, records
from tests.adapters.http_site import PASSWORD, Answer, Asked, Site, serve

TRACKER = """
type: rpc
conn_id: legacy
path: /jsonrpc.cgi
read:
  method: "{model}.search"
  params: [{Api_key: "{password}", limit: "{limit}", offset: "{offset}", ids: "{keys}",
            last_change_time: "{lower}", include_fields: "{fields}"}]
  paging: offset
  limit: 4
  rows: bugs
values: {nulls: ["", {}]}
streams:
  bugs: {primary_key: id, cursor: {fields: changed}, model: Bug, fields: [title]}
"""
SHOP = """
type: rpc
conn_id: legacy
protocol: xmlrpc
path: /api/xmlrpc
session:
  login: {method: login, params: ["{login}", "{password}"]}
  logout: {method: endSession, params: ["{session}"]}
  take: {session: ""}
read:
  method: call
  params: ["{session}", "{model}.list", [{updated_at: {from: "{lower}"}}]]
  paging: none
  key: customer_id
streams:
  customers: {primary_key: customer_id, model: customer, fields: [name],
              cursor: {fields: updated_at, format: "%Y-%m-%d %H:%M:%S"}}
"""
NUMBERED = SHOP.replace("paging: none", "paging: page\n  limit: 3\n  first_page: 0").replace(
    '[{updated_at: {from: "{lower}"}}]', '"{page}", "{limit}", "{lower}"'
)


def opened(site: Site, home: Path, text: str) -> RpcAdapter:
    return build(RpcAdapter, project(home, "legacy", text), "legacy", site.connection())


def bug(number: int) -> dict[str, Any]:
    return {"id": number, "title": f"b{number}", "changed": f"2026-01-{number:02d}T00:00:00"}


def tracker(
    bugs: list[dict[str, Any]], before: Callable[[dict[str, Any]], None] = lambda _asked: None
) -> Callable[[Asked], Answer]:
    """Answer as a tracker that counts its list; ``before`` may move it."""

    def respond(asked: Asked) -> Answer:
        call = json.loads(asked.body)
        (wanted,) = call["params"]
        before(wanted)
        found = [
            one
            for one in bugs
            if one["id"] in wanted.get("ids", [one["id"]])
            and one["changed"] >= wanted.get("last_change_time", "")
        ]
        start = wanted.get("offset", 0)
        page = found[start : start + min(wanted["limit"], 3)]
        told = {"id": call["id"], "error": None, "result": {"bugs": page}}
        return Answer(json.dumps(told).encode())

    return respond


def test_a_counted_list_is_read_whole(tmp_path: Path) -> None:
    """Also when the server's pages are smaller than what was asked for."""
    bugs = [bug(number) for number in range(1, 12)]

    with serve(tracker(bugs)) as site, closing(opened(site, tmp_path, TRACKER)) as adapter:
        read = records(list(adapter.read("bugs", Slice())))
        changed = records(list(adapter.read("bugs", Slice(lower="2026-01-09T00:00:00"))))
        wanted = Slice(keys=((3,), (4,), (5,), (6,), (99,), (8,)))
        named = records(list(adapter.read("bugs", wanted)))
        keys = {key for page in adapter.keys("bugs") for key in page}

    assert [row["id"] for row in read] == list(range(1, 12))
    assert [row["id"] for row in changed] == [9, 10, 11]
    assert {row["id"] for row in named} == {3, 4, 5, 6, 8}
    assert keys == {(number,) for number in range(1, 12)}
    assert "last_change_time" not in json.loads(site.asked[0].body)["params"][0]


def test_a_list_that_moves_loses_nothing(tmp_path: Path) -> None:
    """A record that leaves the front pulls the others forward; none of them is missed."""
    bugs = [bug(number) for number in range(1, 12)]

    def shrink(wanted: dict[str, Any]) -> None:
        if wanted.get("offset", 0) > 1 and bugs[0]["id"] == 1:
            del bugs[0]

    with serve(tracker(bugs, shrink)) as site, closing(opened(site, tmp_path, TRACKER)) as adapter:
        read = records(list(adapter.read("bugs", Slice())))

    assert {row["id"] for row in read} == set(range(1, 12))


def test_a_counted_list_resumes_behind_every_position(tmp_path: Path) -> None:
    """Wherever it stopped, nothing is missed."""
    bugs = [bug(number) for number in range(1, 9)]

    with serve(tracker(bugs)) as site, closing(opened(site, tmp_path, TRACKER)) as adapter:
        batches = list(adapter.read("bugs", Slice()))
        for done, batch in enumerate(batches, 1):
            position = json.loads(json.dumps(batch.position))
            rest = records(list(adapter.read("bugs", Slice(), position)))
            found = {row["id"] for row in records(batches[:done]) + rest}
            assert found == set(range(1, 9))

    assert len(batches) > 2


def shop(customers: list[dict[str, Any]]) -> Callable[[Asked], Answer]:
    """Answer as a web shop with a session; every third call finds it expired."""
    sessions: list[str] = []
    calls: list[str] = []

    def respond(asked: Asked) -> Answer:
        params, method = xmlrpc.client.loads(asked.body)
        if method == "login":
            sessions.append(f"s{len(sessions)}")
            return value(sessions[-1] if params[1] == PASSWORD else False)
        if method == "endSession":
            return value(True)
        calls.append(method or "")
        if params[0] != sessions[-1] or len(calls) == 3:
            fault = xmlrpc.client.Fault(5, "Session expired. Try to relogin.")
            return Answer(xmlrpc.client.dumps(fault, methodresponse=True).encode())
        found = customers
        if len(params) > 3:
            start = int(str(params[2])) * int(str(params[3]))
            found = found[start : start + int(str(params[3]))]
        elif params[2]:
            lower = params[2][0]["updated_at"]["from"]  # type: ignore[index, call-overload]
            found = [one for one in found if one["updated_at"] >= lower]
        return value(found)

    return respond


def value(told: Any) -> Answer:
    return Answer(xmlrpc.client.dumps((told,), methodresponse=True).encode())


def customer(number: int) -> dict[str, Any]:
    stamp = f"2026-01-{number:02d} 00:00:00"
    return {"customer_id": number, "name": f"c{number}", "updated_at": stamp}


@pytest.mark.parametrize("text", [SHOP, NUMBERED], ids=["all at once", "numbered pages"])
def test_a_shop_with_a_session_is_read(tmp_path: Path, text: str) -> None:
    """Its session is a parameter, ends in the middle, and is opened anew."""
    customers = [customer(number) for number in range(1, 8)]

    with serve(shop(customers)) as site, closing(opened(site, tmp_path, text)) as adapter:
        for _ in range(3):
            read = records(list(adapter.read("customers", Slice())))
            assert {row["customer_id"] for row in read} == set(range(1, 8))
        if text == SHOP:
            lower = Slice(lower="2026-01-06 00:00:00")
            changed = records(list(adapter.read("customers", lower)))
            assert [row["customer_id"] for row in changed] == [6, 7]
        capabilities = adapter.capabilities("customers")

    assert capabilities == {Capability.READ, Capability.KEYS, Capability.CHANGES}


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('offset: "{offset}", ', "", "{offset}"),
        ("paging: offset", "paging: page", "{page}"),
        ("paging: offset", "paging: key", "read.filter.after"),
    ],
)
def test_a_paging_without_its_place_is_refused(
    tmp_path: Path, old: str, new: str, word: str
) -> None:
    """Else every page would be the first; that is told before any call."""
    with serve(tracker([])) as site:
        with pytest.raises(MidspanError) as caught:
            opened(site, tmp_path, TRACKER.replace(old, new))

        assert caught.value.code == "rpc.paging"
        assert word in caught.value.remedy
        assert site.asked == []
