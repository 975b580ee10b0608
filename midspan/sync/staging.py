"""A slice on its way: translated rows, refused rows, and how far the reading has come.

A batch and its read position are written in one transaction, so that a killed reader resumes
after the last batch that is really there. Staging belongs to one version of the cursor and
of the mapping: when either has moved on, the slice starts again. It may be lost; nothing is
kept here alone. It belongs to one worker at a time: who takes a slice over keeps the former
one, should it wake up, from writing another row.

``ordinal`` counts the rows of a slice in the order they were read, refused ones among them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import msgspec
import xxhash
from sqlalchemy import Connection, MetaData, Table, delete, func, insert, select, update

from midspan.store.engine import STAGING, Store
from midspan.store.load import bulk_insert, chunked
from midspan.store.revision import Revision
from midspan.store.tables import rowid
from midspan.store.types import column
from midspan.sync.state import lease_lost
from shared_services.golden.model import GoldenModel

_REVISION = 5
_KEYS_AT_ONCE = 5_000
_ROW_COLUMNS = ("ordinal", "source_key", "changed", "hash")
REFUSED_COLUMNS = (
    *("ordinal", "identity", "source_key", "code", "field", "message", "place"),
    *("raw", "record"),
)


@dataclass(slots=True)
class Progress:
    """How far a slice has been read.

    ``phase`` counts from 0: the stream itself, then each part, then the parents of changed
    parts, then ids that were missing. ``seen`` is the greatest cursor value below the ceiling,
    ``parts`` the same of each part. ``by_cursor`` counts the rows that the stream itself brought:
    those read by key have greater ordinals. ``shape`` is a sample of the kinds of values,
    ``unmapped`` are columns that nothing maps.
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
    by_cursor: int = 0
    shape: dict[str, dict[str, int]] = field(default_factory=dict)
    unmapped: list[str] = field(default_factory=list)


