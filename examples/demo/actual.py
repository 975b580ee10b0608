"""What the centers and the shop hold, read by SQL from their own files.

Guarantee: read only; no RPC, no mapping of the platform's tables. Values are in the plain form
of ``truth``: text, numbers, Decimal, ISO dates.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

DECIMALS: Final = {"list_price", "amount"}

Values = dict[str, Any]
ById = dict[int, Values]


@dataclass(slots=True)
class Center:
    """A center's live golden records by entity and id, and what it wrote down of its work.

    ``sources`` are the live source rows of each golden customer, by the names that ``truth``
    gives them; ``runs`` the ledgers, oldest first; ``refused`` sync, key, code and field.
    """

    records: dict[str, ById]
    sources: dict[int, frozenset[str]]
    redirects: dict[int, int]
    runs: list[Values]
    refused: list[Values]
    waiting: int

    @property
    def committed(self) -> int:
        """Return how many events the center's runs committed."""
        return sum(run["events"] for run in self.runs)


@dataclass(slots=True)
class Shop:
    """The shop's read model."""

    records: dict[str, ById]
    redirects: dict[int, int]
    received: int


def read_center(path: Path, entities: Sequence[str]) -> Center:
    """Read a center's file, in one transaction."""
    with _reading(path) as connection:
        records = {
            entity: _records(connection, f"SELECT * FROM {entity} WHERE deleted_at IS NULL")  # noqa: S608 the demo's own names
            for entity in entities
        }
        people = "customer" in entities
        return Center(
            records=records,
            sources=_sources(connection) if people else {},
            redirects=_redirects(connection) if people else {},
            runs=list(_rows(connection, "SELECT * FROM sync_run ORDER BY started_at")),
            refused=list(
                _rows(connection, "SELECT sync, source_key, code, field, place FROM quarantine")
            ),
            waiting=_number(connection, "SELECT count(*) FROM outbox"),
        )


def read_shop(path: Path) -> Shop:
    """Read the shop's file, in one transaction."""
    with _reading(path) as connection:
        return Shop(
            records={
                entity: _records(connection, f"SELECT * FROM {entity}")  # noqa: S608 the demo's own names
                for entity in ("customer", "product", "price")
            },
            redirects=_redirects(connection),
            received=_number(connection, "SELECT count(*) FROM received"),
        )


def backlog(center: Path) -> tuple[int, int]:
    """Return how many events a center committed, and how many of them wait for the relay."""
    with _reading(center) as connection:
        return (
            _number(connection, "SELECT coalesce(sum(events), 0) FROM sync_run"),
            _number(connection, "SELECT count(*) FROM outbox"),
        )


def received(shop: Path) -> int:
    """Return how many distinct events the shop received."""
    with _reading(shop) as connection:
        return _number(connection, "SELECT count(*) FROM received")


def _records(connection: sqlite3.Connection, query: str) -> ById:
    return {row["id"]: row for row in _rows(connection, query)}


def _sources(connection: sqlite3.Connection) -> dict[int, frozenset[str]]:
    rows: dict[int, set[str]] = {}
    query = "SELECT golden_id, sync, source_key FROM customer_source WHERE deleted_at IS NULL"
    for row in _rows(connection, query):
        rows.setdefault(row["golden_id"], set()).add(f"{row['sync']}:{row['source_key']}")
    return {golden_id: frozenset(names) for golden_id, names in rows.items()}


def _redirects(connection: sqlite3.Connection) -> dict[int, int]:
    rows = _rows(connection, "SELECT old_id, new_id FROM customer_redirect")
    return {row["old_id"]: row["new_id"] for row in rows}


def _rows(connection: sqlite3.Connection, query: str) -> Iterator[Values]:
    for row in connection.execute(query):
        yield {name: _plain(name, row[name]) for name in row.keys()}  # noqa: SIM118 not a dict


def _plain(name: str, value: Any) -> Any:
    return Decimal(str(value)) if name in DECIMALS and value is not None else value


def _number(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    address = f"{path.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=10, isolation_level=None)) as opened:
        opened.row_factory = sqlite3.Row
        opened.execute("BEGIN")
        yield opened


def by_key(records: Mapping[int, Values], names: Sequence[str]) -> dict[Any, int]:
    """Return the id of each record by the values of ``names``, alone or as a tuple."""
    keys = ((id_, tuple(str(row[name]) for name in names)) for id_, row in records.items())
    return {key[0] if len(key) == 1 else key: id_ for id_, key in keys}
