"""Reads one stream: its slices, its records by key, and its keys.

Guarantee: a row that is there from the first statement to the last is delivered, whatever is
inserted, changed or deleted meanwhile, since every statement goes on behind a key and none
counts rows. Each statement is a snapshot of its own; no transaction outlives it. Only the
columns that are mapped, with key and cursor, are read.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy.sql.selectable import Select

from adapters.base import AdapterContext, BoundStream
from adapters.sql.sessions import Sessions, asked
from adapters.sql.spec import SqlSpec
from adapters.sql.statements import Statements
from adapters.sql.values import (
    Kind,
    hex_keys,
    key_for_position,
    key_from_position,
    lower_value,
    place,
    row_bytes,
    split_rejects,
)
from adapters.sql.walk import Walk
from midspan.kernel.errors import ProtocolError
from midspan.kernel.gate import Timeouts
from midspan.kernel.stream import Batch, Key, Position, Reject, Row

_RECORDS_AT_ONCE = 500
_ALL = 1_000_000


class StreamReader:
    """Asks for a stream's rows and makes batches of them."""

    def __init__(self, context: AdapterContext, sessions: Sessions, stream: BoundStream) -> None:
        spec: SqlSpec = context.options
        self._context = context
        self._sessions = sessions
        self._stream = stream
        self._statements = Statements(spec, stream)
        self._subject = (stream.name, self._statements.target)
        self.columns = self._statements.columns
        self._keys = [self.columns.index(name) for name in stream.primary_key]
        block, limit = spec.rows_per_batch, max(spec.rows_per_query, spec.rows_per_batch)
        # One row more: the last key's rows are read again by the next statement.
        short = sessions.driver.short_queries
        self._sizes = (block + 1, block + 1) if short else (block, limit + 1)

    def slice(self, lower: str | None, position: Position | None) -> Iterator[Batch]:
        """Yield the rows at ``lower`` or later, everything when None, behind ``position``."""
        bound = self._bound_lower(lower)
        after = key_from_position(position["after"]) if position else None

        def statement(behind: Key | None, limit: int) -> Select[Any]:
            return self._page(self.columns, bound, behind, limit)

        walk = Walk(self._sessions, statement, self._keys, self._subject, self._sizes, after)
        for rows in self._blocks(walk):
            position = {"after": key_for_position(walk.after or ())}
            yield self._batch(rows, position, marks=walk.marks)

    def records(self, keys: Sequence[Key], position: Position | None) -> Iterator[Batch]:
        """Yield the records that ``keys`` name, as far as they exist, behind ``position``."""
        kinds = [self._kinds[index] for index in self._keys]
        done = position["done"] if position else 0
        while done < len(keys):
            wanted = keys[done : done + _RECORDS_AT_ONCE]
            done += len(wanted)
            walk = self._whole(self._statements.records(wanted, kinds))
            for rows in self._blocks(walk):
                yield self._batch(rows, {"done": done}, marks=walk.marks)

    def keys(self) -> Iterator[Sequence[Key]]:
        """Yield every key in order; raise when fewer came than the database counts."""
        before, listed = self._count(), 0
        names = self._stream.primary_key
        places = range(len(names))

        def statement(behind: Key | None, limit: int) -> Select[Any]:
            return self._page(names, None, behind, limit)

        walk = Walk(self._sessions, statement, places, self._subject, self._sizes, None)
        for rows in self._blocks(walk):
            listed += len(rows)
            if walk.marks and split_rejects(rows, names, places)[1]:
                raise ProtocolError(
                    "sql.key_text",
                    "a key is not in the declared encoding, so that the listing is not whole",
                    remedy="Correct encoding, or the record",
                    stream=self._stream.name,
                )
            yield hex_keys(rows, places)
        # Rows may come and go during the listing: only fewer than at both ends is a loss.
        announced = min(before, self._count()) if listed < before else before
        if listed < announced:
            raise ProtocolError(
                "adapter.silent_loss",
                f"the listing of '{self._stream.name}' ended after {listed} of {announced} keys",
                remedy="Run it again; if it stays so, look at the key's collation",
            )

    def try_one(self) -> None:
        """Read one row, to see whether it can be done."""
        self._context.gate.call(self._context.lane, self._whole(self._statements.one()).fetch)

    @cached_property
    def _kinds(self) -> list[Kind]:
        _, description = self._ask(self._statements.describe())
        return self._sessions.driver.kinds(description)

    def _bound_lower(self, lower: str | None) -> Any:
        cursor = self._stream.cursor
        if lower is None or cursor is None:
            return None
        kind = self._kinds[self.columns.index(cursor.fields[0])]
        return self._sessions.driver.lower(lower_value(lower, cursor, kind))

    def _page(
        self, columns: Sequence[str], lower: Any, after: Key | None, limit: int
    ) -> Select[Any]:
        row_values = self._sessions.driver.row_values
        return self._statements.page(columns, lower, after, limit, row_values=row_values)

    def _whole(self, statement: Select[Any]) -> Walk:
        """Return the walk of a statement that names its few rows, which come as one block."""
        sizes = (_ALL, _ALL + 1)
        return Walk(
            self._sessions, lambda _after, _limit: statement, self._keys, self._subject, sizes, None
        )

    def _blocks(self, walk: Walk) -> Iterator[list[Row]]:
        gate, lane = self._context.gate, self._context.lane
        try:
            while rows := gate.call(lane, walk.fetch):
                yield rows
        finally:
            walk.leave()

    def _batch(self, rows: list[Row], position: Position, *, marks: bool) -> Batch:
        whole, rejects = rows, list[Reject]()
        if marks:
            whole, rejects = split_rejects(rows, self.columns, self._keys)
        whole = hex_keys(whole, self._keys)

        def origin(index: int) -> tuple[bytes, str]:
            return row_bytes(self.columns, whole[index]), place(whole[index], self._keys)

        return Batch(self.columns, whole, position, rejects, origin)

    def _count(self) -> int:
        ((count,),), _ = self._ask(self._statements.count())
        return int(count)

    def _ask(self, statement: Select[Any]) -> Any:
        def operation(timeouts: Timeouts) -> Any:
            return asked(self._sessions, timeouts, statement, *self._subject)

        return self._context.gate.call(self._context.lane, operation)
