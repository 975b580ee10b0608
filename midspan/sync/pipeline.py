"""One run of one sync: stage, judge, apply.

A run either applies its slice entirely, with ledger and cursor, or leaves the center as it
was and says why. A run that was killed, or broke off for the moment, is taken up by the next:
staging holds the batches it had read, and the cursor has not moved. After any other error the
next run reads anew.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from adapters.base import Adapter
from midspan.kernel.errors import MidspanError, Recovery
from midspan.store.load import is_empty
from midspan.sync.apply import SliceApply
from midspan.sync.drift import settle
from midspan.sync.gaps import Gaps, keep_gaps, open_gaps
from midspan.sync.history import judge_volume, past_of
from midspan.sync.judge import judge_leaving, judge_slice
from midspan.sync.lag import LagBook, Reach, lag_book, warn
from midspan.sync.project import Project
from midspan.sync.quarantine import prune
from midspan.sync.report import RunReport
from midspan.sync.run import Run, RunOptions, running
from midspan.sync.shapes import joined, judge_shape, keep_shape, last_shape
from midspan.sync.stage import Reading, plan_slice, stage_slice
from midspan.sync.staging import Progress, Staging
from shared_services.golden.changes import Changes
from shared_services.golden.counters import lock_entity, read_counter
from shared_services.golden.ingest import GoldenCounts

OnProgress = Callable[[Progress], None]


def run_sync(
    project: Project,
    name: str,
    options: RunOptions | None = None,
    on_progress: OnProgress | None = None,
) -> RunReport:
    """Run one sync and return its report; raises MidspanError when it applied nothing."""
    with running(project, project.sync(name), "sync", options or RunOptions()) as run:
        with run.reading() as (adapter, staging):
            try:
                gaps = open_gaps(run.store, run.sync, adapter, run.options.clock.now())
                progress = _stage(run, adapter, staging, gaps, on_progress)
                report = _apply(run, staging, progress, gaps)
            except MidspanError as error:
                if error.recovery is Recovery.STOP:
                    # Somebody has to mend something: what was read before that is of no use.
                    staging.clear()
                raise
            staging.clear()
        return report


def _stage(
    run: Run,
    adapter: Adapter,
    staging: Staging,
    gaps: Gaps | None,
    on_progress: OnProgress | None,
) -> Progress:
    def after_batch(progress: Progress) -> None:
        run.state.renew()
        if on_progress is not None:
            on_progress(progress)

    reading = Reading(
        adapter=adapter,
        stream=run.sync.stream,
        parts=run.sync.parts,
        mapping=run.sync.mapping,
        cursor=run.cursor,
        model=run.sync.model,
        after_batch=after_batch,
        full=run.refreshes,
        gaps=gaps,
    )
    slice_id = _slice_id(run)
    progress = staging.resume(slice_id)
    if progress is None:
        progress = plan_slice(reading, slice_id, adapter.now(), run.options.clock.now())
        staging.begin(progress)
    return stage_slice(reading, staging, progress)


def _slice_id(run: Run) -> str:
    kind = "full" if run.refreshes else "live"
    return f"{kind}/{run.cursor.version}/{run.sync.mapping.version}/{run.project.digest}"


def _apply(run: Run, staging: Staging, progress: Progress, gaps: Gaps | None) -> RunReport:
    now, as_of = run.options.clock.now(), datetime.fromisoformat(progress.as_of)
    cursor_to = max(filter(None, (run.cursor.value, progress.seen)), default=None)
    changes = Changes(run.sync.model, run.sync.name, staging.rows)
    slice_apply = SliceApply(run.sync, staging, changes, run.run_id, now)
    book, lag = lag_book(run.sync), None
    with (
        run.store.write_beside(staging.store) as connection,
        changes.kept(connection),
    ):
        if not run.options.dry_run:
            run.state.hold(connection, run.cursor)
            lock_entity(connection, run.sync.model)
        before = last_shape(connection, run.sync)
        judge_shape(run.sync, before, progress.shape)
        reach = _reach(run, book, connection, as_of)
        ledger, late = slice_apply.tally(connection, progress, reach)
        judge_slice(run.sync.config, ledger, whole=run.reads_all)
        if not run.options.allow_volume:
            past = past_of(connection, run.sync, whole=run.reads_all)
            volume = run.sync.config.volume
            judge_volume(run.sync.name, volume, ledger["read"], past, now, whole=run.reads_all)
        judge_leaving(run.sync.config, *slice_apply.leaving(connection))
        if run.options.dry_run:
            return run.report(ledger, GoldenCounts(), run.cursor.value)
        empty = is_empty(connection, run.sync.model.golden)
        last = read_counter(connection, run.sync.model, run.sync.model.entity.name, 0)
        slice_apply.write(connection, last)
        prune(connection, run.sync, now)
        ingest = run.ingest(now, as_of, quiet=empty)
        counts = ingest.apply(connection, changes, last)
        if empty and counts.created:
            ingest.announce(connection)
        if book is not None:
            begun = None if run.reads_all else run.cursor.value
            lag = book.keep(connection, reach, late, begun)
        run.state.advance(connection, run.cursor, cursor_to, progress.parts, as_of, run.mapped_by)
        run.state.finish_run(
            connection,
            run.run_id,
            ledger,
            events=counts.events,
            cursor_from=run.cursor.value,
            cursor_to=cursor_to,
            whole=run.reads_all,
        )
        keep_shape(connection, run.sync, run.run_id, joined(before, progress.shape))
        settle(connection, run.sync, progress.unmapped, now)
        keep_gaps(connection, run.sync, gaps, run.cursor.value, now)
    if lag is not None:
        warn(run.sync.name, late, lag)
    return run.report(ledger, counts, cursor_to, lag)


def _reach(run: Run, book: LagBook | None, connection: Connection, as_of: datetime) -> Reach:
    if book is None:
        return Reach()
    return book.reach(connection, run.cursor.value, run.cursor.as_of, as_of)
