"""What the formats made of lines have in common: units of one line or, when quoted, several.

Guarantee: the units of a file are all of its lines, in order; a line that cannot be decoded is
a unit with its reason.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from adapters.file.codec import Codec, LineEnds, codec_of, line_ends
from adapters.file.formats.base import Place
from adapters.file.lines import Line, blocks, lines
from adapters.file.packing import Content
from adapters.file.spec import FileStreamSpec
from midspan.kernel.errors import RecordError


class Unit(NamedTuple):
    """One or more lines; ``cells`` is their text, their fields, or why there is neither."""

    raw: bytes
    tail: bytes
    line: int
    offset: int
    end: Place
    cells: Any


class Source:
    """The lines of one file's text."""

    def __init__(self, content: Content, spec: FileStreamSpec, encoding: str) -> None:
        self.content = content
        self.codec: Codec = codec_of(encoding, content.head)
        self._spec = spec
        self._ends: LineEnds | None = None
        if spec.line_ends != ("none",):
            self._ends = line_ends(self.codec, spec.line_ends)

    def lines(self, place: Place) -> Iterator[Line]:
        """Yield the lines behind a place."""
        with self.content.open() as file:
            if self._ends is None:
                length = self._spec.length or 1
                yield from blocks(file, self.codec, length, place.line, place.offset)
            else:
                yield from lines(file, self.codec, self._ends, place.line, place.offset)

    def units(self, place: Place) -> Iterator[Unit]:
        """Yield each line behind a place as a unit of its own."""
        for line in self.lines(place):
            cells: str | RecordError
            try:
                cells = self.codec.decode(line.content)
            except RecordError as error:
                cells = error
            yield unit([line], cells)


def unit(taken: Sequence[Line], cells: Any) -> Unit:
    """Return some lines as one unit."""
    first, last = taken[0], taken[-1]
    raw = first.content
    if len(taken) > 1:
        raw = b"".join([*(line.content + line.end for line in taken[:-1]), last.content])
    end = Place(last.number, last.next_offset)
    return Unit(raw, last.end, first.number, first.offset, end, cells)
