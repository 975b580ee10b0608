"""What is refused is kept as it came, once, until it is mended."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from midspan.sync.quarantine import erase, prune_sync
from midspan.sync.staging import Staging
from tests.fixtures_store import MakeBench
from tests.sync.bench import Bench, load


def test_a_refused_row_is_kept_as_it_came(bench: Bench) -> None:
    """Original bytes, error code, field, place and mapping version; never a value in the text."""
    load(bench, 1)
    bench.erp.put("customers", 2, name="", email="secret@example.com")
    bench.pass_time()

    bench.sync()

    (kept,) = bench.quarantine()
    assert kept["raw"] == b'{"id": 2, "name": "", "email": "secret@example.com"}'
    assert (kept["source_key"], kept["code"], kept["field"]) == ("2", "mapping.required", "name")
    assert kept["place"] == "record 2"
    assert kept["mapping_version"] == bench.project.sync("erp.customers").mapping.version
    assert "secret" not in kept["message"]


def test_what_the_adapter_cannot_read_is_kept_too(bench: Bench) -> None:
    """A reject of the adapter keeps its bytes, its code and its place."""
    load(bench, 1)
    bench.erp.add_unreadable("customers", "<torn")
    bench.pass_time()

    bench.sync()

    (kept,) = bench.quarantine()
    assert (kept["raw"], kept["code"], kept["place"]) == (
        b"<torn",
        "adapter.unreadable",
        "record 2",
    )


def test_a_reread_keeps_one_entry(bench: Bench) -> None:
    """Read again and again, the row stands there once; the first time is remembered."""
    load(bench, 1)
    bench.erp.put("customers", 2, name="")
    bench.erp.add_unreadable("customers", "<torn")
    bench.pass_time()
    bench.sync()
    first = bench.quarantine()

    bench.sync()

    again = bench.quarantine()
    assert [row["identity"] for row in again] == [row["identity"] for row in first]
    assert [row["first_seen"] for row in again] == [row["first_seen"] for row in first]
    assert all(row["last_seen"] > row["first_seen"] for row in again)


def test_a_mended_row_leaves_the_quarantine(bench: Bench) -> None:
    """Once the row reads well its entry is gone, and its value is there."""
    load(bench, 1)
    bench.erp.put("customers", 2, name="")
    bench.pass_time()
    bench.sync()
    bench.erp.put("customers", 2, name="Mended")
    bench.pass_time()

    bench.sync()

    assert bench.quarantine() == []
    assert bench.customers()[2]["name"] == "Mended"


def test_a_row_that_turns_bad_keeps_its_last_good_value(bench: Bench) -> None:
    """Refusing a row neither deletes nor empties what is known of it."""
    load(bench, 2)
    bench.erp.put("customers", 2, name="")
    bench.pass_time()

    bench.sync()

    assert bench.customers()[2]["name"] == "Customer 2"
    assert [row["source_key"] for row in bench.quarantine()] == ["2"]


def test_the_last_word_of_a_key_counts(bench: Bench) -> None:
    """Of two rows of one key, the later one decides whether the key stands in quarantine."""
    bench.erp.add("customers", 1, name="Good")
    bench.erp.add("customers", 1, name="")
    bench.erp.add("customers", 2, name="")
    bench.erp.add("customers", 2, name="Good")
    bench.pass_time()

    report = bench.sync()

    counts = report.ledger.counts
    assert (counts["inserted"], counts["quarantined"], counts["duplicate"]) == (2, 1, 1)
    assert [row["source_key"] for row in bench.quarantine()] == ["1"]


def test_rows_without_a_key_are_told_apart(bench: Bench) -> None:
    """Rows whose key is empty are refused one by one, not as one."""
    load(bench, 1)
    bench.erp.add("customers", "", name="One")
    bench.erp.add("customers", "", name="Other")
    bench.pass_time()

    assert bench.sync().ledger["quarantined"] == 2
    assert {row["code"] for row in bench.quarantine()} == {"record.no_key"}


def test_a_refused_row_that_the_source_forgot_is_forgotten(bench: Bench) -> None:
    """The bytes of a record that is gone from the source are not kept for ever."""
    load(bench, 30)
    bench.erp.put("customers", 99, name="")
    bench.pass_time()
    bench.sync()
    bench.erp.remove("customers", 99)

    bench.deletes()

    assert bench.quarantine() == []


def test_a_corrected_mapping_releases_what_is_read_again(make_bench: MakeBench) -> None:
    """With a mapping that can read the row, the next reading takes it out of quarantine."""
    bench = make_bench()
    load(bench, 1)
    bench.erp.put("customers", 2, name="", city="Graz")
    bench.pass_time()
    bench.sync()
    old = bench.quarantine()[0]["mapping_version"]
    file = bench.folder / "home/mappings/erp_customers.yaml"
    file.write_text(file.read_text().replace("{path: name, via: collapse}", "{path: city}"))
    bench.assemble()
    bench.erp.put("customers", 1, city="Linz", name="Customer 1")

    bench.sync()

    assert bench.quarantine() == []
    assert bench.customers()[2]["name"] == "Graz"
    assert bench.rows(bench.customer.source)[0]["mapping_version"] != old


def test_old_content_is_emptied_and_still_accounted_for(make_bench: MakeBench) -> None:
    """After keep_days only key and reason are left; the row can be read again by its key."""
    bench = make_bench(sync_options='{"quarantine": {"keep_days": 7}}')
    load(bench, 1)
    bench.erp.put("customers", 2, name="", email="secret@example.com")
    bench.pass_time()
    bench.sync()
    bench.pass_time(timedelta(days=8))
    bench.crm.put("customers", "A", name="Elsewhere")

    bench.sync("crm.customers")
    others = bench.quarantine()[0]["raw"]
    emptied = prune_sync(bench.project, "erp.customers", bench.options())

    (kept,) = bench.quarantine()
    assert (bool(others), emptied, kept["raw"]) == (True, 1, b"")
    assert (kept["source_key"], kept["code"]) == ("2", "mapping.required")
    assert kept["record"] == b'[["id"],[2]]'


def test_an_erased_row_is_gone_everywhere(bench: Bench) -> None:
    """From the quarantine, and from what a killed run had staged; the run names nobody."""
    load(bench, 1)
    bench.erp.put("customers", 2, name="", email="secret@example.com")
    bench.erp.put("customers", 3, name="")
    bench.pass_time()
    bench.sync()

    def break_off(_progress: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.sync(each=break_off)
    bench.pass_time()
    erased = erase(bench.project, "erp.customers", keys=["2"], options=bench.options())

    sync = bench.project.sync("erp.customers")
    store = bench.project.staging(sync.name)
    staging = Staging(store, sync.name, sync.model)
    with store.read() as connection:
        staged = connection.execute(select(func.count()).select_from(staging.refused)).scalar_one()
    store.close()
    assert (erased, staged) == (1, 0)
    assert [row["source_key"] for row in bench.quarantine()] == ["3"]
    assert (bench.runs()[-1]["kind"], bench.runs()[-1]["status"]) == ("erase", "succeeded")
