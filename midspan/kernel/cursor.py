"""Cursor values in one order-preserving text form, whatever the source's own form is.

The pipeline compares and stores only canonical texts; the adapter renders a canonical text
in the source's form for its filter. For every kind, ``a < b`` as text exactly when ``a`` is
before ``b`` in the source.

A local time without zone is ambiguous in the hour that the clock repeats. It is then read
as its earlier meaning, and a filter that begins in such an hour begins an hour earlier:
rows are read twice there rather than missed.

What stands for *no stamp* is no stamp, and neither an error nor a place in the order: what the
stream declares as ``empty``; and always null, for all but texts the blank text, and for times
a date of zeros (``0000-00-00``, ``00000000``, 0) and the first of January of the year 1.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo

from midspan.kernel.errors import RecordError

CursorKind = Literal["datetime", "date", "integer", "string"]

_INTEGER_WIDTH = 20
_FIRST_DAY = "0001-01-01"

NO_DATE = re.compile(
    r"0{8}([T ]?0{6})?|00?00?[./-]00?[./-]00?(00)?([T ]00:00(:00(\.0+)?)?(Z|[+-]00:?00)?)?"
)
"""A date of zeros, as a text."""


@dataclass(frozen=True)  # without slots: what is made of 'empty' is kept
class CursorCodec:
    """Translates between a source's cursor values and canonical texts.

    ``zone`` is the zone of naive date-times; ``format`` is the strptime format of textual
    ones (None: ISO 8601) and of the values put into the source's filter. ``empty`` are values
    that stand for no stamp, as the source writes them.
    """

    kind: CursorKind
    zone: str = "UTC"
    format: str | None = None
    empty: tuple[str | int, ...] = ()

    @property
    def tells_time(self) -> bool:
        """Whether the cursor is a date or a date-time."""
        return self.kind in ("datetime", "date")

    def read(self, value: Any) -> str | None:
        """Return the canonical text of a source value, None where it stands for no stamp.

        Raises RecordError ``cursor.invalid`` when it is not of this cursor's kind.
        """
        if value is None:
            return None
        try:
            text = self._parse(value)
        except (TypeError, ValueError, OverflowError):
            if self._is_blank(value):
                return None
            raise self._invalid(value) from None
        if text in self._none or (self.kind == "string" and text.strip() in self._none):
            return None
        return text

    def first(self, values: Iterable[Any]) -> str | None:
        """Return the canonical text of the first value that is a stamp, None without one."""
        return next((text for value in values if (text := self.read(value)) is not None), None)

    def parse(self, value: Any) -> str:
        """Return the canonical text of a source value.

        Raises RecordError ``cursor.invalid`` when it is not of this cursor's kind.
        """
        try:
            return self._parse(value)
        except (TypeError, ValueError, OverflowError):
            raise self._invalid(value) from None

    def render(self, canonical: str) -> str:
        """Return a canonical text in the source's own form, for a filter ``>= value``."""
        if self.kind == "integer":
            return str(int(canonical))
        if self.kind != "datetime":
            return canonical
        local = self._instant(canonical).astimezone(ZoneInfo(self.zone))
        if local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
            local -= timedelta(hours=1)
        naive = local.replace(tzinfo=None)
        return naive.strftime(self.format) if self.format else naive.isoformat()

    def shift(self, canonical: str, back: timedelta | int) -> str:
        """Return the canonical text ``back`` before ``canonical`` (ids for integers)."""
        if self.kind == "integer":
            return self._integer(max(int(canonical) - int(_number(back)), 0))
        if self.kind == "datetime" and isinstance(back, timedelta):
            return _text(self._instant(canonical) - back)
        if self.kind == "date" and isinstance(back, timedelta):
            return (date.fromisoformat(canonical) - back).isoformat()
        return canonical

    def between(self, earlier: str, later: str) -> timedelta | int:
        """Return what lies between two canonical texts of a kind that counts or tells time."""
        if self.kind == "integer":
            return int(later) - int(earlier)
        return datetime.fromisoformat(later) - datetime.fromisoformat(earlier)

    def at(self, instant: datetime) -> str | None:
        """Return ``instant`` as a canonical text; None for kinds that tell no time."""
        if self.kind == "datetime":
            return _text(instant)
        if self.kind == "date":
            return instant.astimezone(ZoneInfo(self.zone)).date().isoformat()
        return None

    @cached_property
    def _none(self) -> frozenset[str]:
        """Return the canonical texts that stand for no stamp; a local time also as one of UTC."""
        forms = [(self.format, self.zone), (None, self.zone), (self.format, "UTC"), (None, "UTC")]
        found = set()
        for value in (*self.empty, *((_FIRST_DAY,) if self.tells_time else ())):
            for form, zone in forms:
                with suppress(RecordError):
                    found.add(CursorCodec(self.kind, zone, form).parse(value))
        return frozenset(found)

    def _invalid(self, value: Any) -> RecordError:
        return RecordError(
            "cursor.invalid",
            f"the cursor value is a {type(value).__name__} that is no {self.kind}",
            remedy="Correct the record in the source, or the stream's cursor type and format; what "
            "stands for no stamp belongs into the cursor's 'empty'",
        )

    def _is_blank(self, value: Any) -> bool:
        """Return whether a value that cannot be parsed stands for no stamp."""
        text = str(value).strip() if isinstance(value, str | int | Decimal) else ""
        if isinstance(value, str) and (not text or text in map(_plain, self.empty)):
            return True
        if not self.tells_time:
            return text in map(_plain, self.empty)
        return value == 0 or bool(NO_DATE.fullmatch(text)) or self._is_first_day(value)

    def _is_first_day(self, value: Any) -> bool:
        # East of Greenwich its beginning is before the calendar's.
        try:
            return self._moment(value).year == 1
        except (TypeError, ValueError):
            return False

    def _parse(self, value: Any) -> str:
        if self.kind == "integer":
            return self._integer(int(value))
        if self.kind == "string":
            return str(value)
        moment = self._moment(value)
        if self.kind == "date":
            return (moment.date() if isinstance(moment, datetime) else moment).isoformat()
        if not isinstance(moment, datetime):
            moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 zone below
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(self.zone), fold=0)
        return _text(moment)

    def _moment(self, value: Any) -> date:
        if isinstance(value, date):
            return value
        if not isinstance(value, str):
            raise TypeError(type(value).__name__)
        if self.format:
            return datetime.strptime(value, self.format)  # noqa: DTZ007 zone is configured
        return datetime.fromisoformat(value)

    @staticmethod
    def _instant(canonical: str) -> datetime:
        return datetime.fromisoformat(canonical)

    @staticmethod
    def _integer(value: int) -> str:
        if value < 0:
            raise ValueError(value)
        return f"{value:0{_INTEGER_WIDTH}d}"


def _text(instant: datetime) -> str:
    """Return an instant as canonical text: ISO 8601 in UTC, to the microsecond."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _plain(value: str | int) -> str:
    return str(value).strip()


def _number(back: timedelta | int) -> int:
    return back if isinstance(back, int) else 0
