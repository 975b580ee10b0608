"""The ways back: for each converter that has one, what it makes the same value of again.

Guarantee, for every value that a converter gives: the way back, and then the converter, give it
again. Where the canonical form is one that the converter takes as well, it is its own way back;
what is lost then is the spelling, never the meaning.
"""

import html
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from mappings.converters.numbers import WIDE, BooleanOptions, DecimalOptions, ScaleOptions
from mappings.converters.registry import Function, reverses
from mappings.converters.text import (
    DecodeOptions,
    PadOptions,
    RepairOptions,
    ReplaceOptions,
    make_repair,
    make_replace,
    misread,
)
from mappings.converters.times import DateOptions, DatetimeOptions, formatted
from mappings.values import Refused, describe, plain_decimal, refuse

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"s": timedelta(seconds=1), "ms": timedelta(milliseconds=1)}
_OWN_WAY_BACK = {
    "trim": "",
    "lower": "capital letters",
    "upper": "small letters",
    "collapse": "runs of white space",
    "unpad": "the filling",
    "text": "",
    "round": "the digits that were rounded off",
    "integer": "",
    "email": "capital letters",
    "phone": "",
    "tax_id": "",
    "country": "",
    "currency": "",
    "money": "",
    "null_if": "",
    "language": "the region of a locale",
    "unit": "",
}
"""Each converter that takes what it gives, and what it loses beside the spelling."""


def _same(_options: Any) -> Function:
    return lambda value, *_others: value


for _name, _lost in _OWN_WAY_BACK.items():
    reverses(_name, _lost)(_same)


@reverses("clean", "control characters")
def escaped(_options: Any) -> Function:
    """Escape what HTML gives a meaning; accents and the like are left as they are."""
    return lambda text: html.escape(text, quote=False)


@reverses("replace", "what was replaced")
def unreplaced(options: ReplaceOptions) -> Function:
    """Leave a text as it is, or where that would be replaced again put ``find`` back."""
    return _tried(make_replace(options), lambda text: text.replace(options.by, options.find))


@reverses("repair", "the bytes as they came")
def mistaken(options: RepairOptions) -> Function:
    """Leave a text as it is, or where that would be repaired again mistake its bytes once more."""
    return _tried(make_repair(options), lambda text: misread(text, options))


def _tried(forward: Function, other: Callable[[str], str]) -> Function:
    """Return the first of a text and its ``other`` form that ``forward`` makes the text of."""

    def back(text: str) -> str:
        if forward(text) == text:
            return text
        source = other(text)
        if forward(source) != text:
            raise Refused("mapping.reverse.value", f"{describe(text)} has no way back")
        return source

    return back


@reverses("pad")
def unpadded(options: PadOptions) -> Function:
    """Cut the filling off again, but one character of a text of nothing else."""
    cut = str.lstrip if options.side == "left" else str.rstrip

    def back(text: str) -> str:
        if len(text) != options.length:
            return text
        return cut(text, options.fill) or text[:1]

    return back


@reverses("decode")
def encoded(options: DecodeOptions) -> Function:
    """Write a text in its encoding; UnicodeError for what that does not have."""
    return lambda text: text.encode(options.encoding)


@reverses("decimal")
def pointed(options: DecimalOptions) -> Function:
    """Write a number with the declared mark, without groups; one of the plain form as it is."""
    if options == DecimalOptions():
        return _same(options)

    def back(number: Decimal) -> str:
        if options.implied_places:
            whole = plain_decimal(WIDE.scaleb(number, options.implied_places))
            if whole % 1:
                refuse("decimal", number, f"number of {options.implied_places} places")
            return f"{whole:f}"
        return f"{number:f}".replace(".", options.mark)

    return back


@reverses("scale")
def unscaled(options: ScaleOptions) -> Function:
    """Divide by the factor; ArithmeticError where there is none."""
    factor = plain_decimal(options.by)
    return lambda number: plain_decimal(WIDE.divide(plain_decimal(number), factor))


@reverses("boolean")
def worded(options: BooleanOptions) -> Function:
    """Write the first declared word, or the boolean itself where none is declared."""
    if options == BooleanOptions():
        return _same(options)

    def back(value: bool) -> str | bool:
        words = options.yes if value else options.no
        return words[0] if words else value

    return back


@reverses("date")
def day(options: DateOptions) -> Function:
    """Write a day in the declared format, or as a date."""
    return _formatted(options.format, lambda found: found)


@reverses("datetime")
def moment(options: DatetimeOptions) -> Function:
    """Write an instant in the declared format and zone, or as it is counted from 1970."""
    if options.epoch:
        unit = _UNITS[options.epoch]
        return lambda instant: _counted(instant, unit)
    if not options.zone:
        return _formatted(options.format, lambda instant: instant)
    zone = ZoneInfo(options.zone)
    return _formatted(options.format, lambda instant: _on_the_wall(instant, zone))


def _on_the_wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what the zone's clock shows; in a doubled hour the reader decides which it is."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _formatted(
    template: str, placed: Callable[[Any], date | datetime]
) -> Callable[[date], str | date]:
    if not template:
        return placed
    return lambda value: formatted(placed(value), template)


def _counted(instant: datetime, unit: timedelta) -> int | Decimal:
    """Return whole units, or a decimal with what is left over."""
    micros = (instant - _EPOCH) // timedelta(microseconds=1)
    count = Decimal(micros) / Decimal(unit // timedelta(microseconds=1))
    return plain_decimal(count) if count % 1 else int(count)