class Staging:
    """One sync's staging tables."""

    def __init__(self, store: Store, sync: str, model: GoldenModel) -> None:
        self.store = store
        self.columns = (*_ROW_COLUMNS, *model.match_columns, *model.entity.field_names)
        self._sync = sync
        self._owner = uuid4().hex
        metadata = MetaData(schema=STAGING)
        prefixes = [] if store.embedded else ["UNLOGGED"]
        self.rows = Table(
            f"{sync}.rows",
            metadata,
            rowid("seq"),
            column("ordinal", "integer", nullable=False),
            column("source_key", "key", nullable=False),
            column("changed", "string"),
            column("hash", "string", nullable=False),
            *(column(name, "integer") for name in model.match_columns),
            *(column(item.name, item.kind, item.fields) for item in model.entity.fields),
            prefixes=prefixes,
        )
        self.refused = Table(
            f"{sync}.refused",
            metadata,
            rowid("seq"),
            column("ordinal", "integer", nullable=False),
            column("identity", "string", nullable=False),
            column("source_key", "key"),
            *(column(name, "string") for name in ("code", "field", "message", "place")),
            column("raw", "bytes", nullable=False),
            column("record", "bytes"),
            prefixes=prefixes,
        )
        self.left = Table(
            f"{sync}.left",
            metadata,
            rowid("seq"),
            column("ordinal", "integer", nullable=False),
            column("source_key", "key", nullable=False),
            prefixes=prefixes,
        )
        self.listed = Table(
            f"{sync}.listed",
            metadata,
            column("source_key", "key", primary_key=True),
            prefixes=prefixes,
        )
        self._parents = Table(
            f"{sync}.parents",
            metadata,
            column("source_key", "key", primary_key=True),
            column("key", "json", nullable=False),
            prefixes=prefixes,
        )
        self._progress = Table(
            f"{sync}.progress",
            metadata,
            column("slice_id", "string", primary_key=True),
            column("state", "string", nullable=False),
            column("owner", "string", nullable=False),
            prefixes=prefixes,
        )
        kinds = [(item.name, item.kind) for item in model.entity.fields]
        shape = repr([model.rules, kinds])
        revision = Revision(sync, f"{_REVISION}/{xxhash.xxh3_64_hexdigest(shape.encode())}")
        store.create(metadata, revision, disposable=True)

    def resume(self, slice_id: str) -> Progress | None:
        """Take over an interrupted reading of this very slice; return how far it has come."""
        mine = self._progress.c.slice_id == slice_id
        with self.store.write() as connection:
            connection.execute(update(self._progress).where(mine).values(owner=self._owner))
            state = connection.execute(select(self._progress.c.state).where(mine)).scalar()
        return None if state is None else msgspec.json.decode(state, type=Progress)

    def begin(self, progress: Progress) -> None:
        """Empty staging and start a slice."""
        with self.store.write() as connection:
            self._empty(connection)
            connection.execute(
                insert(self._progress).values(
                    slice_id=progress.slice_id, state=_encoded(progress), owner=self._owner
                )
            )

    def clear(self) -> None:
        """Empty staging after its slice was applied, or is given up; if it is still ours."""
        table = self._progress
        with self.store.write() as connection:
            result = connection.execute(delete(table).where(table.c.owner == self._owner))
            if result.rowcount:
                self._empty(connection)

    def discard(self) -> None:
        """Empty staging, whoever's it is: a slice that was broken off is read anew."""
        with self.store.write() as connection:
            self._empty(connection)

    def append(
        self,
        progress: Progress,
        rows: Iterable[Sequence[Any]] = (),
        refused: Iterable[Sequence[Any]] = (),
        parents: Iterable[Any] = (),
        left: Iterable[tuple[int, str]] = (),
    ) -> None:
        """Write one batch and the position after it.

        ``parents`` are keys to read besides, ``left`` ordinal and key of rows that a filter
        leaves out.

        Raises Conflict, with nothing written, when another worker has taken the slice over.
        """
        with self.store.write() as connection:
            self._save(connection, progress)
            bulk_insert(connection, self.rows, self.columns, rows)
            bulk_insert(connection, self.refused, REFUSED_COLUMNS, refused)
            bulk_insert(connection, self.left, ("ordinal", "source_key"), left)
            self._add_parents(connection, parents)

    def parents(self, size: int) -> Iterator[list[Any]]:
        """Yield the keys of parents to read, in order, those already staged left out."""
        table, rows = self._parents, self.rows
        staged = select(rows.c.source_key)
        with self.store.read() as connection:
            keys = (
                connection.execute(
                    select(table.c.key)
                    .where(table.c.source_key.not_in(staged))
                    .order_by(table.c.source_key)
                )
                .scalars()
                .all()
            )
        yield from chunked(keys, size)

    def begin_listing(self) -> None:
        """Empty the list of keys."""
        with self.store.write() as connection:
            connection.execute(delete(self.listed))

    def list_keys(self, keys: Sequence[str]) -> int:
        """Add keys that the source holds; return how many had not been listed before."""
        with self.store.write() as connection:
            known = _known(connection, self.listed, keys)
            fresh = [(key,) for key in dict.fromkeys(keys) if key not in known]
            bulk_insert(connection, self.listed, ("source_key",), fresh)
        return len(fresh)

    def count_listed(self) -> int:
        """Return how many keys the source listed."""
        with self.store.read() as connection:
            return connection.execute(select(func.count()).select_from(self.listed)).scalar_one()

    def _add_parents(self, connection: Connection, keys: Iterable[Any]) -> None:
        wanted = {key_text((key,)): key for key in keys}
        known = _known(connection, self._parents, list(wanted))
        fresh = [(text, key) for text, key in sorted(wanted.items()) if text not in known]
        bulk_insert(connection, self._parents, ("source_key", "key"), fresh)

    def _save(self, connection: Connection, progress: Progress) -> None:
        table = self._progress
        result = connection.execute(
            update(table)
            .where(table.c.slice_id == progress.slice_id, table.c.owner == self._owner)
            .values(state=_encoded(progress))
        )
        if result.rowcount != 1:
            raise lease_lost(self._sync)

    def _empty(self, connection: Connection) -> None:
        for table in (self.rows, self.refused, self.left, self._parents, self._progress):
            connection.execute(delete(table))


def _encoded(progress: Progress) -> str:
    return msgspec.json.encode(progress).decode()


def _known(connection: Connection, table: Table, keys: Sequence[str]) -> set[str]:
    """Return those of ``keys`` that ``table`` holds; there may be any number."""
    known: set[str] = set()
    for some in chunked(keys, _KEYS_AT_ONCE):
        found = select(table.c.source_key).where(table.c.source_key.in_(some))
        known.update(connection.execute(found).scalars())
    return known


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
