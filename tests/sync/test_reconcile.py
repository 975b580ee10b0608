"""I9: what slipped is found, row by row; what is in flight raises no alarm."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from midspan.kernel.errors import MidspanError, SyncHalted
from midspan.sync.reconcile import Finding, Reconciliation, run_reconcile
from midspan.sync.reconcile_heal import heal
from tests.fixtures_store import MakeBench
from tests.sync.bench import START, Bench, load

MANY = 300


@pytest.fixture(scope="module")
def many(make_module_bench: MakeBench) -> Bench:
    """Give a center in sync with many rows, for tests that leave it as it was."""
    bench = make_module_bench(page=100)
    load(bench, MANY)
    return bench


@pytest.fixture
def small(scripted_adapter: None, tmp_path: Path) -> Iterator[Bench]:
    """Give a center of a few rows that a test may do anything to."""
    bench = Bench(tmp_path, None, page=100, sync_options='{"deletes": {"max_delete_pct": 50}}')
    load(bench)
    bench.forget_events()
    yield bench
    bench.close()


def reconcile(bench: Bench, buckets: int | None = None) -> Reconciliation:
    return run_reconcile(bench.project, "erp.customers", buckets, bench.clock)


def alter(bench: Bench, key: int, **values: Any) -> None:
    """Change a source row in the center behind everybody's back; its hash stays."""
    source = bench.customer.source
    with bench.store.write() as connection:
        connection.execute(source.update().where(source.c.source_key == str(key)).values(**values))


def forget(bench: Bench, key: int) -> None:
    source = bench.customer.source
    with bench.store.write() as connection:
        connection.execute(source.delete().where(source.c.source_key == str(key)))


def test_three_defects_among_many_are_named_exactly(many: Bench) -> None:
    """One missing, one altered, one too many: these rows, these fields, and few others moved."""
    many.erp.put("customers", 9999, START, name="Slipped")
    alter(many, 150, city="Elsewhere")
    name = many.rows(many.customer.source)[0]["name"]
    many.erp.remove("customers", 77)

    found = reconcile(many)
    many.erp.remove("customers", 9999)
    many.erp.put("customers", 77, START, name="Customer 77", email="c77@example.com")
    alter(many, 150, city=None)

    assert found.findings == (
        Finding("150", "different", ("city",)),
        Finding("77", "only_in_center"),
        Finding("9999", "missing"),
    )
    assert not found.clean
    assert (found.differing, found.moved) == (3, 6)
    assert found.compared < 2 * MANY / 10
    assert name not in repr(found)
    assert reconcile(many).clean


@pytest.mark.parametrize("buckets", [1, 7, 1000])
def test_the_number_of_buckets_changes_no_finding(many: Bench, buckets: int) -> None:
    """One bucket holds all rows; with many most are empty."""
    alter(many, 150, city="Elsewhere")

    found = reconcile(many, buckets)
    alter(many, 150, city=None)

    assert [one.key for one in found.findings] == ["150"]


def test_writes_in_flight_raise_no_alarm(small: Bench) -> None:
    """Twenty runs among writers: rows changed, created, committed late, and synced meanwhile."""
    alarms: list[Finding] = []
    for turn in range(20):
        now = small.pass_time(timedelta(minutes=1))
        small.erp.put("customers", 1 + turn % 4, name=f"Turn {turn}")
        small.erp.put("customers", 100 + turn, now - timedelta(seconds=4), name=f"Late {turn}")
        if turn % 3 == 0:
            small.sync()
            small.erp.put("customers", 2, now, name=f"Again in this second {turn}")

        def meddle(_rows: int, turn: int = turn) -> None:
            if turn % 2:
                small.erp.put("customers", 3, name=f"While reading {turn}")
                small.sync()

        found = run_reconcile(small.project, "erp.customers", None, small.clock, meddle)
        alarms += found.findings

    assert alarms == []


