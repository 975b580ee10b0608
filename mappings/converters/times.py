"""Dates and instants: formats are declared, zones are stated, nothing is guessed.

A local time in the hour that the clock repeats is its earlier meaning unless ``fold: later``
is declared; one in the hour that the clock leaves out never was, and refuses its row.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mappings.converters.registry import Function, register
from mappings.values import CACHE_SIZE, Refused, refuse, utc

Moment = TypeVar("Moment", bound=date)

_NO_OFFSET = timedelta(0)
_DIRECTIVES = re.compile("%[a-zA-Z]")


@dataclass(frozen=True, slots=True)
class DateOptions:
    """``format`` is a strptime format such as ``%Y%m%d``; without one ISO 8601 is read."""

    format: str = ""


@dataclass(frozen=True, slots=True)
class DatetimeOptions:
    """``format`` as for dates; ``zone`` is the IANA zone of local times.

    Without a zone, times that state no offset are refused.
    """

    format: str = ""
    zone: str = ""
    fold: Literal["earlier", "later"] = "earlier"


@register("date", takes=(str, date), gives="date", options=DateOptions)
def make_date(options: DateOptions) -> Function:
    """Read a calendar day: 2025-01-31, or the declared format."""
    parse = _parser(options.format, date.fromisoformat)

    @lru_cache(maxsize=CACHE_SIZE, typed=True)
    def convert(value: str | date) -> date | None:
        if not isinstance(value, str):
            return value
        text = value.strip()
        if not text:
            return None
        try:
            found = parse(text)
        except ValueError:
            refuse("date", value, "date in the declared format")
        return found.date() if isinstance(found, datetime) else found

    return convert


@register("datetime", takes=(str, datetime), gives="datetime", options=DatetimeOptions)
def make_datetime(options: DatetimeOptions) -> Function:
    """Read an instant: 2025-01-31T12:00:00+01:00, or a local time of the declared zone."""
    zone = _zone(options.zone) if options.zone else None
    parse = _parser(options.format, datetime.fromisoformat)
    fold = 1 if options.fold == "later" else 0

    def from_moment(moment: datetime) -> datetime:
        try:
            if moment.tzinfo is None and zone is not None:
                return _from_local(moment, zone, fold)
            return utc(moment)
        except OverflowError:
            refuse("datetime", moment, "instant of the years 1 to 9999")

    @lru_cache(maxsize=CACHE_SIZE)
    def from_text(text: str) -> datetime | None:
        if not text.strip():
            return None
        try:
            moment = parse(text.strip())
        except ValueError:
            refuse("datetime", text, "date-time in the declared format")
        return from_moment(moment)

    def convert(value: str | datetime) -> datetime | None:
        return from_text(value) if isinstance(value, str) else from_moment(value)

    return convert


def _from_local(moment: datetime, zone: ZoneInfo, fold: int) -> datetime:
    """Return a local time's instant; the zone's two answers differ where its clock is set."""
    earlier = zone.utcoffset(moment.replace(fold=0) if moment.fold else moment) or _NO_OFFSET
    later = zone.utcoffset(moment.replace(fold=1)) or _NO_OFFSET
    if earlier < later:
        raise Refused("mapping.datetime.gap", f"the clock of {zone.key} left this local time out")
    return (moment - (later if fold else earlier)).replace(tzinfo=UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"the time zone '{name}' is not known; use an IANA name") from None


def _parser(template: str, iso: Callable[[str], Moment]) -> Callable[[str], Moment | datetime]:
    """Return a function from text to date or naive or aware date-time."""
    if not template:
        return iso
    if not _DIRECTIVES.search(template):
        raise ValueError("'format' is a strptime format such as %Y%m%d")
    # Without separators strptime takes 2025131 for a date: only the exact digits will do.
    exact = not _DIRECTIVES.sub("", template)

    def parse(text: str) -> datetime:
        moment = datetime.strptime(text, template)  # noqa: DTZ007 - the caller adds the zone
        if exact and moment.strftime(template) != text:
            raise ValueError
        return moment

    return parse
