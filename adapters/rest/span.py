"""Runs of records as the walks cut them, and the batches that become of them.

Guarantee: a record keeps its reply for as long as its batch lives, so that a refused row can
show its own bytes; no reply outlives its batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, overload

import msgspec
import xxhash

from adapters.rest.replies import Records
from midspan.kernel.stream import Batch, Position, Reject, Row


@dataclass(frozen=True, slots=True)
class Span:
    """Records of some replies: all of each from a place on."""

    parts: tuple[tuple[Records, int], ...] = ()

    def __len__(self) -> int:
        return sum(len(records.items) - start for records, start in self.parts)

    def __getitem__(self, at: slice, /) -> "Span":
        """Return the records from ``at.start`` on."""
        skip, kept = at.start or 0, []
        for records, start in self.parts:
            have = len(records.items) - start
            if skip < have:
                kept.append((records, start + skip))
            skip = max(skip - have, 0)
        return Span(tuple(kept))

    def __add__(self, other: "Span", /) -> "Span":
        return Span(self.parts + other.parts)

    def items(self) -> list[Row | Reject]:
        """Return the rows and rejects, in order."""
        return [item for records, start in self.parts for item in records.items[start:]]

    def rows(self) -> list[Row]:
        """Return the records that could be read."""
        return _read(self.items())

    def column(self, name: str) -> list[Any]:
        """Return the values of one column, of the records that could be read and have it."""
        found: list[Any] = []
        for records, start in self.parts:
            if name not in records.columns:
                continue
            at = records.columns.index(name)
            items = records.items[start:] if start else records.items
            read: Any = items if records.clean else _read(items)
            found += map(itemgetter(at), read)
        return found

    def columns(self) -> tuple[str, ...]:
        """Return the columns of the rows."""
        return tuple(dict.fromkeys(name for records, _ in self.parts for name in records.columns))

    def batch(self, position: Position, empty: tuple[str, ...]) -> Batch:
        """Return a batch of the records; ``empty`` are the columns of one without any."""
        if len(self.parts) == 1 and self.parts[0][0].clean:
            records, start = self.parts[0]
            rows: Any = records.items[start:] if start else records.items
            return Batch(
                records.columns,
                rows,
                position,
                origin=lambda row: (records.raw(start + row), records.where(start + row)),
            )
        return self._mixed(position, empty)

    def _mixed(self, position: Position, empty: tuple[str, ...]) -> Batch:
        columns = self.columns() or empty
        rows: list[Row] = []
        kept: list[tuple[Records, int]] = []
        rejects: list[Reject] = []
        for records, start in self.parts:
            for at in range(start, len(records.items)):
                item = records.items[at]
                if isinstance(item, Reject):
                    rejects.append(item)
                    continue
                rows.append(_arranged(item, records.columns, columns))
                kept.append((records, at))
        return Batch(
            columns,
            rows,
            position,
            rejects,
            lambda row: (kept[row][0].raw(kept[row][1]), kept[row][0].where(kept[row][1])),
        )


class Marks(Sequence[str]):
    """What identifies each record of a reply in its place; made only when asked for.

    ``names`` are the key and the stamp where the stream has both, since a record does not
    change without them; else a record's own bytes count.
    """

    def __init__(self, records: Records, names: Sequence[str]) -> None:
        self._records = records
        known = set(names) <= set(records.columns)
        self._places = [records.columns.index(name) for name in names] if known else []

    def __len__(self) -> int:
        return len(self._records.items)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        place = at + len(self) if at < 0 else at
        if place >= len(self):
            raise IndexError(at)
        item = self._records.items[place]
        if isinstance(item, Reject):
            return xxhash.xxh3_64_hexdigest(item.raw)
        if not self._places:
            return xxhash.xxh3_64_hexdigest(self._records.raw(place))
        return xxhash.xxh3_64_hexdigest(msgspec.json.encode([item[one] for one in self._places]))


def _read(items: Sequence[Row | Reject]) -> list[Row]:
    return [item for item in items if not isinstance(item, Reject)]


def _arranged(row: Row, had: tuple[str, ...], wanted: tuple[str, ...]) -> Row:
    if had == wanted:
        return row
    values = dict(zip(had, row, strict=True))
    return tuple(map(values.get, wanted))
