"""Reads a stream by several connections at once: ranges of keys, found while they are read.

Guarantee: a range begins behind the key at which the one before it ends, that key included in
the earlier one and both compared by the database itself: no row is between two ranges. A
position tells how far each open range is, and where the first begins that was not opened yet.
No more than one block for each connection is in memory; each block passes the gate.

A range holds ``_RANGE`` rows, counted along the key's index, so that all are of one length
however the keys are spread, and whoever is done takes the next.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from adapters.sql.source import Source
from adapters.sql.statements import Span
from adapters.sql.values import key_for_position, key_from_position
from adapters.sql.walk import Walk
from midspan.kernel.errors import MidspanError, ProtocolError
from midspan.kernel.gate import Timeouts
from midspan.kernel.stream import Key, Position, Row

_RANGE = 50_000

MakeWalk = Callable[[Span, Key | None], Walk]
Block = tuple[list[Row], Position, bool]


@dataclass(slots=True, eq=False)
class _Range:
    """A range that is being read; ``after`` is the last key of it that was handed out."""

    span: Span
    after: Key | None
    walk: Walk


class Partitions:
    """Yields the blocks of all ranges as they come; ``position`` is one that was yielded."""

    def __init__(
        self, source: Source, walk: MakeWalk, count: int, position: Position | None
    ) -> None:
        self._source = source
        self._walk = walk
        self._count = max(count, 1)
        self._rows = min(_RANGE, max(source.spec.rows_per_query, source.spec.rows_per_batch))
        self._parts = len(source.stream.primary_key)
        self._open: list[_Range] = []
        self._waiting, self._next, self._ended = _resumed(position)
        self._stopped = False

    def blocks(self) -> Iterator[Block]:
        """Yield rows, the position after them, and whether undecodable texts are marked."""
        self._refuse_keyless()
        pool = ThreadPoolExecutor(self._count, "midspan-sql")
        running: dict[Future[list[Row]], _Range] = {}
        try:
            self._start(pool, running)
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield from self._handed_out(pool, running, future)
        finally:
            self._stop(pool, running)

    def _handed_out(
        self,
        pool: ThreadPoolExecutor,
        running: dict[Future[list[Row]], _Range],
        future: Future[list[Row]],
    ) -> Iterator[Block]:
        one = running.pop(future)
        rows = future.result()
        if not rows:
            self._open.remove(one)
            self._start(pool, running)
            return
        one.after, marks = one.walk.after, one.walk.marks
        reached = self._position()
        # The next block is on its way while this one is worked on.
        running[pool.submit(self._fetch, one.walk)] = one
        yield rows, reached, marks

    def _start(self, pool: ThreadPoolExecutor, running: dict[Future[list[Row]], _Range]) -> None:
        """Open ranges until every connection has one."""
        while len(running) < self._count and (opened := self._take()) is not None:
            self._open.append(opened)
            running[pool.submit(self._fetch, opened.walk)] = opened

    def _take(self) -> _Range | None:
        if self._waiting:
            span, after = self._waiting.pop(0)
            return _Range(span, after, self._walk(span, after))
        if self._ended:
            return None
        driver = self._source.sessions.driver
        statement = self._source.bare.border(self._next, self._rows, row_values=driver.row_values)
        probe = Walk(self._source, lambda _after, _limit: statement, range(self._parts), (2, 3))
        found = self._source.gate.call(self._source.lane, probe.fetch)
        span = Span(self._next, probe.after if found else None)
        self._next, self._ended = span.upto, not found
        return _Range(span, None, self._walk(span, None))

    def _fetch(self, walk: Walk) -> list[Row]:
        def operation(timeouts: Timeouts) -> list[Row]:
            try:
                if not self._stopped:
                    return walk.fetch(timeouts)
            except MidspanError:
                # What was cancelled by us must not be repeated by the gate.
                if not self._stopped:
                    raise
            raise MidspanError("sql.closed", "the reading was cancelled")

        rows: list[Row] = self._source.gate.call(self._source.lane, operation)
        return rows

    def _position(self) -> Position:
        ranges = [(one.span, one.after) for one in self._open] + self._waiting
        return {
            "ranges": [
                [_shown(span.after), _shown(span.upto), _shown(after)] for span, after in ranges
            ],
            "next": _shown(self._next),
            "ended": self._ended,
        }

    def _stop(self, pool: ThreadPoolExecutor, running: dict[Future[list[Row]], _Range]) -> None:
        self._stopped = True
        for one in running.values():
            one.walk.interrupt()
        pool.shutdown(cancel_futures=True)
        for one in self._open:
            one.walk.leave()

    def _refuse_keyless(self) -> None:
        """Raise when a key is null: such a row is in no range."""
        if self._source.ask(self._source.bare.keyless()).rows:
            raise ProtocolError(
                "sql.key_null",
                "a row's key is null, so that it belongs to no range of keys",
                remedy="Take a key that is never null, or leave these rows out with where",
                stream=self._source.stream.name,
            )


def _resumed(
    position: Position | None,
) -> tuple[list[tuple[Span, Key | None]], Key | None, bool]:
    """Return the ranges left open, where the next one begins, and whether there is none."""
    if position is None:
        return [], None, False
    if "ranges" not in position:  # read by one connection so far
        return [], key_from_position(position["after"]), False
    ranges = [
        (Span(_read(low), _read(high)), _read(after)) for low, high, after in position["ranges"]
    ]
    return ranges, _read(position["next"]), position["ended"]


def _shown(key: Key | None) -> list[Any] | None:
    return None if key is None else key_for_position(key)


def _read(parts: list[Any] | None) -> Key | None:
    return None if parts is None else key_from_position(parts)
