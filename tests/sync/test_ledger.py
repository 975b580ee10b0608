"""I3: every row is accounted for, and a run that looks wrong applies nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from midspan.kernel.errors import SyncHalted
from tests.fixtures_store import MakeBench
from tests.sync.bench import Bench, load


def test_every_kind_of_row_is_counted_once(bench: Bench) -> None:
    """Inserted, updated, unchanged, filtered, refused, duplicate and future add up to read."""
    load(bench, 2)
    bench.erp.put("customers", 1, name="Changed")
    bench.erp.put("customers", 2, name="Customer 2", email="c2@example.com")
    bench.erp.put("customers", 5, name="New")
    bench.erp.add("customers", 5, name="New again")
    bench.erp.put("customers", 6, city="Nowhere", name="Supplier")
    bench.erp.put("customers", 7, name="")
    bench.erp.add_unreadable("customers", "<broken>")
    bench.erp.put("customers", 8, bench.erp.now + timedelta(hours=1), name="Tomorrow")
    bench.pass_time()

    report = bench.sync()

    assert {name: count for name, count in report.ledger.counts.items() if count} == {
        "read": 8,
        "inserted": 2,
        "updated": 1,
        "unchanged": 1,
        "filtered": 1,
        "quarantined": 2,
        "duplicate": 1,
        "future": 1,
    }
    assert report.ledger.balanced
    kept = bench.runs()[-1]
    assert {name: kept[name] for name in report.ledger.counts} == report.ledger.counts
    assert (kept["status"], kept["events"]) == ("succeeded", 3)


def test_a_run_cannot_succeed_unbalanced(bench: Bench) -> None:
    """The database itself refuses a succeeded run whose numbers do not add up."""
    load(bench)
    run = bench.customer.state.run

    with pytest.raises(IntegrityError, match="ledger_balances"), bench.store.write() as connection:
        connection.execute(update(run).values(read=run.c.read + 1))


def test_too_many_refused_rows_halt_the_run(make_bench: MakeBench) -> None:
    """Above the error limit nothing is applied: no row, no event, no cursor; the run says why."""
    bench = make_bench(sync_options='{"error_limit": {"rows": 1, "percent": 100}}')
    load(bench)
    before = bench.cursor_row()
    bench.forget_events()
    for key in (1, 2):
        bench.erp.put("customers", key, name="")
    bench.erp.put("customers", 3, name="Good")
    bench.pass_time()

    with pytest.raises(SyncHalted, match="2 of 4 rows") as halted:
        bench.sync()

    assert halted.value.code == "sync.error_limit"
    assert bench.customers()[3]["name"] == "Customer 3"
    assert bench.events() == []
    assert bench.quarantine() == []
    assert bench.cursor_row() == before
    run = bench.runs()[-1]
    assert (run["status"], run["error_code"], run["read"]) == ("failed", "sync.error_limit", 0)


def test_a_mended_source_is_read_anew_after_a_halt(make_bench: MakeBench) -> None:
    """What a halted run had staged is not judged again: the next run sees the source as it is."""
    bench = make_bench(sync_options='{"error_limit": {"rows": 0, "percent": 100}}')
    bench.erp.put("customers", 1, name="")
    bench.pass_time()
    with pytest.raises(SyncHalted):
        bench.sync()
    bench.erp.put("customers", 1, name="Mended")

    assert bench.sync().ledger["inserted"] == 1


def test_an_empty_first_load_halts_until_it_is_allowed(make_bench: MakeBench) -> None:
    """Nothing at all at the first load is taken for a mistake; when the source fills, it runs."""
    bench = make_bench()
    with pytest.raises(SyncHalted) as halted:
        bench.sync()
    assert halted.value.code == "sync.unexpected_empty"
    assert not bench.cursor_row()["loaded"]
    bench.erp.put("customers", 1, name="First")

    assert bench.sync().ledger["inserted"] == 1

    bench.configure(sync_options='{"allow_empty": true}')
    assert bench.sync("crm.customers").ledger["read"] == 0


def test_an_empty_full_reading_halts(bench: Bench) -> None:
    """A reading from the beginning that finds nothing, where rows are known, is no success."""
    load(bench)
    bench.erp.remove("customers", 1, 2, 3, 4)

    with pytest.raises(SyncHalted) as halted:
        bench.sync(full_refresh=True)

    assert halted.value.code == "sync.unexpected_empty"


def test_a_dry_run_keeps_nothing(bench: Bench) -> None:
    """It judges and counts; data, outbox, quarantine, ledger and cursor are as before."""
    load(bench)
    tables = bench.project.centers["user_center"].metadata.sorted_tables
    before = [bench.rows(table) for table in tables]
    bench.erp.put("customers", 1, name="Changed")
    bench.erp.put("customers", 9, name="")
    bench.pass_time()

    report = bench.sync(dry_run=True)

    assert report.dry_run
    assert (report.ledger["updated"], report.ledger["quarantined"]) == (1, 1)
    assert [bench.rows(table) for table in tables] == before
    assert bench.sync().ledger["updated"] == 1


def test_an_unchanged_reread_writes_nothing(bench: Bench) -> None:
    """Rows that read as they are stored keep their version; no event, no golden write."""
    load(bench)
    bench.forget_events()
    before = [bench.rows(bench.customer.source), bench.rows(bench.customer.golden)]
    bench.pass_time()

    report = bench.sync(full_refresh=True)

    assert report.ledger["unchanged"] == 4
    assert not report.changed
    assert bench.events() == []
    assert [bench.rows(bench.customer.source), bench.rows(bench.customer.golden)] == before


def test_the_first_load_tells_once(bench: Bench) -> None:
    """A first load into an empty center is one snapshot.ready; from then on each row tells."""
    load(bench, 3)
    assert bench.events() == [{"entity": "customer", "count": 3}]
    bench.forget_events()
    bench.crm.put("customers", "A", name="From the CRM")
    bench.erp.put("customers", 1, name="Changed")
    bench.pass_time()

    bench.sync("crm.customers")
    bench.sync()

    assert bench.verbs() == [("created", 4), ("updated", 1)]
