"""Dates and instants: formats are declared, zones are stated, nothing is guessed.

What a source writes where it has no date (``0000-00-00``, ``9999-12-31``) is declared, too.

A local time in the hour that the clock repeats is its earlier meaning unless ``fold: later``
is declared, and refuses its row with ``fold: refuse``. One in the hour that the clock leaves out
never was: it refuses its row unless ``gap`` says which way the clock is set.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mappings.converters.registry import Function, register
from mappings.paths import spelt
from mappings.values import CACHE_SIZE, Refused, refuse, utc

Moment = TypeVar("Moment", bound=date)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_OFFSET = timedelta(0)
SHORTEST_LOCAL = len("2025-01-31T12:00")
_MOST_DIGITS = 20
_DIRECTIVES = re.compile("%[a-zA-Z]")


@dataclass(frozen=True, slots=True)
class DateOptions:
    """``format`` is a strptime format such as ``%Y%m%d``; without one ISO 8601 is read.

    ``empty`` are the texts, and the days in ISO 8601, that stand for no date.
    """

    format: str = ""
    empty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DatetimeOptions:
    """``format`` and ``empty`` as for dates; ``zone`` is the IANA zone of local times.

    Without a zone, times that state no offset are refused. ``fold`` says what a time in the
    repeated hour means, and ``gap`` what one in the hour that is left out does: ``forward`` takes
    02:30 as 03:30, ``back`` as 01:30. ``epoch`` reads numbers as seconds or milliseconds since
    1970 in UTC; without it numbers are refused.
    """

    format: str = ""
    zone: str = ""
    fold: Literal["earlier", "later", "refuse"] = "earlier"
    gap: Literal["refuse", "forward", "back"] = "refuse"
    epoch: Literal["", "s", "ms"] = ""
    empty: tuple[str, ...] = ()


@register("date", takes=(str, date), gives="date", options=DateOptions)
def make_date(options: DateOptions) -> Function:
    """Read a calendar day: 2025-01-31, or the declared format."""
    parse, empty = _parser(options.format, date.fromisoformat), frozenset(options.empty)

    @lru_cache(maxsize=CACHE_SIZE, typed=True)
    def convert(value: str | date) -> date | None:
        if not isinstance(value, str):
            return None if value.isoformat() in empty else value
        text = value.strip()
        if not text or text in empty:
            return None
        try:
            found = parse(text)
        except ValueError:
            refuse("date", value, "date in the declared format")
        day = found.date() if isinstance(found, datetime) else found
        return None if day.isoformat() in empty else day

    return convert


@register(
    "datetime",
    takes=(str, datetime, int, Decimal, float),
    gives="datetime",
    options=DatetimeOptions,
    revision=2,
)
def make_datetime(options: DatetimeOptions) -> Function:
    """Read an instant: 2025-01-31T12:00:00+01:00, or a local time of the declared zone."""
    if options.epoch and (options.format or options.zone):
        raise ValueError("'epoch' is counted in UTC and has neither 'format' nor 'zone'")
    parse = _epoch_parser(options.epoch) or _parser(options.format, datetime.fromisoformat)
    from_moment, empty = _instants(options), frozenset(options.empty)

    @lru_cache(maxsize=CACHE_SIZE)
    def from_text(text: str) -> datetime | None:
        told = text.strip()
        if not told or told in empty:
            return None
        try:
            moment = parse(told)
        except (ValueError, ArithmeticError):
            refuse("datetime", text, "date-time in the declared format")
        return from_moment(moment)

    quick = _quick_local(options, from_text)

    def convert(value: str | datetime | int | Decimal | float) -> datetime | None:
        if isinstance(value, str):
            return quick(value)
        if isinstance(value, datetime):
            return from_moment(value)
        if not options.epoch:
            refuse("datetime", value, "date-time: a number needs the option 'epoch'")
        return from_text(spelt(value))

    return convert


def _quick_local(
    options: DatetimeOptions, otherwise: Callable[[str], datetime | None]
) -> Callable[[str], datetime | None]:
    """Return a function for local times in ISO 8601 that knows the offset of each hour.

    What it is not sure of (another form, an hour in which the clock is set) goes ``otherwise``.
    """
    if not options.zone or options.format or options.empty:
        return otherwise
    offsets = HourOffsets(_zone(options.zone))

    def quick(text: str) -> datetime | None:
        if len(text) < SHORTEST_LOCAL:
            return otherwise(text)
        try:
            # An offset of the text's own makes this no date-time.
            return datetime.fromisoformat(text + "+00:00") - offsets[text[:13]]
        except (ValueError, KeyError, OverflowError):
            return otherwise(text)

    return quick


class HourOffsets(dict[str, timedelta]):
    """The offset of a zone in each hour, by its text ``2025-01-31T12``.

    KeyError for an hour in which the clock is set.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, hour: str) -> timedelta:
        first = datetime.fromisoformat(f"{hour}:00:00")
        last = first.replace(minute=59, second=59, microsecond=999_999)
        found = {
            self._zone.utcoffset(moment.replace(fold=fold))
            for moment in (first, last)
            for fold in (0, 1)
        }
        offset = found.pop()
        if found or offset is None or first.tzinfo is not None:
            raise KeyError(hour)
        if len(self) >= CACHE_SIZE:
            self.clear()
        self[hour] = offset
        return offset


