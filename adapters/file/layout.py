"""What a line of a fixed-width file means.

Guarantee: a line is a header, a trailer, a detail that becomes a row, a detail that becomes
a RecordError with its reason, or blank; nothing else, and nothing is dropped in silence.
"""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

from adapters.file.spec import FileStreamSpec, RecordSpec
from config.tree import Node
from midspan.kernel.errors import ConfigurationError, RecordError

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_END_OF_FILE = b"\x1a"


class Kind(Enum):
    """What a line is."""

    BLANK = "blank"
    HEADER = "header"
    DETAIL = "detail"
    TRAILER = "trailer"
    UNKNOWN = "unknown"


class Layout:
    """The compiled record types of one stream; ``columns`` are those of its rows."""

    def __init__(self, spec: FileStreamSpec, encoding: str) -> None:
        self._encoding = encoding
        self._header = _ranges(spec.header.fields) if spec.header else {}
        self._detail = _ranges(spec.detail.fields)
        count = spec.trailer.count if spec.trailer else None
        self._count = _range(count) if count is not None else None
        self._exact = spec.length
        self._least = spec.length or max((part.stop for part in self._detail.values()), default=0)
        self.columns = (*self._header, *self._detail)
        self.has_header, self.has_trailer = spec.header is not None, spec.trailer is not None
        kinds = ((Kind.HEADER, spec.header), (Kind.TRAILER, spec.trailer))
        self._prefixes = [
            (kind, record.prefix.encode(encoding)) for kind, record in kinds if record
        ]
        self._prefixes.append((Kind.DETAIL, _prefix(spec.detail, encoding)))

    def kind(self, line: bytes) -> Kind:
        """Return what a line is, by how it begins."""
        if not line.strip() or line == _END_OF_FILE:
            return Kind.BLANK
        for kind, prefix in self._prefixes:
            if line.startswith(prefix):
                return kind
        return Kind.UNKNOWN

    def header(self, line: bytes) -> tuple[Any, ...]:
        """Return the header's values; raises RecordError."""
        text = self._decode(line)
        return tuple(_cut(text, part) for part in self._header.values())

    def detail(self, line: bytes) -> tuple[Any, ...]:
        """Return a detail's values; raises RecordError."""
        text = self._decode(line)
        if len(text) < self._least:
            raise _wrong_length("short", len(text), self._least)
        if self._exact is not None and len(text) > self._exact:
            raise _wrong_length("long", len(text), self._exact)
        return tuple(_cut(text, part) for part in self._detail.values())

    def announced(self, trailer: bytes) -> int | None:
        """Return the number of details a trailer names, None when it names none.

        Raises RecordError when it should and does not.
        """
        if self._count is None:
            return None
        digits = _cut(self._decode(trailer), self._count) or ""
        if not (digits.isascii() and digits.isdigit()):
            raise RecordError("file.trailer", "the trailer's count is no number")
        return int(digits)

    def _decode(self, line: bytes) -> str:
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError as error:
            raise RecordError(
                "file.encoding",
                f"byte {error.start + 1} of the line (0x{line[error.start]:02x}) is no "
                f"character of {self._encoding}",
                remedy="Correct the record at its source, or the system's encoding",
            ) from None


def _wrong_length(word: str, found: int, wanted: int) -> RecordError:
    return RecordError(
        f"file.{word}_line",
        f"the line has {found} characters instead of {wanted}",
        remedy="Correct the record at its source, or the stream's columns",
    )


def _prefix(record: RecordSpec, encoding: str) -> bytes:
    return record.prefix.encode(encoding)


def _cut(text: str, part: slice) -> str | None:
    return text[part].strip() or None


def _ranges(fields: Mapping[str, Node]) -> dict[str, slice]:
    return {name: _range(node) for name, node in fields.items()}


def _range(node: Node) -> slice:
    match = _RANGE.fullmatch(str(node.value))
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last:
        raise ConfigurationError(
            [
                node.problem(
                    "config.columns",
                    f"'{node.value}' is no range of columns",
                    "Write from-to, counted from 1, such as 2-13",
                )
            ]
        )
    return slice(first - 1, last)
