"""The shop's own read model: one SQLite file with a table for customers, products and prices.

Invariant: a record is never overwritten by an older state of itself, and one that is gone does
not come back, in whatever order and however often states and events arrive. What an event
changes, the position it leaves and the fact that it came are one transaction: after a kill at
any moment either all of it is there or nothing.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from shared_services.client import EntityEvent, SqlitePositions

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "customer": (
        *("kind", "name", "email", "phone", "tax_id", "street", "postal_code", "city"),
        *("country", "language", "marketing_consent", "active"),
    ),
    "product": ("code", "name", "category", "unit", "list_price", "currency", "active"),
    "price": ("product_code", "currency", "amount", "valid_from", "unit"),
}
"""What the shop keeps of each record, beside its id, epoch and sequence."""

_ALWAYS: Final = ("id", "epoch", "sequence")
_TABLES: Final = [
    f"CREATE TABLE IF NOT EXISTS {entity} (id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL,"
    f" sequence INTEGER NOT NULL, {', '.join(columns)})"
    for entity, columns in COLUMNS.items()
] + [
    "CREATE TABLE IF NOT EXISTS customer_redirect (old_id INTEGER PRIMARY KEY, new_id INTEGER)",
    "CREATE TABLE IF NOT EXISTS received (event_id TEXT PRIMARY KEY) WITHOUT ROWID",
]


class Record(Protocol):
    """What the SDK returns: a record with its id and the position of its state."""

    @property
    def id(self) -> int:
        """Return the golden id."""
        ...

    @property
    def epoch(self) -> int:
        """Return the first part of the state's position."""
        ...

    @property
    def sequence(self) -> int:
        """Return the second part of the state's position."""
        ...


class ReadModel:
    """The read model in ``path``; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")  # readers never wait for events
        for table in _TABLES:
            self._connection.execute(table)
        self._positions = SqlitePositions(self._connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep everything done inside, or nothing."""
        with self._connection:
            yield

    def receive(self, event_id: str) -> None:
        """Remember that this event came; a repeated one counts once."""
        self._connection.execute("INSERT OR IGNORE INTO received VALUES (?)", [event_id])

    def advance(self, event: EntityEvent) -> bool:
        """Return whether the event is news of its record, and if so remember its position."""
        return self._positions.advance(event)

    def put(self, entity: str, records: Iterable[Record]) -> None:
        """Store states of records; one older than what is known of its record is ignored."""
        names = (*_ALWAYS, *COLUMNS[entity])
        rows = [[_stored(getattr(record, name)) for name in names] for record in records]
        self._connection.executemany(_upsert(entity, names), rows)

    def remove(self, event: EntityEvent) -> None:
        """Forget a deleted or merged record, unless a newer state of it is stored already."""
        self._connection.execute(
            f"DELETE FROM {event.entity} WHERE id = ? AND (epoch, sequence) <= (?, ?)",  # noqa: S608 COLUMNS' own names
            [event.id, event.epoch, event.sequence],
        )
        if event.into is not None:
            self._redirect(event.id, event.into)

    def product_code(self, price_id: int) -> str | None:
        """Return the code of the product that a known price belongs to."""
        found = self._connection.execute("SELECT product_code FROM price WHERE id = ?", [price_id])
        row = found.fetchone()
        return row[0] if row else None

    def _redirect(self, old_id: int, new_id: int) -> None:
        """Remember where a merged id went, and those that had gone into it before."""
        self._connection.execute(
            "UPDATE customer_redirect SET new_id = ? WHERE new_id = ?", [new_id, old_id]
        )
        self._connection.execute(
            "INSERT OR REPLACE INTO customer_redirect VALUES (?, ?)", [old_id, new_id]
        )


def _upsert(entity: str, names: tuple[str, ...]) -> str:
    numbered = ", ".join(f"?{number}" for number in range(1, len(names) + 1))
    assigned = ", ".join(f"{name} = excluded.{name}" for name in names)
    return (
        f"INSERT INTO {entity} ({', '.join(names)}) SELECT {numbered}"  # noqa: S608 COLUMNS' own names
        " WHERE NOT EXISTS (SELECT 1 FROM midspan_positions AS known"
        f" WHERE known.entity = '{entity}' AND known.id = ?1"
        " AND (known.epoch, known.sequence) > (?2, ?3))"
        f" ON CONFLICT (id) DO UPDATE SET {assigned}"
        f" WHERE (excluded.epoch, excluded.sequence) >= ({entity}.epoch, {entity}.sequence)"
    )


def _stored(value: object) -> object:
    """Keep what SQLite knows as it is, and decimals and dates as their text."""
    return value if value is None or isinstance(value, int) else str(value)
