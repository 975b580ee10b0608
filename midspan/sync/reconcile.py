"""Reconcile: compare a source with its center, and name the very rows that slipped.

Guarantee: nothing is written, and no lease is needed. What is compared is what the mapping
makes of the source's rows today with the canonical values the center holds, by digests in
buckets: only rows of buckets that differ are looked at one by one. Those are read again after a
moment, and named when they still differ and no coming run would bring them: a row that changed
after the last run's reading is in flight, and no finding. Every row of the source is read once,
through the gate on the lane of backfills; memory does not grow with their number.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from midspan.kernel.clock import Clock, SystemClock
from midspan.kernel.errors import MidspanError, within
from midspan.kernel.gate import Lane
from midspan.kernel.stream import Slice
from midspan.store.load import chunked
from midspan.sync.digests import Digests, Suspect, digest_of, digests
from midspan.sync.flight import Flight
from midspan.sync.project import BoundSync, Project
from midspan.sync.report import RunReport
from midspan.sync.sides import Seen, Sides, SourceRow

MOMENT_SECONDS = 1.0
MOST_SUSPECTS = 10_000
_ATTEMPTS = 4
_AT_ONCE = 200
_ROWS_IN_BUCKET = 500
_FEWEST_BUCKETS = 64

FindingKind = Literal["missing", "only_in_center", "different"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that slipped: ``fields`` are those of a different one whose values differ."""

    key: str
    kind: FindingKind
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was compared and found.

    ``compared`` are the rows of differing buckets, which were looked at one by one; ``moved``
    those that were read again by key. ``unlooked`` are suspects beyond what is looked at in one
    go. ``natives`` are the findings' keys as the source gives them.
    """

    sync: str
    source_rows: int
    center_rows: int
    buckets: int
    differing: int
    compared: int
    moved: int
    in_flight: int
    unlooked: int
    findings: tuple[Finding, ...]
    natives: Mapping[str, tuple[Any, ...]]
    healed: RunReport | None = None

    @property
    def clean(self) -> bool:
        """Whether nothing is left that slipped."""
        mended = self.healed is not None and not self.healed.ledger["quarantined"]
        return not self.unlooked and (mended or not self.findings)

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON-serialisable values."""
        told = {**asdict(replace(self, healed=None)), "clean": self.clean}
        del told["natives"]
        return told | {"healed": self.healed.as_dict() if self.healed else None}


