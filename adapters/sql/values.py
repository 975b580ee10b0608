"""Values on their way between a database and a position, a filter or a batch.

Guarantee: a key comes back to the database as the value that it came from, also by way of
JSON; and a text that cannot be decoded refuses its own row, never its batch.

Keys of bytes are delivered as ``0x`` and hexadecimal digits, so that they can be written down
and compared everywhere; in any other column bytes stay bytes.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from config.model import CursorConfig
from midspan.kernel.errors import DriftError, ProtocolError
from midspan.kernel.stream import Key, Reject, Row


class Kind(Enum):
    """What a column holds, as far as its filter has to know.

    An instant knows its zone, a local time does not. ``BYTES_OR_TEXT`` is said by drivers
    that tell the two apart by each value only.
    """

    INTEGER = "integer"
    DECIMAL = "decimal"
    TEXT = "text"
    BYTES = "bytes"
    BYTES_OR_TEXT = "bytes or text"
    INSTANT = "instant"
    LOCAL = "local time"
    DATE = "date"
    OTHER = "other"


class Undecodable:
    """Stands in a row for a text that is not in its encoding."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        self.raw = raw


def decoder(encoding: str) -> Callable[[bytes], str | Undecodable]:
    """Return a function that decodes a text, or marks it as undecodable."""

    def decode(raw: bytes) -> str | Undecodable:
        try:
            return str(raw, encoding)
        except UnicodeDecodeError:
            return Undecodable(bytes(raw))

    return decode


def split_rejects(
    rows: Sequence[Row], columns: Sequence[str], keys: Sequence[int]
) -> tuple[list[Row], list[Reject]]:
    """Return the rows that are whole, and a reject with its bytes for each that is not."""
    whole, rejects = list[Row](), list[Reject]()
    for row in rows:
        if not any(type(value) is Undecodable for value in row):
            whole.append(row)
            continue
        bad = [name for name, value in zip(columns, row, strict=True) if _is_bad(value)]
        message = f"the text of {', '.join(bad)} is not in the declared encoding"
        rejects.append(Reject("sql.encoding", message, row_bytes(columns, row), place(row, keys)))
    return whole, rejects


def row_bytes(columns: Sequence[str], row: Row) -> bytes:
    """Return a row as lines ``column=value``; undecodable texts as their own bytes."""
    return b"\n".join(
        name.encode() + b"=" + (value.raw if isinstance(value, Undecodable) else _shown(value))
        for name, value in zip(columns, row, strict=True)
    )


def place(row: Row, keys: Sequence[int]) -> str:
    """Return where a row is: its key."""
    return "key " + ", ".join(_shown(row[index]).decode(errors="replace") for index in keys)


def hex_keys(rows: list[Row], keys: Sequence[int]) -> list[Row]:
    """Return the rows with keys of bytes in hexadecimal; most have none and stay as they are."""
    for index in keys:
        if not _types(rows, index) & _BYTES:
            continue
        rows = [
            (*row[:index], f"0x{bytes(row[index]).hex()}", *row[index + 1 :])
            if isinstance(row[index], bytes | bytearray | memoryview)
            else row
            for row in rows
        ]
    return rows


def as_record(columns: Sequence[str], row: Row, keys: Sequence[int]) -> dict[str, Any]:
    """Return a row by its columns' names; bytes in its key as a batch shows them."""
    (shown,) = hex_keys([row], keys)
    return dict(zip(columns, shown, strict=True))


def key_for_position(key: Key) -> list[Any]:
    """Return a key as JSON can hold it."""
    return [part if type(part) in (int, str) else _tagged(part) for part in key]


def key_from_position(parts: Sequence[Any]) -> Key:
    """Return the key that ``key_for_position`` was given."""
    return tuple(_FROM_TAG[part[0]](part[1]) if isinstance(part, list) else part for part in parts)


