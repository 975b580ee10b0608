"""JSON files: the records at a path, found without holding the file.

Guarantee: records come one by one, each with its own bytes; only the one that is read is held,
and what stands beside the path is passed over. A document that does not end is refused.

The structure is sought in the bytes, the records are decoded from them. So the text must be
ASCII's in its structure: of other encodings it is made UTF-8 first.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, BinaryIO, NamedTuple

import msgspec

from adapters.file.codec import Codec, codec_of
from adapters.file.errors import malformed, too_large
from adapters.file.formats.base import MAX_RECORD, Item, Place
from adapters.file.packing import Content
from adapters.file.spec import FileStreamSpec
from adapters.file.transcoded import Transcoded
from midspan.kernel.errors import ProtocolError, RecordError

CHUNK = 256 * 1024
MAX_DEPTH = 200

_VALUE = msgspec.json.Decoder(float_hook=Decimal)
_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SCALAR = re.compile(rb"[-+.0-9A-Za-z]++")
_HOP = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)


class Span(NamedTuple):
    """A value's bytes and where they begin."""

    raw: bytes
    line: int
    offset: int


class Json:
    """One JSON file, opened."""

    columns: tuple[str, ...] | None = None

    def __init__(self, content: Content, spec: FileStreamSpec, encoding: str) -> None:
        self._content = content
        self._steps = spec.rows.split(".") if spec.rows else []
        self._sparse = spec.sparse
        codec = codec_of(encoding, content.head)
        self._transcode = None if codec.ascii_based else codec
        self._codec = codec if codec.ascii_based else Codec("utf-8")
        self._begin = 0 if self._transcode else codec.mark

    def verify(self) -> int:
        """Read it through and return the number of records."""
        return sum(1 for _span in self._spans())

    def items(self, place: Place) -> Iterator[Item]:
        """Yield the records behind a place; those before it are passed over."""
        for number, span in enumerate(self._spans(), 1):
            if number <= place.record:
                continue
            end = Place(span.line, span.offset + len(span.raw), number)
            yield Item(span.raw, span.line, span.offset, end, self._decoded(span.raw))

    def _decoded(self, raw: bytes) -> dict[str, Any] | RecordError:
        if self._codec.name in ("utf-8", "ascii"):
            return decoded(raw)
        try:
            return decoded(self._codec.decode(raw))
        except RecordError as error:
            return error

    def _spans(self) -> Iterator[Span]:
        with self._content.open() as file:
            file.seek(self._begin)
            source: Any = Transcoded(file, self._transcode) if self._transcode else file
            scan = _Scan(source, self._content.name, self._begin)
            if not scan.peek():
                raise malformed(self._content.name, "it is empty")
            while scan.peek():
                yield from self._records(scan, self._steps)

    def _records(self, scan: "_Scan", steps: Sequence[str]) -> Iterator[Span]:
        mark = scan.peek()
        if not steps and mark != b"[":
            span = scan.value()
            if span.raw != b"null":
                yield span
        elif mark == b"[":
            for _ in scan.elements():
                if steps:
                    yield from self._records(scan, steps)
                else:
                    yield scan.value()
        elif mark == b"{":
            yield from self._members(scan, steps)
        elif scan.value().raw != b"null":
            raise self._no_rows()

    def _members(self, scan: "_Scan", steps: Sequence[str]) -> Iterator[Span]:
        found = False
        for name in scan.members():
            if name == steps[0]:
                found = True
                yield from self._records(scan, steps[1:])
            else:
                scan.pass_over()
        if not found and not self._sparse:
            raise self._no_rows()

    def _no_rows(self) -> ProtocolError:
        path = ".".join(self._steps)
        return ProtocolError(
            "file.no_rows",
            f"{self._content.name} holds nothing at '{path}'",
            remedy="Correct 'rows'; where it may be missing, say sparse: true",
            file=self._content.name,
        )


class _Scan:
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


def decoded(raw: bytes | str) -> dict[str, Any] | RecordError:
    """Return an object; a RecordError for what is none."""
    try:
        record = _VALUE.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if "utf-8" in str(error).lower() or isinstance(error, UnicodeDecodeError):
            return RecordError(
                "file.encoding",
                "the record holds bytes that are no character of utf-8",
                remedy="Correct the record at its source, or the encoding",
            )
        return RecordError(
            "file.record", "the record is no JSON", remedy="Correct it at its source"
        )
    if not isinstance(record, dict):
        return RecordError("file.record", "the record is no object", remedy="Correct 'rows'")
    return record
