"""The rows of a slice that change something, set down once before anything is written.

Each is new or known, and goes one of four ways:

=============  ===========================================================================
``plain``      new, and no other row says the same of itself: it gets an id of its own
``settled``    known, and says the same of itself as before: it keeps its id
``joint``      settled, and not the only row behind its record
``careful``    anything else: it may join another record, or bring two together
=============  ===========================================================================

Plain and settled rows go by sets, whatever their number (``shared_services.golden.sets``),
the others one by one (``shared_services.golden.ingest``). What is not surely plain or settled
is careful. The table lives as long as the transaction that makes it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    MetaData,
    Table,
    and_,
    case,
    exists,
    func,
    literal,
    select,
    update,
)

from midspan.store.types import column
from shared_services.golden.model import GoldenModel

PLAIN, SETTLED, JOINT, CAREFUL = "plain", "settled", "joint", "careful"

_NAME = "midspan_changes"

T = TypeVar("T", str, int)


@dataclass(frozen=True)
class Changes:
    """The changed rows of one sync. ``rows`` are the staged ones, found by ``seq``."""

    model: GoldenModel
    sync: str
    rows: Table

    @cached_property
    def table(self) -> Table:
        """Return the table; ``stamp`` is the caller's own."""
        return Table(
            _NAME,
            MetaData(),
            column("seq", "integer", primary_key=True, autoincrement=False),
            column("source_key", "key", nullable=False, index=True),
            column("golden_id", "integer"),
            column("is_new", "boolean", nullable=False),
            column("way", "string", nullable=False),
            column("stamp", "string"),
            prefixes=["TEMPORARY"],
            postgresql_on_commit="DROP",
        )

    @contextmanager
    def kept(self, connection: Connection) -> Iterator[None]:
        """Have the table inside this context, within the caller's transaction."""
        self.table.create(connection, checkfirst=False)
        yield
        self.table.drop(connection, checkfirst=False)

    @property
    def same_row(self) -> ColumnElement[bool]:
        """Return the condition that joins a change and its source row."""
        source = self.model.source
        return and_(source.c.sync == self.sync, source.c.source_key == self.table.c.source_key)

    def goes(self, way: str) -> ColumnElement[bool]:
        """Return the condition of rows that go a way."""
        return self.table.c.way == way

    def way(self, latest: FromClause) -> ColumnElement[str]:
        """Return the way of a row that was read, as far as it alone can tell.

        ``latest`` is joined with the source rows. ``part`` has the last word on plain ones.
        """
        source = self.model.source
        same = (
            source.c[name].is_not_distinct_from(latest.c[name]) for name in self.model.match_columns
        )
        return case(
            (source.c.golden_id.is_(None), PLAIN),
            (and_(source.c.deleted_at.is_(None), *same), SETTLED),
            else_=CAREFUL,
        )

    def part(self, connection: Connection) -> None:
        """Find the new rows that say the same of themselves as any other row."""
        changes, rows = self.table, self.rows
        for name in self.model.match_columns:
            entangled = exists().where(
                rows.c.seq == changes.c.seq, rows.c[name].in_(_shared(self, name))
            )
            connection.execute(
                update(changes).where(self.goes(PLAIN), entangled).values(way=CAREFUL)
            )

    def follow_merges(self, connection: Connection) -> None:
        """Take over the ids that settled rows have by now."""
        source, changes = self.model.source, self.table
        moved = (self.goes(SETTLED), self.same_row, source.c.golden_id != changes.c.golden_id)
        connection.execute(update(changes).where(*moved).values(golden_id=source.c.golden_id))

    def golden_id(self, last: int) -> ColumnElement[int]:
        """Return the id that a row is written with: its own, the next one, or none yet.

        Plain rows are numbered behind ``last`` in the order of their keys.
        """
        changes = self.table
        place = func.row_number().over(partition_by=changes.c.way, order_by=changes.c.source_key)
        return case((self.goes(PLAIN), literal(last) + place), else_=changes.c.golden_id)

    def count(self, connection: Connection) -> dict[str, int]:
        """Return how many rows go each way."""
        way = self.table.c.way
        counted = connection.execute(select(way, func.count()).group_by(way))
        return {str(name): int(number) for name, number in counted}

    def keys(self, connection: Connection, way: str, size: int) -> Iterator[Sequence[str]]:
        """Yield the source keys of rows that go a way, in order, some at a time."""
        return self._pages(connection, self.table.c.source_key, "", way, size)

    def records(self, connection: Connection, way: str, size: int) -> Iterator[Sequence[int]]:
        """Yield the golden ids behind rows that go a way, in order, some at a time."""
        return self._pages(connection, self.table.c.golden_id, 0, way, size)

    def _pages(
        self, connection: Connection, what: Column[T], last: T, way: str, size: int
    ) -> Iterator[Sequence[T]]:
        chosen = select(what).distinct().where(self.goes(way)).order_by(what).limit(size)
        while page := connection.execute(chosen.where(what > last)).scalars().all():
            yield page
            last = page[-1]


def _shared(changes: Changes, name: str) -> CompoundSelect[tuple[int]]:
    """Select the hashes of a match key that more than one row has."""
    table, rows, source = changes.table, changes.rows, changes.model.source
    fresh = table.join(rows, rows.c.seq == table.c.seq)
    among_them = (
        select(rows.c[name])
        .select_from(fresh)
        .where(rows.c[name].is_not(None), table.c.way != SETTLED)
        .group_by(rows.c[name])
        .having(func.count() > 1)
    )
    known = (
        select(rows.c[name])
        .select_from(fresh.join(source, source.c[name] == rows.c[name]))
        .where(table.c.way == PLAIN)
    )
    return among_them.union_all(known)
