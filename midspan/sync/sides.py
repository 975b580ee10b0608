"""A sync's rows as its source shows them now, and as its center holds them.

Guarantee: both are canonical values of the same fields, read page by page; nothing is written.
What the source's rows become is decided as in a run: by the same mapping, key and stamp.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from adapters.base import Adapter
from midspan.kernel.stream import Slice
from midspan.store.engine import Store
from midspan.store.load import mappings
from midspan.sync.digests import digest_of
from midspan.sync.project import BoundSync
from midspan.sync.stage import Reading, Translator
from midspan.sync.state import CursorState

_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A row as one side shows it; ``values`` in the entity's field order."""

    digest: int
    changed: str | None
    values: tuple[Any, ...]


SourceRow = tuple[str, Seen | None, tuple[Any, ...] | None]
"""A row's key, what it becomes (None: refused or left out), and its key as the source has it."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of a sync."""

    sync: BoundSync
    store: Store
    adapter: Adapter

    def source(self, part: Slice) -> Iterator[list[SourceRow]]:
        """Yield the source's rows in batches."""
        sync = self.sync
        nowhere = CursorState(0, None)
        reading = Reading(
            self.adapter, sync.stream, {}, sync.mapping, nowhere, sync.model, lambda _progress: None
        )
        first = 1 + len(sync.model.match_columns)  # behind the hash and the match keys
        for batch in self.adapter.read(sync.stream.name, part):
            translator = Translator(reading, batch, 0)
            rows, refused = translator.run()
            places = [batch.columns.index(name) for name in sync.stream.primary_key]
            found: list[SourceRow] = []
            for ordinal, key, changed, *rest in rows:
                values = tuple(rest[first:])
                native = tuple(batch.rows[ordinal][place] for place in places)
                found.append((key, Seen(digest_of(key, values), changed, values), native))
            found += [(key, None, None) for _, key in translator.left]
            found += [(row[2], None, None) for row in refused if row[2] is not None]
            yield found

    def center(self) -> Iterator[list[tuple[str, Seen]]]:
        """Yield the center's live rows page by page."""
        with self.store.read() as connection:
            chosen = connection.execution_options(yield_per=_PAGE).execute(self._rows())
            for page in chosen.partitions():
                yield [_seen(row) for row in page]

    def held(self, connection: Connection, keys: Sequence[str]) -> dict[str, Seen]:
        """Return what the center holds under these keys."""
        wanted = self._rows().where(self.sync.model.source.c.source_key.in_(keys))
        return dict(map(_seen, connection.execute(wanted)))

    def count(self, connection: Connection) -> int:
        """Return how many live rows the center holds."""
        source = self.sync.model.source
        counted = select(func.count()).select_from(source).where(*self._live())
        return int(connection.execute(counted).scalar_one())

    def cursor(self, connection: Connection) -> CursorState:
        """Return how far the sync has read."""
        table = self.sync.model.state.cursor
        names = ("version", "value", "parts", "loaded", "as_of", "mapping_version")
        chosen = select(*(table.c[name] for name in names)).where(table.c.sync == self.sync.name)
        for row in mappings(connection.execute(chosen)):
            return CursorState(**row)
        return CursorState(0, None)

    def _rows(self) -> "Select[Any]":
        source, names = self.sync.model.source, self.sync.model.entity.field_names
        columns = [source.c[name] for name in ("source_key", "changed", *names)]
        return select(*columns).where(*self._live())

    def _live(self) -> tuple[ColumnElement[bool], ...]:
        source = self.sync.model.source
        return source.c.sync == self.sync.name, source.c.deleted_at.is_(None)


def _seen(row: Sequence[Any]) -> tuple[str, Seen]:
    key, changed, *rest = row
    return key, Seen(digest_of(key, rest), changed, tuple(rest))
