"""What the values of one sampled column are, told from the values alone.

A ``Reading`` lives as long as a sample is looked at: what is kept of it are types, counts and
formats, never a value. Texts that are dates, numbers or truth values are recognised as such;
what can be meant in two ways is read as the weaker of the two (``0`` and ``1`` are numbers, a
number with leading zeros is a code).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from midspan.kernel.catalog import FieldType
from midspan.kernel.cursor import NO_DATE

_DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y%m%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d.%m.%y",
)
_TIME_FORMATS = ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_COMPACT = ("%Y%m%d%H%M%S", "%Y%m%dT%H%M%S", "%Y%m%d %H%M%S", "%Y%m%d%H%M%S%f")
_DATETIME_FORMATS = (
    *(f"%Y-%m-%dT{clock}" for clock in _TIME_FORMATS),
    *_COMPACT,
    *(f"{day} {clock}" for day in _DATE_FORMATS for clock in _TIME_FORMATS),
)
_ISO_FORMATS = {"%Y-%m-%d", *(f"%Y-%m-%dT{clock}" for clock in _TIME_FORMATS[:2])}
_INTEGER = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?\.\d+|[+-]?\d{1,3}(,\d{3})+")
_COMMA_DECIMAL = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")
_FLOAT = re.compile(r"[+-]?\d+(\.\d+)?[eE][+-]?\d+")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?")
_ZONED = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})")
_WORDS = ({"true", "false"}, {"yes", "no"}, {"ja", "nein"}, {"on", "off"})
_LETTERS = ({"y", "n"}, {"j", "n"}, {"t", "f"})
_MARKS = ({"x"}, {"x", "-"})
_YEARS = range(1900, 2101)
_FEW = 3
_DAY_LENGTH = len("0000-00-00")


@dataclass(frozen=True, slots=True)
class Reading:
    """One column as its values show it.

    ``moments`` has one entry a row: the value as something that can be ordered, None where
    the row is blank; it is empty for types without an order of their own. ``format`` is the
    strptime format of texts that are not ISO 8601, ``unsure`` says that another one fits as
    well. ``zoned`` date-times say their zone, ``textual`` ones are texts.
    """

    type: FieldType
    rows: int = 0
    nulls: int = 0
    blanks: int = 0
    moments: Sequence[Any] = ()
    format: str | None = None
    unsure: bool = False
    zoned: bool = False
    textual: bool = False

    @property
    def stand_ins(self) -> int:
        """Rows that are blank without being null: empty texts and zero dates."""
        return self.blanks - self.nulls

    @property
    def sorts(self) -> bool:
        """Whether the source orders the values by time, also when it compares texts."""
        return not self.textual or (self.format or "%Y").startswith("%Y")


def read_column(values: Sequence[Any]) -> Reading:
    """Return what ``values`` are, None and ``""`` among them.

    ``False`` between values of another type is a null, as XML-RPC servers write it; so is a
    text between dates (``0000-00-00``, ``infinity``).
    """
    texts = [value.strip() or None if isinstance(value, str) else value for value in values]
    cleaned = _without_stand_ins(texts)
    found = _read([value for value in cleaned if value is not None], cleaned)
    known = found.moments or cleaned
    return replace(
        found,
        rows=len(values),
        nulls=sum(value is None or value is False for value in values if found.type != "boolean"),
        blanks=sum(one is None for one in known),
    )


def _without_stand_ins(values: Sequence[Any]) -> Sequence[Any]:
    present = [value for value in values if value is not None]
    if any(value is False for value in present) and not all(_is_bool(one) for one in present):
        values = [None if value is False else value for value in values]
    if any(isinstance(value, date) for value in present):
        values = [None if isinstance(value, str) else value for value in values]
    return values


def _read(present: Sequence[Any], values: Sequence[Any]) -> Reading:
    if not present:
        return Reading("unknown")
    kind = next((name for name, is_one in _PYTHON if all(map(is_one, present))), None)
    if kind in ("date", "datetime"):
        zoned = all(isinstance(one, datetime) and one.tzinfo is not None for one in present)
        return Reading(kind, moments=[_moment(value) for value in values], zoned=zoned)
    if kind in ("integer", "decimal", "float"):
        return Reading(kind, moments=values)
    if kind is not None:
        return Reading(kind)
    if not all(isinstance(value, str | int | float | Decimal) for value in present):
        return Reading("unknown")
    return _read_texts([None if value is None else str(value) for value in values])


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds) and not isinstance(value, bool)


_PYTHON: tuple[tuple[FieldType, Callable[[Any], bool]], ...] = (
    ("boolean", _is_bool),
    ("integer", _is(int)),
    ("decimal", _is(int, Decimal)),
    ("float", _is(int, float, Decimal)),
    ("datetime", _is(datetime)),
    ("date", lambda value: type(value) is date),
    ("datetime", _is(date)),
    ("time", _is(time)),
    ("bytes", _is(bytes, bytearray, memoryview)),
    ("record", _is(dict)),
    ("list", _is(list, tuple)),
)


def _read_texts(texts: Sequence[str | None]) -> Reading:
    present = [text for text in texts if text is not None]
    if _is_truth({text.lower() for text in present}, len(present) < len(texts), len(texts)):
        return Reading("boolean", textual=True)
    when = _read_times(texts)
    if when is not None:
        return when
    for kind, pattern in _NUMBERS:
        if all(map(pattern.fullmatch, present)):
            integers = kind == "integer"
            moments = [None if text is None else int(text) for text in texts] if integers else ()
            return Reading(kind, moments=moments, textual=True)
    return Reading("string", textual=True)


_NUMBERS: tuple[tuple[FieldType, "re.Pattern[str]"], ...] = (
    ("integer", _INTEGER),
    ("decimal", re.compile(f"{_DECIMAL.pattern}|{_INTEGER.pattern}")),
    ("decimal", re.compile(f"{_COMMA_DECIMAL.pattern}|{_INTEGER.pattern}")),
    ("float", re.compile(f"{_FLOAT.pattern}|{_DECIMAL.pattern}|{_INTEGER.pattern}")),
    ("time", _TIME),
)


def _is_truth(words: set[str], has_blanks: bool, rows: int) -> bool:
    if any(words <= pair for pair in _WORDS) or words in _LETTERS:
        return True
    return has_blanks and rows >= _FEW and words in _MARKS


def _read_times(texts: Sequence[str | None]) -> Reading | None:
    zeros = {len(text) for text in texts if text is not None and NO_DATE.fullmatch(text)}
    texts = [None if text is None or NO_DATE.fullmatch(text) else text for text in texts]
    present = [text for text in texts if text is not None]
    if zeros and not present:
        kind: FieldType = "date" if max(zeros) <= _DAY_LENGTH else "datetime"
        return Reading(kind, moments=texts, textual=True)
    if not present or not present[0][0].isdigit():
        return None
    if _ZONED.fullmatch(present[0]):
        return _read_iso(texts)
    for kind, formats in _CALENDARS:
        fitting = [one for one in formats if all(_parsed(text, one) for text in present)]
        if fitting and _is_meant(fitting[0], len(present)):
            best, rest = fitting[0], fitting[1:]
            moments = [None if text is None else _parsed(text, best) for text in texts]
            given = None if best in _ISO_FORMATS else best
            unsure = any(_swapped(best, other) for other in rest)
            return Reading(kind, moments=moments, format=given, unsure=unsure, textual=True)
    return _read_iso(texts)


_CALENDARS: tuple[tuple[FieldType, tuple[str, ...]], ...] = (
    ("date", _DATE_FORMATS),
    ("datetime", _DATETIME_FORMATS),
)


def _is_meant(format_: str, rows: int) -> bool:
    # Eight digits can be a number as well as a day; several valid days in a row are days.
    return format_ != "%Y%m%d" or rows >= _FEW


def _swapped(one: str, other: str) -> bool:
    return one.startswith("%m/%d") and other.startswith("%d/%m")


def _read_iso(texts: Sequence[str | None]) -> Reading | None:
    if not all(text is None or (text[:4].isdigit() and text[4:5] == "-") for text in texts):
        return None
    try:
        moments = [None if text is None else datetime.fromisoformat(text) for text in texts]
    except ValueError:
        return None
    zoned = all(moment is None or moment.tzinfo for moment in moments)
    return Reading("datetime", moments=[_moment(one) for one in moments], zoned=zoned, textual=True)


def _parsed(text: str, format_: str) -> datetime | None:
    try:
        parsed = datetime.strptime(text, format_)  # noqa: DTZ007 compared with its like only
    except ValueError:
        return None
    return parsed if parsed.year in _YEARS or parsed.year == 9999 else None


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 compared with its like
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
