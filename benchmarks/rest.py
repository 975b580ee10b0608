"""Reads pages of 5,000 records through the rest adapter, beside requests and json.

Both read the same bytes from the same server over one kept connection. The adapter passes its
gate before each page and hands out batches of ten columns; the peer decodes each page and
keeps nothing.
"""

import json
import sys
from collections.abc import Iterator

import requests

from benchmarks.building import BUDGET, CHECKED, opened, read_all
from benchmarks.checks import Check
from benchmarks.frame import (
    Measurement,
    Sample,
    Settings,
    Stopwatch,
    tell,
)
from benchmarks.serving import beside_peer
from config.connections import Connection

ROWS = 300_000
PAGE = 5_000
TARGET = 450_000

_SHORT = 400
_PEER = "requests + json"
_SYSTEM = (
    BUDGET
    + """
type: rest
conn_id: legacy
streams:
  rows:
    primary_key: id
    path: /rows
    rows: rows
    paging: {style: cursor, size: 5000, next: next, query: {after: "{cursor}"}}
"""
)
_COLUMNS = (
    *("id", "name", "street", "city", "country"),
    *("email", "phone", "amount", "active", "changed"),
)


def measure(settings: Settings) -> Iterator[Measurement]:
    """Yield the adapter's rate and memory beside the peer's."""
    rows = settings.rows or (_SHORT if settings.short else ROWS)
    page = min(PAGE, max(rows // 2, 1))
    pages = (rows // page, page)
    yield from beside_peer(
        "rest", _PEER, pages, settings, lambda _peer: TARGET, ("requests", "urllib3", "msgspec")
    )


def read_by_adapter(port: str) -> Sample:
    """Read all pages through the rest adapter."""
    connection = Connection("legacy", "http", "127.0.0.1", int(port))
    with opened(_SYSTEM, connection, _COLUMNS) as adapter:
        return read_all(adapter, "rows")


def read_by_peer(port: str) -> Sample:
    """Read all pages with requests and json."""
    watch, check, count, after = Stopwatch(), Check(), 0, "0"
    with requests.Session() as session:
        while after:
            reply = session.get(
                f"http://127.0.0.1:{port}/rows", params={"after": after}, timeout=60
            )
            body = json.loads(reply.content)
            rows, after = body["rows"], body.get("next")
            count += len(rows)
            with watch.aside():
                check.add(*([row[name] for row in rows] for name in CHECKED))
    return watch.sample(count, check.digest)


if __name__ == "__main__":
    side, at_port = sys.argv[1:]
    tell((read_by_adapter if side == "adapter" else read_by_peer)(at_port))
