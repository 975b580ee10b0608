"""I6: a backfill is apart. It never moves the live cursor and never overwrites newer data."""

from datetime import timedelta
from typing import Any

import pytest

from midspan.kernel.errors import MidspanError, UnknownName
from midspan.sync.backfill import run_backfill
from midspan.sync.report import RunReport
from tests.fixtures_store import MakeBench
from tests.sync.bench import CURSOR, START, Bench, load

FROM, TO = "2026-03-02T12:00:00", "2026-03-02T12:30:00"


@pytest.fixture
def loaded(make_bench: MakeBench) -> Bench:
    """Give a center that holds customers 1 to 4, all stamped at noon, and the cursor behind."""
    bench = make_bench()
    load(bench)
    bench.erp.put("customers", "later", START + timedelta(minutes=90), name="Later")
    bench.pass_time(timedelta(minutes=100))
    bench.sync()
    bench.forget_events()
    return bench


def backfill(bench: Bench, each: Any = None, **options: Any) -> RunReport:
    bench.clock.forward(timedelta(seconds=1))
    return run_backfill(bench.project, "erp.customers", FROM, TO, bench.options(**options), each)


def test_what_slipped_is_found_and_the_live_cursor_stays(loaded: Bench) -> None:
    """Rows of the range arrive; those outside it are not looked at; the cursor is as it was."""
    loaded.erp.put("customers", 2, START, name="Mended", email="c2@example.com")
    loaded.erp.put("customers", 9, START, name="Slipped")
    loaded.erp.put("customers", 8, START - timedelta(seconds=1), name="Before")
    loaded.erp.put("customers", 7, START + timedelta(minutes=30), name="At the end")
    before = loaded.cursor_row()

    report = backfill(loaded)

    assert report.ledger.counts | {"read": 5, "inserted": 1, "updated": 1, "unchanged": 3} == (
        report.ledger.counts
    )
    assert loaded.cursor_row() == before
    assert [event["verb"] for event in loaded.events()] == ["created", "updated"]
    run = loaded.runs()[-1]
    assert (run["kind"], run["status"]) == ("backfill", "succeeded")
    assert (run["cursor_from"], run["cursor_to"]) == (f"{FROM}.000000Z", f"{TO}.000000Z")


def test_done_again_it_changes_nothing(loaded: Bench) -> None:
    """The second time every row is unchanged, and nothing is told."""
    loaded.erp.put("customers", 2, START, name="Mended")
    backfill(loaded)
    loaded.forget_events()

    report = backfill(loaded)

    assert (report.ledger["read"], report.ledger["unchanged"]) == (4, 4)
    assert loaded.events() == []


def test_a_row_with_a_later_stamp_in_the_center_is_stale(loaded: Bench) -> None:
    """A source that shows an older state does not overwrite what is newer, and it is counted."""
    loaded.erp.put("customers", 2, START, name="Older")
    source = loaded.customer.source
    with loaded.store.write() as connection:
        newer = source.update().where(source.c.source_key == "2")
        connection.execute(newer.values(changed="2026-03-02T12:20:00.000000Z"))

    report = backfill(loaded)

    assert (report.ledger["stale"], report.ledger["unchanged"]) == (1, 3)
    assert loaded.customers()[2]["name"] == "Customer 2"


@pytest.mark.parametrize("stamp", [START, START + timedelta(minutes=90)])
def test_what_the_live_sync_applied_meanwhile_stays(loaded: Bench, stamp: Any) -> None:
    """A change read by the backfill is not written over the one the live sync then brought."""
    loaded.erp.put("customers", 1, START, name="As the backfill read it")

    def meddle(progress: Any) -> None:
        if progress.read == 3:
            loaded.erp.put("customers", 1, stamp, name="As the live sync read it")
            loaded.sync(full_refresh=True)

    report = backfill(loaded, meddle)

    assert (report.ledger["stale"], report.ledger.balanced) == (1, True)
    assert loaded.customers()[1]["name"] == "As the live sync read it"


def test_a_change_that_was_taken_back_meanwhile_stays_taken_back(loaded: Bench) -> None:
    """A row that the live sync read and found unchanged is newer than what was read before."""
    loaded.erp.put("customers", 1, START + timedelta(minutes=1), name="Soon taken back")

    def meddle(progress: Any) -> None:
        if progress.read == 3:
            loaded.erp.put("customers", 1, name="Customer 1", email="c1@example.com")
            loaded.sync()

    report = backfill(loaded, meddle)

    assert report.ledger["stale"] == 1
    assert loaded.customers()[1]["name"] == "Customer 1"


