"""Turns changed source rows into golden records and their events, in the caller's transaction.

The caller has written the source rows; this assigns golden ids, merges, rebuilds the golden
records that are touched, raises the sequence of exactly those whose values changed, and
appends one outbox row for each of these changes. Nothing happens when nothing changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from midspan.store.load import bulk_insert, gather_statistics, mappings, upsert
from shared_services.contracts.events import EntityEvent, SnapshotReady, Verb
from shared_services.golden.changes import CAREFUL, JOINT, PLAIN, SETTLED, Changes
from shared_services.golden.counters import EPOCH, IdRange, read_counter, write_counter
from shared_services.golden.identity import Identities
from shared_services.golden.model import GoldenModel
from shared_services.golden.sets import GoldenSets
from shared_services.golden.survivorship import Ranking, SourceRow, survive
from shared_services.outbox.writer import append_events, append_snapshot

CHUNK = 500


@dataclass(slots=True)
class GoldenCounts:
    """What an ingest did to golden records."""

    created: int = 0
    updated: int = 0
    merged: int = 0
    deleted: int = 0
    events: int = 0


@dataclass(frozen=True, slots=True)
class Ingest:
    """One run's ingest into one entity.

    ``quiet``: the first load of an empty entity, which tells nothing row by row.
    """

    model: GoldenModel
    rankings: Mapping[str, Ranking]
    sync: str
    run_id: str
    now: datetime
    as_of: datetime
    quiet: bool = False
    counts: GoldenCounts = field(default_factory=GoldenCounts)

    def apply(self, connection: Connection, changes: Changes, last: int) -> GoldenCounts:
        """Follow the changes of a slice; plain rows have the ids behind ``last``."""
        ways = changes.count(connection)
        sets = GoldenSets(changes, self._epoch(connection), self.as_of)
        if ways.get(PLAIN):
            self._create(connection, sets, last, ways[PLAIN])
        for keys in changes.keys(connection, CAREFUL, CHUNK):
            self.follow(connection, keys)
        if ways.get(SETTLED):
            if ways.get(CAREFUL):
                # They may have brought together what settled rows stand behind.
                changes.follow_merges(connection)
            sets.find_joint(connection)
            self._update(connection, sets)
            for ids in changes.records(connection, JOINT, CHUNK):
                self._tell(connection, self._rebuild(connection, ids))
        return self.counts

    def follow(self, connection: Connection, source_keys: Sequence[str]) -> None:
        """Follow the changes of a few rows of the sync, which were written before."""
        touched, merged = self._identify(connection, source_keys)
        events = self._redirect(connection, merged)
        events += self._rebuild(connection, sorted(touched))
        self._tell(connection, events)

    def _create(self, connection: Connection, sets: GoldenSets, last: int, count: int) -> None:
        write_counter(connection, self.model, self.model.entity.name, last + count)
        sets.create(connection, last)
        gather_statistics(connection, self.model.golden, self.model.source)
        self.counts.created += count
        for page in () if self.quiet else sets.created(connection, last):
            names = self.model.entity.field_names
            told = (
                self._event(row, "created", tuple(n for n in names if row[n] is not None))
                for row in page
            )
            self._tell(connection, told)

    def _update(self, connection: Connection, sets: GoldenSets) -> None:
        for page in sets.updated(connection):
            self.counts.updated += len(page)
            self._tell(connection, map(self._updated, page))
        sets.update(connection)

    def _updated(self, row: Mapping[str, Any]) -> EntityEvent:
        """Return the event of a record and what it becomes, as ``GoldenSets.updated`` has it."""
        after = {name: row[f"new_{name}"] for name in self.model.entity.field_names}
        changed = tuple(name for name, value in after.items() if value != row[name])
        stamp = {"id": row["id"], "epoch": row["new_epoch"], "sequence": row["sequence"] + 1}
        return self._event(stamp | after, "updated", changed)

    def _tell(self, connection: Connection, events: Iterable[EntityEvent]) -> None:
        if not self.quiet:
            self.counts.events += append_events(
                connection, self.model.state.outbox, events, now=self.now, run_id=self.run_id
            )

    def _epoch(self, connection: Connection) -> int:
        return read_counter(connection, self.model, EPOCH, 1)

    def announce(self, connection: Connection) -> None:
        """Write the one event of a first load."""
        golden = self.model.golden
        count = connection.execute(
            select(func.count()).select_from(golden).where(golden.c.deleted_at.is_(None))
        ).scalar_one()
        append_snapshot(
            connection,
            self.model.state.outbox,
            SnapshotReady(entity=self.model.entity.name, count=count),
            epoch=self._epoch(connection),
            now=self.now,
            run_id=self.run_id,
        )
        self.counts.events += 1

    def _identify(
        self, connection: Connection, source_keys: Sequence[str]
    ) -> tuple[set[int], dict[int, int]]:
        source = self.model.source
        mine = source.c.sync == self.sync
        rows = mappings(
            connection.execute(
                select(source)
                .where(mine, source.c.source_key.in_(source_keys))
                .order_by(source.c.source_key)
            )
        )
        last = read_counter(connection, self.model, self.model.entity.name, 0)
        ids = IdRange(last)
        identities = Identities(self.model, ids.take)
        keys = {
            row["source_key"]: {} if row["deleted_at"] else identities.keys(row) for row in rows
        }
        owned = [row["golden_id"] for row in rows if row["golden_id"] is not None]
        identities.prefetch(connection, list(keys.values()), owned)
        for row in rows:
            if row["golden_id"] is not None:
                identities.claim(row["golden_id"], keys[row["source_key"]])
        assigned = {
            row["source_key"]: row["golden_id"]
            if row["deleted_at"]
            else identities.settle(row["golden_id"], keys[row["source_key"]])
            for row in rows
        }
        merged = {old: identities.resolve(old) for old in identities.merged}
        final = {key: identities.resolve(one) for key, one in assigned.items() if one is not None}
        self._write_identities(connection, final, merged)
        if ids.last != last:
            write_counter(connection, self.model, self.model.entity.name, ids.last)
        touched = {identities.resolve(one) for one in (*final.values(), *merged, *owned)}
        return touched, merged

    def _write_identities(
        self,
        connection: Connection,
        assigned: Mapping[str, int],
        merged: Mapping[int, int],
    ) -> None:
        source = self.model.source
        for old, new in merged.items():
            connection.execute(
                update(source).where(source.c.golden_id == old).values(golden_id=new)
            )
        if assigned:
            connection.execute(
                update(source)
                .where(source.c.sync == self.sync, source.c.source_key == bindparam("key"))
                .values(golden_id=bindparam("golden")),
                [{"key": key, "golden": golden} for key, golden in assigned.items()],
            )

    def _redirect(self, connection: Connection, merged: Mapping[int, int]) -> list[EntityEvent]:
        redirect = self.model.redirect
        events = []
        for old, new in sorted(merged.items()):
            connection.execute(update(redirect).where(redirect.c.new_id == old).values(new_id=new))
            bulk_insert(
                connection, redirect, ("old_id", "new_id", "merged_at"), [(old, new, self.now)]
            )
        known = self._goldens(connection, sorted(merged))
        for old, row in known.items():
            if row["deleted_at"] is None:
                events.append(self._retire(connection, row, "merged", into=merged[old]))
                self.counts.merged += 1
        return events

    def _rebuild(self, connection: Connection, ids: Sequence[int]) -> list[EntityEvent]:
        known = self._goldens(connection, ids)
        rows = self._live_rows(connection, ids)
        epoch = self._epoch(connection)
        events: list[EntityEvent] = []
        writes: list[dict[str, Any]] = []
        for golden_id in ids:
            before = known.get(golden_id)
            if golden_id not in rows:
                if before is not None and before["deleted_at"] is None:
                    events.append(self._retire(connection, before, "deleted"))
                    self.counts.deleted += 1
                continue
            change = self._survivor(golden_id, before, rows[golden_id], epoch)
            if change is not None:
                event, write = change
                writes.append(write)
                if event is not None:
                    events.append(event)
        if writes:
            statement = upsert(connection, self.model.golden)
            statement = statement.on_conflict_do_update(
                index_elements=["id"],
                set_={name: statement.excluded[name] for name in writes[0] if name != "id"},
            )
            connection.execute(statement, writes)
        return events

    def _survivor(
        self,
        golden_id: int,
        before: Mapping[str, Any] | None,
        rows: Sequence[SourceRow],
        epoch: int,
    ) -> tuple[EntityEvent | None, dict[str, Any]] | None:
        survivors = survive(self.model.entity, rows, self.rankings)
        revived = before is None or before["deleted_at"] is not None
        old = {} if revived or before is None else before
        changed = tuple(name for name, value in survivors.values.items() if old.get(name) != value)
        same_origin = before is not None and before["provenance"] == survivors.provenance
        if not revived and not changed and same_origin:
            return None
        write = {
            "id": golden_id,
            "epoch": epoch,
            "sequence": (before["sequence"] if before else 0) + bool(changed or revived),
            "as_of": self.as_of,
            "deleted_at": None,
            "provenance": survivors.provenance,
            **survivors.values,
        }
        if not changed and not revived:
            return None, write
        if revived:
            self.counts.created += 1
        else:
            self.counts.updated += 1
        return self._event(write, "created" if revived else "updated", changed), write

    def _retire(
        self, connection: Connection, row: Mapping[str, Any], verb: Verb, into: int | None = None
    ) -> EntityEvent:
        golden = self.model.golden
        epoch = self._epoch(connection)
        sequence = row["sequence"] + 1
        connection.execute(
            update(golden)
            .where(golden.c.id == row["id"])
            .values(
                epoch=epoch,
                sequence=sequence,
                as_of=self.as_of,
                deleted_at=self.now,
                provenance={},
                **dict.fromkeys(self.model.entity.field_names),
            )
        )
        return EntityEvent(
            entity=self.model.entity.name,
            id=row["id"],
            epoch=epoch,
            sequence=sequence,
            verb=verb,
            into=into,
        )

    def _event(self, write: Mapping[str, Any], verb: Verb, changed: tuple[str, ...]) -> EntityEvent:
        public = {item.name for item in self.model.entity.fields if not item.personal}
        return EntityEvent(
            entity=self.model.entity.name,
            id=write["id"],
            epoch=write["epoch"],
            sequence=write["sequence"],
            verb=verb,
            changed=changed,
            values={name: write[name] for name in changed if name in public},
        )

    def _goldens(self, connection: Connection, ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
        golden = self.model.golden
        found = connection.execute(
            select(golden).where(golden.c.id.in_(ids)).order_by(golden.c.id).with_for_update()
        )
        return {row["id"]: row for row in mappings(found)}

    def _live_rows(self, connection: Connection, ids: Sequence[int]) -> dict[int, list[SourceRow]]:
        source = self.model.source
        found = connection.execute(
            select(source).where(source.c.golden_id.in_(ids), source.c.deleted_at.is_(None))
        )
        rows: dict[int, list[SourceRow]] = {}
        for row in mappings(found):
            rows.setdefault(row["golden_id"], []).append(
                SourceRow(row["sync"], row["source_key"], row["changed"] or "", row)
            )
        return rows
