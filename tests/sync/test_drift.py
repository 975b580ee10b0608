"""I8: drift is judged by what is mapped, stops only what uses it, and names what it reaches."""

import json

import pytest

from midspan.kernel.errors import DriftError
from midspan.sync.drift import Drift, accept, drifts
from tests.fixtures_store import MakeBench
from tests.sync.bench import Bench, load

KEEP = json.dumps({"on_mapping_change": "keep"})
one_store = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
"""For what no store has a part in."""


def reported(bench: Bench, name: str = "erp.customers") -> list[Drift]:
    return drifts(bench.project, bench.project.sync(name))


def change(bench: Bench, file: str, old: str, new: str) -> None:
    """Change a file of the project."""
    path = bench.folder / "home" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    bench.assemble()


def drop_city(bench: Bench) -> None:
    """Let the ERP deliver no city any more."""
    change(bench, "config/systems/erp.yaml", "tax, city]", "tax]")


def test_an_added_column_is_reported_and_stops_nothing(bench: Bench) -> None:
    """With the first time it was seen; once it is ignored the report is gone."""
    load(bench, 2)
    change(bench, "config/systems/erp.yaml", "tax, city]", "tax, city, loyalty]")
    bench.erp.put("customers", 1, name="One", loyalty="gold")
    bench.pass_time()

    report = bench.sync()
    first = reported(bench)
    bench.sync()
    again = reported(bench)
    change(bench, "mappings/erp_customers.yaml", "[id, changed]", "[id, changed, loyalty]")
    bench.sync()

    assert report.ledger["updated"] == 1
    assert [(one.source_field, one.kind, one.stops) for one in first] == [
        ("loyalty", "added", False)
    ]
    assert again[0].first_seen == first[0].first_seen < again[0].last_seen
    assert reported(bench) == []


def test_a_vanished_field_stops_only_the_sync_that_maps_it(make_bench: MakeBench) -> None:
    """It says which canonical field and which events are reached; others run on."""
    bench = make_bench(sync_options=KEEP)
    load(bench, 2)
    drop_city(bench)
    bench.crm.put("customers", "A", name="Elsewhere")
    bench.erp.put("products", 1, code="P1", name="Product")
    bench.pass_time()

    with pytest.raises(DriftError) as stopped:
        bench.sync()
    others = [bench.sync("crm.customers"), bench.sync("erp.products")]

    (drift,) = reported(bench)
    assert (drift.source_field, drift.kind, drift.stops) == ("city", "vanished", True)
    assert drift.reach.fields == ("customer.city",)
    assert drift.reach.events == ("customer.created.v1", "customer.updated.v1")
    assert "customer.city" in stopped.value.message
    assert "customer.updated.v1" in bench.runs()[-2]["error_message"]
    assert [one.ledger["inserted"] for one in others] == [1, 1]


def test_a_mended_mapping_goes_on_from_the_cursor(make_bench: MakeBench) -> None:
    """Nothing is read from the beginning, nothing is missed, and the report is gone."""
    bench = make_bench(sync_options=KEEP)
    load(bench, 6)
    bench.erp.put("customers", 6, name="Customer 6", email="c6@example.com")
    bench.pass_time()
    bench.sync()
    drop_city(bench)
    bench.erp.put("customers", 1, name="Changed while it stood still")
    bench.pass_time()
    with pytest.raises(DriftError):
        bench.sync()
    change(bench, "mappings/erp_customers.yaml", "  city: {path: city}\n", "")
    change(bench, "mappings/erp_customers.yaml", "filter:", "#")

    report = bench.sync()

    assert (report.ledger["read"], report.ledger["updated"]) == (2, 1)
    assert bench.customers()[1]["name"] == "Changed while it stood still"
    assert len(bench.customers()) == 6
    assert reported(bench) == []


def test_a_key_that_vanished_reaches_every_row(bench: Bench) -> None:
    """It stops the sync as well."""
    load(bench, 1)
    bench.configure(key_type="tax")
    change(bench, "config/systems/erp.yaml", "phone, tax, city]", "phone, city]")

    with pytest.raises(DriftError):
        bench.sync()

    assert any(one.reach.marks and one.source_field == "tax" for one in reported(bench))


def products(bench: Bench, *prices: object) -> None:
    for number, price in enumerate(prices):
        bench.erp.put("products", number, code=f"P{number}", name="Product", price=price)
    bench.pass_time()


def test_values_of_another_kind_stop_the_sync(bench: Bench) -> None:
    """All of them, and enough of them; the products' center keeps what it has."""
    products(bench, *[f"{n}.50" for n in range(12)])
    bench.sync("erp.products")
    products(bench, *range(12))

    with pytest.raises(DriftError, match="'price' is number where it was text") as stopped:
        bench.sync("erp.products")

    (drift,) = reported(bench, "erp.products")
    assert stopped.value.code == "sync.column_retyped"
    assert (drift.kind, drift.reach.fields) == ("retyped", ("product.list_price",))


@one_store
def test_what_is_accepted_goes_on(bench: Bench) -> None:
    """A mapping that takes both kinds needs no mending, only a person's word."""
    products(bench, *[f"{n}.50" for n in range(12)])
    bench.sync("erp.products")
    products(bench, *range(12))
    with pytest.raises(DriftError):
        bench.sync("erp.products")

    accepted = accept(bench.project, bench.project.sync("erp.products"))

    assert accepted == 1
    assert bench.sync("erp.products").ledger["updated"] == 12


@one_store
def test_a_few_values_of_another_kind_are_no_drift(bench: Bench) -> None:
    """Nor are values of both kinds."""
    products(bench, *[f"{n}.50" for n in range(12)])
    bench.sync("erp.products")
    products(bench, *range(9))
    few = bench.sync("erp.products")
    products(bench, *range(20, 31), "1.00")

    mixed = bench.sync("erp.products")

    assert (few.ledger["updated"], mixed.ledger["updated"]) == (9, 12)
