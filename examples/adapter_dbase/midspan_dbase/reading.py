"""Reads a table page by page, and keeps what belongs to a slice.

Guarantee: a file cannot be asked, so that every record is looked at. One without a stamp, or
with one that cannot be read, belongs to every slice of changes; the pipeline judges it.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from adapters.base import BoundStream
from adapters.discovery import SAMPLE, describe
from midspan.kernel.catalog import CatalogStream
from midspan.kernel.errors import RecordError
from midspan.kernel.stream import Batch, Key, Position, Reject, Row, Slice
from midspan_dbase.table import Table

START: Position = {"record": 0, "last": ""}


class Selection:
    """A stream's slice over rows with these columns."""

    def __init__(self, stream: BoundStream, part: Slice, columns: Sequence[str]) -> None:
        self._places = [columns.index(name) for name in stream.primary_key]
        self._keys = None if part.keys is None else frozenset(part.keys)
        self._codec = stream.cursor.codec if stream.cursor else None
        self._stamps = (
            [columns.index(name) for name in stream.cursor.fields] if stream.cursor else []
        )
        self._lower = self._codec.parse(part.lower) if self._codec and part.lower else None

    def key(self, row: Row) -> Key:
        """Return a row's key."""
        return tuple(row[place] for place in self._places)

    def of(self, batch: Batch) -> Batch:
        """Return the batch without the rows of other slices."""
        kept = [index for index, row in enumerate(batch.rows) if self._holds(row)]
        rows = [batch.rows[index] for index in kept]
        return replace(batch, rows=rows, origin=lambda index: batch.origin(kept[index]))

    def _holds(self, row: Row) -> bool:
        if self._keys is not None:
            return self.key(row) in self._keys
        if self._codec is None or self._lower is None:
            return True
        try:
            stamp = self._codec.first(row[place] for place in self._stamps)
        except RecordError:
            return True
        return stamp is None or stamp >= self._lower


def read_page(
    table: Table, position: Position, count: int, stream: BoundStream
) -> tuple[Batch, bool]:
    """Return the ``count`` records behind a position, and whether there are more.

    Raises DriftError when a field that the stream needs is gone.
    """
    table.require(stream)
    start = position["record"]
    if table.fingerprint(start - 1) != position["last"]:
        start = 0
    rows: list[Row] = []
    raws: list[tuple[int, bytes]] = []
    rejects: list[Reject] = []
    for number, raw in table.raw(start, count):
        try:
            rows.append(table.values(raw))
            raws.append((number, raw))
        except RecordError as error:
            rejects.append(Reject(error.code, error.message, raw, table.place(number)))

    def origin(index: int) -> tuple[bytes, str]:
        number, raw = raws[index]
        return raw, table.place(number)

    end = min(start + count, table.records)
    behind = {"record": end, "last": table.fingerprint(end - 1)}
    return Batch(table.names, rows, behind, rejects, origin), end < table.records


def describe_table(table: Table) -> CatalogStream:
    """Return what a table's header and its first records say."""
    rows = []
    for _, raw in table.raw(0, SAMPLE):
        with suppress(RecordError):
            rows.append(table.values(raw))
    declared = [column.described() for column in table.columns]
    found = describe(table.names, rows, declared=declared)
    return CatalogStream(
        table.name,
        "table",
        found.fields,
        found.primary_key,
        found.key_evidence,
        found.cursors,
        rows=table.records,
        config={"table": table.name},
    )
