"""The lines of a file, each with its place.

Guarantee: the lines' bytes and their ends, put together, are the file, but for the padding
behind its last line (Ctrl-Z and NULs up to the end of a block). Memory is bounded by the
longest line.
"""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from adapters.file.codec import Codec, LineEnds
from midspan.kernel.errors import ProtocolError

CHUNK = 256 * 1024
MAX_LINE = 1024 * 1024


class Line(NamedTuple):
    """One line; ``number`` counts from 1, ``offset`` from 0 in bytes."""

    content: bytes
    end: bytes
    number: int
    offset: int

    @property
    def next_offset(self) -> int:
        """Return where the next line begins."""
        return self.offset + len(self.content) + len(self.end)


def lines(
    file: BinaryIO, codec: Codec, ends: LineEnds, number: int = 0, offset: int = 0
) -> Iterator[Line]:
    """Yield the lines from ``offset`` on, where line ``number`` ended."""
    offset = offset or codec.mark
    file.seek(offset)
    rest, at, ended = b"", 0, False
    while not ended:
        chunk = file.read(CHUNK)
        rest, at, ended = rest[at:] + chunk, 0, not chunk
        sure = len(rest) if ended else len(rest) - ends.longest
        while (found := ends.pattern.match(rest, at)) and found.end() <= sure:
            number += 1
            yield Line(found[1], found[2], number, offset)
            offset += found.end() - at
            at = found.end()
        if len(rest) - at > MAX_LINE:
            raise _endless(number + 1)
    last = _unpadded(rest[at:], codec)
    if last:
        yield Line(last, b"", number + 1, offset)


def blocks(file: BinaryIO, codec: Codec, length: int, number: int, offset: int) -> Iterator[Line]:
    """Yield records of ``length`` bytes that no end parts, from ``offset`` on."""
    offset = offset or codec.mark
    file.seek(offset)
    while content := file.read(length):
        if len(content) < length:
            content = _unpadded(content.rstrip(b"\r\n"), codec)
            if not content:
                return
        number += 1
        yield Line(content, b"", number, offset)
        offset += length


def _unpadded(content: bytes, codec: Codec) -> bytes:
    for padding in ("\x00", "\x1a", "\x00"):
        mark = padding.encode(codec.name)
        if len(mark) == 1:
            content = content.rstrip(mark)
            continue
        while content.endswith(mark):
            content = content[: -len(mark)]
    return content


def _endless(number: int) -> ProtocolError:
    return ProtocolError(
        "file.no_lines",
        f"line {number} is longer than {MAX_LINE} bytes",
        remedy="Check that the pattern finds text files only, and 'line_ends'",
    )
