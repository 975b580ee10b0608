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
from adapters.sql.stamps import Stamps, blank_of
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

    @cached_property
    def _cursor_kinds(self) -> list[Kind]:
        cursor = self.stream.cursor
        names = cursor.fields if cursor else ()
        return [self._kinds[self.bare.columns.index(name)] for name in names]

    @cached_property
    def stamps(self) -> Stamps | None:
        """Return what of the cursor's columns is no stamp; None without a cursor."""
        cursor, driver = self.stream.cursor, self.sessions.driver
        if cursor is None:
            return None
        always, timeless = driver.never_times, driver.timeless
        kinds = self._cursor_kinds
        return Stamps(tuple(blank_of(cursor, kind, always, timeless) for kind in kinds))

    def since(self, lower: str | None) -> Stamps | None:
        """Return a slice's lower bound as each of the cursor's columns compares it."""
        cursor, stamps = self.stream.cursor, self.stamps
        if lower is None or cursor is None or stamps is None:
            return None
        values = (lower_value(lower, cursor, kind) for kind in self._cursor_kinds)
        return replace(stamps, lowers=tuple(map(self.sessions.driver.lower, values)))

    def key_of(self, row: Sequence[Any]) -> Key:
        """Return a row's key as the database gave it."""
        return tuple(row[index] for index in self.keys)

    def ask(self, statement: Any) -> Answer:
        """Return what one short statement tells."""

        def operation(timeouts: Timeouts) -> Answer:
            return asked(self.sessions, timeouts, statement, *self.subject)

        return self.gate.call(self.lane, operation)