def test_a_defect_among_writes_is_still_found(small: Bench) -> None:
    """What is in flight hides nothing else."""
    small.pass_time()
    small.erp.put("customers", 1, name="In flight")
    alter(small, 3, name="Altered")

    found = reconcile(small)

    assert ([one.key for one in found.findings], found.in_flight) == (["3"], 1)


def test_a_second_change_within_the_same_second_is_in_flight(small: Bench) -> None:
    """The center knows the row's very stamp, and the last run read the source in that second."""
    now = small.pass_time()
    small.erp.put("customers", 1, now, name="First")
    small.sync()
    small.erp.put("customers", 1, now, name="Second")

    found = reconcile(small)

    assert (found.findings, found.in_flight) == ((), 1)


def test_a_parent_whose_part_changed_is_in_flight(small: Bench) -> None:
    """The parent's own stamp tells nothing; the part's does."""
    small.pass_time()
    small.erp.put("customers", 2, START, name="Customer 2", email="c2@example.com", phone="+431")
    small.erp.put("customers.phones", 50, customer=2, number="1")

    found = reconcile(small)

    assert (found.findings, found.in_flight) == ((), 1)


def test_refused_and_left_out_rows_are_no_findings(small: Bench) -> None:
    """They have counts and places of their own."""
    small.erp.put("customers", 2, START, name="")
    small.erp.put("customers", 9, START, name="Left out", city="Nowhere")

    assert reconcile(small).clean


def test_healing_reads_exactly_the_findings(small: Bench) -> None:
    """They go the way of every row, with events and a ledger of their own; the cursor stays."""
    small.erp.put("customers", 9, START, name="Slipped")
    alter(small, 2, name="Altered")
    small.erp.remove("customers", 4)
    before = small.cursor_row()

    healed = heal(small.project, reconcile(small), small.options()).healed

    assert healed is not None
    wanted = {"read": 2, "inserted": 1, "updated": 1, "listed": 3, "present": 2, "missing": 1}
    assert healed.ledger.counts == dict.fromkeys(healed.ledger.counts, 0) | wanted
    assert sorted(small.verbs()) == [("created", 5), ("deleted", 4)]
    assert small.rows(small.customer.source)[1]["name"] == "Customer 2"
    after = small.cursor_row()
    assert (after["value"], after["version"]) == (before["value"], before["version"])
    assert (small.runs()[-1]["kind"], small.runs()[-1]["status"]) == ("reconcile", "succeeded")
    assert reconcile(small).clean


def test_healing_deletes_under_the_brake(small: Bench) -> None:
    """Too many rows that only the center has: nothing of it is applied."""
    small.erp.put("customers", 9, START, name="Slipped")
    small.erp.remove("customers", 1, 2, 3)

    with pytest.raises(SyncHalted) as halted:
        heal(small.project, reconcile(small), small.options())

    assert halted.value.code == "deletes.brake"
    assert set(small.customers()) == {1, 2, 3, 4}


def test_a_row_that_is_there_again_is_not_deleted(small: Bench) -> None:
    """What came back between finding and healing stays."""
    small.erp.remove("customers", 4)
    found = reconcile(small)
    small.erp.put("customers", 4, START, name="Customer 4", email="c4@example.com")

    heal(small.project, found, small.options())

    assert set(small.customers()) == {1, 2, 3, 4}


def test_a_clean_reconciliation_heals_nothing(small: Bench) -> None:
    """No run is written down."""
    runs = small.runs()

    found = heal(small.project, reconcile(small), small.options())

    assert (found.healed, small.runs()) == (None, runs)


def test_a_hidden_row_is_brought_back(small: Bench) -> None:
    """A row that the center lost comes again, under an id that nobody else has."""
    forget(small, 3)

    found = heal(small.project, reconcile(small), small.options())

    assert found.findings == (Finding("3", "missing"),)
    assert found.clean
    assert small.golden_id(3) > 0


def test_before_the_first_load_there_is_nothing_to_compare(make_bench: MakeBench) -> None:
    """It says what to do."""
    with pytest.raises(MidspanError) as refused:
        reconcile(make_bench())

    assert refused.value.code == "reconcile.not_loaded"
