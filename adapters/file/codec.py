"""How a file's bytes become text, and where its lines end, for every codec that Python has.

Guarantee: a byte order mark decides before the configuration does; a line's end is sought in
whole characters, so that no part of one is taken for it. Bytes that are no text raise
RecordError ``file.encoding`` for their line alone.
"""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass

from midspan.kernel.errors import MidspanError, RecordError

PADDING = " \t\x1a"
"""What a line may hold that holds nothing: a DOS program ends a file with Ctrl-Z."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PLAIN = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}
_ENDS = {"crlf": "\r\n", "lf": "\n", "cr": "\r", "nel": "\x85"}
_ALL = ("\r\n", "\n", "\r")
_EBCDIC = ("\r\n", "\r\x85", "\n", "\r", "\x85")


@dataclass(frozen=True, slots=True)
class Codec:
    """The codec of one file; ``mark`` is the length of its byte order mark."""

    name: str
    mark: int = 0

    @property
    def ascii_based(self) -> bool:
        """Whether ASCII's characters are its own bytes, and part of no other character."""
        return self.name in _SAFE or bool(
            not codecs.lookup(self.name).name.startswith(("utf", "iso2022"))
            and _single(self.name)
            and '\n{["\\<'.encode(self.name) == b'\n{["\\<'
        )

    def decode(self, content: bytes) -> str:
        """Return the text of some bytes; raises RecordError."""
        try:
            return content.decode(self.name)
        except UnicodeError as error:
            at = getattr(error, "start", 0)
            shown = f" (0x{content[at]:02x})" if at < len(content) else ""
            raise RecordError(
                "file.encoding",
                f"byte {at + 1} of the line{shown} is no character of {self.name}",
                remedy="Correct the record at its source, or the encoding",
            ) from None


_SAFE = frozenset({"utf-8", "ascii"})


def known(encoding: str) -> str:
    """Return Python's name of a codec; raises MidspanError ``file.unknown_encoding``."""
    try:
        "".encode(encoding)
        return codecs.lookup(encoding).name
    except (LookupError, ValueError):
        raise MidspanError(
            "file.unknown_encoding",
            f"the encoding '{encoding}' is not known",
            remedy="Name a codec such as utf-8, cp1252 or cp850",
        ) from None


def codec_of(encoding: str, head: bytes) -> Codec:
    """Return the codec of a file that begins with ``head``."""
    if encoding.startswith("utf") or "\n".encode(encoding) == b"\n":
        for mark, name in _MARKS:
            if head.startswith(mark):
                return Codec(name, len(mark))
    return Codec(_PLAIN.get(encoding, encoding))


@dataclass(frozen=True, slots=True)
class LineEnds:
    """The pattern of a line and its end, to be matched where a line begins.

    An end may go on for up to ``longest`` bytes behind what was matched of it.
    """

    pattern: re.Pattern[bytes]
    longest: int


def line_ends(codec: Codec, ends: Sequence[str]) -> LineEnds:
    """Return how lines end: as ``ends`` say, or in any way that the encoding knows."""
    newline = "\n".encode(codec.name)
    every = _EBCDIC if newline != b"\n" and len(newline) == 1 else _ALL
    texts = [_ENDS.get(end, end) for end in ends] or every
    found = sorted((text.encode(codec.name) for text in texts), key=len, reverse=True)
    either = b"|".join(map(re.escape, found))
    unit = b"." if len(newline) == 1 else b".{%d}" % len(newline)
    text = b"(?:(?!" + either + b")" + unit + b")*+"
    if all(len(end) == 1 or end[:1] in found for end in found):  # the same, faster
        text = b"[^" + b"".join(re.escape(end) for end in found if len(end) == 1) + b"]*+"
    pattern = re.compile(b"(" + text + b")(" + either + b")", re.DOTALL)
    return LineEnds(pattern, max(map(len, found)))


def _single(name: str) -> bool:
    """Return whether a codec has one byte for each character."""
    try:
        return len(bytes(range(256)).decode(name, "replace")) == 256
    except (UnicodeError, LookupError):
        return False
