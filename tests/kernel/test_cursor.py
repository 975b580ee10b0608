"""Cursor values become texts that sort as their source does, and go back in its own form."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

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


SAP = CursorCodec("date", format="%Y%m%d")
MARKED = CursorCodec("datetime", "Europe/Vienna", empty=("1900-01-01", "infinity", "1970-01-01"))
COUNTED = CursorCodec("integer", empty=(0, "-1"))
TEXT = CursorCodec("string", empty=("", "00000000"))


@pytest.mark.parametrize(
    ("codec", "values"),
    [
        (SAP, [None, "", "   ", "00000000", 0, Decimal(0), False, "00010101", date(1, 1, 1)]),
        (VIENNA, ["0000-00-00 00:00:00", "0000-00-00", "00.00.0000", "0001-01-01T00:00:00"]),
        (VIENNA, [datetime(1, 1, 1), datetime(1, 1, 1, tzinfo=UTC)]),  # noqa: DTZ001
        (CursorCodec("datetime"), ["0001-01-01T00:00:00Z", datetime(1, 1, 1)]),  # noqa: DTZ001
        (MARKED, ["1900-01-01 00:00:00", date(1900, 1, 1), datetime(1900, 1, 1)]),  # noqa: DTZ001
        (MARKED, [datetime(1970, 1, 1, tzinfo=UTC), "1970-01-01T00:00:00Z", " infinity "]),
        (replace(MARKED, format="%d.%m.%Y"), ["01.01.1900", "00.00.0000"]),
        (COUNTED, [None, "", 0, "0", "00000", -1, "-1", Decimal(0)]),
        (TEXT, [None, "", "  ", "00000000"]),
        (CursorCodec("string"), [None]),
    ],
)
def test_what_stands_for_no_stamp_is_none(codec, values):
    """Whatever form it comes in, and whatever the source's zone."""
    assert [codec.read(value) for value in values] == [None] * len(values)


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (SAP, "00000001"),
        (CursorCodec("datetime"), "infinity"),
        (CursorCodec("integer"), -1),
        (COUNTED, "none"),
        (SAP, {}),
    ],
)
def test_what_is_neither_a_stamp_nor_empty_is_refused(codec, value):
    """It stands for nothing that anybody declared."""
    with pytest.raises(RecordError):
        codec.read(value)


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (SAP, "19000101"),
        (CursorCodec("datetime"), "1970-01-01"),
        (CursorCodec("integer"), 0),
        (CursorCodec("string"), ""),
        (CursorCodec("string"), "00000000"),
    ],
)
def test_a_value_may_be_a_stamp_unless_it_is_declared(codec, value):
    """Epoch, the year 1900 and zero are values like others where nobody says otherwise."""
    assert codec.read(value) == codec.parse(value)


def test_the_first_field_that_holds_a_stamp_counts():
    """Those that are empty are passed over; with nothing behind them there is none."""
    assert SAP.first(["00000000", None, "20260105", "20260106"]) == "2026-01-05"
    assert SAP.first(["00000000", ""]) is None


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
