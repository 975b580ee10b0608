"""I7: golden ids are permanent, and rows that disagree in proof are never brought together."""

from typing import Any

import pytest
from sqlalchemy import delete

from shared_services.golden.survivorship import origin_of
from tests.fixtures_store import MakeBench
from tests.sync.bench import Bench, load


def test_a_match_takes_the_older_id(bench: Bench) -> None:
    """The same e-mail in two systems, however it is written, is one customer under one id."""
    load(bench, 2)
    bench.crm.put("customers", "A", name="Other spelling", email="C2@Example.com")
    bench.pass_time()

    bench.sync("crm.customers")

    assert bench.golden_id("A", "crm.customers") == 2
    assert sorted(bench.customers()) == [1, 2]


def test_a_later_match_merges_into_the_smaller_id(bench: Bench) -> None:
    """Two known customers that turn out to be one keep the smaller id; the other one redirects."""
    load(bench, 3)
    bench.forget_events()
    bench.erp.put("customers", 3, name="Customer 3", email="c1@example.com")
    bench.pass_time()

    bench.sync()

    assert bench.golden_id(3) == 1
    assert sorted(bench.customers()) == [1, 2]
    (redirect,) = bench.rows(bench.customer.redirect)
    assert (redirect["old_id"], redirect["new_id"]) == (3, 1)
    merged = next(event for event in bench.events() if event["verb"] == "merged")
    assert (merged["id"], merged["into"], merged["sequence"]) == (3, 1, 2)
    assert "values" not in merged


def test_redirects_never_form_a_chain(bench: Bench) -> None:
    """After merges into merges every old id points at the one that lives."""
    load(bench, 3)
    bench.erp.put("customers", 3, name="Customer 3", email="c2@example.com")
    bench.pass_time()
    bench.sync()
    bench.erp.put("customers", 2, name="Customer 2", email="c1@example.com", phone="+431")
    bench.pass_time()
    bench.sync()

    redirects = {row["old_id"]: row["new_id"] for row in bench.rows(bench.customer.redirect)}
    assert redirects == {2: 1, 3: 1}


def test_a_chain_of_matches_within_one_run_ends_at_the_smallest(bench: Bench) -> None:
    """One row that fits two known customers brings all three together."""
    load(bench, 2)
    bench.erp.put("customers", 1, name="Ann", email="c1@example.com", phone="+431")
    bench.erp.put("customers", 2, name="Ann", email="c2@example.com")
    bench.pass_time()
    bench.sync()
    bench.crm.put("customers", "A", name="Ann", email="c2@example.com", phone="+431")
    bench.pass_time()

    bench.sync("crm.customers")

    assert {row["golden_id"] for row in bench.rows(bench.customer.source)} == {1}
    assert list(bench.customers()) == [1]


def test_an_exclusive_value_vetoes_a_weaker_match(bench: Bench) -> None:
    """Two tax ids are two customers, though they share a mailbox."""
    bench.erp.put("customers", 1, name="A", email="office@example.com", tax="T1")
    bench.erp.put("customers", 2, name="B", email="office@example.com", tax="T2")
    bench.erp.put("customers", 3, name="C", email="office@example.com", tax="T1")
    bench.pass_time()

    bench.sync()

    assert [bench.golden_id(key) for key in (1, 2, 3)] == [1, 2, 1]


def test_the_veto_holds_for_rows_that_change_together(bench: Bench) -> None:
    """A new row of another tax id does not slip in while the known row is being read again."""
    bench.erp.put("customers", 5, name="Known", email="office@example.com", tax="T5")
    bench.erp.put("customers", 6, name="Beside", email="office@example.com")
    bench.pass_time()
    bench.sync()
    bench.erp.put("customers", 1, name="New", email="office@example.com", tax="T1")
    bench.erp.put("customers", 5, name="Known, changed", email="office@example.com", tax="T5")
    bench.pass_time()

    bench.sync()

    assert bench.golden_id(5) == bench.golden_id(6) == 1
    assert bench.golden_id(1) == 2


def test_a_phone_alone_is_no_proof(bench: Bench) -> None:
    """A shared phone brings only rows of one name together, spelt with or without accents."""
    bench.erp.put("customers", 1, name="Käthe Weiß", phone="+431")
    bench.erp.put("customers", 2, name="Karl Weiß", phone="+431")
    bench.erp.put("customers", 3, name="KATHE WEISS", phone="+431")
    bench.pass_time()

    bench.sync()

    assert [bench.golden_id(key) for key in (1, 2, 3)] == [2, 1, 2]


