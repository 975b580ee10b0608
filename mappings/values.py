"""Canonical values: one spelling for each meaning, and a refusal for what has none.

Equal values are equal texts: strings are in Unicode's NFC and hold no control characters,
decimals carry neither trailing zeros nor an exponent, date-times are aware and in UTC. A
refusal says what class of value was found and never the value itself.
"""

import unicodedata
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any, NoReturn

from shared_services.contracts.entities import FieldKind

MAX_DIGITS = 60
CACHE_SIZE = 16_384

KIND_TYPES: dict[FieldKind, type] = {
    "string": str,
    "integer": int,
    "decimal": Decimal,
    "boolean": bool,
    "date": date,
    "datetime": datetime,
    "records": tuple,
}

_EXACT = Context(prec=MAX_DIGITS, traps=[Inexact, InvalidOperation])
_ZERO = Decimal(0)
_ONE = Decimal(1)
_SIGNS = ("-", "+")
_TWO_63 = 2**63
_CLASSES: dict[type, str] = {
    type(None): "nothing",
    bool: "a boolean",
    int: "an integer",
    float: "a floating-point number",
    Decimal: "a decimal",
    date: "a date",
    datetime: "a date-time",
    dict: "a record",
    list: "a list",
    bytes: "bytes",
}
_KIND_NAMES: dict[type, str] = {str: "a text"} | _CLASSES


class Refused(Exception):
    """One value of one row has no canonical form; ``message`` never holds the value.

    ``place`` says where below its field: ``[3].quantity`` of a list of records.
    """

    def __init__(self, code: str, message: str, place: str = "") -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.place = place


def describe(value: Any) -> str:
    """Return a value's class in words: what may be logged of it."""
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    return _CLASSES.get(type(value), f"a {type(value).__name__}")


def refuse(name: str, value: Any, wanted: str) -> NoReturn:
    """Raise the refusal ``mapping.<name>.invalid``: ``value`` is no ``wanted``."""
    raise Refused(f"mapping.{name}.invalid", f"{describe(value)} is no {wanted}")


def expect(value: Any, types: tuple[type, ...]) -> Any:
    """Return ``value`` if it is of one of ``types``; a boolean is no integer here.

    A date-time is no date either. Raises Refused ``mapping.type``.
    """
    if type(value) in types:
        return value
    narrower = (bool, datetime)
    if isinstance(value, types) and not (
        isinstance(value, narrower) and not any(kind in types for kind in narrower)
    ):
        return value
    names = " or ".join(_KIND_NAMES.get(wanted, wanted.__name__) for wanted in types)
    raise Refused("mapping.type", f"{describe(value)} stands where {names} is needed")


def empty_text(value: Any) -> None:
    """Take the empty text as missing, and refuse every other falsy value as no text."""
    if value != "" or not isinstance(value, str):
        expect(value, (str,))


def clean_text(text: str) -> str:
    """Return ``text`` in NFC; Refused ``mapping.text.invalid`` for control characters.

    Line breaks and tabs are text. Lone surrogates and noncharacters cannot be stored.
    """
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        for character in text:
            if unicodedata.category(character) in {"Cc", "Cs"} and character not in "\t\n\r":
                raise Refused(
                    "mapping.text.invalid",
                    f"{describe(text)} holds the control character U+{ord(character):04X}",
                )
    return text


def plain_decimal(value: Decimal | int) -> Decimal:
    """Return ``value`` exactly, without trailing zeros or exponent.

    Raises Refused ``mapping.decimal.invalid`` for NaN, infinities and more than 60 digits.
    """
    number = value if isinstance(value, Decimal) else Decimal(value)
    try:
        if number.is_finite() and abs(number.adjusted()) <= MAX_DIGITS:
            number = number.normalize(_EXACT)
            if "E+" in str(number):
                number = number.quantize(_ONE, context=_EXACT)
            return number or Decimal(0)
    except (Inexact, InvalidOperation):
        pass
    refuse("decimal", value, f"finite number of at most {MAX_DIGITS} digits")


def plain_integer(value: int) -> int:
    """Return ``value`` if 64 bits hold it; Refused ``mapping.integer.invalid`` otherwise."""
    if not -_TWO_63 <= value < _TWO_63:
        refuse("integer", value, "number that 64 bits hold")
    return value


def parse_decimal(text: str) -> Decimal:
    """Return the plain decimal that ``text`` spells with a point; ValueError for none."""
    short = text.rstrip("0").removesuffix(".") if "." in text else text
    if short.replace(".", "", 1).isdigit() and text.isascii() and len(text) <= MAX_DIGITS:
        return Decimal(short) or _ZERO
    whole, _, places = text.partition(".")
    digits = whole[1:] if whole.startswith(_SIGNS) else whole
    if not ((digits + places).isdigit() and text.isascii()) or len(text) > MAX_DIGITS:
        raise ValueError
    if not digits:
        whole += "0"
    places = places.rstrip("0")
    return Decimal(f"{whole}.{places}" if places else whole) or Decimal(0)


def shift_point(number: Decimal, places: int) -> Decimal:
    """Return ``number`` with its decimal point ``places`` further left, exactly."""
    return plain_decimal(_EXACT.scaleb(plain_decimal(number), -places))


def utc(moment: datetime) -> datetime:
    """Return an aware date-time in UTC.

    Raises Refused ``mapping.datetime.invalid`` for a naive one, and where UTC has no such year.
    """
    if moment.tzinfo is None:
        refuse("datetime", moment, "instant: it has no zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        refuse("datetime", moment, "instant of the years 1 to 9999")


def cast(value: Any, kind: FieldKind) -> Any:
    """Return a constant from a project file as a canonical value of ``kind``.

    Decimals, dates and date-times may be written as text. Raises ValueError when it is none.
    """
    try:
        return _cast(value, kind)
    except Refused:
        raise ValueError from None


def _cast(value: Any, kind: FieldKind) -> Any:
    if kind == "decimal" and isinstance(value, str | int | float) and not isinstance(value, bool):
        return parse_decimal(str(value))
    if kind == "date" and isinstance(value, str):
        return date.fromisoformat(value)
    if kind == "datetime" and isinstance(value, str):
        return utc(datetime.fromisoformat(value))
    if kind == "records" and value == []:
        return ()
    if type(value) is not KIND_TYPES[kind]:
        raise ValueError
    return clean_text(value) if isinstance(value, str) else value
