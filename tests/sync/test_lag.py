"""Rows that commit late are measured, and a lookback that covers them is proposed."""

import logging
import random
from datetime import datetime, timedelta

import pytest

from midspan.cli.queries import sync_status
from midspan.sync.lag import Lag
from midspan.sync.report import RunReport
from tests.fixtures_store import MakeBench
from tests.sync.bench import CURSOR, Bench, load

TIGHT = "{fields: changed, lookback: 60s, commit_lag: 5s}"
INTEGER = "{fields: changed, type: integer, lookback: 10}"


@pytest.fixture
def tight(make_bench: MakeBench) -> Bench:
    """Give a project whose lookback is a minute, its first rows loaded."""
    bench = make_bench(cursor=TIGHT)
    load(bench)
    return bench


def commit_late(bench: Bench, key: int, by: timedelta) -> RunReport:
    """Let a transaction stamp its row, a run pass it by, and then commit; return the next run.

    The run in between reads a row that is later, so that its cursor goes on.
    """
    stamp = bench.erp.now
    bench.erp.put("customers", key, stamp, name=f"Slow {key}")
    bench.erp.hold_back("customers", key)
    bench.pass_time(by)
    bench.erp.put("customers", key + 100, bench.erp.now - timedelta(seconds=6), name="Quick")
    bench.sync()
    bench.erp.commit("customers", key)
    bench.pass_time(timedelta(seconds=1))
    return bench.sync()


def lag(report: RunReport) -> Lag:
    """Return what a run reports of late rows."""
    assert report.lag is not None
    return report.lag


