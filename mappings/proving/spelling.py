"""Source and canonical values as lines of JSON, and back, without losing their type.

Guarantee: ``read(spelling(value))`` is ``value`` for all that an adapter delivers, but that a
tuple comes back as a list. What JSON has no word for is a record of one member whose name
begins with ``$``: ``{"$decimal": "12.50"}``.
"""

import json
import math
from collections.abc import Callable
from collections.abc import Mapping as Dict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

_SIGN = "$"
_RECORD = "$record"
_WRITERS: tuple[tuple[type, str, Callable[[Any], str]], ...] = (
    (Decimal, "$decimal", str),
    (datetime, "$datetime", lambda value: value.isoformat()),
    (date, "$date", lambda value: value.isoformat()),
    (time, "$time", lambda value: value.isoformat()),
    (timedelta, "$seconds", lambda value: str(Decimal(value // timedelta(microseconds=1)) / 10**6)),
    (bytes, "$bytes", lambda value: value.hex()),
    (bytearray, "$bytes", lambda value: value.hex()),
    (memoryview, "$bytes", lambda value: value.hex()),
    (UUID, "$uuid", str),
    (float, "$float", str),
)
_READERS: dict[str, Callable[[str], Any]] = {
    "$decimal": Decimal,
    "$datetime": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$time": time.fromisoformat,
    "$seconds": lambda text: timedelta(microseconds=int(Decimal(text) * 10**6)),
    "$bytes": bytes.fromhex,
    "$uuid": UUID,
    "$float": float,
}


def spelling(value: Any) -> str:
    """Return a value as one line of JSON; TypeError for one that cannot be written."""
    return json.dumps(storable(value), ensure_ascii=False, sort_keys=True)


def storable(value: Any) -> Any:
    """Return a value made of what JSON knows; TypeError for one that cannot be written."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Dict):
        record = {str(name): storable(item) for name, item in value.items()}
        return {_RECORD: record} if any(name.startswith(_SIGN) for name in record) else record
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    for kind, sign, write in _WRITERS:
        if isinstance(value, kind):
            return {sign: write(value)}
    raise TypeError(f"a {type(value).__name__} cannot be written")


def restored(value: Any) -> Any:
    """Return what ``storable`` was given; ValueError for what it never gives."""
    if isinstance(value, list):
        return [restored(item) for item in value]
    if not isinstance(value, dict):
        return value
    sign = next(iter(value), "")
    if not sign.startswith(_SIGN):
        return {name: restored(item) for name, item in value.items()}
    inside = value[sign]
    if len(value) == 1 and sign == _RECORD and isinstance(inside, dict):
        return {name: restored(item) for name, item in inside.items()}
    if len(value) != 1 or sign not in _READERS or not isinstance(inside, str):
        raise ValueError(f"'{sign}' is no type of a value")
    try:
        return _READERS[sign](inside)
    except ArithmeticError as error:
        raise ValueError(f"'{sign}' holds no such value") from error
