"""Ids that are missing below the greatest one read: a transaction may still hold them.

Guarantee: where a stream's cursor is its integer key, an id that was missing is asked for by every
run until it appears or is older than the cursor's ``gaps``; so a row that commits after its
successors is not lost, however far the cursor has moved on. The greatest thousand are kept. An id
that is believed to be missing by mistake costs one reading and does no harm.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, select

from adapters.base import Adapter
from config.model import CursorConfig
from midspan.kernel.stream import Key
from midspan.kernel.writing import Capability
from midspan.store.engine import Store
from midspan.store.load import bulk_insert
from midspan.sync.project import BoundSync

MOST = 1_000
_WINDOW = 20_000
"""Ids this far below the greatest are looked for; a transaction holds none from before."""


@dataclass(slots=True)
class Gaps:
    """The ids of one sync's run: which were asked for, and which were seen.

    ``open`` are those missing so far, with the time they were missed first; ``column`` holds the
    id.
    """

    column: str
    open: dict[int, datetime]
    greatest: int = 0
    _seen: set[int] = field(default_factory=set)
    _found: set[int] = field(default_factory=set)

    def see(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Note the ids of a batch."""
        place = columns.index(self.column)
        ids = [number for row in rows if (number := _number(row[place])) is not None]
        self._found.update(self.open.keys() & set(ids))
        self.greatest = max([self.greatest, *ids])
        self._seen.update(number for number in ids if number > self.greatest - _WINDOW)
        if len(self._seen) > 2 * _WINDOW:
            self._seen = {one for one in self._seen if one > self.greatest - _WINDOW}

    def wanted(self) -> list[Key]:
        """Return the keys of the open gaps that nothing has shown yet."""
        return [(number,) for number in sorted(self.open.keys() - self._found)]

    def left(self, saved: str | None, now: datetime) -> dict[int, datetime]:
        """Return the gaps after this run; ``saved`` is the cursor before it."""
        first = max(int(saved or 0) + 1, self.greatest - _WINDOW + 1, 1)
        fresh = [one for one in range(first, self.greatest) if one not in self._seen]
        still = {one: at for one, at in self.open.items() if one not in self._found}
        every = dict.fromkeys(fresh, now) | still
        return {one: every[one] for one in sorted(every)[-MOST:]}


def open_gaps(store: Store, sync: BoundSync, adapter: Adapter, now: datetime) -> Gaps | None:
    """Return a sync's gaps that are not too old; None where its cursor is no integer key."""
    cursor = sync.stream.cursor
    if cursor is None or not _tracked(cursor, sync):
        return None
    if Capability.BY_KEY not in adapter.capabilities(sync.stream.name):
        return None
    table = sync.model.state.gap
    young = (table.c.sync == sync.name) & (table.c.since > now - cursor.gaps)
    with store.read(once=True) as connection:
        found = connection.execute(select(table.c.id, table.c.since).where(young)).all()
    return Gaps(sync.stream.primary_key[0], {row.id: row.since for row in found})


def keep_gaps(
    connection: Connection, sync: BoundSync, gaps: Gaps | None, saved: str | None, now: datetime
) -> None:
    """Write down what is missing after a run, in the transaction that applies it."""
    if gaps is None:
        return
    table: Table = sync.model.state.gap
    connection.execute(delete(table).where(table.c.sync == sync.name))
    rows = [(sync.name, number, since) for number, since in gaps.left(saved, now).items()]
    bulk_insert(connection, table, ("sync", "id", "since"), rows)


def _tracked(cursor: CursorConfig, sync: BoundSync) -> bool:
    wanted = cursor.type == "integer" and bool(cursor.gaps)
    return wanted and len(cursor.fields) == 1 and cursor.fields == sync.stream.primary_key


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None
