"""Writes one stream's records: each change is a transaction of its own.

Guarantee: a change is sent once. What was not committed did not happen, where the database
has transactions at all; a commit whose answer is lost is uncertain. Reading sessions stay
read-only: changes have their own, in which the database refuses what it would else cut off.
"""

from functools import cached_property
from typing import Any

import sqlalchemy as sa

from adapters.base import AdapterContext
from adapters.sql.changes import RIGHT_OF, Changes
from adapters.sql.errors import translate
from adapters.sql.reader import StreamReader
from adapters.sql.sessions import Sessions
from adapters.sql.source import Source
from adapters.sql.values import as_record
from adapters.writing import carried, confirmed, no_record, once, only_one
from midspan.kernel.errors import MidspanError, ProtocolError, RecordError, TransientError
from midspan.kernel.gate import Timeouts
from midspan.kernel.stream import Row
from midspan.kernel.writing import Record, WriteKind, WriteOperation, WriteResult

_MOST_ALIKE = 100
_NOTHING_DONE = "sql.busy"  # the database itself says that it gave the change up


class StreamWriter:
    """Sends changes and finds them again."""

    def __init__(
        self, context: AdapterContext, source: Source, reader: StreamReader, sessions: Sessions
    ) -> None:
        self._gate, self._lane = context.gate, context.lane
        self._source, self._reader = source, reader
        self._sessions = sessions

    @cached_property
    def changes(self) -> Changes:
        """Return the statements of changes, where there is a table for them."""
        return Changes(self._source.spec, self._source.stream, self._sessions.driver)

    def write(self, operation: WriteOperation, reference: str) -> WriteResult:
        """Make one change; a create is certain when it is found by its reference."""
        stream = self._source.stream
        values = carried(stream, operation, reference)
        if operation.kind == "update" and not values:
            raise RecordError(
                "adapter.write_refused", "an update without a value", stream=stream.name
            )
        statement = self.changes.change(operation, values, self._source.key_kinds)

        def send(timeouts: Timeouts) -> None:
            self._send(timeouts, operation, statement)

        self._gate.call(self._lane, once(stream.name, send))
        if operation.kind == "create":
            return confirmed(stream, reference, lambda _, wanted: self.lookup(wanted))
        key = zip(stream.primary_key, operation.key or (), strict=True)
        return WriteResult(tuple(values.get(name, part) for name, part in key))

    def lookup(self, reference: str) -> Record | None:
        """Return the record that carries a reference; several are refused."""
        columns, keys = self._source.columns, self._source.keys
        # A collation may hold another reference equal, which differs in its case alone.
        rows = [row for row in self.found(reference) if str(row[-1]).strip() == reference]
        records = [as_record(columns, row[:-1], keys) for row in rows]
        return only_one(self._source.stream.name, records)

    def found(self, reference: str) -> list[Row]:
        """Return what the database finds by a reference, which stands last in each row."""
        field = self._source.reference
        if field is None:
            return []
        return self._reader.few(self._source.statements.carrying(field, reference, _MOST_ALIKE))

    def try_to(self, kind: WriteKind) -> None:
        """Do as if, so that the database says whether this may be done; nothing changes."""

        def operation(timeouts: Timeouts) -> None:
            try:
                with self._sessions.lent(timeouts) as connection:
                    connection.execute(self.changes.proof(kind))
            except self._sessions.failures as error:
                raise self._told(error, kind) from None

        self._gate.call(self._lane, operation)

    def _send(self, timeouts: Timeouts, operation: WriteOperation, statement: Any) -> None:
        with self._sessions.bounded(timeouts):
            connection = self._taken(timeouts)
            kept = self._done(connection, operation, statement)
        (self._sessions.give if kept else self._sessions.drop)(connection)

    def _done(self, connection: sa.Connection, operation: WriteOperation, statement: Any) -> bool:
        """Make the change; return whether the connection may be used for the next one."""
        try:
            found = self._executed(connection, operation, statement)
            self._refuse_unless_one(found, operation)
            self._commit(connection, operation.kind)
        except BaseException:
            self._sessions.drop(connection)
            raise
        # One that the server has closed meanwhile would leave the next change uncertain.
        return self._sessions.driver.transactional

    def _taken(self, timeouts: Timeouts) -> sa.Connection:
        try:
            return self._sessions.take(timeouts)
        except self._sessions.failures as error:
            raise self._nothing_done(self._told(error, "update")) from None

    def _executed(
        self, connection: sa.Connection, operation: WriteOperation, statement: Any
    ) -> int:
        """Return how many records the statement met."""
        counts = operation.kind != "create" and connection.dialect.supports_sane_rowcount
        counted = 1
        try:
            if operation.kind != "create" and not counts:
                counting = self.changes.count(operation.key or (), self._source.key_kinds)
                counted = int(connection.execute(counting).scalar_one())
            done = connection.execute(statement).rowcount
        except self._sessions.failures as error:
            told = self._told(error, operation.kind)
            certain = self._sessions.driver.transactional or told.code == _NOTHING_DONE
            raise (self._nothing_done(told) if certain else told) from None
        return done if counts else counted

    def _commit(self, connection: sa.Connection, kind: WriteKind) -> None:
        try:
            connection.commit()
        except self._sessions.failures as error:
            told = self._told(error, kind)
            raise (self._nothing_done(told) if told.code == _NOTHING_DONE else told) from None

    def _refuse_unless_one(self, found: int, operation: WriteOperation) -> None:
        if found == 0:
            raise no_record(self._source.stream.name, operation.kind)
        if found > 1:
            raise ProtocolError(
                "sql.key_not_unique",
                f"{found} rows of {self.changes.target} share the key to {operation.kind}",
                remedy="Declare a primary_key that tells the rows apart",
                stream=self._source.stream.name,
            )

    def _told(self, error: BaseException, kind: WriteKind) -> MidspanError:
        self._sessions.refuse_closed()
        return translate(error, self._source.stream.name, self.changes.target, RIGHT_OF[kind])

    @staticmethod
    def _nothing_done(told: MidspanError) -> MidspanError:
        if isinstance(told, TransientError):
            told.acted = False
        return told
