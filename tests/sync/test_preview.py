"""A preview tells what a run over the same rows would make of them, and makes nothing of them."""

from typing import Any

import pytest

from midspan.kernel.errors import DriftError
from midspan.sync.effects import Effect
from midspan.sync.preview import Preview, preview
from tests.fixtures_store import MakeBench
from tests.sync.bench import Bench, load


def effects(bench: Bench) -> dict[str | None, Effect | None]:
    return {row.key: row.effect for row in shown(bench).rows}


def shown(bench: Bench) -> Preview:
    return preview(bench.project, "erp", "customers", 100)


def everything(bench: Bench) -> dict[str, list[dict[str, Any]]]:
    tables = bench.project.centers["user_center"].metadata.sorted_tables
    return {table.name: bench.rows(table) for table in tables}


def changed(bench: Bench) -> None:
    """Load four customers and one of the CRM, and change everything there is in the ERP."""
    bench.crm.put("customers", "a", name="Elsewhere", email="a@example.com", city="Graz")
    load(bench, 4)
    bench.sync("crm.customers")
    bench.erp.put("customers", 1, name="Renamed", email="c1@example.com", city="Wels")
    bench.erp.put("customers", 3, name="Customer 3", email="c2@example.com")
    bench.erp.put("customers", 4, name="Customer 4", email="other@example.com")
    bench.erp.put("customers", 10, name="Took it over", email="c4@example.com")
    bench.erp.put("customers", 5, name="Known elsewhere", email="a@example.com")
    bench.erp.put("customers", 6, name="New")
    bench.erp.put("customers", 7, name="")
    bench.erp.put("customers", 8, name="Left out", city="Nowhere")
    bench.erp.add("customers", 9, name="Twice")
    bench.erp.add("customers", 9, name="Twice, the later")
    bench.pass_time()
    bench.forget_events()


def test_every_row_tells_what_would_become_of_it(bench: Bench) -> None:
    """Inserted, updated field by field, unchanged, or nothing; refused rows are no such thing."""
    changed(bench)

    found = [(row.key, row.outcome, row.effect and row.effect.fate) for row in shown(bench).rows]

    assert found == [
        ("1", "translated", "updated"),
        ("2", "translated", "unchanged"),
        ("3", "translated", "updated"),
        ("4", "translated", "updated"),
        ("10", "translated", "inserted"),
        ("5", "translated", "inserted"),
        ("6", "translated", "inserted"),
        ("7", "refused", None),
        ("8", "filtered", None),
        ("9", "translated", "duplicate"),
        ("9", "translated", "inserted"),
    ]


def test_a_changed_row_names_the_fields(bench: Bench) -> None:
    """With what the store holds and what it would hold."""
    changed(bench)

    effect = effects(bench)["1"]

    assert effect is not None
    assert [(one.field, one.before, one.after) for one in effect.changes] == [
        ("name", "Customer 1", "Renamed"),
        ("city", None, "Wels"),
    ]


def test_what_is_told_is_what_a_run_does(bench: Bench) -> None:
    """The same rows change, and the same golden records, in the same fields."""
    changed(bench)
    told = effects(bench)
    golden = [effect.golden for effect in told.values() if effect and effect.golden]

    report = bench.sync(full_refresh=True)

    fates = [row.effect.fate for row in shown(bench).rows if row.effect]
    assert (report.ledger["inserted"], report.ledger["updated"]) == (4, 3)
    assert fates.count("unchanged") == len(fates) - 1
    verbs = [one.verb for one in golden]
    assert report.golden["created"] == verbs.count("created")
    assert report.golden["merged"] == sum(len(one.merges) for one in golden)
    events = {event["id"]: event.get("changed") for event in bench.events()}
    for one in golden:
        if one.verb == "updated" and one.id is not None:
            assert events[one.id] == list(one.changed)


def test_nothing_is_written(bench: Bench) -> None:
    """Every table of the center is as it was: rows, cursor, lease, runs, quarantine, outbox."""
    changed(bench)
    before = everything(bench)

    shown(bench)

    assert everything(bench) == before


def test_without_a_store_none_is_made(make_bench: MakeBench) -> None:
    """Every row would be inserted, and no file or schema comes of asking."""
    bench = make_bench()
    bench.erp.put("customers", 1, name="First")

    assert effects(bench)["1"] == Effect("inserted")

    with bench.project.made_store("user_center") as store:
        assert store is None


def test_a_key_that_the_source_does_not_deliver_is_drift(make_bench: MakeBench) -> None:
    """For a preview as for a run: a misspelt key is named, with the nearest there is."""
    bench = make_bench(key_type="ident")
    bench.erp.put("customers", 1, name="One")

    for read in (shown, Bench.sync):
        with pytest.raises(DriftError) as error:
            read(bench)
        assert error.value.code == "sync.column_gone"
        assert "'ident'" in error.value.message
