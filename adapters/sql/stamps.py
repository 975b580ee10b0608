"""Which rows changed since a stamp, as the database is asked.

Guarantee: no row that the pipeline would give a stamp at the bound or later is left out. A row
counts by the first of the cursor's fields that holds a stamp; one without any is found each
time, since nothing tells whether it has changed. What holds none is asked for widely (all
before the year 2, where dates of zeros and blank texts stand), so that a doubtful row is read
rather than missed. Columns are compared as they are, so that an index on each of them helps.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import BindParameter, ColumnElement
from sqlalchemy.types import NullType

from adapters.sql.values import Kind, lower_value
from config.model import CursorConfig
from midspan.kernel.cursor import CursorCodec
from midspan.kernel.errors import RecordError

Test = ColumnElement[bool]

# Behind blanks, dates of zeros and the year 1; no number, so that SQLite compares it as a text.
_YEAR_TWO = "0002-"
_BEHIND_BLANKS = "!"
_BEHIND_TIMES = "z"  # behind digits, blanks and the T between day and hour
_ISO_DATE = len("1900-01-01")
_MOMENTS = {
    Kind.DATE: date(2, 1, 1),
    Kind.LOCAL: datetime(2, 1, 1),  # noqa: DTZ001 a local time
    Kind.INSTANT: datetime(2, 1, 1, tzinfo=UTC),
}
_TEXTS = (Kind.TEXT, Kind.BYTES_OR_TEXT)


@dataclass(frozen=True, slots=True)
class Blank:
    """What a column of the cursor holds instead of a stamp, beside null.

    That is all ``before`` something (nothing where it is None), these ``values``, and texts
    that begin with one of ``starts``. Only ``values`` are certain to be no stamp.
    """

    before: Any = None
    values: tuple[Any, ...] = ()
    starts: tuple[str, ...] = ()

    def holds(self, column: ColumnElement[Any]) -> Test:
        """Return the test whether the column may hold no stamp."""
        ways: list[Test] = [column.is_(None)]
        if self.before is not None:
            ways.append(column < bound(self.before))
        starts = [_begins(column, one) for one in self.starts]
        return sa.or_(*ways, *self._is_value(column), *starts)

    def since(self, column: ColumnElement[Any], lower: Any) -> Test:
        """Return the test whether the column holds a stamp at ``lower`` or later."""
        return sa.and_(column >= bound(lower), *map(sa.not_, self._is_value(column)))

    def _is_value(self, column: ColumnElement[Any]) -> list[Test]:
        return [column.in_([bound(value) for value in self.values])] if self.values else []


@dataclass(frozen=True, slots=True)
class Stamps:
    """What of a cursor's columns is no stamp, and from where on, as each column compares."""

    blanks: tuple[Blank, ...]
    lowers: tuple[Any, ...] = ()

    def changed(self, columns: Sequence[ColumnElement[Any]]) -> Test:
        """Return the test whether a row's stamp is at the bound or later, or there is none."""
        earlier: list[Test] = []
        ways: list[Test] = []
        for column, blank, lower in zip(columns, self.blanks, self.lowers, strict=True):
            ways.append(sa.and_(*earlier, blank.since(column, lower)))
            earlier.append(blank.holds(column))
        return sa.or_(*ways, sa.and_(*earlier))

    def stamped(self, columns: Sequence[ColumnElement[Any]]) -> Test:
        """Return the test whether a row has a stamp for certain."""
        pairs = zip(columns, self.blanks, strict=True)
        return sa.or_(*(sa.not_(blank.holds(column)) for column, blank in pairs))


def blank_of(
    cursor: CursorConfig, kind: Kind, always: Sequence[Any] = (), timeless: Sequence[str] = ()
) -> Blank:
    """Return what a column of a kind holds where it holds no stamp.

    ``always`` are values of a database's columns that are never a time, ``timeless`` words that
    its columns of times know beside times.
    """
    told = [str(value).strip() for value in cursor.empty]
    if cursor.type == "integer":
        return Blank(values=tuple(int(one) if _is_number(one) else one for one in told))
    if cursor.type == "string":
        return Blank(None if all(told) else _BEHIND_BLANKS, tuple(told))
    if kind in _TEXTS:
        texts = dict.fromkeys(text for one in told if one for text in _spellings(one, cursor))
        starts = dict.fromkeys(text[:_ISO_DATE] if _is_iso(text) else text for text in texts)
        return Blank(_YEAR_TWO, (*always, *texts), tuple(starts))
    words = [one for one in told if one.lower() in timeless]
    moments = [lower_value(one, cursor, kind) for text in told for one in _moments(text, cursor)]
    return Blank(_MOMENTS.get(kind), (*words, *moments))


def _spellings(text: str, cursor: CursorConfig) -> list[str]:
    """Return a declared value as a text column may hold it."""
    written = [_written(one, cursor) for one in _moments(text, cursor)]
    return [text, *written, *(one.replace("T", " ") for one in written)]


def _written(rendered: str, cursor: CursorConfig) -> str:
    if cursor.type == "date" and cursor.format:
        return date.fromisoformat(rendered).strftime(cursor.format)
    return rendered


def _moments(text: str, cursor: CursorConfig) -> list[str]:
    """Return a declared time as a slice's bound is rendered; none where it is no time."""
    found = []
    for zone in dict.fromkeys((cursor.zone, "UTC")):
        for form in dict.fromkeys((cursor.format, None)):
            with suppress(RecordError, OverflowError):
                codec = CursorCodec(cursor.type, zone, form)
                found.append(cursor.codec.render(codec.parse(text)))
    return list(dict.fromkeys(found))


def _is_iso(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text[:_ISO_DATE])) and len(text) >= _ISO_DATE
    except ValueError:
        return False


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def _begins(column: ColumnElement[Any], text: str) -> Test:
    """Return the test whether a column holds a text or goes on as a time does.

    LIKE would say the same, and use no index in most collations.
    """
    return sa.and_(column >= bound(text), column <= bound(f"{text}{_BEHIND_TIMES}"))


def bound(value: Any) -> BindParameter[Any]:
    """Return a value as a parameter."""
    # Without a type: a cast of SQLAlchemy's guess would keep the column from comparing.
    return sa.bindparam(None, value, type_=NullType(), unique=True)
