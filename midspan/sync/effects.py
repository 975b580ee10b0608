"""What the next run would make of some translated rows, in the store as it is now.

Guarantee: nothing is written and no lock is taken. What is told is what a run over these very
rows would do, by the same rules: the latest row of a key counts, a row changes when a
canonical value does, and golden records are matched and survive as in an ingest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Literal

from sqlalchemy import Connection, and_, not_, select

from midspan.store.load import mappings
from midspan.sync.project import BoundSync, Project
from midspan.sync.staging import row_hash
from shared_services.golden.identity import Identities
from shared_services.golden.survivorship import SourceRow, survive

Fate = Literal["inserted", "updated", "unchanged", "duplicate"]
_FIRST_NEW = 2**62
"""Ids from here on are those of golden records that are not there yet."""


@dataclass(frozen=True, slots=True)
class Translated:
    """A row as it would be staged: its place in the reading, key, stamp and canonical values."""

    place: int
    key: str
    stamp: str | None
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A canonical field whose value in the store would be another."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class GoldenEffect:
    """What becomes of the golden record that a row belongs to.

    ``id`` is None for a record that is not there yet. ``changed`` are its fields that change,
    ``merges`` the ids that go into it.
    """

    verb: Literal["created", "updated", "unchanged"]
    id: int | None = None
    changed: tuple[str, ...] = ()
    merges: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of one row; ``changes`` of an updated one are in the entity's field order."""

    fate: Fate
    changes: tuple[Change, ...] = ()
    golden: GoldenEffect | None = None


def foresee(project: Project, sync: BoundSync, rows: Sequence[Translated]) -> dict[int, Effect]:
    """Return the effect of each row by its place.

    Without a store yet, every row is inserted and nothing is said of golden records.
    """
    latest: dict[str, Translated] = {}
    for row in sorted(rows, key=lambda one: (one.stamp or "", one.place)):
        latest[row.key] = row
    effects = {row.place: Effect("duplicate") for row in rows}
    with project.made_store(sync.center.name) as store:
        if store is None:
            return effects | {row.place: Effect("inserted") for row in latest.values()}
        with store.read() as connection:
            return effects | _Foresight(project, sync, connection).effects(latest)


class _Foresight:
    """Looks at one sync's rows through one connection, which sees one state of the store."""

    def __init__(self, project: Project, sync: BoundSync, connection: Connection) -> None:
        self._sync = sync.name
        self._model = sync.model
        self._names = sync.model.entity.field_names
        self._rankings = project.rankings(sync.config.entity)
        self._connection = connection

    def effects(self, rows: Mapping[str, Translated]) -> dict[int, Effect]:
        known = self._known(sorted(rows))
        found = {key: self._effect(row, known.get(key)) for key, row in rows.items()}
        written = {
            key: dict(zip(self._names, row.values, strict=True))
            for key, row in sorted(rows.items())
            if found[key].fate != "unchanged"
        }
        golden = self._golden(written, rows, known)
        return {row.place: replace(found[key], golden=golden.get(key)) for key, row in rows.items()}

    def _known(self, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        source = self._model.source
        found = self._connection.execute(
            select(source).where(source.c.sync == self._sync, source.c.source_key.in_(keys))
        )
        return {row["source_key"]: row for row in mappings(found)}

    def _effect(self, row: Translated, known: Mapping[str, Any] | None) -> Effect:
        if known is None:
            return Effect("inserted")
        if known["deleted_at"] is None and known["hash"] == row_hash(row.values):
            return Effect("unchanged")
        pairs = zip(self._names, row.values, strict=True)
        changed = ((name, value) for name, value in pairs if known[name] != value)
        return Effect("updated", tuple(Change(name, known[name], value) for name, value in changed))

    def _golden(
        self,
        written: Mapping[str, Mapping[str, Any]],
        rows: Mapping[str, Translated],
        known: Mapping[str, Mapping[str, Any]],
    ) -> dict[str, GoldenEffect]:
        """Return the effect on the golden record of each row that would be written."""
        owned = {key: row["golden_id"] for key, row in known.items() if key in written}
        identities = self._identities(written, owned)
        assigned = {
            key: self._settle(identities, values, known.get(key)) for key, values in written.items()
        }
        assigned = {key: identities.resolve(one) for key, one in assigned.items()}
        live = self._live(identities, {*assigned.values(), *identities.merged} - {None})
        for key, values in written.items():
            stamp = rows[key].stamp or ""
            live.setdefault(assigned[key], {})[self._sync, key] = SourceRow(
                self._sync, key, stamp, values
            )
        before = self._records(list(assigned.values()))
        return {
            key: self._survivor(one, live[one], before.get(one), identities)
            for key, one in assigned.items()
        }

    def _settle(
        self, identities: Identities, values: Mapping[str, Any], before: Mapping[str, Any] | None
    ) -> int:
        """Return the id of a row; one that says the same of itself as before keeps it."""
        keys = identities.keys(values)
        if before is None:
            return identities.settle(None, keys)
        own: int = before["golden_id"]
        same = before["deleted_at"] is None and identities.keys(before) == keys
        return own if same else identities.settle(own, keys)

    def _identities(
        self, written: Mapping[str, Mapping[str, Any]], owned: Mapping[str, int | None]
    ) -> Identities:
        """Return who would own what, as if the rows to be written had said nothing before."""
        source, new_ids = self._model.source, count(_FIRST_NEW)
        identities = Identities(self._model, lambda: next(new_ids))
        mine = and_(source.c.sync == self._sync, source.c.source_key.in_(list(written)))
        keys = {key: identities.keys(values) for key, values in written.items()}
        ids = [one for one in owned.values() if one is not None]
        identities.prefetch(self._connection, list(keys.values()), ids, not_(mine))
        for key, one in owned.items():
            if one is not None:
                identities.claim(one, keys[key])
        return identities

    def _live(
        self, identities: Identities, ids: set[int]
    ) -> dict[int, dict[tuple[str, str], SourceRow]]:
        source = self._model.source
        found = self._connection.execute(
            select(source).where(source.c.golden_id.in_(ids), source.c.deleted_at.is_(None))
        )
        live: dict[int, dict[tuple[str, str], SourceRow]] = {}
        for row in mappings(found):
            one = SourceRow(row["sync"], row["source_key"], row["changed"] or "", row)
            belongs = live.setdefault(identities.resolve(row["golden_id"]), {})
            belongs[row["sync"], row["source_key"]] = one
        return live

    def _records(self, ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
        golden = self._model.golden
        known = [one for one in ids if one < _FIRST_NEW]
        found = self._connection.execute(
            select(golden).where(golden.c.id.in_(known), golden.c.deleted_at.is_(None))
        )
        return {row["id"]: row for row in mappings(found)}

    def _survivor(
        self,
        golden_id: int,
        rows: Mapping[tuple[str, str], SourceRow],
        before: Mapping[str, Any] | None,
        identities: Identities,
    ) -> GoldenEffect:
        merges = tuple(
            sorted(
                old
                for old in identities.merged
                if old < _FIRST_NEW and identities.resolve(old) == golden_id
            )
        )
        known = golden_id if golden_id < _FIRST_NEW else None
        values = survive(self._model.entity, list(rows.values()), self._rankings).values
        if before is None:
            filled = tuple(name for name, value in values.items() if value is not None)
            return GoldenEffect("created", known, filled, merges)
        changed = tuple(name for name, value in values.items() if before[name] != value)
        return GoldenEffect("updated" if changed else "unchanged", known, changed, merges)
