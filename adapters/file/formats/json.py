"""JSON files: the records at a path, found without holding the file.

Guarantee: records come one by one, each with its own bytes; only the one that is read is held,
and what stands beside the path is passed over. A document that does not end is refused.

The structure is sought in the bytes, the records are decoded from them. So the text must be
ASCII's in its structure: of other encodings it is made UTF-8 first.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from adapters.file.codec import Codec, codec_of
from adapters.file.errors import malformed
from adapters.file.formats.base import Item, Place
from adapters.file.formats.json_scan import Scan, Span
from adapters.file.packing import Content
from adapters.file.spec import FileStreamSpec
from adapters.file.transcoded import Transcoded
from midspan.kernel.errors import ProtocolError, RecordError

_VALUE = msgspec.json.Decoder(float_hook=Decimal)


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
            source: Any = (
                Transcoded(file, self._transcode, self._content.name) if self._transcode else file
            )
            scan = Scan(source, self._content.name, self._begin)
            if not scan.peek():
                raise malformed(self._content.name, "it is empty")
            while scan.peek():
                yield from self._records(scan, self._steps)

    def _records(self, scan: Scan, steps: Sequence[str]) -> Iterator[Span]:
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

    def _members(self, scan: Scan, steps: Sequence[str]) -> Iterator[Span]:
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


def decoded(raw: bytes | str) -> dict[str, Any] | RecordError:
    """Return an object; a RecordError for what is none."""
    try:
        record = _VALUE.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InvalidOperation) as error:
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
