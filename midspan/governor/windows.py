"""Deny windows: when, by the clock on the wall, a system may not be called.

Guarantee: within a window no call of its lanes begins. Where the clock is set back, a window
begins at the first of the two moments that show its beginning and ends at the last that show
its end: the doubled hour is closed throughout. A time that the clock leaps over is the moment
of the leap: a window that lies wholly within the missing hour does not happen that day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from config.limits import clock_minutes, weekdays
from config.model import WindowConfig
from midspan.kernel.gate import Lane

_DAY = timedelta(days=1)
_MOST_IN_A_ROW = 64


@dataclass(frozen=True, slots=True)
class Window:
    """A weekly window; ``begin`` and ``length`` are wall-clock minutes."""

    begin: int
    length: int
    zone: ZoneInfo
    days: frozenset[int]
    lanes: frozenset[str]

    def closes(self, now: datetime) -> datetime | None:
        """Return when the occurrence that holds ``now`` ends; None when none does."""
        today = now.astimezone(self.zone).date()
        for start, end in self._occurrences(today):
            if start <= now < end:
                return end
        return None

    def _occurrences(self, today: date) -> Iterator[tuple[datetime, datetime]]:
        # Lengths are below or at a day: what holds now began today or yesterday.
        for day in (today - _DAY, today):
            if day.weekday() in self.days:
                first = datetime.combine(day, datetime.min.time()) + timedelta(minutes=self.begin)
                yield self._first(first), self._last(first + timedelta(minutes=self.length))

    def _first(self, wall: datetime) -> datetime:
        return min(_moments(wall, self.zone))

    def _last(self, wall: datetime) -> datetime:
        return max(_moments(wall, self.zone))


def read_windows(configs: Sequence[WindowConfig]) -> tuple[Window, ...]:
    """Return the windows of a checked configuration."""
    return tuple(_read(config) for config in configs)


def reopening(windows: Sequence[Window], lane: Lane, now: datetime) -> datetime | None:
    """Return when ``lane`` may call again; None when it may now. Instants are UTC.

    Windows that follow each other without a gap are one; whoever is told a week or so of
    them comes back and asks again.
    """
    mine = [window for window in windows if lane.value in window.lanes]
    moment = now
    for _ in range(_MOST_IN_A_ROW):
        ends = [end for window in mine if (end := window.closes(moment)) is not None]
        if not ends:
            break
        moment = max(ends)
    return moment if moment > now else None


def _read(config: WindowConfig) -> Window:
    begin, end, days = clock_minutes(config.from_), clock_minutes(config.to), weekdays(config.days)
    if begin is None or end is None or not days:
        raise ValueError("a window must pass config.limits before it is used")
    length = end - begin if end > begin else end - begin + 24 * 60
    return Window(begin, length, ZoneInfo(config.zone), days, frozenset(config.lanes))


def _moments(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the instants at which a clock in ``zone`` shows ``wall``, or leaps over it."""
    early, late = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early <= late:
        return early, late
    # In a gap the two readings lie on both sides of the leap.
    return (_leap(late, early, zone),)


def _leap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant between two at which the zone's offset changes, to the second."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
