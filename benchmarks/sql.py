"""Reads a table of 20 columns through the sql adapter, beside SQLAlchemy Core and dlt.

All read the same 16 columns of every row from the same server, each in a process of its own,
and hand on nothing: the adapter batches of 5,000 tuples, SQLAlchemy Core blocks of 5,000 rows
of a server-side cursor through the same driver, dlt the pages of its ``sql_table`` with its
sqlalchemy, pyarrow and connectorx backends.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import version

from benchmarks.building import BUDGET, opened, read_all
from benchmarks.environments import Environment, environment
from benchmarks.frame import (
    Measurement,
    Sample,
    Settings,
    Side,
    at_least,
    at_most,
    run_process,
    side_by_side,
    tell,
)
from benchmarks.sql_table import COLUMNS, SERVERS, TABLE, Place, filled, place_of

ROWS = 1_000_000
TARGET = 300_000

_SHORT = 500
_OURS = "sql"
_CORE = "SQLAlchemy Core"
_BACKENDS = ("sqlalchemy", "pyarrow", "connectorx")
_PACKAGES = ("dlt", "connectorx", "pyarrow", "sqlalchemy", "mysqlclient", "psycopg2-binary")
_SYSTEM = (
    BUDGET
    + f"""
type: sql
conn_id: legacy
streams:
  {TABLE}:
    primary_key: id
    cursor: {{fields: changed}}
    table: {TABLE}
"""
)


def measure(settings: Settings) -> Iterator[Measurement]:
    """Yield the adapter's rate and memory on each server, beside each peer's."""
    rows = settings.rows or (_SHORT if settings.short else ROWS)
    # The short form is for the tests: it installs nothing.
    dlt = None if settings.short else environment("dlt")
    target = None if settings.short else TARGET
    for server in SERVERS:
        with filled(server, rows) as place:
            found = side_by_side(sides(place, dlt), settings.rounds)
        versions = _versions(place, dlt)
        ours = found.pop(_OURS)
        for name, peer in found.items():
            yield at_least(
                f"sql {server}: read, beside {name}",
                "rows/s",
                ours.rate,
                target,
                peer=(name, peer.rate),
                versions=versions,
            )
            cpu = f"sql {server}: CPU a row, beside {name}"
            yield at_most(cpu, "µs", ours.cpu_micros, peer=(name, peer.cpu_micros))
            memory = f"sql {server}: peak memory, beside {name}"
            yield at_most(memory, "MB", ours.peak_mb, peer=(name, peer.peak_mb))


def sides(place: Place, dlt: Environment | None) -> list[Side]:
    """Return the contenders; dlt's among them where there is an environment for it."""
    url, words = place.core_url, (TABLE, *COLUMNS)
    found = [
        Side(_OURS, lambda: run_process("benchmarks.sql", url)),
        Side(_CORE, lambda: run_process("benchmarks.peers.core_reader", url, *words)),
    ]
    return found + [_dlt_side(dlt, place.dlt_url, backend) for backend in _BACKENDS if dlt]


def _dlt_side(dlt: Environment, url: str, backend: str) -> Side:
    # connectorx knows no charset, and always speaks UTF-8.
    told = url.partition("?")[0] if backend == "connectorx" else url
    words = (backend, told, TABLE, *COLUMNS)
    return Side(
        f"dlt, {backend}",
        lambda: run_process("benchmarks.peers.dlt_reader", *words, python=dlt.python),
    )


def _versions(place: Place, dlt: Environment | None) -> dict[str, str]:
    ours = {name: version(name) for name in ("sqlalchemy", "mysqlclient", "psycopg")}
    theirs = dlt.versions(*_PACKAGES) if dlt else {}
    return {
        place.server: place.version,
        **ours,
        **{f"{name} (dlt's environment)": told for name, told in theirs.items()},
    }


def read(url: str) -> Sample:
    """Read the table through the sql adapter."""
    with opened(_SYSTEM, place_of(url).connection, COLUMNS) as adapter:
        return read_all(adapter, TABLE)


if __name__ == "__main__":
    tell(read(sys.argv[1]))
