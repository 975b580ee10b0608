"""I2: an id that is missing below the greatest one is asked for until it appears or is too old."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from midspan.sync.gaps import MOST, Gaps
from tests.fixtures_sql import MakeDatabase
from tests.fixtures_store import MakeBench
from tests.sync.bench import START, Bench
from tests.sync.test_lag_postgres import _SYSTEM, sync

IDS = "{fields: changed, type: integer, lookback: 0, gaps: 2h}"
DATED = "{fields: [changed], lookback: LOOKBACK, commit_lag: 0s}"


def numbered(make_bench: MakeBench, *keys: int) -> Bench:
    """Load customers whose key is their cursor: ids of two digits."""
    bench = make_bench(cursor=IDS, part_cursor="{fields: changed}", key_type="changed")
    put(bench, *keys)
    bench.sync()
    return bench


def put(bench: Bench, *keys: int) -> None:
    for key in keys:
        bench.erp.add("customers", key, str(key), name=f"Customer {key}")


def missing(bench: Bench) -> list[int]:
    return [row["id"] for row in bench.rows(bench.customer.state.gap)]


def test_a_late_id_is_found_below_the_cursor(make_bench: MakeBench) -> None:
    """It is asked for by its key, counted once, and is no gap any more."""
    bench = numbered(make_bench, *range(1, 11))
    put(bench, 11, 12, 14, 17)
    bench.sync()
    gaps = missing(bench)
    put(bench, 13, 18)

    report = bench.sync()

    assert gaps == [13, 15, 16]
    assert report.ledger["inserted"] == 2
    assert report.ledger.balanced
    assert missing(bench) == [15, 16]


def test_what_never_appears_ages_out(make_bench: MakeBench) -> None:
    """A rolled-back transaction's id is forgotten after the cursor's ``gaps``."""
    bench = numbered(make_bench, *range(1, 11), 12)
    young = missing(bench)
    bench.pass_time(timedelta(hours=3))
    bench.sync()

    assert (young, missing(bench)) == ([11], [])


def test_other_cursors_have_no_gaps(bench: Bench) -> None:
    """A stamp is no number that is counted on."""
    for key in (1, 9):
        bench.erp.put("customers", key, name="Customer")
    bench.pass_time()
    bench.sync()

    assert missing(bench) == []


def test_the_list_of_gaps_is_bounded() -> None:
    """The greatest are kept, and memory does not grow with the ids."""
    gaps = Gaps("id", {})
    for first in range(0, 200_000, 1_000):
        gaps.see(("id",), [(number,) for number in range(first, first + 1_000, 2)])

    left = gaps.left(None, START)

    assert len(left) == MOST
    assert max(left) == gaps.greatest - 1
    assert len(gaps._seen) <= 40_000


def test_an_open_transaction_of_a_real_database_is_not_lost(
    make_database: MakeDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row commits after a greater id was read and many more were; the row arrives."""
    ids = "{fields: [id], type: integer, lookback: LOOKBACK}"
    monkeypatch.setattr("tests.sync.test_lag_postgres._SYSTEM", _SYSTEM.replace(DATED, ids))
    source = make_database("postgres")
    source.run(
        "CREATE TABLE customers (id serial PRIMARY KEY, name text, changed timestamp DEFAULT now())"
    )
    source.run("INSERT INTO customers (name) VALUES ('First')")
    with source.engine.begin() as slow:
        slow.exec_driver_sql("INSERT INTO customers (name) VALUES ('Slow')")
        source.run("INSERT INTO customers (name) SELECT 'Quick' FROM generate_series(1, 50)")
        passed = sync(tmp_path, source, "0")
        time.sleep(0.1)

    report = sync(tmp_path, source, "0")
    after = sync(tmp_path, source, "0")

    assert (passed.ledger["inserted"], report.ledger["inserted"]) == (51, 1)
    assert (after.ledger["read"], after.ledger["unchanged"]) == (1, 1)
