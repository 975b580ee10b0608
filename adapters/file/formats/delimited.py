"""Delimited files (CSV, TSV and their like): how lines become fields.

Guarantee: a quote is never guessed at. A line whose quotes do not fit is refused, alone: where
one is opened and not closed within ``MAX_LINES`` lines, reading goes on in the next line.
"""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from adapters.file.errors import bad_range
from adapters.file.formats.base import MAX_RECORD, Place, nullable
from adapters.file.formats.text import Source, Unit, unit
from adapters.file.lines import Line
from adapters.file.spec import DelimitedSpec, FileStreamSpec
from config.tree import Node
from midspan.kernel.errors import RecordError

MAX_LINES = 1000
_STANDIN = "\x1f"

# The limit is the process's; lines and records are bounded here, and a higher one hurts nobody.
csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD))


class DelimitedCutter:
    """Cuts lines by a delimiter."""

    def __init__(self, spec: FileStreamSpec) -> None:
        how: DelimitedSpec = spec.delimited
        self.delimiter = how.delimiter or ("\t" if spec.format == "tsv" else ",")
        self._nulls = spec.nulls
        self._many = len(self.delimiter) > 1
        self._options: dict[str, Any] = {
            "delimiter": _STANDIN if self._many else self.delimiter,
            "quotechar": how.quote or None,
            "quoting": csv.QUOTE_MINIMAL if how.quote else csv.QUOTE_NONE,
            "escapechar": how.escape,
            "doublequote": how.escape is None,
            "strict": True,
        }

    def units(self, source: Source, place: Place) -> Iterator[Unit]:
        """Yield records of one or more lines; their cells are their fields."""
        feed = _Feed(source, place, self.delimiter if self._many else "")
        reader = csv.reader(feed, **self._options)
        while True:
            cells: list[str] | RecordError
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                feed.keep_first()
                cells = _refused(error)
            except RecordError as error:
                feed.keep_first()
                cells = error
            if self._many and isinstance(cells, list):
                cells = [cell.replace(_STANDIN, self.delimiter) for cell in cells]
            yield unit(feed.taken, cells)
            feed.taken = []

    def place(self, node: Node) -> int:
        """Return the index of a field, as the configuration has it."""
        if not isinstance(node.value, int) or isinstance(node.value, bool) or node.value < 1:
            raise bad_range(node, "In a delimited file write the field's number, from 1")
        return node.value - 1

    def begins(self, cells: Sequence[str], prefix: str, at: int) -> bool:
        """Return whether a kind's mark stands where it should."""
        return len(cells) >= at and cells[at - 1].startswith(prefix)

    def blank(self, cells: Sequence[str], padding: str) -> bool:
        """Return whether a line holds nothing, or nothing but delimiters."""
        return not any(cells) or (len(cells) == 1 and not cells[0].strip(padding))

    def least(self, places: Sequence[int]) -> int:
        """Return how many fields a line must have."""
        return max(places, default=-1) + 1

    def refuse_ragged(self, cells: Sequence[str], least: int) -> None:
        """Raise RecordError for a line that lacks fields."""
        if len(cells) < least:
            raise ragged(len(cells), least)

    def value(self, cells: Sequence[str], place: int) -> str | None:
        """Return a field."""
        return nullable(cells[place], self._nulls)


class _Feed:
    """Hands lines to the reader, and knows which of them made a record."""

    def __init__(self, source: Source, place: Place, delimiter: str) -> None:
        self.taken: list[Line] = []
        self._lines = source.lines(place)
        self._codec = source.codec
        self._delimiter = delimiter
        self._again: deque[Line] = deque()
        self._size = 0

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        if not self.taken:
            self._size = 0
        elif len(self.taken) >= MAX_LINES or self._size > MAX_RECORD:
            raise _open_quote()
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        self._size += len(line.content)
        text = self._codec.decode(line.content + line.end)
        if not self._delimiter:
            return text
        if _STANDIN in text:
            raise RecordError("file.quote", "the line holds a unit separator (0x1f)")
        return text.replace(self._delimiter, _STANDIN)

    def keep_first(self) -> None:
        """Give all lines but the first back, to be read on their own."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]


def ragged(found: int, wanted: int) -> RecordError:
    """Return the error for a line with too few or too many fields."""
    return RecordError(
        "file.ragged",
        f"the line has {found} fields instead of {wanted}",
        remedy="Correct the record at its source; check delimiter and quote",
    )


def _refused(error: csv.Error) -> RecordError:
    if "unexpected end" in str(error):
        return _open_quote()
    return RecordError(
        "file.quote",
        "the line's quotes do not fit",
        remedy="Correct the record at its source, or the stream's quote and escape",
    )


def _open_quote() -> RecordError:
    return RecordError(
        "file.quote",
        "a quote is opened in the line and not closed",
        remedy="Correct the record at its source, or the stream's quote and escape",
    )
