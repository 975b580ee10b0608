"""Rows that commit late: how late is measured, and a lookback that covers it is proposed.

A transaction stamps its row when it begins and shows it when it commits. A reading in between
does not see it; the next one does, as far back as ``lookback`` and ``commit_lag`` reach. So
whatever is new or changed now, although its stamp was within the previous reading's reach and
before the source's clock at that moment, was invisible then: it is *late*, by at least what
lies between. A row from before that reach which no run has seen (a full refresh finds it)
committed later than the lookback covers: it is late *beyond* it.

Guarantee: an ordinary change never counts, nor does a row that was refused before, a changed
mapping, or a change that left its stamp alone. What is learned is proposed, and never applied
by itself. Integer cursors tell no time: their lag counts in ids behind the greatest one seen.
"""

import logging
import math
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, select

from config.model import CursorConfig
from midspan.store.load import upsert
from midspan.sync.project import BoundSync

MARGIN = 2
"""What is covered is enough when it is this many times what was measured."""

_LOG = logging.getLogger(__name__)
_DAY = 86_400
_STEPS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)
_UNITS = ((_DAY, "d"), (3600, "h"), (60, "m"), (1, "s"))
_CLOCK_CHANGE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Reach:
    """What the previous reading had to see, in canonical texts.

    From ``lower`` (None: the beginning) to before ``known``; where that is None, nothing can
    be told.
    """

    lower: str | None = None
    known: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What one slice shows: late rows, the earliest stamp among them, and rows beyond reach."""

    late: int = 0
    earliest: str | None = None
    beyond: int = 0

    def joined(self, other: "Found") -> "Found":
        """Return what both show."""
        earliest = min(filter(None, (self.earliest, other.earliest)), default=None)
        return Found(self.late + other.late, earliest, self.beyond + other.beyond)


@dataclass(frozen=True, slots=True)
class Lag:
    """What is known of a sync's late rows, all runs together.

    ``greatest`` is the most that was measured, ``covered`` what the configuration covers now:
    both in ``unit``, seconds or ids.
    """

    unit: str
    covered: int
    late: int = 0
    beyond: int = 0
    greatest: int = 0
    proposal: str | None = None

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON-serialisable values."""
        return asdict(self)

    def said(self) -> str:
        """Say it in a few words; nothing where no row was ever late."""
        if not self.late and not self.beyond:
            return ""
        words = f"{self.late} by up to {self.greatest} {self.unit}"
        if self.beyond:
            words += f", {self.beyond} beyond the lookback"
        return words + (f"; set {self.proposal}" if self.proposal else "")


