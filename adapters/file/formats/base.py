"""What every format gives: the records of one file, each with its bytes and its place.

Guarantee: each record of a file becomes exactly one item, and what cannot be read of it is an
item too, with its reason; or the file as a whole is refused. Reading resumed at an item's end
goes on with the next one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from midspan.kernel.errors import RecordError

PLACE_COLUMNS = ("_file", "_line")
"""The columns that say where a row comes from; no file's own may have these names."""

MAX_RECORD = 16 * 1024 * 1024
"""The most bytes of one record: what memory is bounded by besides the batch."""


class Place(NamedTuple):
    """Where reading stands: behind so many lines, bytes and records."""

    line: int = 0
    offset: int = 0
    record: int = 0


@dataclass(slots=True)
class Item:
    """A record as it stands in its file.

    ``line`` and ``offset`` are where it begins, ``end`` where the next one may. ``value`` is a
    tuple in the order of the reading's columns, a mapping where it has none, or why neither.
    """

    raw: bytes
    line: int
    offset: int
    end: Place
    value: tuple[Any, ...] | dict[str, Any] | RecordError


class Reading(Protocol):
    """One file's text, opened; without columns its items are mappings."""

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The columns of its tuples."""
        ...

    def verify(self) -> int:
        """Read it through and return how many records it holds.

        Raises ProtocolError ``file.incomplete`` or ``file.malformed`` unless it is whole.
        """
        ...

    def items(self, place: Place) -> Iterator[Item]:
        """Yield the items behind a place."""
        ...


def nullable(value: str, nulls: Sequence[str]) -> str | None:
    """Return a field's text, None where it means nothing; refuses a NUL inside of it."""
    if "\x00" in value:
        raise RecordError(
            "file.nul",
            "a field holds a NUL byte",
            remedy="Correct the record at its source; a file of UTF-16 needs that encoding",
        )
    return None if value in nulls else value
