"""Heals what a reconciliation named: exactly these rows are read again and applied.

Guarantee: they go the way of every row (stage, judge, apply) under the sync's lease, in one
transaction with a ledger of their own, and the cursor stays. A row that is only in the center is
deleted when it is not found by its key either, if the stream says how its deletes are seen, and
never more of them than ``max_delete_pct`` allows.
"""

from dataclasses import dataclass, replace

from sqlalchemy import Connection, select, update

from midspan.kernel.errors import MidspanError, Recovery
from midspan.store.load import chunked
from midspan.sync.applying import Applying, apply_staged
from midspan.sync.deletes import KEYS_AT_ONCE, count_known, mark_deleted
from midspan.sync.judge import judge_deletes
from midspan.sync.project import Project
from midspan.sync.reconcile import FindingKind, Reconciliation
from midspan.sync.report import Ledger, RunReport
from midspan.sync.run import Run, RunOptions, running
from midspan.sync.stage import Reading, plan_slice, stage_keys
from midspan.sync.staging import Progress, Staging
from shared_services.golden.ingest import Ingest


def heal(
    project: Project, found: Reconciliation, options: RunOptions | None = None
) -> Reconciliation:
    """Heal the findings, and return them with what was done; without findings nothing is.

    Raises as a sync does, and SyncHalted ``deletes.brake``, with nothing applied.
    """
    if not found.findings:
        return found
    with (
        running(project, project.sync(found.sync), "reconcile", options or RunOptions()) as run,
        run.reading(".reconcile") as (adapter, staging),
    ):
        reading = Reading(
            adapter,
            run.sync.stream,
            {},
            run.sync.mapping,
            run.cursor,
            run.sync.model,
            lambda _progress: run.state.renew(),
        )
        try:
            progress = plan_slice(reading, run.run_id, adapter.now(), run.options.clock.now())
            staging.begin(progress)
            stage_keys(reading, staging, progress, found.natives.values())
            report = _apply(run, staging, progress, found)
        except MidspanError as error:
            if error.recovery is Recovery.STOP:
                staging.clear()
            raise
        staging.clear()
    return replace(found, healed=report)


def _apply(run: Run, staging: Staging, progress: Progress, found: Reconciliation) -> RunReport:
    healing = _Healing(run, staging, found)
    return apply_staged(
        run, Applying(staging, progress, prepare=healing.forget_hashes, finish=healing.delete_gone)
    )


@dataclass(frozen=True, slots=True)
class _Healing:
    run: Run
    staging: Staging
    found: Reconciliation

    def forget_hashes(self, connection: Connection) -> None:
        """Have differing rows written even where their hash says that nothing changed."""
        source = self.run.sync.model.source
        mine = source.c.sync == self.run.sync.name
        for keys in chunked(self._keys("different"), KEYS_AT_ONCE):
            connection.execute(
                update(source).where(mine, source.c.source_key.in_(keys)).values(hash="")
            )

    def delete_gone(self, connection: Connection, ledger: Ledger, ingest: Ingest) -> None:
        """Delete what only the center has; raise SyncHalted when that is too much."""
        run = self.run
        if run.sync.stream_config.deletes == "none":
            return
        gone = self._gone(connection)
        known = count_known(connection, run)
        ledger.add("listed", known)
        ledger.add("missing", len(gone))
        ledger.add("present", known - len(gone))
        judge_deletes(run.sync.name, run.sync.config.deletes, ledger, self.found.source_rows)
        mark_deleted(connection, run, gone, run.options.clock.now())
        for keys in chunked(gone, KEYS_AT_ONCE):
            ingest.follow(connection, keys)

    def _gone(self, connection: Connection) -> list[str]:
        """Return which of the rows that only the center had were not read again either."""
        wanted = self._keys("only_in_center")
        read: set[str] = set()
        for table in (self.staging.rows, self.staging.left, self.staging.refused):
            found = select(table.c.source_key).where(table.c.source_key.is_not(None))
            read.update(connection.execute(found).scalars())
        source = self.run.sync.model.source
        live: list[str] = []
        for keys in chunked([key for key in wanted if key not in read], KEYS_AT_ONCE):
            mine = (source.c.sync == self.run.sync.name, source.c.deleted_at.is_(None))
            held = select(source.c.source_key).where(*mine, source.c.source_key.in_(keys))
            live += connection.execute(held).scalars()
        return sorted(live)

    def _keys(self, kind: FindingKind) -> list[str]:
        return [one.key for one in self.found.findings if one.kind == kind]
