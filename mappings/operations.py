"""What expressions over several values do at run time: join, calculate, look up.

Each function here makes one for a single expression; what it refuses, it refuses by code.
"""

from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Any

from mappings.converters.numbers import WIDE, rounder
from mappings.model import Arithmetic, Operator
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


def finder(table: Any, file: str) -> Callable[[Any], Any]:
    """Return a function that looks codes up; Refused ``mapping.lookup.unknown``.

    An empty code is missing unless the table says what it means.
    """

    def find(code: Any) -> Any:
        text = code if code.__class__ is str else spelt(expect(code, (str, int, bool)))
        found = table.get(text)
        if found is None and text:
            raise Refused("mapping.lookup.unknown", f"{describe(code)} is no code of {file}")
        return found

    return find
