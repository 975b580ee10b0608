"""Does to a whole column at once what a field does to one value.

Guarantee: a function of this module gives exactly what the exact function gives for each value
alone, or raises one of ``UNSURE``. It takes no value that the exact one would refuse or change.

What makes it fast: methods of texts and constructors of numbers are mapped over the column
without a line of Python for each value, and what has to hold for every text is looked for in
all of them joined. All of Unicode's normalization forms are closed under substrings, so what
holds for the whole holds for each.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import repeat
from operator import add, attrgetter, itemgetter, sub
from typing import Any
from zoneinfo import ZoneInfo

from mappings.converters.numbers import DecimalOptions
from mappings.converters.times import SHORTEST_LOCAL, DatetimeOptions, HourOffsets
from mappings.values import CACHE_SIZE, MAX_DIGITS, Refused

ColumnFunction = Callable[[Sequence[Any]], Sequence[Any]]

UNSURE = (Refused, ValueError, TypeError, ArithmeticError, LookupError, AttributeError)
"""What a value raises that is not plainly well: the exact function has to look at it."""

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LATIN_CONTROLS = bytes(code for code in range(256) if _CONTROLS.match(chr(code)))
_NUMBER, _WHOLE = b"0123456789.-", b"0123456789-"
_SURELY_64_BITS = 18
_ZERO = Decimal(0)
_hour_of, _zone_of = itemgetter(slice(13)), attrgetter("tzinfo")


class Memo(dict[Any, Any]):
    """What became of each text; any other value is made anew, for equal ones may differ in type."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, value: Any) -> Any:
        made = self._make(value)
        if value is None or value.__class__ is str:
            if len(self) >= CACHE_SIZE:
                self.clear()
            self[value] = made
        return made


def mapped(function: Callable[..., Any]) -> Callable[..., Sequence[Any]]:
    """Return ``function`` of one row's values as a function of their columns."""
    return lambda *columns: list(map(function, *columns))


def texts(methods: Sequence[str], most: int | None, *, required: bool) -> ColumnFunction:
    """Return the function that passes texts through ``methods`` of ``str``.

    ``most`` is how many characters one may have then.
    """
    functions = [getattr(str, name) for name in methods]

    def changed(column: Sequence[Any]) -> Sequence[Any]:
        made: Any = column
        for function in functions:
            made = map(function, made)
        return list(made) if functions else column

    def whole(column: Sequence[Any]) -> Sequence[Any]:
        try:
            made = changed(column)
            joined = "".join(made)
        except TypeError:
            made = changed(["" if value is None else value for value in column])
            joined = "".join(made)
        if not _is_clean(joined) or (most is not None and max(map(len, made)) > most):
            raise ValueError
        if all(made):
            return made
        if required:
            raise ValueError
        return [text or None for text in made]

    return whole


def _is_clean(joined: str) -> bool:
    """Return whether ``clean_text`` leaves a text, and each text within it, as it is."""
    try:
        data = joined.encode("latin-1")
    except UnicodeEncodeError:
        if not unicodedata.is_normalized("NFC", joined):
            return False
        return joined.isprintable() or _CONTROLS.search(joined) is None
    return len(data.translate(None, _LATIN_CONTROLS)) == len(data)


def sparse(whole: ColumnFunction, *, required: bool) -> ColumnFunction:
    """Return ``whole`` for columns in which values may be missing."""

    def spread(column: Sequence[Any]) -> Sequence[Any]:
        if all(column):
            return whole(column)
        present = [value for value in column if value is not None and value != ""]
        if required and len(present) < len(column):
            raise ValueError
        made = iter(whole(present) if present else ())
        return [None if value is None or value == "" else next(made) for value in column]

    return spread


def defaulted(whole: ColumnFunction, default: Any) -> ColumnFunction:
    """Return ``whole`` with ``default`` where a value is missing."""

    def filled(column: Sequence[Any]) -> Sequence[Any]:
        made = whole(column)
        return [default if value is None else value for value in made] if None in made else made

    return filled


def decimals(options: DecimalOptions) -> ColumnFunction | None:
    """Return the function of numbers with a point; None for those of another form."""
    return _decimals if options == DecimalOptions() else None


def _decimals(column: Sequence[Any]) -> Sequence[Decimal]:
    column, joined = _spelt_with(_NUMBER, column)
    if max(map(len, column)) > MAX_DIGITS:
        raise ValueError
    points = joined.count(".")
    if points == len(column):
        column = list(map(str.rstrip, column, repeat("0")))
    elif points:
        column = [text.rstrip("0") if "." in text else text for text in column]
    made = list(map(Decimal, column))
    return [number or _ZERO for number in made] if "-" in joined else made


def integers(_options: Any) -> ColumnFunction:
    """Return the function of whole numbers."""
    return _integers


def _integers(column: Sequence[Any]) -> Sequence[int]:
    column, _joined = _spelt_with(_WHOLE, column)
    if max(map(len, column)) > _SURELY_64_BITS:
        raise ValueError
    return list(map(int, column))


def _spelt_with(characters: bytes, column: Sequence[Any]) -> tuple[Sequence[str], str]:
    """Return a column of trimmed texts that hold ``characters`` alone, and all of them joined."""
    joined = "".join(column)
    if joined.encode("ascii").translate(None, characters):
        column = list(map(str.strip, column))
        joined = "".join(column)
        if joined.encode("ascii").translate(None, characters):
            raise ValueError
    return column, joined


def instants(options: DatetimeOptions) -> ColumnFunction | None:
    """Return the function of date-times in ISO 8601; None for those of another form.

    Where the option names a zone they are local times of it, else each states its offset.
    """
    if options.format or options.empty or options.epoch:
        return None
    if not options.zone:
        return _instants
    offsets = HourOffsets(ZoneInfo(options.zone))

    def local(column: Sequence[Any]) -> Sequence[datetime]:
        if min(map(len, column)) < SHORTEST_LOCAL:
            raise ValueError
        # An offset of the text's own makes this no date-time.
        moments = map(datetime.fromisoformat, map(add, column, repeat("+00:00")))
        return list(map(sub, moments, map(offsets.__getitem__, map(_hour_of, column))))

    return local


def _instants(column: Sequence[Any]) -> Sequence[datetime]:
    moments = list(map(datetime.fromisoformat, column))
    zones = set(map(_zone_of, moments))
    if zones == {UTC}:
        return moments
    if None in zones:
        raise ValueError
    return list(map(datetime.astimezone, moments, repeat(UTC)))


CONVERTED: dict[str, Callable[[Any], ColumnFunction | None]] = {
    "decimal": decimals,
    "integer": integers,
    "datetime": instants,
}
"""By a converter's name: from its options to the function of a column of texts, if it has one."""
