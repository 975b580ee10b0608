"""Relational databases: tables, views and queries of whatever SQLAlchemy can speak to.

Guarantee: reading writes nothing and leaves nothing behind: its sessions are read-only where
the database has that, and no transaction outlives its statement (``adapters.sql.reader``). Each
batch passes the gate; a reading that breaks goes on behind the last batch. A change has a
session and a transaction of its own (``adapters.sql.writer``).

A position is the key of the last row that was handed out, or one such key for each range that
is read at once. Slices by key go on at the number of keys done. Texts arrive as they are
stored: CHAR padding is the mapping's to strip.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa

from adapters.base import AdapterContext, chosen, known_stream
from adapters.sql.changes import written_table
from adapters.sql.check import StreamChecker
from adapters.sql.dialects import driver_for
from adapters.sql.discover import Discovery
from adapters.sql.errors import translate
from adapters.sql.reader import StreamReader
from adapters.sql.sessions import Sessions, asked
from adapters.sql.source import Source
from adapters.sql.spec import SqlSpec, SqlStreamSpec
from adapters.sql.writer import StreamWriter
from adapters.writing import CAPABILITY_OF, require
from midspan.kernel.catalog import Catalog
from midspan.kernel.gate import Timeouts
from midspan.kernel.stream import Batch, CheckReport, Key, Position, Slice
from midspan.kernel.writing import Capability, Record, WriteOperation, WriteResult

_READING = (Capability.READ, Capability.BY_KEY, Capability.KEYS)


class SqlAdapter:
    """Reads and writes one database."""

    spec: ClassVar[type] = SqlSpec
    stream_spec: ClassVar[type] = SqlStreamSpec

    def __init__(self, context: AdapterContext) -> None:
        options: SqlSpec = context.options
        self._context = context
        driver = driver_for(context.connection, options.encoding, native=options.native)
        self._sessions = Sessions(driver, context.connection)
        self._writing = Sessions(driver, context.connection, writing=True)
        self._sources = {
            name: Source(context, self._sessions, stream)
            for name, stream in context.streams.items()
        }
        self._readers = {name: StreamReader(source) for name, source in self._sources.items()}

    def capabilities(self, stream: str) -> frozenset[Capability]:
        """Return what can be done with a stream: writing as far as there is a table for it."""
        bound = known_stream(self._sources, stream).stream
        able = {*_READING, *([Capability.CHANGES] if bound.cursor else [])}
        if bound.write and written_table(bound.options):
            able |= {CAPABILITY_OF[kind] for kind in bound.write.operations}
        if bound.write is None or bound.write.reference is None:
            return frozenset(able - {Capability.CREATE})
        return frozenset({*able, Capability.LOOKUP})

    def check(self, streams: Sequence[str] | None = None, *, deep: bool = False) -> CheckReport:
        """Log in and read one row of each stream asked about and of its parts.

        ``deep`` also tries its filter, its keys and its changes, which changes nothing.
        """
        self._context.gate.call(self._context.lane, self._log_in)
        now = self.now() if deep else None
        wanted = chosen(self._readers, streams)
        return CheckReport(tuple(self._checker(name, now).check(deep=deep) for name in wanted))

    def discover(self, streams: Sequence[str] | None = None) -> Catalog:
        """Return the tables and views that the user can see, and the configured queries."""
        self._context.gate.call(self._context.lane, self._log_in)
        return Discovery(self._context, self._sources, self._sessions, self.now()).run(streams)

    def now(self) -> datetime | None:
        """Return the database's own clock; None where it is not known how to ask for it."""
        driver = self._sessions.driver
        if driver.clock is None:
            return None
        statement = sa.text(driver.clock.replace(":", "\\:"))

        def operation(timeouts: Timeouts) -> datetime | None:
            answer = asked(self._sessions, timeouts, statement, "", "the clock")
            return driver.instant(answer.rows[0][0])

        return self._context.gate.call(self._context.lane, operation)

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        """Yield the slice's rows in the order of their keys, or of several ranges of keys."""
        reader = known_stream(self._readers, stream)
        if part.keys is not None:
            return reader.records(part.keys, position)
        return reader.slice(part.lower, position)

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        """Yield every key, counted against the database's own number."""
        return known_stream(self._readers, stream).keys()

    def write(self, stream: str, operation: WriteOperation, reference: str) -> WriteResult:
        """Make one change in a transaction of its own."""
        require(self.capabilities(stream), stream, operation)
        return self._writer(stream).write(operation, reference)

    def lookup(self, stream: str, reference: str) -> Record | None:
        """Return the record that carries a reference."""
        return self._writer(stream).lookup(reference)

    def close(self) -> None:
        """Cancel what runs, from any thread, and close the connections; never raises."""
        self._sessions.close()
        self._writing.close()

    def _log_in(self, timeouts: Timeouts) -> None:
        try:
            with self._sessions.lent(timeouts):
                return
        except self._sessions.failures as error:
            self._sessions.refuse_closed()
            raise translate(error) from None

    def _writer(self, stream: str) -> StreamWriter:
        source = known_stream(self._sources, stream)
        return StreamWriter(self._context, source, self._readers[stream], self._writing)

    def _checker(self, stream: str, now: datetime | None) -> StreamChecker:
        source, reader = self._sources[stream], self._readers[stream]
        able = self.capabilities(stream)
        return StreamChecker(self._context, source, reader, self._writer(stream), able, now)