def test_a_row_deleted_meanwhile_does_not_come_back(loaded: Bench) -> None:
    """What a look for deletes found gone stays gone."""

    def meddle(progress: Any) -> None:
        if progress.read == 3:
            source = loaded.customer.source
            with loaded.store.write() as connection:
                gone = source.update().where(source.c.source_key == "1")
                connection.execute(gone.values(deleted_at=loaded.clock.now(), hash=""))

    report = backfill(loaded, meddle)

    assert report.ledger["stale"] == 1
    assert loaded.rows(loaded.customer.source)[0]["deleted_at"] is not None


def test_a_refused_row_is_left_to_whoever_read_it_later(loaded: Bench) -> None:
    """A row that the live sync has read well since does not go to quarantine."""
    loaded.erp.put("customers", 1, START, name="")
    loaded.erp.put("customers", 2, START, name="")

    def meddle(progress: Any) -> None:
        if progress.read == 3:
            loaded.erp.put("customers", 1, name="Mended")
            loaded.sync()

    report = backfill(loaded, meddle)

    assert (report.ledger["stale"], report.ledger["quarantined"]) == (1, 1)
    assert [row["source_key"] for row in loaded.quarantine()] == ["2"]


def test_a_backfill_runs_beside_the_live_sync(loaded: Bench) -> None:
    """Neither waits for the other, and neither takes the other for dead."""
    loaded.erp.put("customers", 9, START, name="Slipped")
    statuses = []

    def meddle(_progress: Any) -> None:
        loaded.sync()
        statuses.append({run["status"] for run in loaded.runs() if run["kind"] == "backfill"})

    assert backfill(loaded, meddle).ledger["inserted"] == 1
    assert statuses == [{"running"}] * 2


def test_a_backfill_that_broke_off_goes_on_where_it_was(loaded: Bench) -> None:
    """What was staged is not read again; a newer row meanwhile is still not overwritten."""
    loaded.erp.put("customers", 1, START, name="As the backfill read it")

    class Broken(BaseException):
        pass

    def breaking(_progress: Any) -> None:
        raise Broken

    with pytest.raises(Broken):
        backfill(loaded, breaking)
    loaded.erp.put("customers", 1, START, name="As the live sync read it")
    loaded.sync(full_refresh=True)
    seen: list[int] = []
    report = backfill(loaded, lambda progress: seen.append(progress.read))

    assert (seen, report.ledger["read"], report.ledger["stale"]) == ([4], 4, 1)
    assert loaded.customers()[1]["name"] == "As the live sync read it"


def test_a_dry_run_keeps_nothing(loaded: Bench) -> None:
    """It counts, and leaves neither a run nor a range behind."""
    loaded.erp.put("customers", 9, START, name="Slipped")
    runs = loaded.runs()

    assert backfill(loaded, dry_run=True).ledger["inserted"] == 1
    assert loaded.runs() == runs
    assert loaded.rows(loaded.customer.state.backfill) == []


@pytest.mark.parametrize(
    ("name", "lower", "upper", "code"),
    [
        ("erp.customers", "yesterday", TO, "cursor.value"),
        ("erp.customers", TO, FROM, "backfill.range"),
        ("erp.customers", FROM, FROM, "backfill.range"),
    ],
)
def test_a_range_that_is_none_is_refused(
    loaded: Bench, name: str, lower: str, upper: str, code: str
) -> None:
    """Nothing is read for it."""
    with pytest.raises(UnknownName) as refused:
        run_backfill(loaded.project, name, lower, upper)

    assert refused.value.code == code


def test_a_stream_without_a_cursor_has_no_ranges(loaded: Bench) -> None:
    """It says what to do instead."""
    with pytest.raises(MidspanError) as refused:
        run_backfill(loaded.project, "erp.prices", FROM, TO)

    assert refused.value.code == "sync.no_cursor"


def test_integer_ranges_are_ids(make_bench: MakeBench) -> None:
    """``--from 10 --to 20`` are ids, compared as numbers."""
    bench = make_bench(
        cursor=CURSOR.replace("lookback: 2m, commit_lag: 5s", "type: integer, lookback: 0"),
        part_cursor=CURSOR,
    )
    for stamp in ("9", "10", "19", "20", "100"):
        bench.erp.put("customers", stamp, stamp, name=f"Customer {stamp}")

    report = run_backfill(bench.project, "erp.customers", "10", "20", bench.options())

    assert report.ledger["inserted"] == 2
