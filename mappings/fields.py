"""What a canonical field lets through: kind, choices, pattern and length of its contract."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn

from mappings.values import (
    CACHE_SIZE,
    Refused,
    describe,
    expect,
    plain_decimal,
    plain_integer,
    utc,
)
from shared_services.contracts.entities import FieldKind, FieldType


def missing() -> NoReturn:
    """Refuse a row whose required value is missing."""
    raise Refused("mapping.required", "nothing stands where a value is required")


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return a memoised test of ``pattern``; anchored at both ends it spans the whole text."""
    compiled = re.compile(pattern)
    whole = pattern.startswith("^") and pattern.endswith("$")
    test = compiled.fullmatch if whole else compiled.search

    @lru_cache(maxsize=CACHE_SIZE)
    def matches(text: str) -> bool:
        return test(text) is not None

    return matches


def restriction(field: FieldType) -> Callable[[str], None]:
    """Return a function that refuses the texts which ``field`` does not let through."""
    matches = matcher(field.pattern) if field.pattern else None

    def restrict(text: str) -> None:
        if field.choices and text not in field.choices:
            known = ", ".join(field.choices)
            raise Refused("mapping.choice", f"{describe(text)} is none of {known}")
        if len(text) < (field.min_length or 0):
            raise Refused("mapping.length", f"{describe(text)} is shorter than {field.min_length}")
        if field.max_length is not None and len(text) > field.max_length:
            raise Refused("mapping.length", f"{describe(text)} is longer than {field.max_length}")
        if matches is not None and not matches(text):
            raise Refused("mapping.pattern", f"{describe(text)} does not match {field.pattern}")

    return restrict


def to_decimal(value: Any) -> Decimal:
    """Return a source's own number as a canonical decimal; floats are not exact."""
    return plain_decimal(expect(value, (Decimal, int)))


def to_integer(value: Any) -> int:
    """Return a source's own integer."""
    return plain_integer(expect(value, (int,)))


def to_boolean(value: Any) -> bool:
    """Return a source's own boolean."""
    return bool(expect(value, (bool,)))


def to_date(value: Any) -> date:
    """Return a source's own date."""
    found: date = expect(value, (date,))
    return found


def to_datetime(value: Any) -> datetime:
    """Return a source's own aware date-time, in UTC."""
    return utc(expect(value, (datetime,)))


FROM_SOURCE: dict[FieldKind, Callable[[Any], Any]] = {
    "decimal": to_decimal,
    "integer": to_integer,
    "boolean": to_boolean,
    "date": to_date,
    "datetime": to_datetime,
}
