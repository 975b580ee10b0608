"""Deletes without change data capture: compare the source's keys with the known rows.

Only rows that were applied before the listing began are compared, so that a row created
meanwhile is not taken for a deleted one. A listing that breaks off raises in the adapter; an
empty one, or one that misses too many rows, halts with nothing deleted.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from midspan.kernel.errors import MidspanError
from midspan.store.load import chunked
from midspan.sync.judge import judge_deletes
from midspan.sync.project import Project
from midspan.sync.report import Ledger, RunReport
from midspan.sync.run import Run, RunOptions, running
from midspan.sync.staging import Staging, key_text
from midspan.sync.state import lease_lost
from shared_services.golden.counters import lock_entity
from shared_services.golden.ingest import GoldenCounts

KEYS_AT_ONCE = 500


def run_deletes(
    project: Project,
    name: str,
    options: RunOptions | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> RunReport:
    """Find and apply the deletes of one sync; raises MidspanError when it applied nothing.

    ``on_progress`` is called with the number of keys listed so far.
    """
    sync = project.sync(name)
    if sync.stream_config.deletes == "none":
        raise MidspanError(
            "deletes.not_configured",
            "this stream does not say how its deletes are seen",
            remedy=f"Set deletes: snapshot in the stream of system {sync.config.system}",
            sync=name,
        )
    with (
        running(project, sync, "deletes", options or RunOptions()) as run,
        run.reading() as (adapter, staging),
    ):
        staging.begin_listing()
        listed = fresh = 0
        for keys in adapter.keys(sync.stream.name):
            fresh += staging.list_keys([key_text(key) for key in keys])
            listed += len(keys)
            run.state.renew()
            if on_progress is not None:
                on_progress(listed)
        return _apply(run, staging, fresh)


def _apply(run: Run, staging: Staging, listed: int) -> RunReport:
    now, ledger, counts = run.options.clock.now(), Ledger(), GoldenCounts()
    with run.store.write_beside(staging.store) as connection:
        known = count_known(connection, run)
        missing = _missing(connection, run, staging)
        ledger.add("listed", known)
        ledger.add("missing", len(missing))
        ledger.add("present", known - len(missing))
        run.state.hold(connection, run.cursor)
        if staging.count_listed() != listed:
            raise lease_lost(run.sync.name)
        judge_deletes(run.sync.name, run.sync.config.deletes, ledger, listed)
        if not run.options.dry_run:
            lock_entity(connection, run.sync.model)
            _forget_refused(connection, run, staging)
            mark_deleted(connection, run, missing, now)
            ingest = run.ingest(now, run.started_at)
            for keys in chunked(missing, KEYS_AT_ONCE):
                ingest.follow(connection, keys)
            counts = ingest.counts
            run.state.finish_run(connection, run.run_id, ledger, events=counts.events)
    return run.report(ledger, counts, run.cursor.value)


def _known(run: Run) -> ColumnElement[bool]:
    source = run.sync.model.source
    return (
        (source.c.sync == run.sync.name)
        & source.c.deleted_at.is_(None)
        & (source.c.applied_at < run.started_at)
    )


def count_known(connection: Connection, run: Run) -> int:
    """Return how many live rows were applied before the run began."""
    source = run.sync.model.source
    found = connection.execute(select(func.count()).select_from(source).where(_known(run)))
    return int(found.scalar_one())


def _missing(connection: Connection, run: Run, staging: Staging) -> list[str]:
    source, listed = run.sync.model.source, staging.listed
    there = select(listed.c.source_key).where(listed.c.source_key == source.c.source_key)
    return list(
        connection.execute(
            select(source.c.source_key)
            .where(_known(run), ~there.exists())
            .order_by(source.c.source_key)
        ).scalars()
    )


def _forget_refused(connection: Connection, run: Run, staging: Staging) -> None:
    """Drop refused rows that the source holds no more: nobody can mend them."""
    table, listed = run.sync.model.state.quarantine, staging.listed
    there = select(listed.c.source_key).where(listed.c.source_key == table.c.source_key)
    connection.execute(
        delete(table).where(
            table.c.sync == run.sync.name,
            table.c.source_key.is_not(None),
            table.c.last_seen < run.started_at,
            ~there.exists(),
        )
    )


def mark_deleted(connection: Connection, run: Run, missing: list[str], now: datetime) -> None:
    """Keep a tombstone of each row: its key, without its values."""
    model = run.sync.model
    source = model.source
    for keys in chunked(missing, KEYS_AT_ONCE):
        connection.execute(
            update(source)
            .where(source.c.sync == run.sync.name, source.c.source_key.in_(keys))
            .values(deleted_at=now, run_id=run.run_id, **model.emptied)
        )
