"""A web interface over some records, in every style of paging, for the rest adapter's tests.

Its list is sorted by change, so that an edited record moves to the end while it is read.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from adapters.rest import RestAdapter
from midspan.kernel.errors import MidspanError
from midspan.kernel.stream import Slice
from tests.adapters.building import Record, build, project, records
from tests.adapters.http_site import Answer, Asked, Site, serve

Query = Mapping[str, str]

HEAD = """
type: rest
conn_id: legacy
base_path: /api
"""

STREAM = """
streams:
  items:
    primary_key: id
    cursor: {fields: [changed], format: "%Y-%m-%dT%H:%M:%S"}
    path: /PATH
    rows: data
    query: {since: "{lower}"}
    detail: {path: "/items/{id}"}
    paging: PAGING
"""

STYLES: Mapping[str, tuple[str, str]] = {
    "whole": ("all", "{style: none}"),
    "page": ("page", '{style: page, size: 10, query: {page: "{page}", size: "{page_size}"}}'),
    "page from 0": (
        "page0",
        '{style: page, first: 0, size: 10, query: {page: "{page}", size: "{page_size}"}}',
    ),
    "page of a fixed size": ("page", '{style: page, size: 10, query: {page: "{page}", size: 10}}'),
    "page and total": (
        "page",
        '{style: page, size: 10, total: total, query: {page: "{page}", size: "{page_size}"}}',
    ),
    "page and more": (
        "page",
        '{style: page, size: 10, more: more, query: {page: "{page}", size: "{page_size}"}}',
    ),
    "page until short": (
        "page",
        '{style: page, size: 10, until: short_page, query: {page: "{page}", size: "{page_size}"}}',
    ),
    "page until 404": (
        "page404",
        '{style: page, size: 10, end_status: [404], query: {page: "{page}", size: "{page_size}"}}',
    ),
    "page in a body": (
        "page",
        '{style: page, size: 10, body: {page: "{page}", size: "{page_size}"}}',
    ),
    "offset": ("offset", '{style: offset, size: 10, query: {at: "{offset}", size: "{page_size}"}}'),
    "from row to row": (
        "rows",
        '{style: offset, size: 10, query: {from: "{row_from}", to: "{row_to}"}}',
    ),
    "from row to row, from 0": (
        "rows",
        '{style: offset, first: 0, size: 10, query: {from: "{row_from}", to: "{row_to}", zero: 1}}',
    ),
    "offset and total": (
        "offset",
        '{style: offset, size: 10, total: "header:X-Total", query: {at: "{offset}", size: 10}}',
    ),
    "cursor": ("cursor", '{style: cursor, size: 10, next: next, query: {cursor: "{cursor}"}}'),
    "next": ("next", "{style: next, size: 10, next: next}"),
    "link": ("link", "{style: link, size: 10}"),
    "keyset by key": (
        "bykey",
        '{style: keyset, field: id, size: 10, query: {after: "{after}", size: "{page_size}"}}',
    ),
    "keyset by change": (
        "bychange",
        '{style: keyset, field: changed, size: 10, query: {size: "{page_size}"}}',
    ),
    "keyset by change, bound excluded": (
        "bychange_excluded",
        '{style: keyset, field: changed, size: 10, query: {size: "{page_size}"}}',
    ),
}
"""How each style is served, and what says so in YAML."""

MOVING = [name for name in STYLES if name not in ("whole", "page until short", "next", "link")]
"""Styles by which a list that moves can be read without a loss in one go."""


def system(style: str, head: str = HEAD) -> str:
    """Return a system's YAML that reads by a style."""
    path, paging = STYLES[style]
    return head + STREAM.replace("PATH", path).replace("PAGING", paging)


def stamp(second: int) -> str:
    """Return a stamp of the list's own clock."""
    return f"2026-01-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


