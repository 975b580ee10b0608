"""What expressions over several values do at run time: join, spell, calculate, look up.

Each function here makes one for a single expression; what it refuses, it refuses by code.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal, DecimalException
from typing import Any

from mappings.converters.numbers import WIDE, rounder
from mappings.converters.text import as_text
from mappings.model import Arithmetic, Lookup, Operator, Span
from mappings.paths import spelt
from mappings.values import Refused, describe, expect, plain_decimal

_OPERATIONS: dict[Operator, Callable[[Decimal, Decimal], Decimal]] = {
    "add": WIDE.add,
    "subtract": WIDE.subtract,
    "multiply": WIDE.multiply,
    "divide": WIDE.divide,
}


def joiner(separator: str) -> Callable[[tuple[Any, ...]], str | None]:
    """Return a function that joins the texts that are not missing; None when all are."""

    def join(parts: tuple[Any, ...]) -> str | None:
        texts = [expect(part, (str,)) for part in parts if part is not None and part != ""]
        return separator.join(texts) or None

    return join


def formatter(texts: tuple[str, ...]) -> Callable[[tuple[Any, ...]], str | None]:
    """Return a function that spells values between ``texts``; None when one is missing."""
    first, *others = texts

    def spell(parts: tuple[Any, ...]) -> str | None:
        if None in parts or "" in parts:
            return None
        values = [as_text(expect(part, (str, int, Decimal, bool))) for part in parts]
        return first + "".join(f"{value}{text}" for value, text in zip(values, others, strict=True))

    return spell


def calculator(sum_: Arithmetic) -> Callable[[tuple[Any, ...]], Decimal | None]:
    """Return a function of the numbers; None when one is missing.

    Refused ``mapping.arithmetic`` for a division by zero, and for a result of too many digits.
    """
    operate = _OPERATIONS[sum_.operator]
    rounded = None if sum_.places is None else rounder(sum_.places, sum_.rounding)

    def calculate(parts: tuple[Any, ...]) -> Decimal | None:
        if None in parts or "" in parts:
            return None
        first, *others = (plain_decimal(expect(part, (Decimal, int))) for part in parts)
        try:
            for other in others:
                first = operate(first, other)
            return rounded(first) if rounded else plain_decimal(first)
        except DecimalException:
            raise Refused("mapping.arithmetic", "the numbers have no such result") from None

    return calculate


def finder(lookup: Lookup) -> Callable[..., Any]:
    """Return a function that looks codes up, on a day where their meaning changes in time.

    An empty code is missing unless the table says what it means. An unknown one is what
    ``lookup.unknown`` says: Refused ``mapping.lookup.unknown``, kept or missing.
    """
    meaning = _of_a_day(lookup) if lookup.spans else _of_any_day(lookup)

    def find(code: Any, day: Any = None) -> Any:
        text = code if code.__class__ is str else spelt(expect(code, (str, int, bool)))
        if lookup.trim:
            text = text.strip()
        found = meaning(text.casefold() if lookup.fold else text, day)
        if found is not None or not text or lookup.unknown == "missing":
            return found
        if lookup.unknown == "keep":
            return text
        raise Refused("mapping.lookup.unknown", f"{describe(code)} is no code of {lookup.file}")

    return find


def _of_any_day(lookup: Lookup) -> Callable[[str, Any], Any]:
    return lambda text, _day: lookup.table.get(text)


def _of_a_day(lookup: Lookup) -> Callable[[str, Any], Any]:
    def meaning(text: str, day: Any) -> Any:
        if not text:
            return None
        if day is None or day == "":
            raise Refused("mapping.lookup.undated", f"a code of {lookup.file} stands without a day")
        return valid_on(lookup.spans.get(text, ()), expect(day, (date,)))

    return meaning


def valid_on(spans: tuple[Span, ...], day: date) -> Any:
    """Return what a code means on a day; None when it means nothing then."""
    return next((span.value for span in spans if span.first <= day <= span.last), None)
