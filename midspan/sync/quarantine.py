"""Refused rows as they are kept: found, shown, emptied when they are old, erased on request.

Guarantee: a listing never holds what was in a row. What is old loses its content, and keeps its
key and the reason until the row is read well, so that it stays accounted for. What is erased is
gone from the quarantine and from what a broken-off run had staged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, update

from midspan.kernel.errors import UnknownName
from midspan.store.load import mappings
from midspan.sync.originals import only
from midspan.sync.project import BoundSync, Project
from midspan.sync.report import Ledger
from midspan.sync.run import RunOptions, running
from midspan.sync.staging import Staging

_AT_ONCE = 500
_TOLD = (
    *("id", "sync", "identity", "source_key", "code", "field", "message", "place"),
    *("mapping_version", "first_seen", "last_seen"),
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused row: why and where; ``identity`` is its key, or a hash of its bytes."""

    id: int
    sync: str
    identity: str
    source_key: str | None
    code: str
    field: str | None
    message: str
    place: str
    mapping_version: str
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Content:
    """What was in a refused row: its bytes as they came, and its record where one was read."""

    id: int
    raw: bytes
    record: bytes | None


@dataclass(frozen=True, slots=True)
class RefusedCount:
    """How many rows of a sync were refused for one reason."""

    sync: str
    code: str
    field: str | None
    rows: int
    first_seen: datetime
    last_seen: datetime


def refused_rows(
    project: Project, sync: BoundSync, *, codes: Sequence[str] = (), ids: Sequence[int] = ()
) -> list[Refused]:
    """Return a sync's refused rows from the oldest; only those of ``codes`` and ``ids`` if given.

    Raises UnknownName ``quarantine.unknown`` for an id that is not there.
    """
    table = sync.model.state.quarantine
    query = select(*(table.c[name] for name in _TOLD)).where(table.c.sync == sync.name)
    if codes:
        query = query.where(table.c.code.in_(codes))
    if ids:
        query = query.where(table.c.id.in_(ids))
    with project.store(sync.center.name).read() as connection:
        found = [Refused(**row) for row in mappings(connection.execute(query.order_by(table.c.id)))]
    for wanted in set(ids) - {one.id for one in found}:
        raise UnknownName(
            "quarantine.unknown",
            f"there is no refused row {wanted}",
            remedy="See `midspan quarantine list`; a row that was read well is no more there",
            sync=sync.name,
        )
    return found


def refused_counts(project: Project, sync: BoundSync) -> list[RefusedCount]:
    """Return a sync's refused rows counted by code and field, the most frequent first."""
    table = sync.model.state.quarantine
    seen = (func.min(table.c.first_seen), func.max(table.c.last_seen))
    with project.store(sync.center.name).read() as connection:
        found = connection.execute(
            select(table.c.code, table.c.field, func.count().label("rows"), *seen)
            .where(table.c.sync == sync.name)
            .group_by(table.c.code, table.c.field)
            .order_by(func.count().desc(), table.c.code, table.c.field)
        ).all()
    return [RefusedCount(sync.name, *row) for row in found]


def contents(connection: Connection, sync: BoundSync, ids: Sequence[int]) -> dict[int, Content]:
    """Return what was in some refused rows, by their ids."""
    table = sync.model.state.quarantine
    found = connection.execute(
        select(table.c.id, table.c.raw, table.c.record).where(table.c.id.in_(ids))
    )
    return {row.id: Content(*row) for row in found}


def prune(connection: Connection, sync: BoundSync, now: datetime) -> int:
    """Empty what was last seen longer ago than is kept; return how many rows lost content.

    The key's columns stay, so that the row can be read again.
    """
    days = sync.config.quarantine.keep_days
    table = sync.model.state.quarantine
    old = (table.c.sync == sync.name) & (table.c.last_seen < now - timedelta(days=days))
    emptied = 0
    while found := connection.execute(
        select(table.c.id, table.c.record).where(old, table.c.raw != b"").limit(_AT_ONCE)
    ).all():
        for row in found:
            record = row.record and only(row.record, sync.stream.primary_key)
            connection.execute(
                update(table).where(table.c.id == row.id).values(raw=b"", record=record)
            )
        emptied += len(found)
    return emptied


def prune_sync(project: Project, name: str, options: RunOptions | None = None) -> int:
    """Empty a sync's old refused rows now; each run does so as well."""
    sync, how = project.sync(name), options or RunOptions()
    with project.store(sync.center.name).write() as connection:
        return prune(connection, sync, how.clock.now())


def erase(
    project: Project,
    name: str,
    keys: Sequence[str] = (),
    identities: Sequence[str] = (),
    options: RunOptions | None = None,
) -> int:
    """Erase refused rows by source key or identity; return how many there were.

    It is written down as a run of kind ``erase``, which names nobody. What a broken-off run had
    staged goes too: its slice is read anew.
    """
    sync = project.sync(name)
    table = sync.model.state.quarantine
    with running(project, sync, "erase", options or RunOptions()) as run:
        store = project.staging(name)
        try:
            Staging(store, name, sync.model).discard()
        finally:
            store.close()
        with run.store.write() as connection:
            run.state.hold(connection, run.cursor)
            result = connection.execute(
                delete(table).where(table.c.sync == name, _named(table, keys, identities))
            )
            run.state.finish_run(connection, run.run_id, Ledger(), events=0)
    return int(result.rowcount)


def _named(table: Any, keys: Sequence[str], identities: Sequence[str]) -> ColumnElement[bool]:
    return or_(table.c.source_key.in_(keys), table.c.identity.in_(identities))