@dataclass
class Api:
    """The interface; ``before`` runs before call n, from 1, is answered."""

    items: list[dict[str, Any]]
    before: Callable[[int], None] = lambda _call: None
    override: Callable[[Asked], Answer | None] = lambda _asked: None
    ties: random.Random | None = None
    cap: int = 1000
    calls: int = 0
    clock: int = 40_000
    seen: list[Query] = field(default_factory=list)

    @classmethod
    def of(cls, count: int, a_second: int = 1) -> "Api":
        """Return an interface over some records, of which some share each second."""
        return cls(
            [
                {"id": number, "name": f"Item {number}", "changed": stamp(number // a_second)}
                for number in range(1, count + 1)
            ]
        )

    def edit(self, at: int) -> None:
        """Change a record, which moves it to the end of the list."""
        self.clock += 1
        self.items[at]["changed"] = stamp(self.clock)
        self.items.append(self.items.pop(at))

    def __call__(self, asked: Asked) -> Answer:
        self.calls += 1
        self.before(self.calls)
        url = urlsplit(asked.path)
        query = dict(parse_qsl(url.query))
        if asked.body and "json" in asked.headers.get("Content-Type", ""):
            query |= {name: str(value) for name, value in json.loads(asked.body).items()}
        self.seen.append(query)
        given = self.override(asked)
        if given is not None:
            return given
        kind = url.path.removeprefix("/api/")
        if kind.startswith("items/"):
            return self._one(kind.removeprefix("items/"))
        answer: Answer = getattr(self, f"_{kind}")(self._found(query), query)
        return answer

    def _found(self, query: Query) -> list[dict[str, Any]]:
        found = sorted(self.items, key=lambda one: str(one["changed"]))
        if self.ties is not None:
            chance = self.ties
            found.sort(key=lambda one: (str(one["changed"]), chance.random()))
        return [one for one in found if str(one["changed"]) >= query.get("since", "")]

    def _one(self, key: str) -> Answer:
        found = [one for one in self.items if str(one["id"]) == key]
        return reply(found[0]) if found else Answer(b"{}", 404)

    def _all(self, found: list[Any], _query: Query) -> Answer:
        return reply({"data": found, "total": len(found)})

    def _page(self, found: list[Any], query: Query, first: int = 1) -> Answer:
        size = min(int(query.get("size", 10)), self.cap)
        return self._cut(found, (int(query["page"]) - first) * size, size)

    def _page0(self, found: list[Any], query: Query) -> Answer:
        return self._page(found, query, 0)

    def _page404(self, found: list[Any], query: Query) -> Answer:
        size = int(query["size"])
        start = (int(query["page"]) - 1) * size
        return self._cut(found, start, size) if start < len(found) else Answer(b"no such", 404)

    def _offset(self, found: list[Any], query: Query) -> Answer:
        return self._cut(found, int(query["at"]), min(int(query["size"]), self.cap))

    def _rows(self, found: list[Any], query: Query) -> Answer:
        start = int(query["from"]) - (0 if "zero" in query else 1)
        end = int(query["to"]) + (1 if "zero" in query else 0)
        return self._cut(found, start, min(end - start, self.cap))

    def _cursor(self, found: list[Any], query: Query) -> Answer:
        mark = lambda one: f"{one['changed']}|{one['id']:06}"  # noqa: E731 used right here
        rest = sorted((one for one in found if mark(one) > query.get("cursor", "")), key=mark)
        ahead = mark(rest[9]) if len(rest) > 10 else None
        return reply({"data": rest[:10], "next": ahead, "total": len(found)})

    def _next(self, found: list[Any], query: Query) -> Answer:
        start = int(query.get("start", 0))
        ahead = self._ahead("next", found, start, query)
        return reply({"data": found[start : start + 10], "next": ahead})

    def _link(self, found: list[Any], query: Query) -> Answer:
        start = int(query.get("start", 0))
        ahead = self._ahead("link", found, start, query)
        links = {"Link": f'<{ahead}>; rel="next"'} if ahead else {}
        return reply({"data": found[start : start + 10]}, links)

    def _ahead(self, kind: str, found: list[Any], start: int, query: Query) -> str | None:
        if start + 10 >= len(found):
            return None
        return f"/api/{kind}?" + urlencode({**query, "start": start + 10})

    def _bykey(self, found: list[Any], query: Query) -> Answer:
        after = int(query.get("after", 0))
        rest = sorted((one for one in found if one["id"] > after), key=lambda one: int(one["id"]))
        return reply({"data": rest[: min(int(query["size"]), self.cap)]})

    def _bychange(self, found: list[Any], query: Query) -> Answer:
        return reply({"data": found[: min(int(query["size"]), self.cap)]})

    def _bychange_excluded(self, found: list[Any], query: Query) -> Answer:
        rest = [one for one in found if str(one["changed"]) > query.get("since", "")]
        return self._bychange(rest, query)

    def _cut(self, found: list[Any], start: int, size: int) -> Answer:
        cut = found[start : start + size]
        head = {"total": len(found), "more": start + size < len(found)}
        return reply({"data": cut, **head}, {"X-Total": str(len(found))})


def reply(value: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a JSON reply."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Answer(json.dumps(value).encode(), headers={**kind, **(headers or {})})


def opened(
    site: Site, folder: Path, text: str, columns: Sequence[str] = (), **extra: object
) -> RestAdapter:
    """Return the adapter of a system's YAML that leads to a site."""
    connection = site.connection()
    object.__setattr__(connection, "extra", extra)
    return build(RestAdapter, project(folder, "legacy", text), "legacy", connection, columns)


@contextmanager
def reading(
    answer: Callable[[Asked], Answer], folder: Path, text: str, columns: Sequence[str] = ()
) -> Iterator[tuple[RestAdapter, Site]]:
    """Serve a site and open the adapter on it."""
    with serve(answer) as site:
        adapter = opened(site, folder, text, columns)
        try:
            yield adapter, site
        finally:
            adapter.close()


def rows(adapter: RestAdapter, lower: str | None = None) -> list[Record]:
    """Return the rows of the stream ``items``."""
    return records(list(adapter.read("items", Slice(lower=lower))))


def ids(adapter: RestAdapter, lower: str | None = None) -> list[object]:
    """Return the keys of the rows of the stream ``items``."""
    return [row["id"] for row in rows(adapter, lower)]


PLAIN = HEAD + "streams:\n  items: {primary_key: id, path: /all, rows: data}\n"


def plain(**keys: str) -> str:
    """Return a system with one unpaged stream and some keys more."""
    more = "".join(f", {name}: {value}" for name, value in keys.items())
    return PLAIN.replace("rows: data", f"rows: data{more}")


def read_all(
    body: Any, folder: Path, text: str = PLAIN, columns: Sequence[str] = ()
) -> list[Record]:
    """Return the rows that the adapter makes of one reply."""
    answer = body if isinstance(body, Answer) else reply(body)
    with reading(lambda _asked: answer, folder, text, columns) as (adapter, _):
        return rows(adapter)


def refused(answer: Answer, folder: Path, text: str = PLAIN, **extra: Any) -> MidspanError:
    """Return the error that one reply leads to."""
    with reading(lambda _asked: answer, folder, text, **extra) as (adapter, _):
        with pytest.raises(MidspanError) as caught:
            rows(adapter)
        return caught.value


def html(status: int = 200) -> Answer:
    return Answer(b"<!DOCTYPE html><p>Sign in</p>", status, {"Content-Type": "text/html"})


XML = plain(format="xml", rows="items.item").replace("rows: data, ", "")
