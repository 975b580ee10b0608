"""A long list of JSON objects in pieces, so that each is decoded and turned into rows in cache.

Guarantee: pieces that can all be decoded hold the records of the list and nothing else. A text up
to a place, closed by a bracket, is JSON only where that place stands behind a whole element; so
a cut inside of a record or of a text shows as a piece that cannot be decoded.
"""

import re
from collections.abc import Iterator

PIECE = 32 * 1024
"""How many bytes a piece has at least: what is made of it still fits a processor's cache."""

SPACE = rb"[ \t\r\n]*"

_FIRST = re.compile(rb"\[" + SPACE + rb"(\{" + SPACE + rb'"[^"\\]*"' + SPACE + rb":)")
"""A list's bracket, and its first record up to the first value: most records begin alike."""


class Pieces:
    """Cuts the list that begins at ``start`` of a text."""

    def __init__(self, text: bytes, start: int) -> None:
        first = _FIRST.match(text, start)
        self._text = text
        self._mark = first[1] if first else b""
        self._at = first.start(1) if first else len(text)

    @property
    def several(self) -> bool:
        """Whether there is anything to cut."""
        return bool(self._mark) and self._next() >= 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield lists of some records each; what the last one leaves is the ``tail``."""
        while (at := self._next()) >= 0:
            piece = self._text[self._at : at].rstrip(b" \t\r\n")
            self._at = at
            # Without a comma before the next record it is no list: an object is not read as one.
            yield b"[%b]" % piece[:-1] if piece.endswith(b",") else piece

    def tail(self) -> bytes:
        """Return what is left of the text, as if the list began there."""
        return b"[" + self._text[self._at :]

    def _next(self) -> int:
        return self._text.find(self._mark, self._at + PIECE)