def run_reconcile(
    project: Project,
    name: str,
    buckets: int | None = None,
    clock: Clock | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Reconciliation:
    """Compare a sync's source with its center; ``on_progress`` is told the rows read so far.

    Raises MidspanError ``reconcile.not_loaded`` before the sync's first load.
    """
    sync = project.sync(name)
    store = project.store(sync.center.name)
    with (
        within(sync=name, connection=sync.system.config.conn_id),
        closing(project.adapter(sync.config.system, Lane.BACKFILL)) as adapter,
    ):
        comparison = _Comparison(sync, Sides(sync, store, adapter), clock or SystemClock())
        rows = comparison.require_loaded()
        number = buckets or max(_FEWEST_BUCKETS, rows // _ROWS_IN_BUCKET)
        with digests(number) as aside:
            comparison.put_aside(aside, on_progress or (lambda _rows: None))
            return comparison.compare(aside, number)


@dataclass(frozen=True, slots=True)
class _Comparison:
    sync: BoundSync
    sides: Sides
    clock: Clock

    def require_loaded(self) -> int:
        """Return how many rows the center holds of the sync."""
        with self.sides.store.read() as connection:
            if self.sides.cursor(connection).loaded:
                return self.sides.count(connection)
        raise MidspanError(
            "reconcile.not_loaded",
            "the sync has not loaded its stream yet, so there is nothing to compare",
            remedy=f"Run midspan sync {self.sync.name} first",
        )

    def put_aside(self, aside: Digests, on_progress: Callable[[int], None]) -> None:
        """Read both sides, the source first: what a sync brings meanwhile is newer here."""
        read = 0
        for rows in self.sides.source(Slice()):
            aside.add("source", map(_told, rows))
            read += len(rows)
            on_progress(read)
        aside.settle()
        for page in self.sides.center():
            aside.add("center", ((key, seen.digest, None, None) for key, seen in page))

    def compare(self, aside: Digests, buckets: int) -> Reconciliation:
        differing = aside.differing()
        found: dict[str, Suspect] = {}
        unlooked = 0
        for some in chunked(differing, _AT_ONCE):
            for suspect in aside.suspects(some):
                if len(found) < MOST_SUSPECTS:
                    found[suspect.key] = suspect
                else:
                    unlooked += 1
        findings, in_flight, moved = self._settle(found)
        return Reconciliation(
            self.sync.name,
            aside.count("source"),
            aside.count("center"),
            buckets,
            len(differing),
            sum(aside.count(side, differing) for side in ("source", "center")),
            moved,
            in_flight,
            unlooked,
            tuple(findings),
            {one.key: native for one in findings if (native := found[one.key].native) is not None},
        )

    def _settle(self, suspects: Mapping[str, Suspect]) -> tuple[list[Finding], int, int]:
        """Look again until each suspect is the same, in flight, or has differed twice alike."""
        left, before = dict(suspects), dict[str, tuple[Any, ...]]()
        findings: list[Finding] = []
        in_flight = moved = 0
        for _ in range(_ATTEMPTS):
            if not left:
                break
            self.clock.sleep(MOMENT_SECONDS)
            moved += len(left)
            for key, state, finding in self._look(left):
                if finding is None:
                    in_flight += state[0] != state[1]
                elif before.get(key) == state:
                    findings.append(finding)
                else:
                    before[key] = state
                    continue
                del left[key]
        return sorted(findings, key=lambda one: one.key), in_flight + len(left), moved

    def _look(
        self, suspects: Mapping[str, Suspect]
    ) -> Iterator[tuple[str, tuple[int | None, int | None], Finding | None]]:
        """Yield each suspect's digests on both sides, and what it would be found as, if at all."""
        flight: Flight | None = None
        for keys in chunked(sorted(suspects), _AT_ONCE):
            natives = [one for key in keys if (one := suspects[key].native) is not None]
            there = {
                key: seen
                for rows in self.sides.source(Slice(keys=tuple(natives)))
                for key, seen, _ in rows
            }
            with self.sides.store.read() as connection:
                here = self.sides.held(connection, keys)
                cursor = self.sides.cursor(connection)
            if flight is None or flight.cursor != cursor:
                flight = Flight(self.sides.adapter, self.sync, cursor)
            for key in keys:
                found, held = there.get(key), here.get(key)
                state = (found.digest if found else None, held.digest if held else None)
                if key in there and found is None:
                    # Refused or left out: that is told elsewhere.
                    yield key, (None, None), None
                else:
                    yield key, state, self._finding(flight, key, found, held)

    def _finding(
        self, flight: Flight, key: str, there: Seen | None, here: Seen | None
    ) -> Finding | None:
        if there is None:
            return None if here is None else Finding(key, "only_in_center")
        if here is not None and there.digest == here.digest:
            return None
        if flight.holds(key, there.changed, here.changed if here else None):
            return None
        if here is None:
            return Finding(key, "missing")
        pairs = zip(self.sync.model.entity.field_names, there.values, here.values, strict=True)
        differ = (
            name for name, one, other in pairs if digest_of("", [one]) != digest_of("", [other])
        )
        return Finding(key, "different", tuple(differ))


def _told(row: SourceRow) -> tuple[str, int | None, str | None, Sequence[Any] | None]:
    key, seen, native = row
    return (key, None, None, native) if seen is None else (key, seen.digest, seen.changed, native)
