"""Applies what was staged apart from the live slice: a backfilled range, or mended rows.

One transaction, as for the live slice: rows, golden records, events, quarantine and ledger, and
whatever the caller writes of its own. The live cursor is not touched.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from midspan.sync.apply import SliceApply
from midspan.sync.judge import judge_leaving, judge_slice
from midspan.sync.lag import Reach
from midspan.sync.report import Ledger, RunReport
from midspan.sync.run import Run
from midspan.sync.staging import Progress, Staging
from shared_services.golden.changes import Changes
from shared_services.golden.counters import lock_entity, read_counter
from shared_services.golden.ingest import GoldenCounts, Ingest


@dataclass(frozen=True, slots=True)
class Applying:
    """A staged slice. ``began``: it runs beside the live sync, whose readings since then win.

    ``span`` is noted in the ledger as what was read. Within the transaction ``prepare`` is called
    before anything is looked at, ``finish`` when all but the ledger is written.
    """

    staging: Staging
    progress: Progress
    began: datetime | None = None
    span: tuple[str | None, str | None] = (None, None)
    finish: Callable[[Connection, Ledger, Ingest], None] = lambda *_: None
    prepare: Callable[[Connection], None] = lambda _: None


def apply_staged(run: Run, applying: Applying) -> RunReport:
    """Apply it, and return what it did; raises as a sync does, with nothing applied."""
    staging, progress, model = applying.staging, applying.progress, run.sync.model
    now, as_of = run.options.clock.now(), datetime.fromisoformat(progress.as_of)
    changes = Changes(model, run.sync.name, staging.rows)
    slice_apply = SliceApply(run.sync, staging, changes, run.run_id, now, applying.began)
    with run.store.write_beside(staging.store) as connection, changes.kept(connection):
        if not run.options.dry_run:
            run.state.hold(connection, run.cursor)
            lock_entity(connection, model)
            applying.prepare(connection)
        ledger, _ = slice_apply.tally(connection, progress, Reach())
        judge_slice(run.sync.config, ledger, whole=False)
        judge_leaving(run.sync.config, *slice_apply.leaving(connection))
        if run.options.dry_run:
            return run.report(ledger, GoldenCounts(), run.cursor.value)
        empty = connection.execute(select(model.golden.c.id).limit(1)).first() is None
        last = read_counter(connection, model, model.entity.name, 0)
        slice_apply.write(connection, last)
        ingest = run.ingest(now, as_of, quiet=empty)
        counts = ingest.apply(connection, changes, last)
        if empty and counts.created:
            ingest.announce(connection)
        applying.finish(connection, ledger, ingest)
        lower, upper = applying.span
        run.state.finish_run(
            connection,
            run.run_id,
            ledger,
            events=counts.events,
            cursor_from=lower,
            cursor_to=upper,
        )
    return run.report(ledger, counts, run.cursor.value)
