"""Numbers and booleans, exactly: nothing is rounded, nothing is guessed.

A floating-point number stands for the shortest decimal that is read back as it, which is
what the source printed.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from mappings.converters.registry import Function, NoOptions, register
from mappings.values import (
    CACHE_SIZE,
    parse_decimal,
    plain_decimal,
    plain_integer,
    refuse,
    shift_point,
)

_TRUE = "1 true t yes y on ja j wahr oui o vrai si sì sí s vero verdadero ano tak x"
_FALSE = "0 false f no n off nein falsch non faux falso ne nie"
_BOOLEANS = dict.fromkeys(_TRUE.split(), True) | dict.fromkeys(_FALSE.split(), False)
_MARKS = (".", ",", "·", "'")
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DecimalOptions:
    """How a decimal is written.

    ``mark`` separates the decimals, ``grouping`` the thousands. ``implied_places`` says how
    many last digits are decimals where no mark is written: 2 reads 001250 as 12.5.
    """

    mark: str = "."
    grouping: str = ""
    implied_places: int = 0


@register("decimal", takes=(str, int, Decimal, float), gives="decimal", options=DecimalOptions)
def make_decimal(options: DecimalOptions) -> Function:
    """Read a decimal number: 12.50, 1.234,56, or 001250 with implied places."""
    if options.mark not in _MARKS:
        raise ValueError(f"'mark' is one of {' '.join(_MARKS)}")
    if len(options.grouping) > 1 or options.grouping == options.mark:
        raise ValueError("'grouping' is one character other than 'mark'")
    if not 0 <= options.implied_places <= 18:
        raise ValueError("'implied_places' is between 0 and 18")
    plain = options == DecimalOptions()

    # Typed, since a float and a decimal may be equal and yet stand for different numbers.
    @lru_cache(maxsize=CACHE_SIZE, typed=True)
    def convert(value: str | int | Decimal | float) -> Decimal | None:
        if not isinstance(value, str):
            number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
            return shift_point(number, options.implied_places)
        text = value.strip()
        if not text:
            return None
        try:
            return parse_decimal(text if plain and text[-1] != "-" else _pointed(text, options))
        except ValueError:
            refuse("decimal", value, "decimal number in the declared form")

    return convert


def _pointed(text: str, options: DecimalOptions) -> str:
    """Return ``text`` with a point and without groups; ValueError when groups are uneven."""
    sign, digits = _split_sign(text)
    if options.implied_places:
        if not digits.isdigit():
            raise ValueError
        digits = digits.zfill(options.implied_places + 1)
        return f"{sign}{digits[: -options.implied_places]}.{digits[-options.implied_places :]}"
    whole, mark, places = digits.partition(options.mark)
    if options.grouping and options.grouping in whole:
        first, *groups = whole.split(options.grouping)
        if not first or len(first) > 3 or any(len(group) != 3 for group in groups):
            raise ValueError
        whole = first + "".join(groups)
    if not (whole + places).isdigit():
        raise ValueError
    return f"{sign}{whole}.{places}" if mark else f"{sign}{whole}"


def _split_sign(text: str) -> tuple[str, str]:
    """Return sign and digits; mainframes write the sign last."""
    if text[0] in "+-":
        return text[0], text[1:]
    if text[-1] in "+-":
        return text[-1], text[:-1]
    return "", text


@register("integer", takes=(str, int, Decimal), gives="integer")
def make_integer(_options: NoOptions) -> Function:
    """Read a whole number of at most 64 bits."""
    return to_integer


def to_integer(value: str | int | Decimal) -> int | None:
    """Return a whole number; Refused ``mapping.integer.invalid`` for any other."""
    if isinstance(value, str):
        if len(value) < 19 and value.isascii() and value.isdigit():
            return int(value)
        digits = value.strip()
        if not digits:
            return None
        if _INTEGER.fullmatch(digits) is None:
            refuse("integer", value, "whole number")
        return plain_integer(int(digits))
    if isinstance(value, Decimal) and plain_decimal(value) % 1:
        refuse("integer", value, "whole number")
    return plain_integer(int(value))


@register("boolean", takes=(str, int, bool), gives="boolean")
def make_boolean(_options: NoOptions) -> Function:
    """Read yes and no as legacy systems spell them: J/N, Y/N, 1/0, true/false, ja/nein."""
    return to_boolean


@lru_cache(maxsize=CACHE_SIZE)
def to_boolean(value: str | int | bool) -> bool | None:
    """Return a boolean; Refused ``mapping.boolean.invalid`` for other words and numbers."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else str(value)
    if not word:
        return None
    found = _BOOLEANS.get(word)
    if found is None:
        refuse("boolean", value, "yes or no in a known spelling")
    return found
