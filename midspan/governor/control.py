"""The control store: what all processes and machines know together about each system.

``gate`` has one row a system: its state (calls, waiting callers, breaker) as one value, and
its pause; ``catalog`` beside it is what was discovered of the systems. Whoever changes a state
locks its row, decides, and commits at once: no remote call and no wait happens under the lock,
and nobody waits longer than ``LOCK_SECONDS`` for it.

The clock is the database's, read after the lock is held; embedded, that is this machine's.
Embedded, the store is a file of its own, so that no other store's writer holds it up. It
does not wait for the disk: after a power cut no caller of before is left to be counted, and
a pause is forced to the disk before it is confirmed.
"""

import random
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    MetaData,
    Row,
    Table,
    bindparam,
    event,
    literal_column,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError

from midspan.governor.catalogs import Catalogs, catalog_table
from midspan.governor.state import Breaker, GateState, load
from midspan.kernel.errors import TransientError
from midspan.store.engine import Store, open_store, store_file
from midspan.store.load import upsert
from midspan.store.revision import Revision
from midspan.store.types import column

SCHEMA = "control"
LOCK_SECONDS = 0.025

REVISION = Revision("control", "1")
METADATA = MetaData(schema=SCHEMA)
GATE = Table(
    "gate",
    METADATA,
    column("system", "string", primary_key=True),
    column("state", "string", nullable=False),
    column("paused_at", "datetime"),
    column("paused_by", "string"),
    column("paused_why", "string"),
)
CATALOG = catalog_table(METADATA)

T = TypeVar("T")
_PATIENCE = 10.0
_STRANDED = "2s"
_CHECKPOINT_EVERY = 256
_LOCK_NOT_AVAILABLE = "55P03"
_SQLITE_NOW = "(julianday('now') - 2440587.5) * 86400.0"
_POSTGRES_NOW = "extract(epoch from clock_timestamp())::float8"


@dataclass(frozen=True, slots=True)
class Pause:
    """Somebody stopped all calls into a system."""

    at: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A system's row at a moment, ``now``, of the database's clock."""

    state: GateState
    pause: Pause | None
    now: float


class ControlStore:
    """Reads and changes the rows; shared by the threads of a process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        now = literal_column(_SQLITE_NOW if store.embedded else _POSTGRES_NOW, Float)
        row = select(GATE).where(GATE.c.system == bindparam("name"))
        # On PostgreSQL the row is locked inside, before the clock is read outside.
        self._locked = _with_clock(row.with_for_update(), now)
        self._plain = _with_clock(row, now)
        self._save = update(GATE).where(GATE.c.system == bindparam("name"))

    def create(self, system: str) -> None:
        """Make sure that a system has its row."""
        with self._store.read() as connection:
            if connection.execute(self._plain, {"name": system}).first():
                return

        def insert(connection: Connection) -> None:
            statement = upsert(connection, GATE).values(system=system, state=GateState().dump())
            connection.execute(statement.on_conflict_do_nothing(index_elements=["system"]))

        patiently(lambda: self._write(insert))

    def look(self, system: str) -> Seen | None:
        """Return a system's row; None when it was never called."""
        with self._store.read(once=True) as connection:
            row = connection.execute(self._plain, {"name": system}).first()
        return _seen(row) if row else None

    def change(self, system: str, decide: Callable[[Seen], T]) -> T:
        """Let ``decide`` change a system's state under its lock, and keep what it did.

        When it raises, nothing is kept. Raises TransientError ``store.unavailable`` when the
        store is out of reach; ``is_busy`` tells whether only the lock was.
        """

        def run(connection: Connection) -> T:
            row = connection.execute(self._locked, {"name": system}).one()
            seen = _seen(row)
            result = decide(seen)
            state = seen.state.dump()
            if state != row.state:
                connection.execute(self._save, {"name": system, "state": state})
            return result

        return self._write(run)

    def pause(self, system: str, by: str, why: str) -> None:
        """Stop all calls into a system until ``resume``."""
        self._set_pause(system, Pause(datetime.now(UTC), by, why))

    def resume(self, system: str) -> None:
        """Let calls into a system begin again, whatever its breaker remembers."""
        self._set_pause(system, None)
        patiently(lambda: self.change(system, _forgive))

    @property
    def catalogs(self) -> Catalogs:
        """Return what was discovered of the systems."""
        return Catalogs(
            CATALOG, self._store.read, lambda work: patiently(lambda: self._write(work))
        )

    def tidy(self) -> None:
        """Now and then move what was written from the journal into the file."""
        if self._store.embedded and random.randrange(_CHECKPOINT_EVERY) == 0:  # noqa: S311 no secret
            self._checkpoint()

    def close(self) -> None:
        """Give back every connection."""
        self._store.close()

    def _set_pause(self, system: str, pause: Pause | None) -> None:
        values: dict[str, Any] = {
            "paused_at": pause.at if pause else None,
            "paused_by": pause.by if pause else None,
            "paused_why": pause.why if pause else None,
        }
        self.create(system)
        patiently(
            lambda: self._write(lambda one: one.execute(self._save, {"name": system, **values}))
        )
        if self._store.embedded:
            self._checkpoint()

    def _write(self, work: Callable[[Connection], T]) -> T:
        with self._store.write() as connection:
            return work(connection)

    def _checkpoint(self) -> None:
        raw = self._store.engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            raw.close()


def open_control(url: str | None, folder: Path) -> ControlStore:
    """Open the control store: ``folder/control.db``, or the schema at a PostgreSQL ``url``."""
    store = open_store(url, folder, SCHEMA)
    event.listen(store.engine, "connect", _short_locks_sqlite if store.embedded else _short_locks)
    patiently(lambda: store.create(METADATA, REVISION))
    return ControlStore(store)


def control_file(folder: Path) -> Path:
    """Return the file of an embedded control store."""
    return store_file(folder, SCHEMA)


def is_busy(error: TransientError) -> bool:
    """Whether the store is well, and only somebody else's lock was in the way."""
    cause = error.__cause__
    if not isinstance(cause, DBAPIError):
        return False
    if isinstance(cause.orig, sqlite3.Error):
        return getattr(cause.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
    return getattr(cause.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def patiently(work: Callable[[], T], patience: float = _PATIENCE) -> T:
    """Repeat ``work`` while the store is busy."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return work()
        except TransientError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
        time.sleep(random.uniform(0.2, 1) * LOCK_SECONDS)  # noqa: S311 no secret


def _forgive(seen: Seen) -> None:
    seen.state.breaker = Breaker()


def _with_clock(row: Any, now: ColumnElement[float]) -> Any:
    return select(row.cte("one"), now.label("now"))


def _seen(row: "Row[Any]") -> Seen:
    pause = None
    if row.paused_at is not None:
        pause = Pause(row.paused_at, row.paused_by, row.paused_why)
    return Seen(load(row.state), pause, row.now)


def _short_locks_sqlite(raw: Any, _record: Any) -> None:
    # Checkpoints wait for the disk: tidy() makes them, at a moment when nobody waits for it.
    milliseconds = int(LOCK_SECONDS * 1000)
    for pragma in (f"busy_timeout={milliseconds}", "synchronous=NORMAL", "wal_autocheckpoint=0"):
        raw.execute(f"PRAGMA {pragma}")


def _short_locks(raw: Any, _record: Any) -> None:
    # A worker that stops with the lock in its hand loses it.
    raw.execute(f"SET lock_timeout = '{int(LOCK_SECONDS * 1000)}ms'")
    raw.execute(f"SET idle_in_transaction_session_timeout = '{_STRANDED}'")
    raw.commit()