def _instants(options: DatetimeOptions) -> Callable[[datetime], datetime | None]:
    """Return a function from a date-time, local or not, to its instant; None for an empty one."""
    zone = _zone(options.zone) if options.zone else None
    empty = frozenset(options.empty)

    def instant(moment: datetime) -> datetime | None:
        if empty and not empty.isdisjoint((moment.isoformat(), moment.date().isoformat())):
            return None
        try:
            if moment.tzinfo is None and zone is not None:
                return _from_local(moment, zone, options)
            return utc(moment)
        except OverflowError:
            refuse("datetime", moment, "instant of the years 1 to 9999")

    return instant


def _epoch_parser(unit: str) -> Callable[[str], datetime] | None:
    """Return a function from a number's text to the instant, exact to the microsecond."""
    if not unit:
        return None
    micros = 1_000_000 if unit == "s" else 1_000

    def parse(text: str) -> datetime:
        number = Decimal(text)
        # As many digits as an exponent names are never written out to find that no year has them.
        if number.adjusted() > _MOST_DIGITS or "_" in text or not text.isascii():
            raise ValueError
        return _EPOCH + timedelta(microseconds=int(number * micros))

    return parse


def _from_local(moment: datetime, zone: ZoneInfo, options: DatetimeOptions) -> datetime:
    """Return a local time's instant; the zone's two answers differ where its clock is set."""
    first = zone.utcoffset(moment.replace(fold=0) if moment.fold else moment) or _NO_OFFSET
    second = zone.utcoffset(moment.replace(fold=1)) or _NO_OFFSET
    if first < second:
        return _in_gap(moment, zone, options, first, second)
    if first > second and options.fold == "refuse":
        message = f"the clock of {zone.key} repeats this local time"
        raise Refused("mapping.datetime.fold", message)
    return (moment - (second if options.fold == "later" else first)).replace(tzinfo=UTC)


def _in_gap(
    moment: datetime,
    zone: ZoneInfo,
    options: DatetimeOptions,
    before: timedelta,
    after: timedelta,
) -> datetime:
    """Return the instant of a time that never was, by the offset before the clock is set or after.

    By the one before, 02:30 is half an hour after the clock went from 02:00 to 03:00.
    """
    if options.gap == "refuse":
        raise Refused("mapping.datetime.gap", f"the clock of {zone.key} left this local time out")
    return (moment - (before if options.gap == "forward" else after)).replace(tzinfo=UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"the time zone '{name}' is not known; use an IANA name") from None


def _parser(template: str, iso: Callable[[str], Moment]) -> Callable[[str], Moment | datetime]:
    """Return a function from text to date or naive or aware date-time."""
    if not template:
        return iso
    if not _is_format(template):
        raise ValueError("'format' is a strptime format such as %Y%m%d")
    # Without separators strptime takes 2025131 for a date: only the exact digits will do.
    exact = not _DIRECTIVES.sub("", template)

    def parse(text: str) -> datetime:
        moment = datetime.strptime(text, template)  # noqa: DTZ007 - the caller adds the zone
        if exact and formatted(moment, template) != text:
            raise ValueError
        return moment

    return parse


def _is_format(template: str) -> bool:
    """Return whether strptime knows every directive: it reads what it would write."""
    try:
        datetime.strptime(_EPOCH.strftime(template), template)  # noqa: DTZ007 - nobody takes it
    except ValueError:
        return False
    return _DIRECTIVES.search(template) is not None


def formatted(value: date, template: str) -> str:
    """Return a day or date-time as ``template`` says, early years with their zeros."""
    return value.strftime(template.replace("%Y", f"{value.year:04}"))
