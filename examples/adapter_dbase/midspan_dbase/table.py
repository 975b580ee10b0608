"""The format of a .dbf file: header, fields, and what a record's bytes mean.

Guarantee: a table is as long as its header says, or it is refused; each value is exact (decimals
stay decimals), or its record is refused. A record marked as deleted is no record.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any, BinaryIO

from adapters.base import BoundStream
from config.binding import nearest
from midspan.kernel.catalog import CatalogField, FieldType
from midspan.kernel.errors import DriftError, ProtocolError, RecordError

DELETED = b"*"
CODE_PAGES = {
    0x01: "cp437",
    0x02: "cp850",
    0x03: "cp1252",
    0x57: "cp1252",
    0x64: "cp852",
    0x65: "cp866",
    0x66: "cp865",
    0xC8: "cp1250",
    0xC9: "cp1251",
}
"""Python's names of the code pages that a header's byte 29 may name."""

_FIELD = struct.Struct("<11sc4xBB14x")
# The Julian day of 0001-01-01 is 1721426; Python counts that day as 1.
_JULIAN = 1721425
_LOGICAL = dict.fromkeys((b"T", b"t", b"Y", b"y"), True)
_LOGICAL |= dict.fromkeys((b"F", b"f", b"N", b"n"), False)
_UNSET = (b"?", b" ", b"\0")


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a table, and where it stands in a record."""

    name: str
    kind: str
    offset: int
    length: int
    decimals: int

    def described(self) -> CatalogField:
        """Return the field for a catalog."""
        kind = _TYPES[self.kind]
        if kind == "decimal" and not self.decimals:
            kind = "integer"
        native = f"{self.kind}({self.length},{self.decimals})"
        return CatalogField(self.name, kind, native=native, size=self.length)


@dataclass(frozen=True, slots=True)
class Table:
    """An open table.

    ``records`` counts all of them, those marked as deleted too. ``left_out`` names the fields
    whose values are not in this file (memos, pictures).
    """

    file: BinaryIO
    name: str
    records: int
    columns: tuple[Column, ...]
    left_out: tuple[str, ...]
    encoding: str
    _first: int = field(repr=False)
    _width: int = field(repr=False)

    def raw(self, start: int, count: int) -> Iterator[tuple[int, bytes]]:
        """Yield number (from 0) and bytes of up to ``count`` records that are not deleted."""
        self.file.seek(self._first + start * self._width)
        for number in range(start, min(start + count, self.records)):
            record = self.file.read(self._width)
            if len(record) < self._width:
                raise _broken(self.name, f"it ends in record {number + 1} of {self.records}")
            if record[:1] != DELETED:
                yield number, record

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns' names."""
        return tuple(column.name for column in self.columns)

    def place(self, number: int) -> str:
        """Return where a record stands, counted from 1 as applications do."""
        return f"{self.name} record {number + 1}"

    def require(self, stream: BoundStream) -> tuple[str, ...]:
        """Raise ``dbase.field`` unless a stream's fields are there; return those left out."""
        cursor = stream.cursor.fields if stream.cursor else ()
        for name in (*stream.primary_key, *cursor, *stream.columns):
            if name not in self.names:
                raise DriftError(
                    "dbase.field",
                    f"{self.name} has no field {name}",
                    remedy=nearest(name, self.names),
                )
        return self.left_out

    def fingerprint(self, number: int) -> str:
        """Return what tells the record at a place from any other; empty beyond the last."""
        if not 0 <= number < self.records:
            return ""
        self.file.seek(self._first + number * self._width + 1)
        return sha256(self.file.read(self._width - 1)).hexdigest()[:16]

    def values(self, record: bytes) -> tuple[Any, ...]:
        """Return a record's values by column; raises RecordError for what cannot be read."""
        return tuple(self._value(column, record) for column in self.columns)

    def _value(self, column: Column, record: bytes) -> Any:
        data = record[column.offset : column.offset + column.length]
        try:
            if column.kind == "C":
                return data.decode(self.encoding).rstrip(" \0") or None
            return _READERS[column.kind](data)
        except (ValueError, LookupError, InvalidOperation, OverflowError):
            raise RecordError(
                "dbase.value",
                f"{column.name} is no {column.kind} value in {self.encoding}",
                remedy="Correct the record in its application, or the system's encoding",
            ) from None


def open_table(file: BinaryIO, name: str, encoding: str | None) -> Table:
    """Read a table's header; raises ProtocolError ``dbase.broken``."""
    head = file.read(32)
    if len(head) < 32:
        raise _broken(name, "its header is cut off")
    records, first, width = struct.unpack("<IHH", head[4:12])
    columns = tuple(_columns(file.read(max(first - 32, 0))))
    if not columns or columns[-1].offset + columns[-1].length > width:
        raise _broken(name, "its header contradicts itself")
    read = tuple(column for column in columns if column.kind in _TYPES)
    left_out = tuple(column.name for column in columns if column.kind not in _TYPES)
    own = CODE_PAGES.get(head[29], "ascii")
    return Table(file, name, records, read, left_out, encoding or own, first, width)


def _columns(described: bytes) -> Iterator[Column]:
    offset = 1
    for start in range(0, len(described) - 31, 32):
        if described[start] == 0x0D:
            return
        title, letter, length, decimals = _FIELD.unpack_from(described, start)
        kind = letter.decode("latin-1")
        if kind == "C":
            length, decimals = length + 256 * decimals, 0
        yield Column(title.partition(b"\0")[0].decode("ascii"), kind, offset, length, decimals)
        offset += length


def _broken(name: str, reason: str) -> ProtocolError:
    return ProtocolError(
        "dbase.broken",
        f"{name} is no whole table: {reason}",
        remedy="Have the application repair or reindex it",
    )


def _number(data: bytes) -> int | Decimal | None:
    text = data.strip(b" \0").decode("ascii")
    if not text:
        return None
    return Decimal(text) if "." in text else int(text)


def _date(data: bytes) -> date | None:
    text = data.strip(b" \0").decode("ascii")
    return datetime.strptime(text, "%Y%m%d").date() if text else None  # noqa: DTZ007 a day


def _moment(data: bytes) -> datetime | None:
    day, milliseconds = struct.unpack("<ii", data)
    if not day:
        return None
    start = datetime.fromordinal(day - _JULIAN)
    return start + timedelta(milliseconds=milliseconds)


_TYPES: dict[str, FieldType] = {
    "C": "string",
    "N": "decimal",
    "F": "decimal",
    "D": "date",
    "L": "boolean",
    "I": "integer",
    "T": "datetime",
    "Y": "decimal",
}
_READERS: dict[str, Callable[[bytes], Any]] = {
    "N": _number,
    "F": _number,
    "D": _date,
    "L": lambda data: None if data in _UNSET else _LOGICAL[data],
    "I": lambda data: int.from_bytes(data, "little", signed=True),
    "T": _moment,
    "Y": lambda data: Decimal(int.from_bytes(data, "little", signed=True)).scaleb(-4),
}
