"""One reading under way: statement after statement, each beginning behind the last key.

Guarantee: a block ends between two keys that no collation holds equal (unless it is full of such
keys), so that a position never splits rows that share one; and a reading that broke, or was left,
goes on behind the last block that was handed out. A connection is held only while a statement
runs.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.sql.selectable import Select

from adapters.sql.alike import alike
from adapters.sql.driver import Care, RowStream, Unreadable
from adapters.sql.errors import translate
from adapters.sql.source import Source
from adapters.sql.values import refuse_null_keys
from midspan.kernel.errors import ProtocolError
from midspan.kernel.gate import Timeouts
from midspan.kernel.stream import Key, Row

PageStatement = Callable[[Key | None, int], Select[tuple[object, ...]]]


class Walk:
    """Yields a statement's rows block by block; ``fetch`` may be repeated after an error.

    ``statement(after, limit)`` selects the next rows in key order; ``keys`` are the key's
    places in a row. ``marks`` says that the last rows may hold marks of undecodable texts.
    """

    def __init__(
        self,
        source: Source,
        statement: PageStatement,
        keys: Sequence[int],
        sizes: tuple[int, int],
        after: Key | None = None,
    ) -> None:
        self._sessions = source.sessions
        self._statement = statement
        self._keys = keys
        self._stream, self._target = source.subject
        # A block of one row could not tell whether the next one shares its key.
        self._block, self._limit = max(sizes[0], 2), max(sizes[1], 3)
        self.after = after
        self._care = Care.NONE
        self.marks = False
        self._done = False
        self._got = 0
        self._held: list[Row] = []
        self._connection: sa.Connection | None = None
        self._rows: RowStream | None = None

    def fetch(self, timeouts: Timeouts) -> list[Row]:
        """Return the next rows; none at the end."""
        try:
            while True:
                try:
                    with self._sessions.bounded(timeouts, self._connection):
                        return self._next(timeouts)
                except Unreadable as error:
                    self._begin_with_care(error)
        except self._sessions.failures as error:
            self.leave()
            self._sessions.refuse_closed()
            raise translate(error, self._stream, self._target) from None
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """Give up the statement under way; the server is told to end it."""
        connection, self._connection = self._connection, None
        self._held, self._got = [], 0
        rows, self._rows = self._rows, None
        if connection is not None:
            self._sessions.drop(connection, rows)

    def interrupt(self) -> None:
        """End what the server does for this walk, from any thread; its ``fetch`` then raises."""
        connection = self._connection
        if connection is not None:
            self._sessions.cancel(connection)

    def _begin_with_care(self, error: Unreadable) -> None:
        self.leave()
        if error.care in self._care or not self._sessions.driver.careful:
            raise translate(error.__cause__ or error, self._stream, self._target) from None
        self._care |= error.care

    def _next(self, timeouts: Timeouts) -> list[Row]:
        while not self._done:
            stream = self._rows or self._begin(timeouts)
            with _uncollected():
                fresh = stream.fetch(self._block)
            self._got += len(fresh)
            rows = self._held + fresh if self._held else fresh
            ended = len(fresh) < self._block or self._got >= self._limit
            done = ended and self._got < self._limit
            if ended:
                self._end()
            # Not before: a connection that breaks at its end is met by reading the block again.
            self._done = done
            if not self._done:
                rows = self._without_last_key(rows, hold=not ended)
            if rows:
                refuse_null_keys(rows, self._keys, self._stream)
                self.after = self._key(rows[-1])
                return rows
        return []

    def _begin(self, timeouts: Timeouts) -> RowStream:
        connection = self._sessions.take(timeouts)
        self._connection = connection
        statement = self._statement(self.after, self._limit)
        self._rows = self._sessions.driver.open(connection, statement, self._block, care=self._care)
        self.marks = self._rows.marks
        return self._rows

    def _end(self) -> None:
        rows, connection = self._rows, self._connection
        self._held, self._got = [], 0
        if rows is not None and connection is not None:
            rows.close()
            self._rows = self._connection = None
            self._sessions.give(connection)

    def _without_last_key(self, rows: list[Row], *, hold: bool) -> list[Row]:
        """Return the rows before the last key, whose other rows may be still to come."""
        if not rows:
            return rows
        whole = len(rows) >= self._block
        end = self._last_begins(rows, alike)
        if end == 0 and whole:
            # A block of keys that are alike: most databases tell such keys apart.
            end = self._last_begins(rows, tuple)
        if end == 0 and whole:
            raise ProtocolError(
                "sql.key_not_unique",
                f"more than {self._block} rows of {self._target} share one key",
                remedy="Declare a primary_key that tells the rows apart",
                stream=self._stream,
            )
        if hold:
            self._held = rows[end:]
        return rows[:end]

    def _last_begins(self, rows: list[Row], form: Callable[[Key], Key]) -> int:
        """Return where the run of keys begins that have one form with the last."""
        last, end = form(self._key(rows[-1])), len(rows) - 1
        while end and form(self._key(rows[end - 1])) == last:
            end -= 1
        return end

    def _key(self, row: Row) -> Key:
        return tuple(row[index] for index in self._keys)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Make a block of rows without the collector looking through them time and again.

    Rows hold no cycles: it finds nothing in them, and costs a tenth of the reading.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
