"""Deny windows go by the clock on the wall, also where it is set back or leaps."""

from datetime import UTC, datetime

import pytest

from config.model import WindowConfig
from midspan.governor.windows import read_windows, reopening
from midspan.kernel.gate import Lane

OFFICE = WindowConfig("08:00", "18:00", "Europe/Vienna", ("mon-fri",))
NIGHT = WindowConfig("22:00", "02:00", "Europe/Vienna", ("sun",))
DOUBLED = WindowConfig("01:30", "02:30", "Europe/Vienna")
AFTER = WindowConfig("02:30", "04:00", "Europe/Vienna")
LEAPT = WindowConfig("02:15", "02:45", "Europe/Vienna")
INTO_LEAP = WindowConfig("01:00", "02:30", "Europe/Vienna")


def opens(now, *configs, lane=Lane.SYNC):
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = reopening(read_windows(configs), lane, moment)
    return found and found.strftime("%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("config", "now", "reopens"),
    [
        # Winter: Vienna is an hour ahead.
        (OFFICE, "2026-01-07T06:59:59", None),
        (OFFICE, "2026-01-07T07:00:00", "01-07T17:00"),
        (OFFICE, "2026-01-07T16:59:59", "01-07T17:00"),
        (OFFICE, "2026-01-07T17:00:00", None),
        (OFFICE, "2026-01-10T10:00:00", None),
        # Summer: two hours.
        (OFFICE, "2026-07-07T06:00:00", "07-07T16:00"),
        # Over midnight, and named for the day on which it begins.
        (NIGHT, "2026-01-04T21:30:00", "01-05T01:00"),
        (NIGHT, "2026-01-05T00:30:00", "01-05T01:00"),
        (NIGHT, "2026-01-05T21:30:00", None),
        # 25 October 2026: 02:00 to 03:00 happens twice, at 00:00 and 01:00 UTC.
        (DOUBLED, "2026-10-24T23:30:00", "10-25T01:30"),
        (DOUBLED, "2026-10-25T00:45:00", "10-25T01:30"),
        (DOUBLED, "2026-10-25T01:30:00", None),
        (AFTER, "2026-10-25T00:30:00", "10-25T03:00"),
        # 29 March 2026: the clock leaps from 02:00 to 03:00, at 01:00 UTC.
        (AFTER, "2026-03-29T00:59:59", None),
        (AFTER, "2026-03-29T01:00:00", "03-29T02:00"),
        (LEAPT, "2026-03-29T00:59:59", None),
        (LEAPT, "2026-03-29T01:00:00", None),
        (INTO_LEAP, "2026-03-29T00:30:00", "03-29T01:00"),
    ],
)
def test_a_window_closes_by_the_wall_clock(config, now, reopens):
    """In UTC: closed until the moment that is named, or open."""
    assert opens(now, config) == reopens


def test_only_the_lanes_that_are_named_are_closed():
    """By default live calls go on."""
    now = "2026-01-07T10:00:00"
    closed = WindowConfig("08:00", "18:00", "Europe/Vienna", lanes=("live",))

    assert opens(now, OFFICE, lane=Lane.LIVE) is None
    assert opens(now, OFFICE, lane=Lane.BACKFILL) == "01-07T17:00"
    assert opens(now, closed, lane=Lane.LIVE) == "01-07T17:00"
    assert opens(now, closed) is None


def test_windows_without_a_gap_are_one():
    """Nobody comes back at the end of one to find the next."""
    until_noon = WindowConfig("08:00", "12:00", "UTC")
    from_noon = WindowConfig("12:00", "14:00", "UTC")
    overlapping = WindowConfig("13:00", "24:00", "UTC")

    assert opens("2026-01-07T09:00:00", from_noon, overlapping, until_noon) == "01-08T00:00"


def test_a_system_that_is_always_closed_is_asked_again_some_day():
    """A week full of windows gives a date all the same."""
    always = WindowConfig("00:00", "24:00", "UTC")

    assert opens("2026-01-07T09:00:00", always) is not None
