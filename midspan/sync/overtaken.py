"""What the live sync has overtaken while a backfill went on beside it.

Guarantee: a row that the live sync has read, applied, refused or deleted since the backfill
began is left to it, and so is one with a later stamp in the center. Nothing is lost by that:
what the live sync read too early for a change, it reads again. So that rows it read and found
unchanged are known as well, it notes their reading while a backfill is under way.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    and_,
    exists,
    false,
    func,
    or_,
    select,
    update,
)

from midspan.sync.project import BoundSync
from midspan.sync.staging import Staging


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Conditions on what was staged; ``began`` None: nothing goes on beside this run."""

    sync: BoundSync
    began: datetime | None

    def known(self) -> ColumnElement[bool]:
        """Return the condition of a source row that the live sync has touched since."""
        if self.began is None:
            return false()
        source = self.sync.model.source
        touched = or_(source.c.applied_at >= self.began, source.c.deleted_at >= self.began)
        return func.coalesce(touched, false())

    def row(self, latest: FromClause) -> ColumnElement[bool]:
        """Return the condition of a staged row that is older; it is joined with its source row."""
        if self.began is None:
            return false()
        source = self.sync.model.source
        later = func.coalesce(source.c.changed > latest.c.changed, false())
        return or_(self.known(), later)

    def refused(self, refused: FromClause) -> ColumnElement[bool]:
        """Return the condition of a refused row that the live sync has judged since."""
        if self.began is None:
            return false()
        source, table = self.sync.model.source, self.sync.model.state.quarantine
        key, mine = refused.c.source_key, source.c.sync == self.sync.name
        read_well = exists().where(mine, source.c.source_key == key, self.known())
        again = exists().where(
            table.c.sync == self.sync.name,
            table.c.identity == refused.c.identity,
            table.c.last_seen >= self.began,
        )
        return or_(read_well, again)

    def kept(self) -> ColumnElement[bool]:
        """Return the condition of a row in quarantine that was put there since."""
        table = self.sync.model.state.quarantine
        return false() if self.began is None else table.c.last_seen >= self.began


def note_readings(connection: Connection, sync: BoundSync, staging: Staging, now: datetime) -> None:
    """Note that the live sync has read rows that it found unchanged, for whoever runs beside it."""
    source, rows, table = sync.model.source, staging.rows, sync.model.state.backfill
    under_way = select(table.c.sync).where(table.c.sync == sync.name, table.c.finished_at.is_(None))
    if connection.execute(under_way.limit(1)).first() is None:
        return
    read = exists().where(rows.c.source_key == source.c.source_key)
    connection.execute(
        update(source).where(and_(source.c.sync == sync.name, read)).values(applied_at=now)
    )
