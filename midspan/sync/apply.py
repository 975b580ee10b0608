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
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from midspan.store.load import gather_statistics, indexed_afterwards, is_empty, upsert
from midspan.sync.lag import Found, Reach
from midspan.sync.overtaken import Overtaken, note_readings
from midspan.sync.project import BoundSync
from midspan.sync.report import Ledger
from midspan.sync.staging import REFUSED_COLUMNS, Progress, Staging
from shared_services.golden.changes import CAREFUL, Changes


@dataclass(frozen=True, slots=True)
class SliceApply:
    """Applies one staged slice of a sync; ``now`` is the applying run's time.

    ``beside``: it began then, and goes on beside the live sync.
    """

    sync: BoundSync
    staging: Staging
    changes: Changes
    run_id: str
    now: datetime
    beside: datetime | None = None

    def tally(
        self, connection: Connection, progress: Progress, reach: Reach
    ) -> tuple[Ledger, Found]:
        """Account for every row of the slice, and for late ones, before anything is written."""
        gather_statistics(connection, self.staging.rows, self.staging.refused, self.staging.left)
        distinct = self._count_keys(connection)
        staged = _count(connection, self.staging.rows)
        latest = self._latest() if distinct < staged else self.staging.rows.alias("latest")
        self._set_down(connection, latest, progress.by_cursor, reach)
        left_later = _count(connection, self._left_later().subquery())
        self._set_down_leaving(connection)
        gather_statistics(connection, self.changes.table)
        ledger, found = Ledger(), Found()
        for is_new, count, late in self._changed(connection, reach):
            ledger.add("inserted" if is_new else "updated", count)
            found = found.joined(late)
        changed = ledger["inserted"] + ledger["updated"]
        refused = _count(connection, self.staging.refused)
        quarantined = _count(connection, self._refused().subquery())
        overtaken, stale = self._count_overtaken(connection, latest)
        ledger.add("stale", stale + overtaken)
        ledger.add("read", progress.read)
        ledger.add("filtered", progress.filtered)
        ledger.add("future", progress.future)
        ledger.add("unchanged", distinct - changed - left_later - stale)
        ledger.add("quarantined", quarantined - overtaken)
        ledger.add("duplicate", staged - distinct + left_later + refused - quarantined)
        return ledger, found

    def leaving(self, connection: Connection) -> tuple[int, int]:
        """Return how many rows the center holds that a filter leaves out now, and of how many."""
        source, leaving = self.sync.model.source, self.changes.table
        live = (source.c.sync == self.sync.name, source.c.deleted_at.is_(None))
        gone = _count(connection, select(leaving.c.seq).where(leaving.c.seq < 0).subquery())
        return gone, _count(
            connection, select(source.c.sync).where(*live).subquery()
        ) if gone else 0

    def write(self, connection: Connection, last: int) -> None:
        """Write the changed source rows and the quarantine.

        New rows that join no record get the ids behind ``last``.
        """
        self.changes.part(connection)
        self._write_source(connection, last)
        self._empty_leaving(connection)
        self._write_version(connection)
        if self.beside is None:
            note_readings(connection, self.sync, self.staging, self.now)
        self._write_quarantine(connection)

    def _count_keys(self, connection: Connection) -> int:
        keys = self.staging.rows.c.source_key
        return _count(connection, select(keys).group_by(keys).subquery())

    def _changed(self, connection: Connection, reach: Reach) -> Iterator[tuple[bool, int, Found]]:
        """Yield how many rows are new and how many known, and what each tell of late ones."""
        changes = self.changes.table
        within = changes.c.stamp >= (reach.lower or "")
        counted = connection.execute(
            select(
                changes.c.is_new,
                func.count(),
                func.count(changes.c.stamp),
                func.count(case((within, 1))),
                func.min(case((within, changes.c.stamp))),
            )
            .where(changes.c.seq >= 0)
            .group_by(changes.c.is_new)
        )
        for is_new, count, unseen, late, earliest in counted:
            yield is_new, count, Found(late, earliest, unseen - late)

    def _count_overtaken(self, connection: Connection, latest: FromClause) -> tuple[int, int]:
        """Return how many refused and how many changed rows are left to the live sync."""
        if self.beside is None:
            return 0, 0
        source, refused = self.sync.model.source, self.staging.refused
        same = and_(source.c.sync == self.sync.name, source.c.source_key == latest.c.source_key)
        stale = (
            select(source.c.source_key)
            .select_from(latest.join(source, same))
            .where(
                self._differs(latest),
                self._overtaken.row(latest),
                latest.c.source_key.not_in(self._left_later()),
            )
        )
        seqs = select(self._refused().subquery().c.seq)
        judged = select(refused.c.seq).where(
            refused.c.seq.in_(seqs), self._overtaken.refused(refused)
        )
        return _count(connection, judged.subquery()), _count(connection, stale.subquery())

    @property
    def _overtaken(self) -> Overtaken:
        return Overtaken(self.sync, self.beside)

    def _set_down(
        self, connection: Connection, latest: FromClause, by_cursor: int, reach: Reach
    ) -> None:
        """Set down the rows that are new or changed; the latest of a key where keys repeat."""
        source, changes = self.sync.model.source, self.changes.table
        chosen = {
            "seq": latest.c.seq,
            "source_key": latest.c.source_key,
            "golden_id": source.c.golden_id,
            "is_new": source.c.source_key.is_(None),
            "way": self.changes.way(latest),
            "stamp": self._late_stamp(latest, reach, by_cursor),
        }
        same = and_(source.c.sync == self.sync.name, source.c.source_key == latest.c.source_key)
        connection.execute(
            insert(changes).from_select(
                list(chosen),
                select(*chosen.values())
                .select_from(latest.outerjoin(source, same))
                .where(
                    or_(source.c.source_key.is_(None), self._differs(latest)),
                    ~self._overtaken.row(latest),
                    latest.c.source_key.not_in(self._left_later()),
                ),
            )
        )

    def _left_later(self) -> "Select[tuple[str]]":
        """Select the keys of staged rows that were read again, and left out, afterwards."""
        rows, left = self.staging.rows, self.staging.left
        joined = rows.join(left, left.c.source_key == rows.c.source_key)
        return (
            select(rows.c.source_key)
            .select_from(joined)
            .group_by(rows.c.source_key)
            .having(func.max(left.c.ordinal) > func.max(rows.c.ordinal))
        )

    def _set_down_leaving(self, connection: Connection) -> None:
        """Set down the rows that the center holds and a filter leaves out; they have no seq."""
        source, changes, left = self.sync.model.source, self.changes.table, self.staging.left
        rows = self.staging.rows
        kept = exists().where(
            rows.c.source_key == left.c.source_key, rows.c.ordinal > left.c.ordinal
        )
        held = and_(
            source.c.sync == self.sync.name,
            source.c.source_key == left.c.source_key,
            source.c.deleted_at.is_(None),
        )
        chosen = {
            "seq": -1 - func.max(left.c.ordinal),
            "source_key": left.c.source_key,
            "golden_id": func.max(source.c.golden_id),
            "is_new": literal(False),
            "way": literal(CAREFUL),
        }
        leaving = (
            select(*chosen.values())
            .select_from(left.join(source, held))
            .where(~kept, ~self._overtaken.known())
            .group_by(left.c.source_key)
        )
        connection.execute(insert(changes).from_select(list(chosen), leaving))

    def _empty_leaving(self, connection: Connection) -> None:
        """Keep a tombstone of each row that leaves: its key, without its values."""
        model, changes = self.sync.model, self.changes.table
        leaving = select(changes.c.source_key).where(changes.c.seq < 0)
        connection.execute(
            update(model.source)
            .where(model.source.c.sync == self.sync.name, model.source.c.source_key.in_(leaving))
            .values(deleted_at=self.now, run_id=self.run_id, **model.emptied)
        )

    def _latest(self) -> Subquery:
        rows = self.staging.rows
        rank = func.row_number().over(
            partition_by=rows.c.source_key,
            order_by=(func.coalesce(rows.c.changed, "").desc(), rows.c.ordinal.desc()),
        )
        ranked = select(rows, rank.label("rank")).subquery()
        return select(ranked).where(ranked.c.rank == 1).subquery("latest")

    def _differs(self, latest: FromClause) -> ColumnElement[bool]:
        source = self.sync.model.source
        return or_(source.c.hash != latest.c.hash, source.c.deleted_at.is_not(None))

    def _late_stamp(
        self, latest: FromClause, reach: Reach, by_cursor: int
    ) -> ColumnElement[str | None]:
        """Return the stamp of a changed row that the previous reading should have shown."""
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
            and_(source.c.source_key.is_not(None), restamped),
        )
        late = and_(latest.c.changed < reach.known, latest.c.ordinal < by_cursor, unseen)
        return case((late, latest.c.changed))

    def _write_source(self, connection: Connection, last: int) -> None:
        source, rows, changes = self.sync.model.source, self.staging.rows, self.changes.table
        model = self.sync.model
        names = ("source_key", "hash", "changed", *model.match_columns, *model.entity.field_names)
        constants = {
            "sync": self.sync.name,
            "mapping_version": self.sync.mapping.version,
            "run_id": self.run_id,
            "applied_at": self.now,
        }
        written = {
            **{name: rows.c[name] for name in names},
            **{name: literal(value, source.c[name].type) for name, value in constants.items()},
            "golden_id": self.changes.golden_id(last),
        }
        changed = (
            select(*(value.label(name) for name, value in written.items()))
            .select_from(changes.join(rows, rows.c.seq == changes.c.seq))
            .order_by(changes.c.seq)
        )
        statement = upsert(connection, source).from_select(list(written), changed)
        if not is_empty(connection, source):
            replaced = {name: statement.excluded[name] for name in written}
            statement = statement.on_conflict_do_update(
                index_elements=["sync", "source_key"], set_={**replaced, "deleted_at": None}
            )
        with indexed_afterwards(connection, source):
            connection.execute(statement)

    def _write_version(self, connection: Connection) -> None:
        """Note of rows that were found unchanged that they came by this mapping as well."""
        source, rows = self.sync.model.source, self.staging.rows
        version = self.sync.mapping.version
        staged = select(rows.c.source_key).where(
            rows.c.source_key == source.c.source_key, rows.c.hash == source.c.hash
        )
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
            delete(table).where(
                mine,
                ~self._overtaken.kept(),
                or_(
                    table.c.source_key.in_(select(rows.c.source_key)),
                    table.c.source_key.in_(select(self.staging.left.c.source_key)),
                ),
            )
        )
        last = self._refused().subquery()
        names = tuple(name for name in REFUSED_COLUMNS if name != "ordinal")
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
            .where(refused.c.seq.in_(select(last.c.seq)), ~self._overtaken.refused(refused))
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
