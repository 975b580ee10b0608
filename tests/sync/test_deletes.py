"""I4: deletes are seen by comparing keys, and never believed in numbers."""

from datetime import timedelta

import pytest

from midspan.kernel.errors import Conflict, MidspanError, ProtocolError, SyncHalted
from midspan.sync.staging import Staging
from tests.fixtures_store import MakeBench
from tests.sync.bench import Bench, load

HALF = '{"deletes": {"max_delete_pct": 50}}'


@pytest.fixture
def loaded(make_bench: MakeBench) -> Bench:
    """Give a bench with four customers of the ERP, of which half may vanish at once."""
    bench = make_bench(sync_options=HALF)
    load(bench)
    bench.forget_events()
    return bench


def test_a_vanished_row_leaves_a_tombstone_without_values(loaded: Bench) -> None:
    """Source row and golden record keep key and id alone; one event tells of it."""
    loaded.erp.remove("customers", 2)

    report = loaded.deletes()

    assert (report.ledger["listed"], report.ledger["present"], report.ledger["missing"]) == (
        4,
        3,
        1,
    )
    values = loaded.customer.entity.field_names
    source = loaded.rows(loaded.customer.source)[1]
    golden = loaded.rows(loaded.customer.golden)[1]
    assert source["deleted_at"] is not None
    assert golden["deleted_at"] is not None
    assert {source[name] for name in values} | {golden[name] for name in values} == {None}
    (event,) = loaded.events()
    assert event == {"entity": "customer", "id": 2, "epoch": 1, "sequence": 2, "verb": "deleted"}


def test_looking_again_changes_nothing(loaded: Bench) -> None:
    """A delete is told once."""
    loaded.erp.remove("customers", 2)
    loaded.deletes()
    loaded.forget_events()

    report = loaded.deletes()

    assert (report.ledger["listed"], report.ledger["missing"]) == (3, 0)
    assert loaded.events() == []


def test_too_many_at_once_halt(loaded: Bench) -> None:
    """One more than the limit and nothing is deleted at all."""
    loaded.erp.remove("customers", 1, 2, 3)

    with pytest.raises(SyncHalted, match="3 of 4 rows") as halted:
        loaded.deletes()

    assert halted.value.code == "deletes.brake"
    assert len(loaded.customers()) == 4
    loaded.erp.put("customers", 3, name="Customer 3")
    assert loaded.deletes().ledger["missing"] == 2


def test_an_empty_listing_is_not_believed(make_bench: MakeBench) -> None:
    """A source that lists nothing deletes nothing, whatever share may vanish."""
    bench = make_bench(sync_options='{"deletes": {"max_delete_pct": 100}}')
    load(bench)
    bench.erp.remove("customers", 1, 2, 3, 4)

    with pytest.raises(SyncHalted) as halted:
        bench.deletes()

    assert halted.value.code == "deletes.empty_listing"
    assert len(bench.customers()) == 4


def test_a_listing_that_breaks_off_deletes_nothing(loaded: Bench) -> None:
    """What was listed before the break is not taken for everything."""
    loaded.erp.remove("customers", 2)
    loaded.erp.put("customers", "break")

    with pytest.raises(ProtocolError):
        loaded.deletes()

    assert len(loaded.customers()) == 4


def test_a_row_created_during_the_listing_is_not_deleted(loaded: Bench) -> None:
    """Only rows that were applied before the listing began are compared."""

    def meddle(_listed: int) -> None:
        # As by a worker that took the sync over and gave it back.
        source = loaded.customer.source
        with loaded.store.write() as connection:
            connection.execute(
                source.update()
                .where(source.c.source_key == "4")
                .values(applied_at=loaded.clock.now() + timedelta(seconds=1))
            )

    loaded.erp.remove("customers", 4)
    report = loaded.deletes(each=meddle)

    assert (report.ledger["listed"], report.ledger["missing"]) == (3, 0)


def test_a_row_that_comes_back_keeps_its_golden_id(loaded: Bench) -> None:
    """Deleted and created anew under its key, it goes on under its id and in its sequence."""
    loaded.erp.remove("customers", 2)
    loaded.deletes()
    loaded.erp.put("customers", 2, name="Customer 2", email="c2@example.com")
    loaded.pass_time()

    loaded.sync()

    assert loaded.golden_id(2) == 2
    assert loaded.customers()[2]["sequence"] == 3
    assert [(event["verb"], event["sequence"]) for event in loaded.events()] == [
        ("deleted", 2),
        ("created", 3),
    ]


def test_a_row_known_elsewhere_survives(loaded: Bench) -> None:
    """One system's delete takes away its values alone, while another still knows the customer."""
    loaded.crm.put("customers", "A", name="Karl", email="c2@example.com", phone="+431")
    loaded.pass_time()
    loaded.sync("crm.customers")
    loaded.forget_events()
    loaded.erp.remove("customers", 2)

    loaded.deletes()

    assert loaded.customers()[2]["name"] == "Karl"
    assert [(event["verb"], event["changed"]) for event in loaded.events()] == [
        ("updated", ["name"])
    ]


def test_a_dry_run_deletes_nothing(loaded: Bench) -> None:
    """It counts what is missing."""
    loaded.erp.remove("customers", 2)

    assert loaded.deletes(dry_run=True).ledger["missing"] == 1
    assert len(loaded.customers()) == 4


def test_a_key_listed_twice_counts_once(loaded: Bench) -> None:
    """Pages that overlap make no difference."""
    loaded.erp.add("customers", 1)
    loaded.erp.remove("customers", 2)

    assert loaded.deletes().ledger["missing"] == 1


def test_a_listing_that_another_worker_touched_is_not_used(loaded: Bench) -> None:
    """A worker past its lease that empties the list makes nobody delete."""

    def meddle(listed: int) -> None:
        if listed == 4:
            store = loaded.project.staging("erp.customers")
            Staging(store, "erp.customers", loaded.customer).begin_listing()
            Staging(store, "erp.customers", loaded.customer).list_keys(["1", "2", "3"])
            store.close()

    with pytest.raises(Conflict):
        loaded.deletes(each=meddle)

    assert len(loaded.customers()) == 4


def test_deletes_that_nobody_declared_are_refused(loaded: Bench) -> None:
    """A stream without ``deletes`` says what to set."""
    with pytest.raises(MidspanError) as refused:
        loaded.deletes("erp.products")

    assert refused.value.code == "deletes.not_configured"
