"""One stream's statements and the way they are asked, shared by whoever reads or writes it.

Guarantee: each statement passes the gate, and every foreign error is translated. Only the
columns that are mapped, with key and cursor, are asked for; where none are named, the database
is asked once which there are.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from adapters.base import AdapterContext, BoundStream
from adapters.sql.sessions import Answer, Sessions, asked
from adapters.sql.spec import SqlSpec
from adapters.sql.statements import Statements
from adapters.sql.values import Kind, lower_value
from midspan.kernel.gate import Timeouts
from midspan.kernel.stream import Key


class Source:
    """A stream as the database knows it. ``bare`` statements know key and cursor alone."""

    def __init__(self, context: AdapterContext, sessions: Sessions, stream: BoundStream) -> None:
        self.spec: SqlSpec = context.options
        self.stream = stream
        self.sessions = sessions
        self.gate, self.lane = context.gate, context.lane
        reference = stream.write.reference if stream.write else None
        self.reference = reference
        self._extra = (reference,) if reference else ()
        self.bare = Statements(self.spec, stream, self._extra)
        self.subject = (stream.name, self.bare.target)

    @cached_property
    def statements(self) -> Statements:
        """Return the statements that read every column which is wanted."""
        if self.stream.columns:
            return self.bare
        names = self.ask(self.bare.whole()).columns
        return Statements(self.spec, replace(self.stream, columns=names), self._extra)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns that are read."""
        return self.statements.columns

    @cached_property
    def keys(self) -> list[int]:
        """Return the key's places in a row."""
        return [self.columns.index(name) for name in self.stream.primary_key]

    @cached_property
    def key_kinds(self) -> list[Kind]:
        """Return what the key's columns hold."""
        return self._kinds[: len(self.stream.primary_key)]

    @cached_property
    def _kinds(self) -> list[Kind]:
        described = self.ask(self.bare.describe()).description
        return self.sessions.driver.kinds(described)

    def lower(self, lower: str | None) -> Any:
        """Return a slice's lower bound as the cursor's column compares it."""
        cursor = self.stream.cursor
        if lower is None or cursor is None:
            return None
        kind = self._kinds[self.bare.columns.index(cursor.fields[0])]
        return self.sessions.driver.lower(lower_value(lower, cursor, kind))

    def key_of(self, row: Sequence[Any]) -> Key:
        """Return a row's key as the database gave it."""
        return tuple(row[index] for index in self.keys)

    def ask(self, statement: Any) -> Answer:
        """Return what one short statement tells."""

        def operation(timeouts: Timeouts) -> Answer:
            return asked(self.sessions, timeouts, statement, *self.subject)

        return self.gate.call(self.lane, operation)
