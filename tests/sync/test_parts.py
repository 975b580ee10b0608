"""A child record that changes on its own marks its parent, which is read again."""

from datetime import timedelta

import pytest

from midspan.kernel.stream import Slice
from tests.fixtures_store import MakeBench
from tests.sync.bench import Bench, load


def edit(bench: Bench, key: int | str, name: str) -> None:
    """Change a record as the edit of its phone does: without a new stamp of its own."""
    bench.erp.put("customers", key, bench.erp.now - timedelta(hours=5), name=name)


@pytest.mark.parametrize("parent", [2, [2, 3]], ids=["one parent", "several parents"])
def test_a_changed_part_brings_its_parents(bench: Bench, parent: int | list[int]) -> None:
    """A part names one parent or a list; each is read again though its stamp is old."""
    load(bench)
    wanted = parent if isinstance(parent, list) else [parent]
    bench.pass_time()
    for key in wanted:
        edit(bench, key, "Changed by a part")
    bench.erp.put("customers.phones", 50, customer=parent, number="1")
    bench.pass_time()

    report = bench.sync()

    assert report.ledger["updated"] == len(wanted)
    assert report.ledger.balanced
    assert all(bench.customers()[key]["name"] == "Changed by a part" for key in wanted)


def test_a_part_is_not_read_twice_for_nothing(bench: Bench) -> None:
    """The part's own cursor moves on: its parent is left alone the next time."""
    load(bench)
    bench.pass_time()
    bench.erp.put("customers.phones", 50, customer=2, number="1")
    bench.pass_time()
    bench.sync()
    bench.erp.put(
        "customers.phones", 51, bench.erp.now - timedelta(minutes=5), customer=3, number="1"
    )
    bench.pass_time()

    before = bench.sync().ledger["read"]
    bench.pass_time()

    assert before >= 1
    assert bench.sync().ledger["read"] <= before


def test_parents_that_were_read_anyway_are_not_read_again(make_bench: MakeBench) -> None:
    """A parent whose own stamp brought it is staged once, whatever its key looks like."""
    bench = make_bench()
    for key in ("A 1", "B"):
        bench.erp.put("customers", key, name=key)
    bench.pass_time()
    bench.sync()
    bench.pass_time()
    bench.erp.put("customers", "A 1", name="Changed")
    bench.erp.put("customers.phones", 50, customer="A 1", number="1")
    edit(bench, "B", "Changed too")
    bench.erp.put("customers.phones", 51, customer="B", number="1")
    bench.pass_time()

    report = bench.sync()

    assert (report.ledger["updated"], report.ledger["duplicate"]) == (2, 0)


def test_a_part_of_the_future_does_not_move_its_cursor(bench: Bench) -> None:
    """A part stamped beyond the ceiling is seen again when its time has come."""
    load(bench)
    later = bench.pass_time() + timedelta(minutes=15)
    bench.erp.put("customers.phones", 50, later, customer=2, number="1")
    bench.sync()
    edit(bench, 2, "Seen the second time")
    bench.erp.put("customers.phones", 50, later, customer=2, number="2")
    bench.pass_time(timedelta(minutes=30))

    bench.sync()

    assert bench.customers()[2]["name"] == "Seen the second time"


def test_a_part_has_a_ceiling_even_where_its_stream_has_none(make_bench: MakeBench) -> None:
    """Beside an integer cursor, which tells no time, a part of the future is not passed."""
    bench = make_bench(cursor="{fields: changed, type: integer, lookback: 0}")
    for key in (101, 102):
        bench.erp.put("customers", key, str(key), name="First")
    bench.sync()
    bench.erp.put(
        "customers.phones", 50, bench.erp.now + timedelta(hours=1), customer=101, number="1"
    )
    bench.sync()
    bench.pass_time()
    bench.erp.put("customers", 101, "101", name="Changed by a part")
    bench.erp.put("customers.phones", 51, customer=101, number="1")
    bench.pass_time()

    bench.sync()

    assert bench.customers()[1]["name"] == "Changed by a part"


def test_a_part_that_cannot_be_read_is_told(bench: Bench) -> None:
    """A reject of a part stands in the ledger and the quarantine like any other."""
    load(bench)
    bench.pass_time()
    bench.erp.add_unreadable("customers.phones", "<torn")
    bench.erp.put("customers.phones", 51, "9999-99-99", customer=2, number="1")
    edit(bench, 2, "Changed by a part")
    bench.pass_time()

    report = bench.sync()

    assert report.ledger["quarantined"] == 1
    assert report.ledger.balanced
    assert bench.quarantine()[0]["raw"] == b"<torn"
    assert bench.customers()[2]["name"] == "Changed by a part"


def test_a_part_changed_during_the_first_load_is_not_lost(bench: Bench) -> None:
    """The first load skips the parts; their cursors begin at its ceiling."""
    for key in range(1, 8):
        bench.erp.put("customers", key, name=f"Customer {key}")
    bench.pass_time()

    def meddle(progress: object) -> None:
        if not bench.erp.page("customers.phones", Slice(), 0, 1):
            bench.erp.put("customers", 1, bench.erp.now - timedelta(hours=5), name="Behind us")
            bench.erp.put("customers.phones", 50, customer=1, number="1")

    bench.sync(each=meddle)
    bench.pass_time()
    bench.sync()

    assert bench.customers()[1]["name"] == "Behind us"
