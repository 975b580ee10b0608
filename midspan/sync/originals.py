"""A refused record as its adapter gave it, kept so that it can be translated again.

Guarantee: what is decoded equals what was encoded, type for type: columns, numbers, decimals,
dates, bytes and nested records. A record that holds anything else is not kept (None), and is
read again where it is wanted. Nothing but data is ever decoded.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any
from uuid import UUID

import msgspec

from midspan.kernel.stream import Row

_TAG = "$"
_GREATEST = 2**63
_WRITE: dict[type, tuple[str, Callable[[Any], str]]] = {
    Decimal: ("decimal", str),
    datetime: ("datetime", datetime.isoformat),
    date: ("date", date.isoformat),
    time: ("time", time.isoformat),
    timedelta: ("microseconds", lambda value: str(value // timedelta(microseconds=1))),
    UUID: ("uuid", str),
    bytes: ("bytes", bytes.hex),
    int: ("int", str),
    float: ("float", float.__repr__),
}
_READ: dict[str, Callable[[Any], Any]] = {
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "microseconds": lambda text: timedelta(microseconds=int(text)),
    "uuid": UUID,
    "bytes": bytes.fromhex,
    "int": int,
    "float": float,
    "tuple": lambda items: tuple(map(_read, items)),
    "record": lambda pairs: {name: _read(value) for name, value in pairs},
}


def encode_record(columns: Sequence[str], row: Sequence[Any]) -> bytes | None:
    """Return a record as bytes; None where a value is of no kind that can be kept."""
    try:
        return msgspec.json.encode([list(columns), [_written(value) for value in row]])
    except (TypeError, ValueError):  # an unknown kind, or a text that is no Unicode
        return None


def decode_record(kept: bytes) -> tuple[tuple[str, ...], Row]:
    """Return the columns and the row that were encoded."""
    columns, values = msgspec.json.decode(kept)
    return tuple(columns), tuple(map(_read, values))


def only(kept: bytes, names: Iterable[str]) -> bytes | None:
    """Return a kept record with the columns of these ``names`` alone."""
    columns, row = decode_record(kept)
    wanted = [place for place, name in enumerate(columns) if name in set(names)]
    return encode_record([columns[place] for place in wanted], [row[place] for place in wanted])


def _written(value: Any) -> Any:
    if value is None or type(value) in (str, bool):
        return value
    if type(value) is int and -_GREATEST <= value < _GREATEST:
        return value
    if type(value) is float and isfinite(value):
        return value
    if isinstance(value, list):
        return [_written(item) for item in value]
    if isinstance(value, tuple):
        return {_TAG: "tuple", "of": [_written(item) for item in value]}
    if isinstance(value, dict):
        return {_TAG: "record", "of": [[name, _written(item)] for name, item in value.items()]}
    if isinstance(value, str):
        return str(value)
    tag, write = _WRITE.get(type(value), ("", None))
    if write is None:
        raise TypeError(type(value).__name__)
    return {_TAG: tag, "of": write(value)}


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(item) for item in value]
    if isinstance(value, dict):
        return _READ[value[_TAG]](value["of"])
    return value
