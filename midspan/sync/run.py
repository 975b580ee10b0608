"""What every kind of run shares: it holds the lease, is written down, and ends honestly.

A run is in the ledger from its first moment. It ends as ``succeeded`` in the very transaction
that applies it, as ``failed`` with the reason when it raises, as ``postponed`` when its system
may not be called now, and as ``died`` when the next run finds that its process is gone.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from adapters.base import Adapter
from midspan.kernel.clock import Clock, SystemClock
from midspan.kernel.errors import DriftError, MidspanError, within
from midspan.kernel.gate import Lane
from midspan.kernel.memory import rare_collections
from midspan.store.engine import Store
from midspan.sync.drift import note_error
from midspan.sync.lag import Lag
from midspan.sync.project import BoundSync, Project
from midspan.sync.report import Ledger, RunKind, RunReport
from midspan.sync.staging import Staging
from midspan.sync.state import APART, CursorState, RunRow, SyncState
from shared_services.golden.ingest import GoldenCounts, Ingest


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is to go.

    ``full_refresh`` reads from the beginning; ``dry_run`` judges and counts, and keeps
    nothing. ``allow_volume``: the number of rows is right, whatever the history says.
    ``patience`` is how long to wait for another worker on the same sync.
    """

    full_refresh: bool = False
    dry_run: bool = False
    allow_volume: bool = False
    patience: timedelta = timedelta(seconds=60)
    clock: Clock = field(default_factory=SystemClock)


@dataclass(frozen=True, slots=True)
class Run:
    """A run under way, its lease held."""

    project: Project
    sync: BoundSync
    kind: RunKind
    options: RunOptions
    run_id: str
    started_at: datetime
    store: Store
    state: SyncState
    cursor: CursorState

    @property
    def remaps(self) -> bool:
        """Whether the mapping is another than all rows came by, and they are to come by it."""
        wanted = self.sync.config.on_mapping_change == "backfill"
        return wanted and self.cursor.loaded and not self._by_one_mapping

    @property
    def refreshes(self) -> bool:
        """Whether this run leaves the cursor aside and reads its stream from the beginning."""
        return self.options.full_refresh or self.remaps

    @property
    def reads_all(self) -> bool:
        """Whether this run reads every row there is."""
        known = self.sync.stream.cursor is not None and self.cursor.value is not None
        return self.refreshes or not known

    @property
    def mapped_by(self) -> str | None:
        """Return the mapping version by which every row has come after this run, if it is one."""
        one = self.reads_all or self._by_one_mapping
        return self.sync.mapping.version if one else None

    @property
    def _by_one_mapping(self) -> bool:
        return self.cursor.mapping_version == self.sync.mapping.version

    @contextmanager
    def reading(self, apart: str = "") -> Iterator[tuple[Adapter, Staging]]:
        """Open the adapter and the staging for the time of the run.

        ``apart`` names a staging beside that of the live sync, whose slice stays as it is.
        """
        name = f"{self.sync.name}{apart}"
        store = self.project.staging(name)
        try:
            staging = Staging(store, name, self.sync.model)
            lane = Lane.BACKFILL if self.kind in APART else Lane.SYNC
            adapter = self.project.adapter(self.sync.config.system, lane)
            try:
                with rare_collections():
                    yield adapter, staging
            finally:
                adapter.close()
        finally:
            store.close()

    def ingest(self, now: datetime, as_of: datetime, *, quiet: bool = False) -> Ingest:
        """Return this run's way into the golden records."""
        return Ingest(
            self.sync.model,
            self.project.rankings(self.sync.config.entity),
            self.sync.name,
            self.run_id,
            now,
            as_of,
            quiet,
        )

    def report(
        self,
        ledger: Ledger,
        golden: GoldenCounts,
        cursor_to: str | None,
        lag: Lag | None = None,
    ) -> RunReport:
        """Return what the run did."""
        return RunReport(
            run_id=self.run_id,
            sync=self.sync.name,
            kind=self.kind,
            started_at=self.started_at,
            finished_at=self.options.clock.now(),
            ledger=ledger,
            events=golden.events,
            cursor_from=self.cursor.value,
            cursor_to=cursor_to,
            golden={
                "created": golden.created,
                "updated": golden.updated,
                "merged": golden.merged,
                "deleted": golden.deleted,
            },
            dry_run=self.options.dry_run,
            lag=lag,
            remapped=self.remaps,
        )


@contextmanager
def running(project: Project, sync: BoundSync, kind: RunKind, options: RunOptions) -> Iterator[Run]:
    """Hold the sync's lease for a run, and write down how the run ends."""
    store = project.store(sync.center.name)
    apart = kind if kind in APART else ""
    state = SyncState(store, sync.model.state, sync.name, options.clock, apart)
    cursor = state.acquire(options.patience)
    run_id, started_at = uuid4().hex, options.clock.now()
    run = Run(project, sync, kind, options, run_id, started_at, store, state, cursor)
    try:
        if not options.dry_run:
            state.begin_run(
                RunRow(run_id, sync.name, kind, started_at, sync.mapping.version, project.digest)
            )
        with within(sync=sync.name, connection=sync.system.config.conn_id):
            yield run
    except BaseException as error:
        if isinstance(error, DriftError) and not options.dry_run:
            with suppress(MidspanError), store.write() as connection:
                note_error(connection, sync, error, options.clock.now())
        # Whatever ends the run is written down; if even that fails, the cause goes first.
        with suppress(MidspanError):
            state.fail_run(run_id, error)
        raise
    finally:
        with suppress(MidspanError):
            state.release()
