"""Fixed-width files: a line's fields stand at the same columns in every line of its kind."""

import re
from collections.abc import Iterator, Sequence

from adapters.file.errors import bad_range
from adapters.file.formats.base import Place, nullable
from adapters.file.formats.text import Source, Unit
from adapters.file.spec import FileStreamSpec
from config.tree import Node
from midspan.kernel.errors import RecordError

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


class FixedCutter:
    """Cuts a line's text by columns."""

    def __init__(self, spec: FileStreamSpec) -> None:
        self._exact = spec.length
        self._nulls = spec.nulls

    def units(self, source: Source, place: Place) -> Iterator[Unit]:
        """Yield the lines; their cells are their text."""
        return source.units(place)

    def place(self, node: Node) -> slice:
        """Return where a field stands, as the configuration has it."""
        match = _RANGE.fullmatch(str(node.value))
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last:
            raise bad_range(node, "Write from-to, counted from 1, such as 2-13")
        return slice(first - 1, last)

    def begins(self, text: str, prefix: str, at: int) -> bool:
        """Return whether a kind's mark stands where it should."""
        return text.startswith(prefix, at - 1)

    def blank(self, text: str, padding: str) -> bool:
        """Return whether a line holds nothing."""
        return not text.strip(padding)

    def least(self, places: Sequence[slice]) -> int:
        """Return what a line must measure in characters."""
        return self._exact or max((place.stop for place in places), default=0)

    def refuse_ragged(self, text: str, least: int) -> None:
        """Raise RecordError for a line that does not measure what it should."""
        if len(text) < least:
            raise _wrong_length("short", len(text), least)
        if self._exact is not None and len(text) > self._exact:
            raise _wrong_length("long", len(text), self._exact)

    def value(self, text: str, place: slice) -> str | None:
        """Return a field; blanks around it are cut off, and so is padding of NULs."""
        value = text[place].strip()
        if "\x00" in value:
            value = value.strip(" \x00")
        return nullable(value, self._nulls)


def _wrong_length(word: str, found: int, wanted: int) -> RecordError:
    return RecordError(
        f"file.{word}_line",
        f"the line has {found} characters instead of {wanted}",
        remedy="Correct the record at its source, or the stream's columns",
    )
