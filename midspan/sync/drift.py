"""Drift is judged by what is mapped: what changed in a source, since when, and what it reaches.

Guarantee: a column that nothing maps is reported and stops nothing. A mapped field that vanished
or changed the type of its values stops the runs of its own sync, with nothing applied, until the
source or the mapping is mended; then the sync goes on from its cursor, and the report is gone.
Whatever is reported names its reach: canonical fields, and the events that tell of them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, select, update

from mappings.analysis import paths_of
from midspan.kernel.catalog import CatalogStream
from midspan.kernel.errors import DriftError
from midspan.store.load import mappings, upsert
from midspan.sync.catalogs import discover, kept_stream
from midspan.sync.project import BoundSync, Project
from midspan.sync.shapes import forget_shapes
from shared_services.contracts.events import routing_key

DriftKind = Literal["added", "vanished", "retyped"]
STOPPING: tuple[DriftKind, ...] = ("vanished", "retyped")
_VERBS = ("created", "updated")
_RETYPED = frozenset({"sync.column_retyped", "sql.type_changed"})


@dataclass(frozen=True, slots=True)
class Reach:
    """What a source field feeds: canonical fields, and the events that tell of them.

    ``marks``: the key or the cursor is made of it, so that every row is reached.
    """

    fields: tuple[str, ...]
    events: tuple[str, ...]
    marks: bool = False


@dataclass(frozen=True, slots=True)
class Drift:
    """A change of a source's shape that a sync met; ``source_field`` is empty if unknown."""

    sync: str
    source_field: str
    kind: DriftKind
    code: str
    message: str
    first_seen: datetime
    last_seen: datetime
    reach: Reach

    @property
    def stops(self) -> bool:
        """Whether the sync applies nothing until it is mended."""
        return self.kind in STOPPING


def reach_of(sync: BoundSync, column: str) -> Reach:
    """Return what a column feeds; of an unknown one (empty), whatever the sync maps."""
    cursor = sync.stream.cursor.fields if sync.stream.cursor else ()
    fields = tuple(
        name
        for name, expression in sync.mapping.mapping.fields.items()
        if not column or any(path.column == column for path in paths_of(expression))
    )
    marks = column in (*sync.stream.primary_key, *cursor)
    entity = sync.config.entity
    events = tuple(routing_key(entity, verb) for verb in _VERBS) if fields or marks else ()
    return Reach(tuple(f"{entity}.{name}" for name in fields), events, marks)


def drifts(project: Project, sync: BoundSync) -> list[Drift]:
    """Return what is known of a sync's drift, what stops it first."""
    table = sync.model.state.drift
    with project.store(sync.center.name).read() as connection:
        found = mappings(connection.execute(select(table).where(table.c.sync == sync.name)))
    known = [Drift(**row, reach=reach_of(sync, row["source_field"])) for row in found]
    return sorted(known, key=lambda one: (not one.stops, one.source_field))


def look(project: Project, sync: BoundSync, now: datetime, *, refresh: bool = False) -> list[Drift]:
    """Compare what discovery knows of the stream with the mapping, and return all drift.

    With ``refresh`` the system is looked at anew, else what was kept is compared.
    """
    system, stream = sync.config.system, sync.config.stream
    kept = kept_stream(project, system, stream)
    if refresh:
        name = kept.stream.name if kept else stream
        found = discover(project, system, [name], refresh=True)
        kept = found.streams[0] if found.streams else kept
    if kept is not None:
        with project.store(sync.center.name).write() as connection:
            note_added(connection, sync, _unmapped(sync, kept.stream), now)
            for column in _missing(sync, kept.stream) if refresh else ():
                told = f"discovery of {kept.stream.name} lists no field '{column}'"
                _note(connection, sync, column, "vanished", "drift.not_listed", told, now)
    return drifts(project, sync)


def accept(project: Project, sync: BoundSync) -> int:
    """Take the source's shape as it is now: forget what its values were; return the reports."""
    table = sync.model.state.drift
    with project.store(sync.center.name).write() as connection:
        forget_shapes(connection, sync)
        gone = connection.execute(delete(table).where(table.c.sync == sync.name))
    return int(gone.rowcount)


def note_error(connection: Connection, sync: BoundSync, error: DriftError, now: datetime) -> None:
    """Write down what stopped a run, and add to the error what it reaches."""
    columns = _named(sync, error)
    kind: DriftKind = "retyped" if error.code in _RETYPED else "vanished"
    for column in columns:
        _note(connection, sync, column, kind, error.code, error.message, now)
    reaches = [reach_of(sync, column) for column in columns]
    fed = dict.fromkeys(name for one in reaches for name in one.fields)
    events = dict.fromkeys(name for one in reaches for name in one.events)
    marks = ["every row's key or cursor"] if any(one.marks for one in reaches) else []
    told = ", ".join([*marks, *fed]) or "nothing that is mapped"
    error.message += f"; it reaches {told}" + (f" ({', '.join(events)})" if events else "")


def note_added(
    connection: Connection, sync: BoundSync, columns: Iterable[str], now: datetime
) -> None:
    """Write down which columns nothing maps; what is mapped or ignored by now is forgotten."""
    table, found = sync.model.state.drift, list(columns)
    mine = (table.c.sync == sync.name) & (table.c.kind == "added")
    known = connection.execute(select(table.c.source_field).where(mine)).scalars().all()
    settled = [name for name in known if name not in sync.mapping.unmapped(known)]
    connection.execute(delete(table).where(mine, table.c.source_field.in_(settled)))
    for column in found:
        told = "no mapping reads or ignores it"
        _note(connection, sync, column, "added", "drift.added", told, now)


def settle(connection: Connection, sync: BoundSync, unmapped: Iterable[str], now: datetime) -> None:
    """Forget what stopped the sync: a run of it was applied, which met ``unmapped`` columns."""
    table = sync.model.state.drift
    note_added(connection, sync, unmapped, now)
    connection.execute(delete(table).where(table.c.sync == sync.name, table.c.kind.in_(STOPPING)))


def _note(
    connection: Connection,
    sync: BoundSync,
    column: str,
    kind: DriftKind,
    code: str,
    message: str,
    now: datetime,
) -> None:
    table = sync.model.state.drift
    mine = (table.c.sync == sync.name) & (table.c.source_field == column)
    told = {"kind": kind, "code": code, "message": message, "last_seen": now}
    if connection.execute(update(table).where(mine).values(**told)).rowcount == 0:
        row = {"sync": sync.name, "source_field": column, "first_seen": now, **told}
        connection.execute(upsert(connection, table).values(**row).on_conflict_do_nothing())


def _named(sync: BoundSync, error: DriftError) -> Sequence[str]:
    """Return the columns of the stream that an error names; one empty name if it names none."""
    given = error.context.get("column", "").split(", ")
    spoken = [name for name in sync.stream.columns if _spoken(name, error.message)]
    return list(dict.fromkeys([*filter(None, given), *spoken])) or [""]


def _spoken(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _unmapped(sync: BoundSync, stream: CatalogStream) -> list[str]:
    names = sync.mapping.unmapped([one.name for one in stream.fields])
    return [name for name in names if name not in sync.stream.columns]


def _missing(sync: BoundSync, stream: CatalogStream) -> list[str]:
    """Return the mapped columns that discovery does not list, nor anything within them."""
    listed = {one.name for one in stream.fields}
    listed |= {re.split(r"[.\[]", name)[0] for name in listed}
    return [name for name in sync.stream.columns if name not in listed]
