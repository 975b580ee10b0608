"""A sync's own state in its center: the cursor, the lease, and the ledger of its runs.

The cursor moves only by compare-and-set, in the transaction that applies what was read. The
lease keeps two workers off the same slice; it only saves work, the compare-and-set protects.
A lease whose process is gone from this host is free at once, else when it runs out.

What runs apart from the live sync (a backfill) has a lease of its own, in a row of its own
whose cursor never moves.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from midspan.kernel.clock import Clock
from midspan.kernel.errors import Conflict, MidspanError, SystemClosed
from midspan.store.engine import Store
from midspan.store.load import upsert
from midspan.store.tables import StateTables
from midspan.sync.report import Ledger

LEASE = timedelta(seconds=30)
APART = ("backfill",)
"""The kinds of runs that go on beside the live sync."""

_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class CursorState:
    """How far a sync has read for good. ``loaded``: its first load is done.

    ``as_of`` is the source's clock when the last reading began. ``mapping_version`` is the one
    by which all of the stream was read; None where rows have come by several.
    """

    version: int
    value: str | None
    parts: Mapping[str, str] = field(default_factory=dict)
    loaded: bool = False
    as_of: datetime | None = None
    mapping_version: str | None = None


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as it is written down when it begins."""

    run_id: str
    sync: str
    kind: str
    started_at: datetime
    mapping_version: str
    config_digest: str


