"""A web interface that is read and written, as legacy systems are: behind a token, by pages.

It is hostile where that is allowed: ties come in another order each time, an unknown page is a
404, numbers come as texts, and a search finds also what only begins like the reference.
"""

import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.adapters.http_site import Answer, Asked, Site, serve
from tests.adapters.rest_site import reply

STORE = """
type: rest
conn_id: legacy
base_path: /api
timeouts: {total: 10s}
auth: {login: {path: /login, form: {user: "{login}", secret: "{password}"},
       take: {session: session}}, headers: {X-Session: "{session}"}}
streams:
  items:
    primary_key: id
    cursor: {fields: [changed], format: "%Y-%m-%dT%H:%M:%S"}
    path: /items
    rows: data
    query: {since: "{lower}"}
    paging: {style: page, size: 10, end_status: [404], query: {page: "{page}", size: "{page_size}"}}
    detail: {path: "/items/{id}"}
    write: {operations: [create, update, delete], reference: ref}
    create: {path: /items, headers: {Idempotency-Key: "{reference}"}, key: id}
    update: {path: "/items/{id}", method: PUT}
    delete: {path: "/items/{id}"}
    find: {path: /items/search, rows: data, query: {ref: "{reference}"}}
"""


@dataclass
class Store:
    """The interface. ``override`` answers instead, where it answers at all."""

    items: dict[int, dict[str, Any]] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    logins: int = 0
    swallow: bool = False
    denied: bool = False
    broken: bool = False
    idempotency: list[str] = field(default_factory=list)
    override: Callable[[Asked], Answer | None] = lambda _asked: None
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 a disturbance
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, asked: Asked) -> Answer:
        with self.lock:
            given = self.override(asked)
            return given if given is not None else self._answer(asked)

    def _answer(self, asked: Asked) -> Answer:
        url = urlsplit(asked.path)
        path = url.path.removeprefix("/api/")
        if path == "login":
            return self._login()
        if asked.headers.get("X-Session") not in self.sessions:
            return Answer(b'{"error": "who are you"}', 401)
        if self.denied:
            challenge = 'Bearer error="insufficient_scope", scope="items.read"'
            return Answer(b"{}", 403, {"WWW-Authenticate": challenge})
        kind, _, key = path.partition("/")
        if kind != "items" or self.broken:
            return Answer(b"{}", 404)
        if asked.method == "OPTIONS":
            return Answer(b"", 204, {"Allow": "GET, POST, PUT, DELETE, OPTIONS"})
        query = dict(parse_qsl(url.query))
        return self._one(asked, key, query) if key else self._all(asked, query)

    def _login(self) -> Answer:
        self.logins += 1
        self.sessions.add(f"session-{self.logins}")
        return reply({"session": f"session-{self.logins}"})

    def _all(self, asked: Asked, query: Mapping[str, str]) -> Answer:
        if asked.method == "POST":
            return self._create(asked)
        found = [one for one in self.items.values() if one["changed"] >= query.get("since", "")]
        found.sort(key=lambda one: (one["changed"], self.chance.random()))
        size = min(int(query.get("size", 10)), 10)
        start = (int(query.get("page", 1)) - 1) * size
        cut = found[start : start + size]
        return reply({"data": cut}) if cut or not start else Answer(b"no such page", 404)

    def _create(self, asked: Asked) -> Answer:
        values = json.loads(asked.body)
        if not values.get("name"):
            return Answer(
                json.dumps({"errors": {"name": ["required"]}, "given": values}).encode(), 422
            )
        self.idempotency.append(asked.headers.get("Idempotency-Key", ""))
        key = max(self.items, default=0) + 1
        if not self.swallow:
            self.put(key, values, "2026-02-01T00:00:00")
        return reply({"id": str(key)})

    def put(self, key: int, values: Mapping[str, Any], changed: str) -> None:
        """Create or change a record."""
        self.items[key] = {**self.items.get(key, {}), **values, "id": str(key), "changed": changed}

    def _one(self, asked: Asked, key: str, query: Mapping[str, str]) -> Answer:
        if key == "search":
            found = [
                one for one in self.items.values() if one.get("ref", "").startswith(query["ref"])
            ]
            return reply({"data": found})
        if not key.isdecimal() or int(key) not in self.items:
            return Answer(b"{}", 404)
        if asked.method == "DELETE":
            del self.items[int(key)]
            return Answer(b"", 204)
        if asked.method == "PUT":
            self.put(int(key), json.loads(asked.body), "2026-02-01T00:00:01")
        return reply(self.items[int(key)])


@contextmanager
def stored() -> Iterator[tuple[Store, Site]]:
    """Serve a store."""
    store = Store()
    with serve(store) as site:
        yield store, site
