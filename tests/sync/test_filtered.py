"""A row that a filter leaves out is in no golden record, whenever it came to be left out."""

import pytest

from midspan.kernel.errors import SyncHalted
from tests.fixtures_store import MakeBench
from tests.sync.bench import Bench, load


def _hide(bench: Bench, *keys: int) -> None:
    for key in keys:
        email = f"c{key}@example.com"
        bench.erp.put("customers", key, name=f"Customer {key}", email=email, city="Nowhere")
    bench.pass_time()


def test_a_known_row_that_is_left_out_leaves_its_record(bench: Bench) -> None:
    """It goes like a deleted one: a tombstone without values, one event."""
    load(bench, 3)
    bench.forget_events()
    _hide(bench, 2)

    report = bench.sync()

    assert (report.ledger["filtered"], report.ledger["updated"]) == (1, 0)
    assert report.ledger.balanced
    assert sorted(bench.customers()) == [1, 3]
    assert bench.verbs() == [("deleted", 2)]
    (row,) = (row for row in bench.rows(bench.customer.source) if row["source_key"] == "2")
    assert {row[name] for name in bench.customer.entity.field_names} == {None}


def test_it_comes_back_under_its_id(bench: Bench) -> None:
    """A row that is left out no more is the same customer again."""
    load(bench, 3)
    _hide(bench, 2)
    bench.sync()
    bench.erp.put("customers", 2, name="Customer 2", email="c2@example.com", city="Wien")
    bench.pass_time()

    bench.sync()

    assert bench.golden_id(2) == 2
    assert bench.customers()[2]["city"] == "Wien"


@pytest.mark.parametrize(
    ("cities", "live"),
    [(("Wien", "Nowhere"), False), (("Nowhere", "Wien"), True)],
    ids=["left out at last", "left out at first"],
)
def test_the_last_word_of_a_key_counts(bench: Bench, cities: tuple[str, str], live: bool) -> None:
    """A key that is read twice in a slice is what it was the second time."""
    load(bench, 3)
    for city in cities:
        bench.erp.add("customers", 2, name="Customer 2", email="c2@example.com", city=city)
    bench.pass_time()

    report = bench.sync()

    assert report.ledger.balanced
    assert (2 in bench.customers()) is live


def test_too_many_at_once_halt(make_bench: MakeBench) -> None:
    """A filter that suddenly fits everything empties no store."""
    bench = make_bench()
    load(bench, 12)
    _hide(bench, *range(1, 12))

    with pytest.raises(SyncHalted) as caught:
        bench.sync()

    assert caught.value.code == "sync.filter_brake"
    assert len(bench.customers()) == 12
