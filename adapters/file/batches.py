"""Makes batches of a text's records: bounded in rows and in bytes, each row with its origin.

Every row carries ``_file``, the identity of its file, and ``_line``, where it begins there.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from adapters.base import BoundStream
from adapters.file.arrivals import FoundFile
from adapters.file.formats.base import PLACE_COLUMNS, Item, Place
from adapters.file.spec import FileStreamSpec
from adapters.file.whole import Text
from midspan.kernel.errors import DriftError, RecordError
from midspan.kernel.stream import Batch, Key, Reject, Row

BATCH_BYTES = 8 * 1024 * 1024


class Batches:
    """Makes the batches of one stream."""

    def __init__(self, stream: BoundStream, spec: FileStreamSpec, most: int) -> None:
        self._most = most
        self._key = stream.primary_key
        self._cursor = stream.cursor
        self._sparse = spec.sparse
        marks = needed_columns(stream)
        self._marks = tuple(name for name in marks if name not in PLACE_COLUMNS)
        self._wanted = tuple(name for name in stream.columns if name not in PLACE_COLUMNS)

    def of(self, file: FoundFile, text: Text, place: Place) -> Iterator[Batch]:
        """Yield the records of a text behind a place."""
        items: list[Item] = []
        size = 0
        for item in text.reading.items(place):
            items.append(item)
            size += len(item.raw)
            if len(items) >= self._most or size >= BATCH_BYTES:
                yield self.batch(file, text, items)
                items, size = [], 0
        if items:
            yield self.batch(file, text, items)

    def key(self, columns: Sequence[str], row: Row) -> Key:
        """Return a row's primary key."""
        return tuple(row[columns.index(name)] for name in self._key)

    def only(self, batch: Batch, keys: Collection[Key]) -> Batch:
        """Return the rows that have one of some keys; a key that was kept as text is the same."""
        wanted = {tuple(map(str, key)) for key in keys}
        return _kept(
            batch,
            [
                at
                for at, row in enumerate(batch.rows)
                if tuple(map(str, self.key(batch.columns, row))) in wanted
            ],
        )

    def since(self, batch: Batch, bound: str | None) -> Batch:
        """Return the rows that are not known to be before a cursor's bound."""
        if bound is None or self._cursor is None:
            return batch
        codec = self._cursor.codec
        fields = [batch.columns.index(name) for name in self._cursor.fields]
        least = codec.parse(bound)
        kept = []
        for at, row in enumerate(batch.rows):
            try:
                stamp = codec.first(row[field] for field in fields)
                if stamp is None or stamp >= least:
                    kept.append(at)
            except RecordError:  # whoever reads the stamp says what is wrong with it
                kept.append(at)
        return _kept(batch, kept)

    def batch(self, file: FoundFile, text: Text, items: Sequence[Item]) -> Batch:
        """Return some items as a batch."""
        read = [item for item in items if not isinstance(item.value, RecordError)]
        rejects = [
            Reject(item.value.code, item.value.message, item.raw, _where(text, item))
            for item in items
            if isinstance(item.value, RecordError)
        ]
        columns = text.reading.columns or self._members(text, [item.value for item in read])
        self._refuse_gone(text, columns)
        rows = [(*_values(item.value, columns), file.identity, item.line) for item in read]
        end = items[-1].end
        return Batch(
            (*columns, *PLACE_COLUMNS),
            rows,
            {
                "file": file.identity,
                "member": text.member,
                "line": end.line,
                "offset": end.offset,
                "record": end.record,
            },
            rejects,
            lambda index: (read[index].raw, _where(text, read[index])),
        )

    def _members(self, text: Text, values: Sequence[Any]) -> tuple[str, ...]:
        """Return the columns of records that name their own."""
        there = dict.fromkeys(
            name for value in values for name in value if name not in PLACE_COLUMNS
        )
        inner = [name for name in self._marks if "." in name and name not in there]
        roots = dict.fromkeys(
            name.partition(".")[0] if name in inner else name
            for name in ((*self._marks, *self._wanted) if self._wanted else there)
        )
        if values and not self._sparse:
            marks = (name.partition(".")[0] if name in inner else name for name in self._marks)
            self._refuse_absent(text, there, (*marks, *(roots if self._wanted else ())))
        return tuple(dict.fromkeys((*roots, *inner)))

    def _refuse_gone(self, text: Text, columns: Sequence[str]) -> None:
        if text.reading.columns is not None:
            self._refuse_absent(text, columns, (*self._marks, *self._wanted))

    def _refuse_absent(self, text: Text, there: Collection[str], names: Sequence[str]) -> None:
        for name in names:
            if name not in there:
                raise DriftError(
                    "file.column_gone",
                    f"{text.name} holds no '{name}'",
                    remedy="Correct the mapping or the key; where it may be missing from JSON or "
                    "XML, say sparse: true",
                )


def needed_columns(stream: BoundStream) -> tuple[str, ...]:
    """Return the columns of a stream's key and cursor."""
    return (*stream.primary_key, *(stream.cursor.fields if stream.cursor else ()))


def _values(value: Any, columns: Sequence[str]) -> tuple[Any, ...]:
    if isinstance(value, tuple):
        return value
    return tuple(
        _inside(value, name) if "." in name and name not in value else value.get(name)
        for name in columns
    )


def _inside(record: Any, path: str) -> Any:
    for step in path.split("."):
        record = record.get(step) if isinstance(record, dict) else None
    return record


def _kept(batch: Batch, kept: Sequence[int]) -> Batch:
    rows = [batch.rows[at] for at in kept]
    return Batch(
        batch.columns, rows, batch.position, batch.rejects, lambda index: batch.origin(kept[index])
    )


def _where(text: Text, item: Item) -> str:
    return f"{text.name} line {item.line}, byte {item.offset}"
