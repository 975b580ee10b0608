"""A slice on its way: translated rows, refused rows, and how far the reading has come.

A batch and its read position are written in one transaction, so that a killed reader resumes
after the last batch that is really there. Staging belongs to one version of the cursor and
of the mapping: when either has moved on, the slice starts again. It may be lost; nothing is
kept here alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import xxhash
from sqlalchemy import Connection, MetaData, Table, delete, func, insert, select

from midspan.store.engine import STAGING, Store
from midspan.store.load import bulk_insert, chunked
from midspan.store.revision import Revision
from midspan.store.tables import rowid
from midspan.store.types import column
from shared_services.contracts.entities import EntityType

_REVISION = 1
ROW_COLUMNS = ("source_key", "changed", "hash")
REFUSED_COLUMNS = ("identity", "source_key", "code", "field", "message", "place", "raw")


@dataclass(slots=True)
class Progress:
    """How far a slice has been read.

    ``phase`` counts from 0: the stream itself, then each part, then the parents of changed
    parts. ``seen`` is the greatest cursor value below the ceiling, ``parts`` the same of
    each part.
    """

    slice_id: str
    ceiling: str | None
    as_of: str
    phase: int = 0
    position: dict[str, Any] | None = None
    seen: str | None = None
    parts: dict[str, str] = field(default_factory=dict)
    read: int = 0
    filtered: int = 0
    future: int = 0


class Staging:
    """One sync's staging tables."""

    def __init__(self, store: Store, sync: str, entity: EntityType) -> None:
        self.store = store
        self.entity = entity
        metadata = MetaData(schema=STAGING)
        prefixes = [] if store.embedded else ["UNLOGGED"]
        self.rows = Table(
            f"{sync}.rows",
            metadata,
            rowid("seq"),
            column("source_key", "string", nullable=False, index=True),
            column("changed", "string"),
            column("hash", "string", nullable=False),
            *(column(item.name, item.kind) for item in entity.fields),
            prefixes=prefixes,
        )
        self.refused = Table(
            f"{sync}.refused",
            metadata,
            rowid("seq"),
            column("identity", "string", nullable=False),
            column("source_key", "string"),
            *(column(name, "string") for name in ("code", "field", "message", "place")),
            column("raw", "bytes", nullable=False),
            prefixes=prefixes,
        )
        self.listed = Table(
            f"{sync}.listed",
            metadata,
            column("source_key", "string", primary_key=True),
            prefixes=prefixes,
        )
        self._parents = Table(
            f"{sync}.parents",
            metadata,
            column("key", "string", primary_key=True),
            prefixes=prefixes,
        )
        self._progress = Table(
            f"{sync}.progress",
            metadata,
            column("slice_id", "string", primary_key=True),
            column("state", "string", nullable=False),
            prefixes=prefixes,
        )
        shape = repr([(item.name, item.kind) for item in entity.fields])
        revision = Revision(sync, f"{_REVISION}/{xxhash.xxh3_64_hexdigest(shape.encode())}")
        store.create(metadata, revision, disposable=True)

    def resume(self, slice_id: str) -> Progress | None:
        """Return the progress of an interrupted reading of this very slice."""
        with self.store.read() as connection:
            state = connection.execute(
                select(self._progress.c.state).where(self._progress.c.slice_id == slice_id)
            ).scalar()
        return None if state is None else msgspec.json.decode(state, type=Progress)

    def begin(self, progress: Progress) -> None:
        """Empty staging and start a slice."""
        with self.store.write() as connection:
            self._empty(connection)
            self._save(connection, progress)

    def clear(self) -> None:
        """Empty staging after its slice was applied."""
        with self.store.write() as connection:
            self._empty(connection)

    def append(
        self,
        progress: Progress,
        rows: Iterable[Sequence[Any]] = (),
        refused: Iterable[Sequence[Any]] = (),
        parents: Iterable[str] = (),
    ) -> None:
        """Write one batch and the position after it."""
        with self.store.write() as connection:
            bulk_insert(connection, self.rows, (*ROW_COLUMNS, *self.entity.field_names), rows)
            bulk_insert(connection, self.refused, REFUSED_COLUMNS, refused)
            self._add_parents(connection, sorted(set(parents)))
            self._save(connection, progress)

    def parents(self, size: int) -> Iterator[list[str]]:
        """Yield the keys of parents to read, in order, those already staged left out."""
        table, rows = self._parents, self.rows
        staged = select(rows.c.source_key)
        with self.store.read() as connection:
            keys = (
                connection.execute(
                    select(table.c.key).where(table.c.key.not_in(staged)).order_by(table.c.key)
                )
                .scalars()
                .all()
            )
        yield from chunked(keys, size)

    def begin_listing(self) -> None:
        """Empty the list of keys."""
        with self.store.write() as connection:
            connection.execute(delete(self.listed))

    def list_keys(self, keys: Sequence[str]) -> None:
        """Add keys that the source holds; a key listed twice counts once."""
        with self.store.write() as connection:
            known = set(
                connection.execute(
                    select(self.listed.c.source_key).where(self.listed.c.source_key.in_(keys))
                ).scalars()
            )
            fresh = [(key,) for key in dict.fromkeys(keys) if key not in known]
            bulk_insert(connection, self.listed, ("source_key",), fresh)

    def count_listed(self) -> int:
        """Return how many keys the source listed."""
        with self.store.read() as connection:
            return connection.execute(select(func.count()).select_from(self.listed)).scalar_one()

    def _add_parents(self, connection: Connection, keys: Sequence[str]) -> None:
        table = self._parents
        known = set(connection.execute(select(table.c.key).where(table.c.key.in_(keys))).scalars())
        bulk_insert(connection, table, ("key",), [(key,) for key in keys if key not in known])

    def _save(self, connection: Connection, progress: Progress) -> None:
        table = self._progress
        connection.execute(delete(table))
        connection.execute(
            insert(table).values(
                slice_id=progress.slice_id, state=msgspec.json.encode(progress).decode()
            )
        )

    def _empty(self, connection: Connection) -> None:
        for table in (self.rows, self.refused, self._parents, self._progress):
            connection.execute(delete(table))


def row_hash(values: Sequence[Any]) -> str:
    """Return the hash by which a changed row is known; values are canonical."""
    return xxhash.xxh3_128_hexdigest(msgspec.json.encode(values))


def key_text(parts: Sequence[Any]) -> str:
    """Return a source key as text: the value itself, or a JSON list of several."""
    if len(parts) == 1:
        return str(parts[0])
    return msgspec.json.encode([_plain(part) for part in parts]).decode()


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int) else str(value)
