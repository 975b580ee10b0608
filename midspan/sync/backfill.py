"""Backfill: read a past range of a stream again, beside the live sync.

Guarantee: a backfill owns its ``[lower, upper)`` in ``sync_backfill``, its lease and its staging.
It never reads or moves the live cursor, needs no lease of the live sync, and never overwrites
newer data: what carries a later stamp in the center, or was read or deleted by the live sync
since the backfill began, stays and counts as ``stale``. Killed and begun again it goes on
behind its last staged batch; done again, it changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from adapters.base import Adapter
from midspan.kernel.errors import MidspanError, Recovery, UnknownName
from midspan.store.load import upsert
from midspan.sync.applying import Applying, apply_staged
from midspan.sync.project import Project
from midspan.sync.report import Ledger, RunReport
from midspan.sync.run import Run, RunOptions, running
from midspan.sync.spans import Span, cursor_value, require_cursor
from midspan.sync.stage import Reading, plan_slice, stage_span
from midspan.sync.staging import Progress, Staging
from shared_services.golden.ingest import Ingest


@dataclass(frozen=True, slots=True)
class _Book:
    """A range's own row; ``began`` is when it was first begun, by this machine's clock."""

    run: Run
    span: Span

    def begin(self) -> datetime:
        """Return when the range was begun, which may have been by a run that died."""
        table, now = self.run.sync.model.state.backfill, self.run.options.clock.now()
        if self.run.options.dry_run:
            return now
        values = {"began_at": now, "finished_at": None, "run_id": self.run.run_id}
        with self.run.store.write() as connection:
            begun: datetime | None = connection.execute(
                select(table.c.began_at).where(*self._mine, table.c.finished_at.is_(None))
            ).scalar()
            if begun is not None:
                return begun
            statement = upsert(connection, table).values(**self._key, **values)
            keys = list(self._key)
            connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))
        return now

    def finish(self, connection: Connection, _ledger: Ledger, _ingest: Ingest) -> None:
        """Note in the applying transaction that the range is done."""
        done = {"finished_at": self.run.options.clock.now(), "run_id": self.run.run_id}
        table = self.run.sync.model.state.backfill
        connection.execute(update(table).where(*self._mine).values(**done))

    @property
    def _key(self) -> dict[str, str]:
        span = self.span
        return {"sync": self.run.sync.name, "lower": span.lower or "", "upper": span.upper}

    @property
    def _mine(self) -> list[ColumnElement[bool]]:
        table = self.run.sync.model.state.backfill
        return [table.c[name] == value for name, value in self._key.items()]


def run_backfill(
    project: Project,
    name: str,
    lower: str | None,
    upper: str,
    options: RunOptions | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> RunReport:
    """Read ``[lower, upper)`` of a sync's stream again, and return what it did.

    Both are cursor values as the source writes them, or in ISO form; ``lower`` None: from the
    beginning. Raises MidspanError ``sync.no_cursor`` for a stream without one, UnknownName
    ``cursor.value`` and ``backfill.range``, and as a sync does when it applied nothing.
    """
    sync = project.sync(name)
    cursor = require_cursor(sync)
    span = Span(cursor_value(cursor, lower) if lower else None, cursor_value(cursor, upper))
    if span.lower is not None and span.lower >= span.upper:
        raise UnknownName(
            "backfill.range",
            f"there is nothing between {lower} and {upper}",
            remedy="Name an end that is later than the beginning; it does not belong to the range",
        )
    with (
        running(project, sync, "backfill", options or RunOptions()) as run,
        run.reading(".backfill") as (adapter, staging),
    ):
        book = _Book(run, span)
        try:
            began = book.begin()
            progress = _stage(run, adapter, staging, span, began, on_progress)
            applying = Applying(staging, progress, began, (span.lower, span.upper), book.finish)
            report = apply_staged(run, applying)
        except MidspanError as error:
            if error.recovery is Recovery.STOP:
                staging.clear()
            raise
        staging.clear()
    return replace(report, cursor_from=span.lower, cursor_to=span.upper)


def _stage(
    run: Run,
    adapter: Adapter,
    staging: Staging,
    span: Span,
    began: datetime,
    on_progress: Callable[[Progress], None] | None,
) -> Progress:
    def after_batch(progress: Progress) -> None:
        run.state.renew()
        if on_progress is not None:
            on_progress(progress)

    sync = run.sync
    reading = Reading(
        adapter, sync.stream, {}, sync.mapping, run.cursor, sync.model, after_batch, full=True
    )
    version = f"{sync.mapping.version}/{run.project.digest}"
    slice_id = f"{span.lower}/{span.upper}/{began.isoformat()}/{version}"
    progress = staging.resume(slice_id)
    if progress is None:
        progress = plan_slice(reading, slice_id, adapter.now(), run.options.clock.now())
        staging.begin(progress)
    return stage_span(reading, staging, progress, span)
