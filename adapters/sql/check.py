"""Tries one stream as a sync and a write-back would use it, and changes nothing.

Guarantee: what is said to work was done: a row was read, found again by its own stamp and by
its key, and each change was let in by the database in a transaction that touched no row. What
is missing is named, with the grant that the database's administrator has to give.
"""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from adapters.base import AdapterContext
from adapters.sql.changes import RIGHT_OF
from adapters.sql.reader import StreamReader
from adapters.sql.source import Source
from adapters.sql.statements import Span
from adapters.sql.tables import indexed_columns
from adapters.sql.writer import StreamWriter
from adapters.writing import CAPABILITY_OF
from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
    RecordError,
)
from midspan.kernel.stream import Row, StreamCheck
from midspan.kernel.writing import Capability, WriteKind

_FINDINGS = (AccessDenied, DriftError, ProtocolError, RecordError)
_FUTURE = timedelta(days=366)


class StreamChecker:
    """Checks one stream; ``able`` are its capabilities, ``now`` is the source's clock."""

    def __init__(
        self,
        context: AdapterContext,
        source: Source,
        reader: StreamReader,
        writer: StreamWriter,
        able: frozenset[Capability],
        now: datetime | None,
    ) -> None:
        self._login = context.connection.login
        self._source, self._reader, self._writer = source, reader, writer
        self._able, self._now = able, now
        self._remarks: list[str] = []
        self._rights: list[tuple[str, str]] = []

    def check(self, *, deep: bool) -> StreamCheck:
        """Return what was found; errors of the system as a whole pass."""
        name = self._source.stream.name
        try:
            row = self._any_row(deep=deep)
            if deep:
                self._try_reading(row)
        except _FINDINGS as error:
            if isinstance(error, AccessDenied):
                self._rights.append(("SELECT", self._source.bare.target))
            return StreamCheck(name, False, str(error), None, self._grant(), tuple(self._remarks))
        if not deep or self._source.stream.write is None:
            return StreamCheck(name, True, remarks=tuple(self._remarks))
        problems = list(self._write_problems())
        self._remark_on_reference()
        return StreamCheck(
            name, True, "; ".join(problems), not problems, self._grant(), tuple(self._remarks)
        )

    def _any_row(self, *, deep: bool) -> Row | None:
        statements = self._source.statements
        stamped = self._source.stamps if deep else None
        rows = self._reader.few(statements.one(stamped))
        if not rows and stamped:
            rows = self._reader.few(statements.one())
            if rows:
                self._remarks.append("no row has a stamp: each is read every time")
        if not rows and deep:
            self._remarks.append("there is no row to try it with")
        return rows[0] if rows else None

    def _try_reading(self, row: Row | None) -> None:
        source = self._source
        if row is not None:
            self._try_key(row)
            self._try_changes(row)
        names = source.stream.primary_key
        row_values = source.sessions.driver.row_values
        source.ask(source.bare.page(names, None, Span(), 2, row_values=row_values))

    def _try_key(self, row: Row) -> None:
        source = self._source
        key = source.key_of(row)
        found = self._reader.few(source.statements.records([key], source.key_kinds))
        name, target = source.stream.name, source.bare.target
        if not found:
            raise ProtocolError(
                "sql.key_unfound",
                f"a row of {target} is not found by its own key",
                remedy="Declare a primary_key that compares with itself",
                stream=name,
            )
        if len(found) > 1:
            raise ProtocolError(
                "sql.key_not_unique",
                f"{len(found)} rows of {target} share one key",
                remedy="Declare a primary_key that tells the rows apart",
                stream=name,
            )

    def _try_changes(self, row: Row) -> None:
        source, cursor = self._source, self._source.stream.cursor
        if cursor is None:
            return
        values = [row[source.columns.index(name)] for name in cursor.fields]
        stamp = cursor.codec.first(values)
        if stamp is None:
            return
        since = source.since(cursor.codec.render(stamp))
        key = [source.key_of(row)]
        if not self._reader.few(source.statements.records(key, source.key_kinds, since)):
            raise ProtocolError(
                "sql.cursor_unfound",
                f"{source.bare.target}: a row is not found from its own stamp on",
                remedy="Check the cursor's type, zone and format",
                stream=source.stream.name,
            )
        self._remark_on_future(cursor.type)
        self._remark_on_index(cursor.fields[0], "each sync searches the whole of it for changes")

    def _remark_on_future(self, kind: str) -> None:
        source, cursor = self._source, self._source.stream.cursor
        if cursor is None or self._now is None or kind not in ("datetime", "date"):
            return
        ahead = cursor.codec.at(self._now + _FUTURE)
        since = source.since(cursor.codec.render(ahead)) if ahead else None
        if since is not None and self._reader.few(source.statements.later(since)):
            self._remarks.append("rows have stamps more than a year ahead of the source's clock")

    def _remark_on_index(self, column: str, cost: str) -> None:
        options = self._source.stream.options
        if options.table is None:
            return
        with suppress(MidspanError):
            if column not in indexed_columns(self._source, options.table):
                target = self._source.bare.target
                self._remarks.append(f"no index of {target} begins with '{column}': {cost}")

    def _write_problems(self) -> Iterator[str]:
        for kind, capability in CAPABILITY_OF.items():
            if capability in self._able and (problem := self._refusal(kind)):
                yield problem
        missing = self._not_able()
        if missing:
            yield missing
        if self._source.reference is not None and (problem := self._reference_problem()):
            yield problem

    def _not_able(self) -> str:
        write = self._source.stream.write
        if write is None or all(CAPABILITY_OF[kind] in self._able for kind in write.operations):
            return ""
        if write.reference is None and "create" in write.operations:
            return "nothing is created without write.reference"
        return "a query cannot be written to: name the table with 'into'"

    def _refusal(self, kind: WriteKind) -> str:
        try:
            self._writer.try_to(kind)
        except AccessDenied as error:
            self._rights.append((RIGHT_OF[kind], self._writer.changes.target))
            return str(error)
        except RecordError:
            # The right is there; a strict database misses values, even of no row.
            return ""
        except _FINDINGS as error:
            return str(error)
        return ""

    def _reference_problem(self) -> str:
        """Look for a reference that nobody has."""
        unknown = f"midspan-{secrets.token_hex(12)}"
        try:
            found = self._writer.found(unknown)
        except _FINDINGS as error:
            return f"write.reference cannot be searched for: {error}"
        if not found:
            return ""
        return (
            f"a reference that nobody has is found in '{self._source.reference}': the column"
            " must hold texts, as they are"
        )

    def _remark_on_reference(self) -> None:
        if self._source.reference is not None:
            self._remark_on_index(self._source.reference, "each look-up searches the whole of it")

    def _grant(self) -> str:
        tables = dict.fromkeys(table for _, table in self._rights)
        return "; ".join(
            f"GRANT {', '.join(right for right, of in self._rights if of == table)}"
            f" ON {table} TO {self._login}"
            for table in tables
        )
