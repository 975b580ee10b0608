"""Numbers and booleans, exactly: nothing is rounded, nothing is guessed.

A floating-point number stands for the shortest decimal that is read back as it, which is
what the source printed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
)
from functools import lru_cache
from typing import Literal

from mappings.converters.registry import Function, NoOptions, register
from mappings.paths import spelt
from mappings.values import (
    CACHE_SIZE,
    MAX_DIGITS,
    Refused,
    parse_decimal,
    plain_decimal,
    plain_integer,
    refuse,
    shift_point,
)

MAX_PLACES = 18
WIDE = Context(prec=2 * MAX_DIGITS)
"""Wide enough that a product of two canonical numbers is exact."""

# -1 is how Access and Visual Basic write yes, .T. and .F. how dBase does.
_TRUE = """
    1 -1 true t .t. yes y yep on enabled active x ja j wahr aktiv oui o vrai actif si sì sí s
    vero attivo verdadero cierto activo sim verdadeiro waar sand sant sann kyllä tosi tak prawda
    ano áno pravda da igen i igaz jah tõene jā taip evet doğru ναι да истина так
"""  # noqa: RUF001 words of other scripts
_FALSE = """
    0 false f .f. no n nope off disabled inactive nein falsch inaktiv non faux inactif falso
    inattivo inactivo não nao nee nej nei usann falsk ei väärä epätosi nie fałsz ne nepravda nem
    hamis vale nē hayır yanlış όχι нет ложь ні
"""  # noqa: RUF001 words of other scripts
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


Rounding = Literal["half_up", "half_even", "half_down", "up", "down", "ceiling", "floor"]
_ROUNDINGS: dict[Rounding, str] = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "half_down": ROUND_HALF_DOWN,
    "up": ROUND_UP,
    "down": ROUND_DOWN,
    "ceiling": ROUND_CEILING,
    "floor": ROUND_FLOOR,
}


@dataclass(frozen=True, slots=True)
class RoundOptions:
    """``places`` behind the point are kept; ``rounding`` decides about the rest.

    ``up`` and ``down`` are away from zero and towards it.
    """

    places: int = 2
    rounding: Rounding = "half_up"


@register("round", takes=(int, Decimal), gives="decimal", options=RoundOptions)
def make_round(options: RoundOptions) -> Function:
    """Round a number to some places, in the declared way."""
    if not 0 <= options.places <= MAX_PLACES:
        raise ValueError(f"'places' is between 0 and {MAX_PLACES}")
    rounded = rounder(options.places, options.rounding)
    return lambda value: rounded(plain_decimal(value))


def rounder(places: int, rounding: Rounding) -> Callable[[Decimal], Decimal]:
    """Return a function that rounds a plain decimal."""
    unit, mode = Decimal(1).scaleb(-places), _ROUNDINGS[rounding]
    return lambda number: plain_decimal(number.quantize(unit, mode, WIDE))


@dataclass(frozen=True, slots=True)
class ScaleOptions:
    """``by`` is what each value is multiplied with: 0.001 makes kilograms of grams."""

    by: Decimal


@register("scale", takes=(int, Decimal), gives="decimal", options=ScaleOptions)
def make_scale(options: ScaleOptions) -> Function:
    """Multiply with a constant, exactly: from cents to euros, from grams to kilograms."""
    factor = _factor(options.by)
    return lambda value: plain_decimal(WIDE.multiply(plain_decimal(value), factor))


def _factor(by: Decimal) -> Decimal:
    """Return a factor; ValueError for one that leaves nothing of a number, or is none."""
    try:
        factor = plain_decimal(by)
    except Refused:
        factor = Decimal(0)
    if not factor:
        raise ValueError("'by' is a finite number other than 0")
    return factor


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


@dataclass(frozen=True, slots=True)
class BooleanOptions:
    """``yes`` and ``no`` are the source's own words, in any case; they replace the known ones.

    The empty text may be one of them.
    """

    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()


@register("boolean", takes=(str, int, bool), gives="boolean", options=BooleanOptions, revision=3)
def make_boolean(options: BooleanOptions) -> Function:
    """Read yes and no as legacy systems spell them: J/N, Y/N, 1/0, true/false, ja/nein."""
    if options == BooleanOptions():
        return to_boolean
    words = {word.strip().lower(): True for word in options.yes}
    words |= {word.strip().lower(): False for word in options.no}
    if len(words) < len(options.yes) + len(options.no):
        raise ValueError("a word is either among 'yes' or among 'no', once")

    def convert(value: str | int | bool) -> bool | None:
        if isinstance(value, bool):
            return value
        word = spelt(value).strip().lower()
        found = words.get(word)
        if found is None and word:
            refuse("boolean", value, "yes or no in a declared spelling")
        return found

    return convert


@lru_cache(maxsize=CACHE_SIZE)
def to_boolean(value: str | int | bool) -> bool | None:
    """Return a boolean; Refused ``mapping.boolean.invalid`` for other words and numbers."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else spelt(value)
    if not word:
        return None
    found = _BOOLEANS.get(word)
    if found is None:
        refuse("boolean", value, "yes or no in a known spelling")
    return found
