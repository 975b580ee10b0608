"""Connections to one database, each used by one reading at a time.

Guarantee: a connection that is given back holds no transaction; one that broke, or whose
statement was left before its end, is cancelled on the server and closed. ``close`` may be
called while another thread reads: its statement is cancelled, and nothing opens any more.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from adapters.sql.dialects import missing_driver
from adapters.sql.driver import Driver, RowStream, raw
from adapters.sql.errors import translate
from adapters.sql.guard import Guard, guarded, in_time, line_of, sever
from config.connections import Connection as Place
from midspan.kernel.errors import MidspanError
from midspan.kernel.gate import Timeouts
from midspan.kernel.stream import Row

_LOG = "midspan"
_GRACE_SECONDS = 1.0
_LEAVE_SECONDS = 2.0
# SQLAlchemy would log every row, whoever sets the level.
logging.getLogger(f"sqlalchemy.engine.Engine.{_LOG}").addFilter(
    lambda record: record.levelno >= logging.WARNING
)


class Sessions:
    """A small stock of connections, opened when one is needed; ``writing`` ones may write."""

    def __init__(self, driver: Driver, place: Place, *, writing: bool = False) -> None:
        self.driver = driver
        self.writing = writing
        self._place = place
        self._engine: sa.Engine | None = None
        self._idle: list[sa.Connection] = []
        self._busy: dict[sa.Connection, int | None] = {}
        self._closed = False
        self._lock = threading.Lock()
        self._here = threading.local()
        self._connecting = 0.0

    @property
    def failures(self) -> tuple[type[BaseException], ...]:
        """Return the classes of foreign errors that this database raises."""
        module = self._engine.dialect.loaded_dbapi if self._engine else None
        own = (module.Error,) if module is not None else ()
        return (SQLAlchemyError, OSError, UnicodeDecodeError, *own)

    @contextmanager
    def bounded(
        self, timeouts: Timeouts, connection: sa.Connection | None = None
    ) -> Iterator[None]:
        """Bound what this thread does with a connection, one that it takes meanwhile, too.

        The server's own limit is the same; ours is a moment later, for a server that is gone.
        """
        own = None if connection is None else raw(connection)
        with guarded(timeouts.total + _GRACE_SECONDS, own) as guard:
            self._here.guard = guard
            try:
                yield
            finally:
                self._here.guard = None

    def take(self, timeouts: Timeouts) -> sa.Connection:
        """Return a connection for the caller alone."""
        with self._lock:
            self._refuse_closed()
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._open(timeouts)
        self._watch(raw(connection))
        with self._lock:
            self._busy[connection] = line_of(raw(connection))
        return connection

    def give(self, connection: sa.Connection) -> None:
        """Take a connection back that is in order."""
        with self._lock:
            self._busy.pop(connection, None)
            if not self._closed:
                self._idle.append(connection)
                return
        self._shut(connection)

    def drop(self, connection: sa.Connection, rows: RowStream | None = None) -> None:
        """End what the server still does for a connection, and close it; never raises.

        ``rows`` are those that it was about to deliver.
        """
        self._watch(None)
        with self._lock:
            self._busy.pop(connection, None)
            cancelled = self._closed
            # What broke one may have broken all: a repetition begins with a new one.
            idle, self._idle = self._idle, []
        for other in idle:
            self._shut(other)
        if not cancelled:
            self.cancel(connection)
        if rows is not None:
            with guarded(_LEAVE_SECONDS, self._own(connection)), suppress(*self.failures):
                rows.leave()
        self._shut(connection)

    @contextmanager
    def lent(self, timeouts: Timeouts) -> Iterator[sa.Connection]:
        """Lend a connection for one short statement."""
        with self.bounded(timeouts):
            connection = self.take(timeouts)
            try:
                yield connection
                connection.rollback()
            except BaseException:
                self.drop(connection)
                raise
        self.give(connection)

    def close(self) -> None:
        """Cancel what runs and close every connection; never raises.

        Where the server cannot be told in time, the waiting for it is ended here.
        """
        with self._lock:
            self._closed = True
            busy, idle = list(self._busy), self._idle
            self._idle = []
        self._cancel(busy)
        with self._lock:
            # Whoever is in here has not closed its connection yet, and waits for this lock.
            for line in self._busy.values():
                sever(line)
        for connection in idle:
            self._shut(connection)

    def refuse_closed(self) -> None:
        """Raise when ``close`` was called: what fails now was cancelled by us."""
        with self._lock:
            self._refuse_closed()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise MidspanError("sql.closed", "the reading was cancelled")

    def _open(self, timeouts: Timeouts) -> sa.Connection:
        connection = self._made_engine(timeouts).connect()
        try:
            self.driver.prepare(connection, timeouts, writing=self.writing)
        except BaseException:
            self._watch(None)
            self._shut(connection)
            raise
        return connection

    def _made_engine(self, timeouts: Timeouts) -> sa.Engine:
        self._connecting = timeouts.total
        with self._lock:
            if self._engine is None:
                try:
                    self._engine = sa.create_engine(
                        self.driver.url(self._place, writing=self.writing),
                        poolclass=NullPool,
                        logging_name=_LOG,
                        hide_parameters=True,
                        connect_args=self.driver.connect_arguments(timeouts),
                    )
                except (NoSuchModuleError, ImportError):
                    raise missing_driver(self.driver.name) from None
                # SQLAlchemy asks a new connection about its server before it hands it over.
                event.listen(self._engine, "do_connect", self._connect)
            return self._engine

    def _connect(self, dialect: sa.Dialect, _record: Any, arguments: Any, options: Any) -> Any:
        def connect() -> Any:
            return dialect.connect(*arguments, **options)

        own = in_time(self._connecting, connect, lambda late: late.close())
        self._watch(own)
        return own

    def _watch(self, own: Any) -> None:
        guard: Guard | None = getattr(self._here, "guard", None)
        if guard is not None:
            guard.watch(own)

    def _own(self, connection: sa.Connection) -> Any:
        """Return the driver's own connection, None when there is none any more."""
        if connection.closed or connection.invalidated:
            return None
        return raw(connection)

    def cancel(self, connection: sa.Connection) -> None:
        """End what the server does for a connection, from any thread; never raises."""
        self._cancel([connection])

    def _cancel(self, connections: Sequence[sa.Connection]) -> None:
        """Tell the server, and wait for it no longer than for one answer."""
        tellers = [
            threading.Thread(target=self._tell, args=(one,), daemon=True) for one in connections
        ]
        until = time.monotonic() + _LEAVE_SECONDS
        for teller in tellers:
            teller.start()
        for teller in tellers:
            teller.join(max(until - time.monotonic(), 0))

    def _tell(self, connection: sa.Connection) -> None:
        # The server may be gone, or have ended the statement by itself.
        with suppress(*self.failures):
            if not connection.closed and not connection.invalidated:
                self.driver.cancel(connection)

    def _shut(self, connection: sa.Connection) -> None:
        with suppress(*self.failures):
            connection.invalidate()
        with suppress(*self.failures):
            connection.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a short statement tells: its rows, its columns, and the driver's word about them."""

    rows: list[Row]
    columns: tuple[str, ...]
    description: Sequence[Sequence[Any]]


def asked(
    sessions: Sessions, timeouts: Timeouts, statement: Any, stream: str, target: str
) -> Answer:
    """Return what one short statement tells; foreign errors translated."""
    try:
        with sessions.lent(timeouts) as connection:
            result = connection.execute(statement)
            description = result.cursor.description if result.cursor is not None else ()
            names = tuple(result.keys())
            return Answer([tuple(row) for row in result], names, description)
    except sessions.failures as error:
        sessions.refuse_closed()
        raise translate(error, stream, target) from None
