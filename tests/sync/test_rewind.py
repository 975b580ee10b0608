"""A source or a center restored from a backup is met with a rewind."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import delete

from midspan.kernel.errors import Conflict, MidspanError, UnknownName
from midspan.sync.rewind import Restored, RewindPlan, run_rewind
from midspan.sync.state import SyncState
from shared_services.client.positions import MemoryPositions
from shared_services.contracts.events import EntityEvent
from tests.fixtures_store import MakeBench
from tests.sync.bench import START, Bench, load

HALF = '{"deletes": {"max_delete_pct": 50}}'


@pytest.fixture
def loaded(make_bench: MakeBench) -> Bench:
    """Give a center that holds customers 1 to 4 of the ERP."""
    bench = make_bench(sync_options=HALF)
    load(bench)
    return bench


def rewind(
    bench: Bench, restored: Restored, sync: str = "erp.customers", **options: object
) -> RewindPlan:
    return run_rewind(bench.project, sync, restored, bench.options(**options))


def entity_events(bench: Bench) -> list[EntityEvent]:
    return [msgspec.convert(one, EntityEvent) for one in bench.events() if "id" in one]


def test_a_cursor_goes_back_and_the_rows_are_read_again(loaded: Bench) -> None:
    """What slipped behind the cursor arrives; what is unchanged changes nothing."""
    loaded.pass_time(timedelta(hours=1))
    loaded.erp.put("customers", 5, name="Last")
    loaded.pass_time()
    loaded.sync()
    loaded.erp.put("customers", 9, START + timedelta(minutes=1), name="Slipped")
    plan = rewind(loaded, Restored(value="2026-03-02T12:00:00"))

    report = loaded.sync()

    assert (plan.cursor_to, plan.again) == ("2026-03-02T12:00:00.000000Z", 5)
    assert (report.ledger["inserted"], report.ledger["unchanged"]) == (1, 5)
    assert report.lag is not None
    assert (report.lag.late, report.lag.beyond) == (0, 0)
    kinds = [(run["kind"], run["status"]) for run in loaded.runs()]
    assert ("rewind", "succeeded") in kinds


def test_a_restored_source_wins_over_what_was_read_after_its_backup(loaded: Bench) -> None:
    """Rows that went back in time are as they were; those that vanished are found as deletes."""
    loaded.pass_time(timedelta(hours=1))
    loaded.erp.put("customers", 2, name="After the backup", email="c2@example.com")
    loaded.erp.put("customers", 5, name="Created after it")
    loaded.sync()
    loaded.erp.put("customers", 2, START, name="Customer 2", email="c2@example.com")
    loaded.erp.remove("customers", 5)
    loaded.erp.set_clock(START + timedelta(minutes=10))
    plan = rewind(loaded, Restored(source=True))

    report = loaded.sync()
    deleted = loaded.deletes()

    assert (plan.cursor_to, plan.again) == (None, 5)
    assert (report.ledger["updated"], deleted.ledger["missing"]) == (1, 1)
    assert loaded.customers()[2]["name"] == "Customer 2"
    assert set(loaded.customers()) == {1, 2, 3, 4}
    assert any("midspan deletes erp.customers" in step for step in plan.then)


def test_apps_take_the_events_of_a_restored_center(loaded: Bench) -> None:
    """A lower sequence in the new epoch counts as newer, and apps are told to read anew."""
    app = MemoryPositions()
    app.advance(EntityEvent(entity="customer", id=2, epoch=1, sequence=9, verb="updated"))
    loaded.forget_events()
    plan = rewind(loaded, Restored(center=True))
    loaded.erp.put("customers", 2, name="Changed", email="c2@example.com")
    loaded.pass_time()

    loaded.sync()

    assert (plan.epoch_from, plan.epoch_to) == (1, 2)
    assert [name for name, _ in loaded.verbs()] == ["snapshot_ready", "updated"]
    (event,) = entity_events(loaded)
    assert (event.epoch, event.sequence) == (2, 2)
    assert app.advance(event)
    assert {row["epoch"] for row in loaded.customers().values()} == {2}


def test_without_a_rewind_apps_would_drop_them(loaded: Bench) -> None:
    """The epoch alone makes the difference."""
    app = MemoryPositions()
    app.advance(EntityEvent(entity="customer", id=2, epoch=1, sequence=9, verb="updated"))
    loaded.erp.put("customers", 2, name="Changed", email="c2@example.com")
    loaded.pass_time()

    loaded.sync()

    assert not app.advance(entity_events(loaded)[-1])


def test_ids_that_apps_may_have_seen_are_not_given_to_others(loaded: Bench) -> None:
    """The next new record has the floor's id; a floor that is long passed changes nothing."""
    plan = rewind(loaded, Restored(center=True, floor=100))
    loaded.erp.put("customers", 5, name="New")
    loaded.pass_time()
    loaded.sync()
    again = rewind(loaded, Restored(center=True, floor=50))

    assert plan.golden_ids["customer"] == (4, 99)
    assert loaded.golden_id(5) == 100
    assert again.golden_ids["customer"] == (100, 100)


def test_a_run_under_way_is_not_rewound(loaded: Bench) -> None:
    """While a worker holds the lease of any sync that is touched, nothing is changed."""
    store, tables = loaded.store, loaded.customer.state
    before = loaded.cursor_row()
    for name, restored in (
        ("erp.customers", Restored(source=True)),
        ("crm.customers", Restored(center=True)),
    ):
        worker = SyncState(store, tables, name, loaded.clock)
        worker.acquire(timedelta(0))

        with pytest.raises(Conflict) as busy:
            rewind(loaded, restored)

        worker.release()
        assert busy.value.code == "sync.busy"
    after = loaded.cursor_row()
    assert (after["value"], after["version"]) == (before["value"], before["version"])


def test_a_dry_run_only_plans(loaded: Bench) -> None:
    """Cursor, epoch, counters and ledger are as they were."""
    state = loaded.customer.state
    before = [loaded.rows(table) for table in (state.run, state.counter, state.outbox)]
    cursor = loaded.cursor_row()

    plan = rewind(loaded, Restored(center=True, floor=100), dry_run=True)

    assert (plan.epoch_to, plan.golden_ids["customer"]) == (2, (4, 99))
    assert [loaded.rows(table) for table in (state.run, state.counter, state.outbox)] == before
    assert loaded.cursor_row() == cursor


def test_a_cursor_never_goes_forward(loaded: Bench) -> None:
    """That would leave rows unread."""
    with pytest.raises(UnknownName) as refused:
        rewind(loaded, Restored(value="2026-03-02T13:00:00"))

    assert refused.value.code == "rewind.forward"


def test_a_stream_without_cursor_has_nothing_to_set_back(loaded: Bench) -> None:
    """It reads everything each time."""
    with pytest.raises(MidspanError) as refused:
        rewind(loaded, Restored(value="2026-03-02T12:00:00"), "erp.prices")

    assert refused.value.code == "sync.no_cursor"


def test_what_a_restored_center_lost_comes_again(loaded: Bench) -> None:
    """A cursor that was set back far enough fills what the backup lacks."""
    source, golden = loaded.customer.source, loaded.customer.golden
    with loaded.store.write() as connection:
        connection.execute(delete(source).where(source.c.source_key == "3"))
        connection.execute(delete(golden).where(golden.c.id == 3))
    rewind(loaded, Restored(source=True))

    assert loaded.sync().ledger["inserted"] == 1
    assert len(loaded.customers()) == 4