def test_a_row_keeps_its_id_when_its_proof_is_gone(bench: Bench) -> None:
    """A customer who changes the e-mail stays the same customer."""
    load(bench, 2)
    bench.erp.put("customers", 2, name="Customer 2", email="new@example.com")
    bench.pass_time()

    bench.sync()

    assert bench.golden_id(2) == 2
    assert bench.rows(bench.customer.redirect) == []


def test_an_old_proof_finds_nobody(bench: Bench) -> None:
    """What a row no longer says is no match key any more."""
    load(bench, 2)
    bench.erp.put("customers", 2, name="Customer 2", email="new@example.com")
    bench.pass_time()
    bench.sync()
    bench.crm.put("customers", "A", name="Else", email="c2@example.com")
    bench.pass_time()

    bench.sync("crm.customers")

    assert bench.golden_id("A", "crm.customers") == 3


def test_an_id_is_never_given_twice(bench: Bench) -> None:
    """Not even when every record that had one is gone."""
    load(bench, 2)
    with bench.store.write() as connection:
        for table in (bench.customer.golden, bench.customer.source):
            connection.execute(delete(table))
    bench.erp.put("customers", 9, name="Nine")
    bench.pass_time()

    bench.sync()

    assert min(bench.customers()) == 3


def test_the_same_rows_get_the_same_ids(make_bench: MakeBench) -> None:
    """Ids depend on the rows alone, not on page size: first those that match nobody, by key."""
    bench = make_bench(page=2)
    for key in range(1, 8):
        bench.erp.put("customers", key, name=f"C {key}", email=f"c{key % 4}@example.com")
    bench.pass_time()
    bench.sync()

    assert [bench.golden_id(key) for key in range(1, 8)] == [2, 3, 4, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("crm", "field", "expected", "source"),
    [
        ({"name": "Their name"}, "name", "Customer 1", "erp.customers:1"),
        ({"name": "N", "phone": "+432"}, "phone", "+432", "crm.customers:A"),
        ({"name": "N", "city": "Graz"}, "city", "Graz", "crm.customers:A"),
    ],
    ids=["the lower priority number wins", "a value wins over none", "a field's own priority"],
)
def test_survivorship_by_priority(
    bench: Bench, crm: dict[str, Any], field: str, expected: str, source: str
) -> None:
    """Each golden value is that of the best source that has one, and knows its row."""
    bench.erp.put("customers", 1, name="Customer 1", email="c1@example.com", city="Wien")
    bench.crm.put("customers", "A", email="c1@example.com", **crm)
    bench.pass_time()
    bench.sync()
    bench.sync("crm.customers")

    golden = bench.customers()[1]

    assert golden[field] == expected
    assert origin_of(golden["provenance"], golden, field) == source


def test_among_equals_the_latest_change_wins(bench: Bench) -> None:
    """Two rows of one system: the one changed last is believed, then the smaller key."""
    bench.erp.put("customers", 1, name="Old", email="a@example.com", phone="+431")
    bench.pass_time()
    bench.erp.put("customers", 2, name="New", email="a@example.com")
    bench.pass_time()

    bench.sync()

    golden = bench.customers()[1]
    assert (golden["name"], golden["phone"]) == ("New", "+431")


def test_only_changed_values_are_told(bench: Bench) -> None:
    """An event names exactly the fields that changed, and no personal value."""
    load(bench, 1)
    bench.forget_events()
    bench.erp.put("customers", 1, name="Changed", email="c1@example.com", city="Wien")
    bench.pass_time()

    bench.sync()

    (event,) = bench.events()
    assert set(event["changed"]) == {"name", "city"}
    assert "values" not in event
    assert (event["sequence"], event["epoch"]) == (2, 1)


def test_a_change_that_does_not_survive_tells_nothing(bench: Bench) -> None:
    """The weaker source's new name changes no golden value: no event, no sequence."""
    load(bench, 1)
    bench.crm.put("customers", "A", name="A", email="c1@example.com")
    bench.pass_time()
    bench.sync("crm.customers")
    bench.forget_events()
    bench.crm.put("customers", "A", name="B", email="c1@example.com")
    bench.pass_time()

    report = bench.sync("crm.customers")

    assert report.ledger["updated"] == 1
    assert not report.changed
    assert bench.events() == []
