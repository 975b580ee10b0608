"""Rewind: go back to an earlier place after a source or a center was restored from a backup.

Guarantee: it happens in one transaction or not at all, and never while a run of a sync that it
touches goes on. A cursor is only ever set back. After a restored center every event is of a
new epoch, so that apps take it although its sequence is lower than one they have seen; ids
that may have been given out since the backup are not given to others when a floor is named.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection, func, select, update

from midspan.kernel.errors import UnknownName
from midspan.sync.project import BoundSync, Project
from midspan.sync.report import Ledger
from midspan.sync.run import Run, RunOptions, running
from midspan.sync.spans import cursor_value, require_cursor
from midspan.sync.state import SyncState
from shared_services.golden.counters import EPOCH, lock_entity, read_counter, write_counter
from shared_services.golden.model import GoldenModel


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: neither means that a cursor alone is set back, to ``value``.

    ``floor`` is the least golden id that apps cannot have seen yet, for a restored center.
    """

    value: str | None = None
    source: bool = False
    center: bool = False
    floor: int | None = None


@dataclass(frozen=True, slots=True)
class RewindPlan:
    """What a rewind changes: the cursor (None: the beginning), the epoch, the last golden ids.

    ``again`` is how many known rows the next run reads again, ``then`` what happens next.
    """

    sync: str
    cursor_from: str | None
    cursor_to: str | None
    again: int
    epoch_from: int
    epoch_to: int
    golden_ids: Mapping[str, tuple[int, int]]
    then: tuple[str, ...]
    dry_run: bool

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON-serialisable values."""
        return asdict(self)


def run_rewind(
    project: Project, name: str, restored: Restored, options: RunOptions | None = None
) -> RewindPlan:
    """Rewind one sync, or with ``center`` the center it feeds; return what was changed.

    A dry run only plans. Raises UnknownName ``rewind.forward`` for a value that is not behind
    the cursor, and Conflict ``sync.busy`` while a run goes on.
    """
    sync = project.sync(name)
    with (
        running(project, sync, "rewind", options or RunOptions()) as run,
        _resting(run, restored),
        run.store.write() as connection,
    ):
        for model in _models(run, restored):
            lock_entity(connection, model)
        plan = _plan(connection, run, restored)
        if not run.options.dry_run:
            _carry_out(connection, run, restored, plan)
    return plan


@contextmanager
def _resting(run: Run, restored: Restored) -> Iterator[None]:
    """Hold the leases of all other syncs of a restored center."""
    others = [
        one
        for one in run.project.syncs.values()
        if restored.center and one.center is run.sync.center and one.name != run.sync.name
    ]
    with ExitStack() as held:
        for one in others:
            state = SyncState(run.store, one.model.state, one.name, run.options.clock)
            state.acquire(run.options.patience)
            held.callback(state.release)
        yield


def _models(run: Run, restored: Restored) -> list[GoldenModel]:
    models = run.sync.center.models
    return [models[name] for name in sorted(models)] if restored.center else [run.sync.model]


def _plan(connection: Connection, run: Run, restored: Restored) -> RewindPlan:
    epoch = read_counter(connection, run.sync.model, EPOCH, 1)
    goes_to = _goes_to(run, restored)
    ids = {}
    for model in _models(run, restored) if restored.center else ():
        last = read_counter(connection, model, model.entity.name, 0)
        ids[model.entity.name] = (last, max(last, (restored.floor or 1) - 1))
    return RewindPlan(
        run.sync.name,
        run.cursor.value,
        goes_to,
        0 if restored.center else _again(connection, run.sync, goes_to),
        epoch,
        epoch + restored.center,
        ids,
        tuple(_then(run.sync, restored, goes_to)),
        run.options.dry_run,
    )


def _goes_to(run: Run, restored: Restored) -> str | None:
    if restored.center:
        return run.cursor.value
    if restored.source or restored.value is None:
        return None
    value = cursor_value(require_cursor(run.sync), restored.value)
    if run.cursor.value is None or value >= run.cursor.value:
        raise UnknownName(
            "rewind.forward",
            f"the cursor stands at {run.cursor.value or 'the beginning'}, which is not behind "
            f"{restored.value}",
            remedy="Name an earlier value: going forward would leave rows unread",
        )
    return value


def _again(connection: Connection, sync: BoundSync, goes_to: str | None) -> int:
    source = sync.model.source
    known = select(func.count()).where(source.c.sync == sync.name, source.c.deleted_at.is_(None))
    if goes_to is not None:
        known = known.where(source.c.changed >= goes_to)
    return int(connection.execute(known).scalar_one())


def _then(sync: BoundSync, restored: Restored, goes_to: str | None) -> Iterator[str]:
    if restored.center:
        yield "events are of a new epoch: apps take them whatever sequence they have seen"
        yield "apps are told to read every entity of the center anew"
        yield "the next run of each sync goes on from its restored cursor"
        if restored.floor is None:
            yield "ids given out after the backup may be given out again: name --golden-id-floor"
    elif goes_to is None:
        yield "the next run reads the stream from its beginning; the source's state wins"
    else:
        yield f"the next run reads again what was stamped from {goes_to} on"
    if not restored.value:
        yield (
            f"run midspan deletes {sync.name} after it, for rows that vanished"
            if sync.stream_config.deletes == "snapshot"
            else "rows that vanished stay: the stream says deletes: none"
        )


def _carry_out(connection: Connection, run: Run, restored: Restored, plan: RewindPlan) -> None:
    if restored.center:
        _begin_epoch(connection, run, plan)
    else:
        run.state.set_back(connection, run.cursor, plan.cursor_to)
    run.state.finish_run(
        connection,
        run.run_id,
        Ledger(),
        events=len(plan.golden_ids),
        cursor_from=plan.cursor_from,
        cursor_to=plan.cursor_to,
    )


def _begin_epoch(connection: Connection, run: Run, plan: RewindPlan) -> None:
    """Put every record into the new epoch, and tell apps to read them anew."""
    now = run.options.clock.now()
    write_counter(connection, run.sync.model, EPOCH, plan.epoch_to)
    for name, (before, after) in plan.golden_ids.items():
        model = run.sync.center.models[name]
        if after != before:
            write_counter(connection, model, name, after)
        connection.execute(update(model.golden).values(epoch=plan.epoch_to))
        replace(run.ingest(now, now), model=model).announce(connection)
