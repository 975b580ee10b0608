"""Relational databases: tables, views and queries of whatever SQLAlchemy can speak to.

Guarantee: nothing is written and nothing is left behind: sessions are read-only where the
database has that, and no transaction outlives its statement (``adapters.sql.reader``). Each
batch passes the gate; a reading that breaks goes on behind the last batch.

A position is the key of the last row that was handed out. Slices by key go on at the number
of keys done. Texts arrive as they are stored: CHAR padding is the mapping's to strip.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa

from adapters.base import AdapterContext
from adapters.sql.dialects import driver_for
from adapters.sql.reader import StreamReader
from adapters.sql.sessions import Sessions, asked
from adapters.sql.spec import SqlSpec, SqlStreamSpec
from config.binding import nearest
from midspan.kernel.errors import AccessDenied, DriftError, MidspanError, ProtocolError
from midspan.kernel.gate import Timeouts
from midspan.kernel.stream import Batch, CheckReport, Key, Position, Slice, StreamCheck


class SqlAdapter:
    """Reads one database."""

    spec: ClassVar[type] = SqlSpec
    stream_spec: ClassVar[type] = SqlStreamSpec

    def __init__(self, context: AdapterContext) -> None:
        options: SqlSpec = context.options
        self._context = context
        driver = driver_for(context.connection, options.encoding, native=options.native)
        self._sessions = Sessions(driver, context.connection)
        self._readers = {
            name: StreamReader(context, self._sessions, stream)
            for name, stream in context.streams.items()
        }

    def check(self, streams: Sequence[str] | None = None) -> CheckReport:
        """Log in and read one row of each stream asked about and of its parts."""
        self._context.gate.call(self._context.lane, self._log_in)
        wanted = [
            name
            for name in self._readers
            if streams is None or name in streams or name.partition(".")[0] in streams
        ]
        return CheckReport(tuple(self._check(name) for name in wanted))

    def now(self) -> datetime | None:
        """Return the database's own clock; None where it is not known how to ask for it."""
        driver = self._sessions.driver
        if driver.clock is None:
            return None
        statement = sa.text(driver.clock.replace(":", "\\:"))

        def operation(timeouts: Timeouts) -> datetime | None:
            ((told,),), _ = asked(self._sessions, timeouts, statement, "", "the clock")
            return driver.instant(told)

        return self._context.gate.call(self._context.lane, operation)

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        """Yield the slice's rows in the order of their keys."""
        reader = self._reader(stream)
        if part.keys is not None:
            return reader.records(part.keys, position)
        return reader.slice(part.lower, position)

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        """Yield every key, counted against the database's own number."""
        return self._reader(stream).keys()

    def close(self) -> None:
        """Cancel what runs, from any thread, and close the connections; never raises."""
        self._sessions.close()

    def _log_in(self, timeouts: Timeouts) -> None:
        try:
            with self._sessions.lent(timeouts):
                return
        except self._sessions.failures as error:
            self._sessions.refuse_closed()
            from adapters.sql.errors import translate

            raise translate(error) from None

    def _check(self, name: str) -> StreamCheck:
        try:
            self._readers[name].try_one()
        except (AccessDenied, DriftError, ProtocolError) as error:
            return StreamCheck(name, readable=False, problem=str(error))
        return StreamCheck(name, readable=True)

    def _reader(self, stream: str) -> StreamReader:
        if stream in self._readers:
            return self._readers[stream]
        raise MidspanError(
            "adapter.unknown_stream",
            f"there is no stream '{stream}'",
            remedy=nearest(stream, list(self._readers)),
        )
