"""Reads one stream: its slices, its records by key, and its keys.

Guarantee: a row that is there from the first statement to the last is delivered, whatever is
inserted, changed or deleted meanwhile, since every statement goes on behind a key and none
counts rows. Each statement is a snapshot of its own; no transaction outlives it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.sql.selectable import Select

from adapters.sql.partitions import Partitions
from adapters.sql.source import Source
from adapters.sql.spec import SqlSpec, SqlStreamSpec
from adapters.sql.stamps import Stamps
from adapters.sql.statements import Span
from adapters.sql.values import (
    hex_keys,
    key_for_position,
    key_from_position,
    place,
    row_bytes,
    split_rejects,
)
from adapters.sql.walk import Walk
from midspan.kernel.errors import ProtocolError
from midspan.kernel.stream import Batch, Key, Position, Reject, Row

_RECORDS_AT_ONCE = 500
_ALL = 1_000_000


class StreamReader:
    """Asks for a stream's rows and makes batches of them."""

    def __init__(self, source: Source) -> None:
        spec: SqlSpec = source.spec
        options: SqlStreamSpec = source.stream.options
        self._source = source
        self._partitions = options.partitions
        self._records_at_once = min(_RECORDS_AT_ONCE, spec.rows_per_batch)
        block, limit = spec.rows_per_batch, max(spec.rows_per_query, spec.rows_per_batch)
        # One row more: the last key's rows are read again by the next statement.
        short = source.sessions.driver.short_queries
        self._sizes = (block + 1, block + 1) if short else (block, limit + 1)

    def slice(self, lower: str | None, position: Position | None) -> Iterator[Batch]:
        """Yield the rows at ``lower`` or later, everything when None, behind ``position``.

        Only a reading from the beginning is worth several connections.
        """
        begun = position is not None and "ranges" in position
        if begun or (self._partitions > 1 and lower is None):
            return self._in_parallel(lower, position)
        return self._in_order(lower, position)

    def records(self, keys: Sequence[Key], position: Position | None) -> Iterator[Batch]:
        """Yield the records that ``keys`` name, as far as they exist, behind ``position``."""
        done = position["done"] if position else 0
        while done < len(keys):
            wanted = keys[done : done + self._records_at_once]
            done += len(wanted)
            walk = self.whole(self._source.statements.records(wanted, self._source.key_kinds))
            for rows in self._blocks(walk):
                yield self._batch(rows, {"done": done}, marks=walk.marks)

    def keys(self) -> Iterator[Sequence[Key]]:
        """Yield every key in order; raise when fewer came than the database counts."""
        before, listed = self._count(), 0
        names = self._source.stream.primary_key
        places = range(len(names))

        def statement(behind: Key | None, limit: int) -> Select[Any]:
            return self._page(names, None, Span(behind), limit)

        walk = Walk(self._source, statement, places, self._sizes)
        for rows in self._blocks(walk):
            listed += len(rows)
            if walk.marks and split_rejects(rows, names, places)[1]:
                raise ProtocolError(
                    "sql.key_text",
                    "a key is not in the declared encoding, so that the listing is not whole",
                    remedy="Correct encoding, or the record",
                    stream=self._source.stream.name,
                )
            yield hex_keys(rows, places)
        # Rows may come and go during the listing: only fewer than at both ends is a loss.
        announced = min(before, self._count()) if listed < before else before
        if listed < announced:
            raise self._loss(listed, announced)

    def whole(self, statement: Select[Any], keys: Sequence[int] | None = None) -> Walk:
        """Return the walk of a statement that names its few rows, which come as one block."""
        places = self._source.keys if keys is None else keys
        return Walk(self._source, lambda _after, _limit: statement, places, (_ALL, _ALL + 1))

    def few(self, statement: Select[Any]) -> list[Row]:
        """Return the rows of such a statement, read as batches are."""
        rows: list[Row] = self._source.gate.call(self._source.lane, self.whole(statement).fetch)
        return rows

    def _in_order(self, lower: str | None, position: Position | None) -> Iterator[Batch]:
        since = self._source.since(lower)
        after = key_from_position(position["after"]) if position else None

        def statement(behind: Key | None, limit: int) -> Select[Any]:
            return self._page(self._source.columns, since, Span(behind), limit)

        walk = Walk(self._source, statement, self._source.keys, self._sizes, after)
        for rows in self._blocks(walk):
            position = {"after": key_for_position(walk.after or ())}
            yield self._batch(rows, position, marks=walk.marks)

    def _in_parallel(self, lower: str | None, position: Position | None) -> Iterator[Batch]:
        since = self._source.since(lower)

        def walk(span: Span, after: Key | None) -> Walk:
            def statement(behind: Key | None, limit: int) -> Select[Any]:
                within = Span(span.after if behind is None else behind, span.upto)
                return self._page(self._source.columns, since, within, limit)

            return Walk(self._source, statement, self._source.keys, self._sizes, after)

        partitions = Partitions(self._source, walk, self._partitions, position)
        for rows, reached, marks in partitions.blocks():
            yield self._batch(rows, reached, marks=marks)

    def _page(
        self, columns: Sequence[str], since: Stamps | None, span: Span, limit: int
    ) -> Select[Any]:
        row_values = self._source.sessions.driver.row_values
        # A listing of keys does without the other columns, and so without asking for them.
        known = self._source.bare.columns
        named = self._source.bare if set(columns) <= set(known) else self._source.statements
        return named.page(columns, since, span, limit, row_values=row_values)

    def _blocks(self, walk: Walk) -> Iterator[list[Row]]:
        try:
            while rows := self._source.gate.call(self._source.lane, walk.fetch):
                yield rows
        finally:
            walk.leave()

    def _batch(self, rows: list[Row], position: Position, *, marks: bool) -> Batch:
        columns, keys = self._source.columns, self._source.keys
        whole, rejects = rows, list[Reject]()
        if marks:
            whole, rejects = split_rejects(rows, columns, keys)
        whole = hex_keys(whole, keys)

        def origin(index: int) -> tuple[bytes, str]:
            return row_bytes(columns, whole[index]), place(whole[index], keys)

        return Batch(columns, whole, position, rejects, origin)

    def _count(self) -> int:
        return int(self._source.ask(self._source.bare.count()).rows[0][0])

    def _loss(self, listed: int, announced: int) -> ProtocolError:
        name = self._source.stream.name
        return ProtocolError(
            "adapter.silent_loss",
            f"the listing of '{name}' ended after {listed} of {announced} keys",
            remedy="Run it again; if it stays so, look at the key's collation",
        )
