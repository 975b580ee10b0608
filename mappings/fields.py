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


def counted(field: FieldType) -> Callable[[tuple[Any, ...]], None]:
    """Return a function that refuses more or fewer records than ``field`` lets through."""
    least, most = field.min_length or 0, field.max_length

    def count(records: tuple[Any, ...]) -> None:
        if len(records) < least:
            raise Refused("mapping.length", f"fewer than {least} records")
        if most is not None and len(records) > most:
            raise Refused("mapping.length", f"more than {most} records")

    return count


def of_type(types: tuple[type, ...], canonical: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function from a source's own value of ``types`` to its canonical value.

    The empty text is missing for every kind. It is told by its class before anything is
    compared: a decimal takes its time to find out that it is no text.
    """

    def convert(value: Any) -> Any:
        if value.__class__ is str and not value:
            return None
        return canonical(expect(value, types))

    return convert


FROM_SOURCE: dict[FieldKind, Callable[[Any], Any]] = {
    "decimal": of_type((Decimal, int), plain_decimal),
    "integer": of_type((int,), plain_integer),
    "boolean": of_type((bool,), bool),
    "date": of_type((date,), lambda value: value),
    "datetime": of_type((datetime,), utc),
}