class SyncState:
    """Reads and writes one sync's state; ``apart``: the kind of run that has a lease of its own."""

    def __init__(
        self, store: Store, tables: StateTables, sync: str, clock: Clock, apart: str = ""
    ) -> None:
        self._store = store
        self._tables = tables
        self._name = sync
        self._apart = apart
        self._sync = f"{sync}.{apart}" if apart else sync
        self._clock = clock
        self._owner = f"{_this_process()}/{uuid4().hex[:8]}"
        self._renewed = clock.now()

    def acquire(self, patience: timedelta) -> CursorState:
        """Take the lease, waiting up to ``patience``; raise Conflict ``sync.busy`` after it."""
        deadline = self._clock.monotonic() + patience.total_seconds()
        while True:
            state = self._try_acquire()
            if state is not None:
                return state
            if self._clock.monotonic() >= deadline:
                raise Conflict(
                    "sync.busy",
                    "another worker is running this sync",
                    remedy="Wait for it to finish; its lease ends by itself if it has died",
                    sync=self._sync,
                )
            self._clock.sleep(_POLL_SECONDS)

    def renew(self) -> None:
        """Prolong the lease when a third of it has passed; raise Conflict when it was lost."""
        now = self._clock.now()
        if now - self._renewed < LEASE / 3:
            return
        table = self._tables.cursor
        with self._store.write() as connection:
            result = connection.execute(
                update(table)
                .where(table.c.sync == self._sync, table.c.lease_owner == self._owner)
                .values(lease_until=now + LEASE)
            )
        if result.rowcount != 1:
            raise lease_lost(self._sync)
        self._renewed = now

    def release(self) -> None:
        """Give the lease back, if it is still ours."""
        table = self._tables.cursor
        with self._store.write() as connection:
            connection.execute(
                update(table)
                .where(table.c.sync == self._sync, table.c.lease_owner == self._owner)
                .values(lease_owner=None, lease_until=None)
            )

    def hold(self, connection: Connection, before: CursorState) -> None:
        """Keep other workers from the cursor until the caller's transaction ends.

        Raises Conflict if one of them has moved it or holds the lease.
        """
        table = self._tables.cursor
        row = connection.execute(
            select(table.c.version, table.c.lease_owner)
            .where(table.c.sync == self._sync)
            .with_for_update()
        ).one()
        if (row.version, row.lease_owner) != (before.version, self._owner):
            raise lease_lost(self._sync)

    def advance(
        self,
        connection: Connection,
        before: CursorState,
        value: str | None,
        parts: Mapping[str, str],
        as_of: datetime,
        mapping_version: str | None,
    ) -> None:
        """Move the cursor in the caller's transaction; raise Conflict if it was moved."""
        table = self._tables.cursor
        result = connection.execute(
            update(table)
            .where(
                table.c.sync == self._sync,
                table.c.version == before.version,
                table.c.lease_owner == self._owner,
            )
            .values(
                version=before.version + 1,
                value=value,
                parts=parts,
                loaded=True,
                as_of=as_of,
                mapping_version=mapping_version,
            )
        )
        if result.rowcount != 1:
            raise lease_lost(self._sync)

    def set_back(self, connection: Connection, before: CursorState, value: str | None) -> None:
        """Set the cursor back in the caller's transaction; parts begin anew.

        When the source was last read is forgotten: what is read now tells nothing of late rows.
        """
        table = self._tables.cursor
        result = connection.execute(
            update(table)
            .where(
                table.c.sync == self._sync,
                table.c.version == before.version,
                table.c.lease_owner == self._owner,
            )
            .values(version=before.version + 1, value=value, parts={}, as_of=None)
        )
        if result.rowcount != 1:
            raise lease_lost(self._sync)

    def begin_run(self, run: RunRow) -> None:
        """Write the run down, and mark runs that died without a word."""
        table = self._tables.run
        kind = table.c.kind
        mine = kind == self._apart if self._apart else kind.not_in(APART)
        with self._store.write() as connection:
            connection.execute(
                update(table)
                .where(table.c.sync == self._name, table.c.status == "running", mine)
                .values(
                    status="died",
                    finished_at=self._clock.now(),
                    error_code="sync.died",
                    error_message="the process ended before the run did",
                )
            )
            connection.execute(
                insert(table).values(
                    id=run.run_id,
                    sync=run.sync,
                    kind=run.kind,
                    status="running",
                    started_at=run.started_at,
                    mapping_version=run.mapping_version,
                    config_digest=run.config_digest,
                )
            )

    def finish_run(
        self,
        connection: Connection,
        run_id: str,
        ledger: Ledger,
        *,
        events: int,
        cursor_from: str | None = None,
        cursor_to: str | None = None,
        whole: bool | None = None,
    ) -> None:
        """Write the ledger in the transaction that applies the run; ``whole``: it read all rows."""
        table = self._tables.run
        connection.execute(
            update(table)
            .where(table.c.id == run_id)
            .values(
                status="succeeded",
                finished_at=self._clock.now(),
                events=events,
                cursor_from=cursor_from,
                cursor_to=cursor_to,
                whole=whole,
                **ledger.counts,
            )
        )

    def fail_run(self, run_id: str, error: BaseException) -> None:
        """Write down why the run ended without applying anything."""
        table = self._tables.run
        code, message = "sync.unexpected", type(error).__name__
        status = "postponed" if isinstance(error, SystemClosed) else "failed"
        if isinstance(error, MidspanError):
            code, message = error.code, error.message
        with self._store.write() as connection:
            connection.execute(
                update(table)
                .where(table.c.id == run_id, table.c.status == "running")
                .values(
                    status=status,
                    finished_at=self._clock.now(),
                    error_code=code,
                    error_message=message,
                )
            )

    def _try_acquire(self) -> CursorState | None:
        table = self._tables.cursor
        now = self._clock.now()
        with self._store.write() as connection:
            statement = upsert(connection, table).values(
                sync=self._sync, version=0, parts={}, loaded=False
            )
            connection.execute(statement.on_conflict_do_nothing(index_elements=["sync"]))
            row = connection.execute(
                select(table).where(table.c.sync == self._sync).with_for_update()
            ).one()
            if is_held(row.lease_owner, row.lease_until, now) and row.lease_owner != self._owner:
                return None
            connection.execute(
                update(table)
                .where(table.c.sync == self._sync)
                .values(lease_owner=self._owner, lease_until=now + LEASE)
            )
        self._renewed = now
        return CursorState(
            row.version, row.value, row.parts, row.loaded, row.as_of, row.mapping_version
        )


def is_held(owner: str | None, until: datetime | None, now: datetime) -> bool:
    """Return whether a lease is held by a process that is alive, as far as can be told here."""
    return owner is not None and until is not None and until > now and not _is_dead(owner)


def lease_lost(sync: str) -> Conflict:
    """Return the error of a worker that finds another one on its sync."""
    return Conflict(
        "sync.lease_lost",
        "another worker took this sync over; nothing of this run was kept",
        remedy="Let the other worker finish",
        sync=sync,
    )


def _this_process() -> str:
    return f"{socket.gethostname()}/{os.getpid()}/{_start_time(os.getpid())}"


def _is_dead(owner: str) -> bool:
    host, _, rest = owner.partition("/")
    pid, started = rest.split("/")[:2]
    return host == socket.gethostname() and _start_time(int(pid)) != started


def _start_time(pid: int) -> str:
    """Return the kernel's start time of a process, empty when there is none of that pid."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