def test_a_late_row_within_the_lookback_arrives_and_is_measured(
    tight: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Its lag is the time for which it was surely invisible; twice that is proposed."""
    report = commit_late(tight, 20, timedelta(seconds=50))

    assert report.ledger["inserted"] == 1
    assert tight.golden_id(20)
    assert lag(report).as_dict() == {
        "late": 1,
        "beyond": 0,
        "greatest": 50,
        "covered": 65,
        "unit": "seconds",
        "proposal": "lookback: 2m",
    }
    assert "erp.customers: 1 rows became visible after" in caplog.text
    assert "Set lookback: 2m" in caplog.text


def test_status_shows_how_late_rows_were_and_what_to_set(tight: Bench) -> None:
    """The command's status holds what the run reported, and says it in a line."""
    report = commit_late(tight, 20, timedelta(seconds=50))

    shown = sync_status(tight.project, tight.project.sync("erp.customers"))

    assert shown["lag"] == lag(report).as_dict()
    assert lag(report).said() == "1 by up to 50 seconds; set lookback: 2m"


def test_a_lag_that_is_well_covered_proposes_nothing(
    tight: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Half of what is covered is soon enough: it is counted, and nobody is bothered."""
    report = commit_late(tight, 20, timedelta(seconds=20))

    assert (lag(report).late, lag(report).greatest) == (1, 20)
    assert lag(report).proposal is None
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]


def test_the_greatest_lag_is_kept_and_a_longer_lookback_ends_the_proposal(tight: Bench) -> None:
    """A lesser lag later takes nothing back; what was proposed is enough once it is set."""
    commit_late(tight, 20, timedelta(seconds=50))
    lesser = commit_late(tight, 21, timedelta(seconds=10))
    tight.configure(cursor=TIGHT.replace("60s", "2m"))
    tight.pass_time()
    after = tight.sync()

    assert (lag(lesser).late, lag(lesser).greatest) == (2, 50)
    assert lag(lesser).proposal == "lookback: 2m"
    assert (lag(after).greatest, lag(after).covered, lag(after).proposal) == (50, 125, None)


def test_ordinary_changes_are_not_late(tight: Bench) -> None:
    """New rows, edits, rows of the future, re-reads, touched rows: however often it runs."""
    for step in range(4):
        tight.erp.put("customers", 1, name=f"Edited {step}")
        tight.erp.put("customers", 2, name="Customer 2", email="c2@example.com")
        tight.erp.put("customers", 30 + step, name="New")
        tight.erp.put("customers", 40, tight.erp.now + timedelta(seconds=30), name=f"Ahead {step}")
        tight.pass_time(timedelta(seconds=20))
        report = tight.sync()

    assert (lag(report).late, lag(report).beyond, lag(report).greatest) == (0, 0, 0)
    assert lag(report).proposal is None


def test_a_change_that_leaves_its_stamp_alone_is_not_late(tight: Bench) -> None:
    """The row had been seen with that stamp: only its values came later."""
    stamp = tight.erp.now
    tight.erp.put("customers", 3, stamp, name="Stamped")
    tight.pass_time(timedelta(seconds=40))
    tight.sync()
    tight.erp.put("customers", 3, stamp, name="Changed without a stamp")
    tight.pass_time(timedelta(seconds=1))

    report = tight.sync()

    assert report.ledger["updated"] == 1
    assert lag(report).late == 0


def test_a_mended_row_is_not_late(tight: Bench) -> None:
    """A row that was refused had been seen, though it is new to the store."""
    stamp = tight.erp.now
    tight.erp.put("customers", 5, stamp, name=None)
    tight.pass_time(timedelta(seconds=40))
    refused = tight.sync()
    tight.erp.put("customers", 5, stamp, name="Mended")
    tight.pass_time(timedelta(seconds=1))

    report = tight.sync()

    assert refused.ledger["quarantined"] == 1
    assert report.ledger["inserted"] == 1
    assert lag(report).late == 0


def test_a_parent_that_its_part_brings_is_not_late(tight: Bench) -> None:
    """It is read by key, with whatever stamp it has."""
    tight.erp.put("customers", 70, tight.erp.now - timedelta(hours=2), name="Old")
    tight.erp.put("customers.phones", 50, customer=70, number="1")
    tight.pass_time()

    report = tight.sync()

    assert report.ledger["inserted"] == 1
    assert (lag(report).late, lag(report).beyond) == (0, 0)


def test_rows_that_only_a_full_refresh_finds_are_said_loudly(
    tight: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """They committed after the lookback had passed them: more than it covers is proposed."""
    lost = commit_late(tight, 20, timedelta(minutes=30))
    tight.pass_time()

    report = tight.sync(full_refresh=True)

    assert (lost.ledger["inserted"], lag(lost).beyond) == (0, 0)
    assert (report.ledger["inserted"], lag(report).beyond) == (1, 1)
    assert (lag(report).greatest, lag(report).proposal) == (66, "lookback: 5m")
    assert "1 rows had committed later than the lookback reaches" in caplog.text


def test_a_full_refresh_that_finds_nothing_new_says_nothing(tight: Bench) -> None:
    """Old rows are old, not late."""
    tight.pass_time()

    report = tight.sync(full_refresh=True)

    assert (lag(report).late, lag(report).beyond) == (0, 0)


def test_ids_that_commit_late_are_measured_in_ids(make_bench: MakeBench) -> None:
    """A lower id that turns up after a higher one was read shows how far to look back."""
    bench = make_bench(cursor=INTEGER, part_cursor=CURSOR)
    for key in (100, 120):
        bench.erp.put("customers", key, str(key), name=f"Customer {key}")
    bench.sync()
    bench.erp.put("customers", 112, "112", name="Late")
    bench.erp.put("customers", 121, "121", name="In turn")

    report = bench.sync()

    assert (lag(report).late, lag(report).greatest, lag(report).unit) == (1, 8, "ids")
    assert lag(report).proposal == "lookback: 20"


def test_an_id_beyond_the_lookback_is_found_by_a_full_refresh(make_bench: MakeBench) -> None:
    """What was covered was not enough; more is proposed."""
    bench = make_bench(cursor=INTEGER, part_cursor=CURSOR)
    for key in (100, 120):
        bench.erp.put("customers", key, str(key), name=f"Customer {key}")
    bench.sync()
    bench.sync()
    bench.erp.put("customers", 105, "105", name="Far too late")

    missed, found = bench.sync(), bench.sync(full_refresh=True)

    assert missed.ledger["inserted"] == 0
    assert (lag(found).beyond, lag(found).proposal) == (1, "lookback: 50")


def test_days_are_proposed_for_a_cursor_of_dates(make_bench: MakeBench) -> None:
    """A row dated yesterday that appears today is a day late: whole days are looked back."""
    bench = make_bench(cursor="{fields: changed, type: date, lookback: 1d}", part_cursor=CURSOR)
    today = bench.erp.now.date()
    bench.erp.put("customers", 1, today.isoformat(), name="Today")
    bench.sync()
    bench.pass_time(timedelta(days=1))
    bench.sync()
    bench.erp.put("customers", 2, today.isoformat(), name="Dated yesterday")

    report = bench.sync()

    assert (lag(report).late, lag(report).greatest) == (1, 86_400)
    assert lag(report).proposal == "lookback: 2d"


def test_nothing_is_measured_across_a_change_of_a_local_clock(make_bench: MakeBench) -> None:
    """In the doubled hour a stamp means two moments: that is no lag."""
    vienna = "{fields: changed, zone: Europe/Vienna, lookback: 60s}"
    bench = make_bench(cursor=vienna, part_cursor=vienna)
    begin = datetime.fromisoformat("2026-10-24T23:30:00+00:00")
    for step in range(10):
        moment = begin + timedelta(minutes=20 * step)
        shift = 2 if moment < datetime.fromisoformat("2026-10-25T01:00:00+00:00") else 1
        bench.erp.set_clock(moment + timedelta(seconds=10))
        stamp = (moment + timedelta(hours=shift)).replace(tzinfo=None).isoformat()
        bench.erp.put("customers", step + 1, stamp, name=f"Customer {step + 1}")
        report = bench.sync()

    assert (lag(report).late, lag(report).beyond) == (0, 0)


def test_whatever_commits_within_what_is_covered_arrives(tight: Bench) -> None:
    """Transactions of all lengths, runs at any time: none is lost, no lag is exaggerated."""
    chance = random.Random(3)  # noqa: S311 no secret
    opened: dict[int, datetime] = {}
    passed, longest = 0, timedelta()
    for key in range(10, 17):
        tight.erp.put("customers", key, name=f"Slow {key}")
        tight.erp.put("customers", key + 100, name=f"Quick {key}")
        if chance.random() < 0.7:
            tight.erp.hold_back("customers", key)
            opened[key], passed = tight.erp.now, passed + 1
        tight.pass_time(timedelta(seconds=chance.uniform(6, 30)))
        tight.sync()
        now = tight.pass_time(timedelta(seconds=chance.uniform(0, 5)))
        for held, stamp in list(opened.items()):
            if chance.random() < 0.5 or now - stamp > timedelta(seconds=25):
                tight.erp.commit("customers", held)
                longest = max(longest, now - opened.pop(held))
    for held in opened:
        tight.erp.commit("customers", held)
        longest = max(longest, tight.erp.now - opened[held])
    report = tight.sync()

    keys = {row["source_key"] for row in tight.rows(tight.customer.source)}
    assert keys == {str(key) for key in (*range(1, 5), *range(10, 17), *range(110, 117))}
    assert lag(report).late == passed
    assert lag(report).greatest <= longest.total_seconds() + 1
    assert lag(report).beyond == 0