def key_values(part: Any, kind: Kind) -> list[Any]:
    """Return the values to ask a key column for; several where its type is not known.

    A key that came by JSON, as a parent's does, has lost its type: the column's tells it.
    """
    if not isinstance(part, str):
        return [part]
    raw = _from_hex(part) if kind in _MAYBE_BYTES else None
    if kind is Kind.BYTES:
        return [part.encode() if raw is None else raw]
    if raw is not None:
        return [part, raw]
    convert = _FROM_TEXT.get(kind)
    try:
        return [convert(part) if convert else part]
    except (ValueError, ArithmeticError):
        raise DriftError(
            "sql.type_changed",
            f"a key is no {kind.value}, as its column is",
            remedy="Check primary_key, and the parent of a part",
        ) from None


def lower_value(lower: str, cursor: CursorConfig, kind: Kind) -> Any:
    """Return a slice's lower bound as its column compares it.

    Raises DriftError ``sql.cursor_type`` when the column is of another kind than the cursor.
    """
    if cursor.type == "integer":
        return int(lower)
    if cursor.type == "string":
        return lower
    if cursor.format:
        # A date's bound is canonical, a date-time's is in the declared format already.
        is_date = cursor.type == "date"
        return date.fromisoformat(lower).strftime(cursor.format) if is_date else lower
    if kind in (Kind.INTEGER, Kind.DECIMAL, Kind.BYTES):
        raise DriftError(
            "sql.cursor_type",
            f"the cursor column holds {kind.value} values and is declared as {cursor.type}",
            remedy="Correct the cursor's type",
        )
    moment = date if cursor.type == "date" else datetime
    local: Any = moment.fromisoformat(lower)
    if kind in (Kind.TEXT, Kind.BYTES_OR_TEXT):
        return as_iso_text(local)
    if kind is Kind.INSTANT and cursor.type == "datetime":
        return local.replace(tzinfo=ZoneInfo(cursor.zone), fold=0).astimezone(UTC)
    return local


def as_iso_text(bound: Any) -> Any:
    """Return a bound for a column of ISO texts, such as SQLite's: never after its equal.

    With the blank and to the whole second it sorts before every spelling of the same second.
    """
    if isinstance(bound, datetime):
        return bound.replace(tzinfo=None, microsecond=0).isoformat(" ")
    return bound.isoformat() if isinstance(bound, date) else bound


def refuse_null_keys(rows: Sequence[Row], keys: Sequence[int], stream: str) -> None:
    """Raise when a key is null: no position can be behind such a row."""
    if any(_NONE in _types(rows, index) for index in keys):
        raise ProtocolError(
            "sql.key_null",
            "a row's key is null, so that reading could not go on behind it",
            remedy="Take a key that is never null, or leave these rows out with where",
            stream=stream,
        )


def _types(rows: Sequence[Row], index: int) -> set[type]:
    return set(map(type, map(itemgetter(index), rows)))


def _is_bad(value: Any) -> bool:
    return isinstance(value, Undecodable)


def _shown(value: Any) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str).encode()
    return b"" if value is None else str(value).encode(errors="surrogateescape")


def _tagged(part: Any) -> list[str]:
    if isinstance(part, bytes | bytearray | memoryview):
        return ["bytes", bytes(part).hex()]
    if isinstance(part, date):
        return ["datetime" if isinstance(part, datetime) else "date", part.isoformat()]
    return ["decimal" if isinstance(part, Decimal | float) else "text", str(part)]


def _from_hex(text: str) -> bytes | None:
    if not text.startswith("0x"):
        return None
    try:
        return bytes.fromhex(text[2:])
    except ValueError:
        return None


_NONE = type(None)
_BYTES = {bytes, bytearray, memoryview}
_MAYBE_BYTES = {Kind.BYTES, Kind.BYTES_OR_TEXT}
_FROM_TAG: dict[str, Callable[[str], Any]] = {
    "bytes": bytes.fromhex,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "decimal": Decimal,
    "text": str,
}
_FROM_TEXT: dict[Kind, Callable[[str], Any]] = {
    Kind.INTEGER: int,
    Kind.DECIMAL: Decimal,
    Kind.DATE: date.fromisoformat,
    Kind.LOCAL: datetime.fromisoformat,
    Kind.INSTANT: datetime.fromisoformat,
}