class LagBook:
    """Keeps what is known of one sync's lag in its center's ``sync_lag`` table.

    ``mapping`` is the version of its mapping.
    """

    def __init__(self, table: Table, sync: str, cursor: CursorConfig, mapping: str) -> None:
        self._table = table
        self._sync = sync
        self._cursor = cursor
        self._mapping = mapping
        self._unit = "ids" if cursor.type == "integer" else "seconds"

    def read(self, connection: Connection) -> Lag:
        """Return what is known so far."""
        table, covered = self._table, _covered(self._cursor)
        row = connection.execute(
            select(table.c.late, table.c.beyond, table.c.greatest).where(
                table.c.sync == self._sync, table.c.unit == self._unit
            )
        ).first()
        if row is None:
            return Lag(self._unit, covered)
        wanted = MARGIN * row.greatest
        proposal = self._lookback(wanted) if wanted > covered else None
        return Lag(self._unit, covered, row.late, row.beyond, row.greatest, proposal)

    def reach(
        self, connection: Connection, value: str | None, before: datetime | None, as_of: datetime
    ) -> Reach:
        """Return the reach of the previous reading, which left ``value`` and began at ``before``.

        Nothing is told across a change of the mapping, a clock that was set back, and the
        hours in which a local clock changes: rows turn up there for other reasons.
        """
        table = self._table
        row = connection.execute(
            select(table.c.lower).where(
                table.c.sync == self._sync,
                table.c.unit == self._unit,
                table.c.mapping_version == self._mapping,
            )
        ).first()
        if row is None or before is None or as_of < before:
            return Reach()
        if self._cursor.type == "integer":
            return Reach(row.lower, value)
        if _clock_changes(ZoneInfo(self._cursor.zone), before):
            return Reach()
        return Reach(row.lower, self._cursor.codec.at(before))

    def keep(self, connection: Connection, reach: Reach, found: Found, value: str | None) -> Lag:
        """Add what a slice showed; return what is known now.

        ``value`` is the cursor that the slice looked back from; None: the beginning.
        """
        lower = value and self._cursor.codec.shift(value, self._cursor.lookback)
        known, table = self.read(connection), self._table
        greatest = known.greatest
        if found.earliest is not None and reach.known is not None:
            measured = self._cursor.codec.between(found.earliest, reach.known)
            greatest = max(greatest, _number(measured))
        if found.beyond:
            # How late exactly nobody saw; but the lookback of those days was too short for it.
            covered = select(table.c.covered).where(table.c.sync == self._sync)
            greatest = max(greatest, connection.execute(covered).scalar_one() + 1)
        values = {
            "lower": lower,
            "mapping_version": self._mapping,
            "unit": self._unit,
            "covered": known.covered,
            "late": known.late + found.late,
            "beyond": known.beyond + found.beyond,
            "greatest": greatest,
        }
        statement = upsert(connection, table).values(sync=self._sync, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["sync"], set_=values))
        return self.read(connection)

    def _lookback(self, wanted: int) -> str:
        if self._unit == "ids":
            return f"lookback: {_round_number(wanted)}"
        whole_days = self._cursor.type == "date"
        seconds = next((one for one in _STEPS if one >= wanted and not whole_days), None)
        seconds = seconds or _DAY * math.ceil(wanted / _DAY)
        size, unit = next(one for one in _UNITS if seconds % one[0] == 0)
        return f"lookback: {seconds // size}{unit}"


def lag_book(sync: BoundSync) -> LagBook | None:
    """Return a sync's book; None where its stream has no cursor, or one that cannot be late."""
    cursor = sync.stream.cursor
    if cursor is None or cursor.type == "string":
        return None
    return LagBook(sync.model.state.lag, sync.name, cursor, sync.mapping.version)


def warn(sync: str, found: Found, lag: Lag) -> None:
    """Say in the log what a run found, when somebody should act on it."""
    if found.beyond:
        _LOG.warning(
            "%s: %d rows had committed later than the lookback reaches; no run had seen them. "
            "Set %s in the stream's cursor",
            sync,
            found.beyond,
            lag.proposal,
        )
    elif found.late and lag.proposal:
        _LOG.warning(
            "%s: %d rows became visible after rows that are later were read; the greatest lag "
            "measured so far is %d %s, and %d are covered. Set %s in the stream's cursor",
            *(sync, found.late, lag.greatest, lag.unit, lag.covered, lag.proposal),
        )


def _covered(cursor: CursorConfig) -> int:
    """Return what lookback and commit lag cover together, in the unit of the cursor."""
    if isinstance(cursor.lookback, int):
        return cursor.lookback
    if cursor.type == "date":
        return cursor.lookback.days * _DAY
    return int((cursor.lookback + cursor.commit_lag).total_seconds())


def _number(measured: timedelta | int) -> int:
    return measured if isinstance(measured, int) else math.ceil(measured.total_seconds())


def _round_number(wanted: int) -> int:
    """Return the next of 10, 20, 50, 100 and so on."""
    size = 10
    while True:
        for step in (size, 2 * size, 5 * size):
            if step >= wanted:
                return step
        size *= 10


def _clock_changes(zone: ZoneInfo, moment: datetime) -> bool:
    around = (moment - _CLOCK_CHANGE, moment + _CLOCK_CHANGE)
    return len({one.astimezone(zone).utcoffset() for one in around}) > 1
