"""What marks a source row: its key, and the stamp of its last change.

Guarantee: a row without a whole key, or with a stamp that nobody can read, is refused, never
taken for another. A stream that does not deliver what its key or cursor names is drift.
"""

from collections.abc import Callable, Sequence
from typing import Any

from adapters.base import BoundStream
from config.binding import nearest
from midspan.kernel.errors import DriftError, RecordError
from midspan.sync.staging import key_text


class RowMarks:
    """Finds key and stamp in the rows of one batch.

    Raises DriftError ``sync.column_gone`` when ``columns`` lack one that either is made of.
    """

    def __init__(self, stream: BoundStream, columns: Sequence[str]) -> None:
        cursor = stream.cursor
        self._read = cursor.codec.read if cursor else None
        self._keys = _places(stream, "primary_key", stream.primary_key, columns)
        self._stamps = _places(stream, "cursor", cursor.fields if cursor else (), columns)

    def key(self, row: Sequence[Any]) -> str:
        """Return the row's key as text; RecordError ``record.no_key`` where a part is empty."""
        parts = [row[place] for place in self._keys]
        if any(part is None or part == "" for part in parts):
            raise RecordError("record.no_key", "the row's primary key is empty")
        return key_text(parts)

    def stamp(self, row: Sequence[Any]) -> str | None:
        """Return the row's stamp, None where it has none; RecordError for one that is none."""
        return None if self._read is None else first_stamp(self._read, row, self._stamps)


def first_stamp(
    read: Callable[[Any], str | None], row: Sequence[Any], places: Sequence[int]
) -> str | None:
    """Return a row's stamp: the first of its fields that holds one counts."""
    for place in places:
        if (stamp := read(row[place])) is not None:
            return stamp
    return None


def _places(
    stream: BoundStream, what: str, names: Sequence[str], columns: Sequence[str]
) -> list[int]:
    for name in names:
        if name not in columns:
            raise DriftError(
                "sync.column_gone",
                f"the source delivers no column '{name}', which {what} names",
                remedy=nearest(name, columns) or f"Correct {what} in the system's file",
                stream=stream.name,
                column=name,
            )
    return [columns.index(name) for name in names]
