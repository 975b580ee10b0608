"""I2: the cursor never passes a row that was not read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fixtures_store import MakeBench
from tests.sync.bench import CURSOR, Bench, load

VIENNA = "{fields: changed, zone: Europe/Vienna, format: '%Y-%m-%dT%H:%M:%S', lookback: 2m}"


def canonical(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_rows_of_the_future_never_move_the_cursor(bench: Bench) -> None:
    """A stamp beyond the ceiling is loaded, counted, and read again until its time has come."""
    load(bench, 1)
    stamp = bench.cursor_row()["value"]
    later = bench.erp.now + timedelta(minutes=15)
    bench.erp.put("customers", 9, later, name="Tomorrow")

    first = bench.sync()
    between = bench.cursor_row()["value"]
    bench.erp.put("customers", 10, name="In between")
    bench.pass_time()
    second = bench.sync()
    bench.pass_time()
    third = bench.sync()

    assert (first.ledger["inserted"], first.ledger["future"]) == (1, 1)
    assert between == stamp
    assert (second.ledger["inserted"], second.ledger["future"]) == (1, 1)
    assert third.ledger["future"] == 0
    assert bench.cursor_row()["value"] == canonical(later)


def test_the_ceiling_is_the_sources_clock_less_its_commit_lag(bench: Bench) -> None:
    """A row stamped within the commit lag may yet be overtaken: it does not move the cursor."""
    load(bench, 1)
    now = bench.erp.now
    bench.erp.put("customers", 2, now - timedelta(seconds=5), name="At the ceiling")
    bench.erp.put("customers", 3, now - timedelta(seconds=6), name="Behind it")

    report = bench.sync()

    assert report.ledger["future"] == 1
    assert report.cursor_to == canonical(now - timedelta(seconds=6))


def test_our_own_clock_does_not_count(bench: Bench) -> None:
    """A source whose clock is late keeps its rows safe: the ceiling is taken from it."""
    load(bench, 1)
    bench.clock.forward(timedelta(hours=3))
    bench.erp.put("customers", 2, bench.erp.now + timedelta(seconds=1), name="Just now")

    assert bench.sync().ledger["future"] == 1


def test_a_row_stamped_while_we_read_is_read_again(bench: Bench) -> None:
    """The ceiling is fixed before the first page; a commit during the reading is not passed."""
    for key in range(1, 8):
        bench.erp.put("customers", key, name=f"Customer {key}")
    bench.pass_time()

    def meddle(progress: Any) -> None:
        if progress.read == 3:
            bench.pass_time(timedelta(minutes=5))
            bench.erp.put("customers", 7, name="Changed meanwhile")
            bench.erp.put("customers", 1, name="Changed behind us")

    bench.sync(each=meddle)
    bench.pass_time()
    bench.sync()

    assert bench.customers()[1]["name"] == "Changed behind us"
    assert bench.customers()[7]["name"] == "Changed meanwhile"


def test_ties_at_the_boundary_are_read_again_without_double_effect(make_bench: MakeBench) -> None:
    """A second row with the very stamp of the cursor is found; the first one changes nothing."""
    bench = make_bench(cursor="{fields: changed, lookback: 0s, commit_lag: 5s}")
    load(bench, 1)
    stamp = bench.erp.now - timedelta(minutes=10)
    bench.forget_events()
    bench.erp.put("customers", 2, stamp, name="Tie")

    report = bench.sync()

    assert (report.ledger["inserted"], report.ledger["unchanged"]) == (1, 1)
    assert bench.verbs() == [("created", 2)]


def test_a_late_commit_behind_the_cursor_is_found(bench: Bench) -> None:
    """Within the lookback, a row that becomes visible after later ones were read is not lost."""
    load(bench, 1)
    bench.erp.put("customers", 2, name="Slow transaction")
    bench.erp.hold_back("customers", 2)
    bench.erp.put("customers", 3, bench.erp.now + timedelta(seconds=100), name="Quick one")
    bench.pass_time()
    bench.sync()
    bench.erp.commit("customers", 2)

    report = bench.sync()

    assert report.ledger["inserted"] == 1
    assert bench.golden_id(2)


def test_an_integer_cursor_looks_back_by_ids(make_bench: MakeBench) -> None:
    """An id that commits late, within the lookback, is found though a higher one was read."""
    bench = make_bench(cursor="{fields: changed, type: integer, lookback: 3}", part_cursor=CURSOR)
    for key in (110, 112):
        bench.erp.put("customers", key, str(key), name=f"Customer {key}")
    bench.sync()
    bench.erp.put("customers", 111, "111", name="Late")
    bench.erp.put("customers", 108, "108", name="Too late")

    report = bench.sync()

    assert report.ledger["inserted"] == 1
    assert int(report.cursor_to or 0) == 112


def test_the_doubled_hour_of_a_local_clock_loses_nothing(make_bench: MakeBench) -> None:
    """Rows stamped in either pass of the repeated hour arrive, whenever the syncs run."""
    bench = make_bench(cursor=VIENNA, part_cursor=VIENNA)
    # Three hours around the one that Vienna's clocks show twice that night: two to three.
    begin = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    for step in range(11):
        moment = begin + timedelta(minutes=20 * step)
        local = _vienna(moment)
        bench.erp.set_clock(moment + timedelta(seconds=1))
        bench.erp.put("customers", step + 1, local, name=f"Customer {step + 1}")
        bench.sync()
    bench.erp.set_clock(moment + timedelta(minutes=10))
    bench.sync()

    assert len(bench.customers()) == 11


def test_the_cursor_never_goes_back(bench: Bench) -> None:
    """A full refresh of a source that lost its newest rows keeps the cursor where it was."""
    load(bench, 2)
    bench.erp.put("customers", 3, name="Newest")
    bench.pass_time()
    newest = bench.sync().cursor_to
    bench.erp.remove("customers", 3)

    assert bench.sync(full_refresh=True).cursor_to == newest


def test_a_refused_row_does_not_move_the_cursor(bench: Bench) -> None:
    """What could not be read well is within the next reading, until something newer is read."""
    load(bench, 1)
    bench.pass_time()
    bench.erp.put("customers", 2, name="")
    bench.pass_time()
    bench.sync()

    assert bench.sync().ledger["quarantined"] == 1


def test_an_unreadable_stamp_refuses_its_row_alone(bench: Bench) -> None:
    """A stamp that is no time is that row's trouble; the others go on."""
    load(bench, 1)
    bench.erp.put("customers", 2, "9999-99-99", name="No such day")
    bench.erp.put("customers", 3, name="Good")
    bench.pass_time()

    report = bench.sync()

    assert (report.ledger["quarantined"], report.ledger["inserted"]) == (1, 1)
    assert bench.quarantine()[0]["code"] == "cursor.invalid"


@pytest.mark.parametrize("lookback", ["0s", "2m"])
def test_a_source_without_a_clock_is_read_by_ours(make_bench: MakeBench, lookback: str) -> None:
    """Where the source tells no time the worker's clock gives the ceiling."""
    bench = make_bench(
        cursor=f"{{fields: changed, lookback: {lookback}, commit_lag: 5s}}", tells_time="false"
    )
    bench.erp.put("customers", 1, bench.clock.now() + timedelta(minutes=1), name="Ahead")
    bench.erp.put("customers", 2, bench.clock.now() - timedelta(minutes=1), name="Past")

    report = bench.sync()

    assert report.ledger["future"] == 1
    assert report.cursor_to == canonical(bench.erp.now - timedelta(minutes=1))


def _vienna(moment: datetime) -> str:
    shift = 2 if moment < datetime(2026, 10, 25, 1, 0, tzinfo=UTC) else 1
    return (moment + timedelta(hours=shift)).strftime("%Y-%m-%dT%H:%M:%S")
