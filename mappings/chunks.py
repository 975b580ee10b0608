"""Runs a mapping over chunks of a batch, column by column.

Invariant: rows come out in their order, and each exactly once: translated here, dropped by a
filter, or handed over to the exact function. Memory is bounded by the batch.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from mappings.columnwise import UNSURE

CHUNK = 500
"""Rows done at a time: their values stay in the processor's cache from one column to the next."""

Columns = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """A field, a check or the filters.

    ``whole`` makes the values of all rows from their ``columns`` (by place), or raises one of
    ``UNSURE``; ``single`` makes the value of one row.
    """

    columns: tuple[int, ...]
    whole: Callable[..., Sequence[Any]]
    single: Callable[..., Any]

    def values(self, columns: Columns, odd: set[int]) -> Sequence[Any]:
        """Return the values; ``odd`` takes the places of rows that have none for sure."""
        given = [columns[at] for at in self.columns]
        try:
            return self.whole(*given)
        except UNSURE:
            return self._one_by_one(given, odd)

    def _one_by_one(self, given: Columns, odd: set[int]) -> Sequence[Any]:
        made: list[Any] = []
        for place, values in enumerate(zip(*given, strict=True)):
            try:
                made.append(self.single(*values))
            except UNSURE:
                odd.add(place)
                made.append(None)
        return made


@dataclass(frozen=True, slots=True)
class Sink:
    """Where rows go: ``rows`` and ``indexes`` take the translated ones.

    ``careful(index, row)`` receives each row that is handed over, ``drop(index, filter)`` each
    that a filter leaves out.
    """

    rows: list[tuple[Any, ...]]
    indexes: list[int]
    careful: Callable[[int, tuple[Any, ...]], None]
    drop: Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping's parts for rows of ``width`` columns.

    ``filters`` gives the number of the filter that a row falls to, counted from 1, or 0.
    """

    width: int
    filters: Part | None
    fields: Sequence[Part]
    checks: Sequence[Part]

    def run(self, rows: Sequence[tuple[Any, ...]], sink: Sink) -> None:
        """Translate a batch."""
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            self._chunk(start, chunk, _columns(chunk, self.width), sink)

    def _chunk(
        self, start: int, chunk: Sequence[tuple[Any, ...]], columns: Columns, sink: Sink
    ) -> None:
        indexes: Sequence[int] = range(start, start + len(chunk))
        handed: list[int] = []
        if self.filters is not None:
            columns, indexes = _filtered(start, columns, self.filters, handed, sink)
        odd: set[int] = set()
        values = [part.values(columns, odd) for part in self.fields] if indexes else []
        for check in self.checks if indexes else ():
            check.values(columns, odd)
        made = zip(*values, strict=True)
        if not odd and not handed:
            sink.rows.extend(made)
            sink.indexes.extend(indexes)
            return
        well = [place not in odd for place in range(len(indexes))]
        handed += [indexes[place] for place in odd]
        done = list(compress(made, well)), list(compress(indexes, well))
        _merge(start, chunk, done, sorted(handed), sink)


def _columns(chunk: Sequence[tuple[Any, ...]], width: int) -> Columns:
    """Return the columns of some rows; ValueError when a row is not as wide as it should be."""
    if set(map(len, chunk)) != {width}:
        raise ValueError(f"a row has not the {width} values that its columns say")
    flat: list[Any] = []
    # In the rows' own order, as they lie in memory; extend returns None, so that any takes all.
    any(map(flat.extend, chunk))
    return [flat[at::width] for at in range(width)]


def _filtered(
    start: int, columns: Columns, filters: Part, handed: list[int], sink: Sink
) -> tuple[Columns, Sequence[int]]:
    """Return the columns and indexes of the rows that stay; ``handed`` takes unsure ones."""
    odd: set[int] = set()
    numbers = filters.values(columns, odd)
    every = range(start, start + len(numbers))
    if not any(numbers) and not odd:
        return columns, every
    for index, number in zip(every, numbers, strict=True):
        if number:
            sink.drop(index, number - 1)
    handed += [start + place for place in odd]
    stays = [number == 0 for number in numbers]
    return [list(compress(column, stays)) for column in columns], list(compress(every, stays))


def _merge(
    start: int,
    chunk: Sequence[tuple[Any, ...]],
    done: tuple[Sequence[tuple[Any, ...]], Sequence[int]],
    handed: Sequence[int],
    sink: Sink,
) -> None:
    """Put translated rows and those handed over in their order."""
    made, indexes = done
    begin = 0
    for index in handed:
        end = bisect_left(indexes, index, begin)
        sink.rows.extend(made[begin:end])
        sink.indexes.extend(indexes[begin:end])
        sink.careful(index, chunk[index - start])
        begin = end
    sink.rows.extend(made[begin:])
    sink.indexes.extend(indexes[begin:])
