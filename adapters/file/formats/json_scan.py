"""Walks over the structure of JSON text, chunk by chunk, without decoding it.

Guarantee: a value's bytes and place are exact wherever a chunk ends. What is held is the value
that is asked for, or one text of what is passed over; one that is larger than a record may be
is refused.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import msgspec

from adapters.file.errors import malformed, too_large
from adapters.file.formats.base import MAX_RECORD
from midspan.kernel.errors import ProtocolError

CHUNK = 256 * 1024
MAX_DEPTH = 200

_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SCALAR = re.compile(rb"[-+.0-9A-Za-z]++")
_HOP = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)


class Span(NamedTuple):
    """A value's bytes and where they begin."""

    raw: bytes
    line: int
    offset: int


class Scan:
    """Walks over JSON text; holds from the present place on, and what is not yet walked over."""

    def __init__(self, source: BinaryIO, name: str, offset: int) -> None:
        self._source = source
        self._name = name
        self._held = b""
        self._at = 0
        self._offset = offset
        self._line = 1
        self._counted = 0
        self._ended = False

    def peek(self) -> bytes:
        """Return the next byte that is no white space; empty at the end."""
        while True:
            found = _SPACE.match(self._held, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._held) or not self._more():
                return self._held[self._at : self._at + 1]

    def elements(self) -> Iterator[None]:
        """Stand before each element of a list in turn."""
        self._take(b"[")
        if self.peek() == b"]":
            self._take(b"]")
            return
        while True:
            yield
            if self.peek() == b"]":
                self._take(b"]")
                return
            self._take(b",")

    def members(self) -> Iterator[str]:
        """Yield each member's name, and stand before its value."""
        self._take(b"{")
        if self.peek() == b"}":
            self._take(b"}")
            return
        while True:
            raw = self.value().raw
            try:
                name = str(msgspec.json.decode(raw)) if raw[:1] == b'"' else None
            except (msgspec.DecodeError, UnicodeDecodeError):
                name = None
            if name is None:
                raise self._broken()
            self._take(b":")
            yield name
            if self.peek() == b"}":
                self._take(b"}")
                return
            self._take(b",")

    def value(self) -> Span:
        """Take the next value and return it."""
        self.peek()
        line, offset = self._place()
        end = self._end(keep=True)
        raw = self._held[self._at : end]
        self._at = end
        return Span(raw, line, offset)

    def pass_over(self) -> None:
        """Take the next value; its size does not matter."""
        self.peek()
        self._at = self._end(keep=False)

    def _end(self, *, keep: bool) -> int:
        """Return where the value ends that begins here."""
        mark = self._held[self._at : self._at + 1]
        if mark not in (b"{", b"["):
            return self._scalar(_STRING if mark == b'"' else _SCALAR)
        depth, at = 0, self._at
        while True:
            found = _HOP.match(self._held, at)
            at = found.end() if found else at
            mark = self._held[at : at + 1]
            if mark in (b"", b'"'):
                at = self._grow(at, keep=keep)
                continue
            depth += 1 if mark in (b"{", b"[") else -1
            at += 1
            if depth == 0:
                return at
            if depth > MAX_DEPTH:
                raise malformed(self._name, f"it is nested deeper than {MAX_DEPTH} levels")

    def _scalar(self, pattern: re.Pattern[bytes]) -> int:
        while True:
            found = pattern.match(self._held, self._at)
            if found and (found.end() < len(self._held) or pattern is _STRING or self._ended):
                return found.end()
            if not found and pattern is _SCALAR and self._at < len(self._held):
                raise self._broken()
            self._refuse_endless()
            if not self._more():
                if found:
                    return found.end()
                raise self._broken()

    def _grow(self, at: int, *, keep: bool) -> int:
        """Read on; what is passed over is let go. Return where ``at`` is now."""
        if not keep:
            self._drop(at)
            at = 0
        self._refuse_endless()
        before = self._at
        if not self._more():
            raise self._broken()
        return at - (before - self._at)

    def _refuse_endless(self) -> None:
        if len(self._held) - self._at > MAX_RECORD:
            line, offset = self._place()
            raise too_large(
                self._name,
                f"the value in line {line}, byte {offset} has more than {MAX_RECORD} bytes",
            )

    def _more(self) -> bool:
        """Read a chunk on, and let go of what was walked over; False at the end."""
        chunk = b"" if self._ended else self._source.read(CHUNK)
        self._ended = self._ended or not chunk
        if chunk:
            self._drop(self._at)
            self._held += chunk
        return bool(chunk)

    def _drop(self, at: int) -> None:
        self._line += self._held.count(b"\n", self._counted, at)
        self._counted = max(self._counted - at, 0)
        self._offset += at
        self._held = self._held[at:]
        self._at = 0

    def _place(self) -> tuple[int, int]:
        if self._counted < self._at:
            self._line += self._held.count(b"\n", self._counted, self._at)
            self._counted = self._at
        return self._line, self._offset + self._at

    def _take(self, mark: bytes) -> None:
        if self.peek() != mark:
            raise self._broken()
        self._at += 1

    def _broken(self) -> ProtocolError:
        if self._ended and not self.peek():
            return malformed(self._name, "it ends in the middle")
        line, offset = self._place()
        return malformed(self._name, f"line {line}, byte {offset} is no JSON")
