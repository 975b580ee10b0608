"""Reads replies of 5,000 records through the soap adapter, beside zeep.

Both read the same envelopes from the same server over one kept connection. The adapter passes
its gate before each page and hands out batches; the peer makes zeep's own objects of each reply
and plain values of these, and keeps nothing.
"""

import sys
from collections.abc import Iterator

import zeep
from zeep.helpers import serialize_object

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

ROWS = 50_000
PAGE = 5_000
TIMES = 5

_SHORT = 40
_PEER = "zeep"
_SYSTEM = (
    BUDGET
    + """
type: soap
conn_id: legacy
wsdl: /?wsdl
streams:
  rows:
    primary_key: id
    operation: List
    arguments: {after: "{cursor}"}
    rows: row
    paging: {size: 5000, next: next}
"""
)


def measure(settings: Settings) -> Iterator[Measurement]:
    """Yield the adapter's rate and memory beside zeep's."""
    rows = settings.rows or (_SHORT if settings.short else ROWS)
    page = min(PAGE, max(rows // 2, 1))
    pages = (rows // page, page)
    yield from beside_peer(
        "soap", _PEER, pages, settings, lambda peer: TIMES * peer, ("zeep", "lxml", "requests")
    )


def read_by_adapter(port: str) -> Sample:
    """Read all pages through the soap adapter, the WSDL loaded beforehand."""
    connection = Connection("legacy", "http", "127.0.0.1", int(port))
    with opened(_SYSTEM, connection) as adapter:
        adapter.check()
        return read_all(adapter, "rows")


def read_by_peer(port: str) -> Sample:
    """Read all pages with zeep, the WSDL loaded beforehand."""
    client = zeep.Client(f"http://127.0.0.1:{port}/?wsdl")  # type: ignore[no-untyped-call]  # zeep is untyped
    watch, check, count, after = Stopwatch(), Check(), 0, "0"
    while after:
        reply = client.service.List(after=after)
        rows = [serialize_object(row, dict) for row in reply.row]  # type: ignore[no-untyped-call]  # the same
        after = reply.next
        count += len(rows)
        with watch.aside():
            check.add(*([row[name] for row in rows] for name in CHECKED))
    return watch.sample(count, check.digest)


if __name__ == "__main__":
    side, at_port = sys.argv[1:]
    tell({"adapter": read_by_adapter, "peer": read_by_peer}[side](at_port))
