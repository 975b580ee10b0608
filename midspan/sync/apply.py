"""Apply: one transaction takes a staged slice into the center, or leaves no trace.

Set-based: within the slice the latest row of a key wins; only rows that are new, changed by
hash or coming back are written; golden records, outbox, quarantine, ledger and cursor follow
in the same transaction. Applying the same slice again would change nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Subquery,
    and_,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)

from midspan.store.load import upsert
from midspan.sync.lag import Found, Reach
from midspan.sync.project import BoundSync
from midspan.sync.report import Ledger
from midspan.sync.staging import Progress, Staging

_KEYS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class SliceApply:
    """Applies one staged slice of a sync; ``now`` is the applying run's time."""

    sync: BoundSync
    staging: Staging
    run_id: str
    now: datetime

    def tally(
        self, connection: Connection, progress: Progress, reach: Reach
    ) -> tuple[Ledger, Found]:
        """Account for every row of the slice, and for late ones, before anything is written."""
        ledger = Ledger()
        ledger.add("read", progress.read)
        ledger.add("filtered", progress.filtered)
        ledger.add("future", progress.future)
        latest, source = self._latest(), self.sync.model.source
        fate = case(
            (source.c.source_key.is_(None), "inserted"),
            (self._differs(latest), "updated"),
            else_="unchanged",
        ).label("fate")
        stamp = self._late_stamp(latest, reach, progress.by_cursor).label("stamp")
        fates = (
            select(fate, stamp).select_from(latest.outerjoin(source, self._same(latest))).subquery()
        )
        within = fates.c.stamp >= (reach.lower or "")
        counted = connection.execute(
            select(
                fates.c.fate,
                func.count(),
                func.count(fates.c.stamp),
                func.count(case((within, 1))),
                func.min(case((within, fates.c.stamp))),
            ).group_by(fates.c.fate)
        )
        distinct, found = 0, Found()
        for name, count, unseen, late, earliest in counted:
            ledger.add(name, count)
            distinct += count
            found = found.joined(Found(late, earliest, unseen - late))
        staged = _count(connection, self.staging.rows)
        refused = _count(connection, self.staging.refused)
        quarantined = _count(connection, self._refused().subquery())
        ledger.add("quarantined", quarantined)
        ledger.add("duplicate", staged - distinct + refused - quarantined)
        return ledger, found

    def write(self, connection: Connection) -> None:
        """Write the changed source rows and the quarantine."""
        self._write_source(connection)
        self._write_version(connection)
        self._write_quarantine(connection)

    def written_keys(self, connection: Connection) -> Iterator[str]:
        """Yield the keys that ``write`` inserted or updated, in order."""
        source = self.sync.model.source
        last = ""
        while True:
            keys = (
                connection.execute(
                    select(source.c.source_key)
                    .where(
                        source.c.sync == self.sync.name,
                        source.c.run_id == self.run_id,
                        source.c.source_key > last,
                    )
                    .order_by(source.c.source_key)
                    .limit(_KEYS_AT_ONCE)
                )
                .scalars()
                .all()
            )
            yield from keys
            if len(keys) < _KEYS_AT_ONCE:
                return
            last = keys[-1]

    def _latest(self) -> Subquery:
        rows = self.staging.rows
        rank = func.row_number().over(
            partition_by=rows.c.source_key,
            order_by=(func.coalesce(rows.c.changed, "").desc(), rows.c.ordinal.desc()),
        )
        ranked = select(rows, rank.label("rank")).subquery()
        return select(ranked).where(ranked.c.rank == 1).subquery("latest")

    def _same(self, latest: Subquery) -> ColumnElement[bool]:
        source = self.sync.model.source
        return and_(source.c.sync == self.sync.name, source.c.source_key == latest.c.source_key)

    def _differs(self, latest: Subquery) -> ColumnElement[bool]:
        source = self.sync.model.source
        return or_(source.c.hash != latest.c.hash, source.c.deleted_at.is_not(None))

    def _late_stamp(
        self, latest: Subquery, reach: Reach, by_cursor: int
    ) -> ColumnElement[str | None]:
        """Return the stamp of a row that the previous reading should have shown, else null."""
        if reach.known is None:
            return literal(None, latest.c.changed.type)
        source, refused = self.sync.model.source, self.sync.model.state.quarantine
        was_refused = (
            select(refused.c.id)
            .where(refused.c.sync == self.sync.name, refused.c.source_key == latest.c.source_key)
            .exists()
        )
        # A change that leaves the stamp alone tells nothing about when it became visible.
        restamped = source.c.changed.is_distinct_from(latest.c.changed)
        unseen = or_(
            and_(source.c.source_key.is_(None), ~was_refused),
            and_(source.c.source_key.is_not(None), self._differs(latest), restamped),
        )
        late = and_(latest.c.changed < reach.known, latest.c.ordinal < by_cursor, unseen)
        return case((late, latest.c.changed))

    def _write_source(self, connection: Connection) -> None:
        source, latest = self.sync.model.source, self._latest()
        names = ("source_key", "hash", "changed", *self.sync.model.entity.field_names)
        constants = {
            "sync": self.sync.name,
            "mapping_version": self.sync.mapping.version,
            "run_id": self.run_id,
            "applied_at": self.now,
        }
        changed = (
            select(
                *(latest.c[name] for name in names),
                *(
                    literal(value, source.c[name].type).label(name)
                    for name, value in constants.items()
                ),
            )
            .select_from(latest.outerjoin(source, self._same(latest)))
            .where(or_(source.c.source_key.is_(None), self._differs(latest)))
            .order_by(latest.c.ordinal)
        )
        columns = [*names, *constants]
        statement = upsert(connection, source).from_select(columns, changed)
        replaced = {name: statement.excluded[name] for name in columns}
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["sync", "source_key"], set_={**replaced, "deleted_at": None}
            )
        )

    def _write_version(self, connection: Connection) -> None:
        """Note of rows that were found unchanged that they came by this mapping as well."""
        source, rows = self.sync.model.source, self.staging.rows
        version = self.sync.mapping.version
        staged = select(rows.c.source_key).where(rows.c.source_key == source.c.source_key)
        connection.execute(
            update(source)
            .where(
                source.c.sync == self.sync.name,
                source.c.mapping_version != version,
                staged.exists(),
            )
            .values(mapping_version=version)
        )

    def _refused(self) -> "Select[tuple[int, str]]":
        """Select the last refusal of each identity that was not read well afterwards."""
        refused, rows = self.staging.refused, self.staging.rows
        read_well = select(rows.c.source_key).where(
            rows.c.source_key == refused.c.source_key, rows.c.ordinal > refused.c.ordinal
        )
        return (
            select(func.max(refused.c.seq).label("seq"), refused.c.identity)
            .where(~read_well.exists())
            .group_by(refused.c.identity)
        )

    def _write_quarantine(self, connection: Connection) -> None:
        table, refused = self.sync.model.state.quarantine, self.staging.refused
        rows = self.staging.rows
        mine = table.c.sync == self.sync.name
        connection.execute(
            delete(table).where(mine, table.c.source_key.in_(select(rows.c.source_key)))
        )
        last = self._refused().subquery()
        names = ("identity", "source_key", "code", "field", "message", "place", "raw")
        constants = {
            "sync": self.sync.name,
            "mapping_version": self.sync.mapping.version,
            "run_id": self.run_id,
            "first_seen": self.now,
            "last_seen": self.now,
        }
        chosen = (
            select(
                *(refused.c[name] for name in names),
                *(
                    literal(value, table.c[name].type).label(name)
                    for name, value in constants.items()
                ),
            )
            .where(refused.c.seq.in_(select(last.c.seq)))
            .order_by(refused.c.seq)
        )
        columns = [*names, *constants]
        statement = upsert(connection, table).from_select(columns, chosen)
        kept = {"sync", "identity", "first_seen"}
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["sync", "identity"],
                set_={name: statement.excluded[name] for name in columns if name not in kept},
            )
        )


def _count(connection: Connection, rows: FromClause) -> int:
    return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())
