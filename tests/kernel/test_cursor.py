"""Cursor values become texts that sort as their source does, and go back in its own form."""

from datetime import UTC, date, datetime, timedelta

import pytest

from midspan.kernel.cursor import CursorCodec
from midspan.kernel.errors import RecordError

VIENNA = CursorCodec("datetime", "Europe/Vienna", "%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize(
    ("codec", "values"),
    [
        (CursorCodec("integer"), [0, 9, 10, 99, 100, 10**18]),
        (CursorCodec("datetime"), ["2026-01-09T00:00:00", "2026-01-10T00:00:00.000001"]),
        (CursorCodec("date"), [date(2025, 12, 31), date(2026, 1, 1)]),
        (VIENNA, ["2026-07-01T11:00:00", "2026-07-01T11:00:01"]),
    ],
)
def test_canonical_texts_sort_as_the_source_does(codec, values):
    """``a < b`` as text exactly when a is before b in the source."""
    texts = [codec.parse(value) for value in values]

    assert texts == sorted(texts)
    assert len(set(texts)) == len(values)


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (CursorCodec("integer"), "x"),
        (CursorCodec("integer"), -1),
        (CursorCodec("datetime"), "2026-13-45T10:00:00"),
        (CursorCodec("datetime"), 17),
        (CursorCodec("datetime"), None),
        (VIENNA, "2026-07-01 11:00"),
    ],
)
def test_a_value_of_another_kind_is_refused_without_showing_it(codec, value):
    """The row goes to quarantine; what stood in it is not in the message."""
    with pytest.raises(RecordError) as caught:
        codec.parse(value)

    assert caught.value.code == "cursor.invalid"
    assert str(value) not in caught.value.message or value is None


def test_a_local_time_is_rendered_in_the_sources_zone_and_form():
    """What the filter gets is what the source wrote."""
    canonical = VIENNA.parse("2026-07-01T11:00:00")

    assert canonical == "2026-07-01T09:00:00.000000Z"
    assert VIENNA.render(canonical) == "2026-07-01T11:00:00"


@pytest.mark.parametrize("minutes", range(0, 180, 5))
def test_no_row_of_the_doubled_hour_falls_below_the_filter(minutes):
    """Whenever the cursor stands, each row committed later has a local time in the filter."""
    begin = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 02:00 in Vienna, shown twice
    saved = begin + timedelta(minutes=minutes)
    local = saved.astimezone(__import__("zoneinfo").ZoneInfo("Europe/Vienna"))
    canonical = VIENNA.parse(local.strftime("%Y-%m-%dT%H:%M:%S"))
    lower = VIENNA.render(VIENNA.shift(canonical, timedelta(minutes=2)))

    for later in range(0, 150, 5):
        row = (saved + timedelta(minutes=later)).astimezone(local.tzinfo)
        assert row.strftime("%Y-%m-%dT%H:%M:%S") >= lower


def test_an_integer_cursor_looks_back_by_ids_and_never_below_zero():
    """Looking back 100 ids from 30 begins at 0."""
    codec = CursorCodec("integer")

    assert codec.render(codec.shift(codec.parse(30), 100)) == "0"
    assert codec.render(codec.shift(codec.parse(130), 100)) == "30"


def test_only_kinds_that_tell_time_have_a_ceiling():
    """Ids and texts have no place on the clock."""
    moment = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)

    assert CursorCodec("integer").at(moment) is None
    assert CursorCodec("string").at(moment) is None
    assert CursorCodec("date", "Europe/Vienna").at(moment) == "2026-07-02"
    assert VIENNA.at(moment) == "2026-07-01T22:30:00.000000Z"
