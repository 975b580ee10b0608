"""JSON lines: one object a line."""

from collections.abc import Iterator
from typing import Any

from adapters.file.codec import PADDING
from adapters.file.formats.base import Item, Place
from adapters.file.formats.json import decoded
from adapters.file.formats.text import Source, Unit
from adapters.file.spec import FileStreamSpec
from midspan.kernel.errors import RecordError


class JsonLines:
    """One file of JSON lines, opened."""

    columns: tuple[str, ...] | None = None

    def __init__(self, source: Source, spec: FileStreamSpec) -> None:
        self._source = source
        self._ignored = spec.ignore

    def verify(self) -> int:
        """Read it through and return the number of lines."""
        return sum(1 for _unit in self._units(Place()))

    def items(self, place: Place) -> Iterator[Item]:
        """Yield the records behind a place."""
        for unit in self._units(place):
            value: dict[str, Any] | RecordError = (
                unit.cells if isinstance(unit.cells, RecordError) else decoded(unit.cells)
            )
            yield Item(unit.raw, unit.line, unit.offset, unit.end, value)

    def _units(self, place: Place) -> Iterator[Unit]:
        for unit in self._source.units(place):
            text = unit.cells
            if isinstance(text, RecordError) or not (
                not text.strip(PADDING) or (self._ignored and text.startswith(self._ignored))
            ):
                yield unit
