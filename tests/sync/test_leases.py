"""Two workers on one sync: one of them applies, and the other does no harm."""

import multiprocessing
import os
import signal
from datetime import timedelta
from typing import Any

import pytest

from midspan.kernel.errors import Conflict, TransientError
from midspan.sync.staging import Staging
from midspan.sync.state import LEASE, SyncState
from tests.sync.bench import Bench, load

FORK = multiprocessing.get_context("fork")


def state_of(bench: Bench) -> SyncState:
    return SyncState(bench.store, bench.customer.state, "erp.customers", bench.clock)


def test_a_second_worker_waits_and_gives_up(bench: Bench) -> None:
    """While one holds the lease another is told so, and names no other reason."""
    load(bench, 1)

    def meddle(_progress: Any) -> None:
        with pytest.raises(Conflict) as busy:
            bench.sync()
        assert busy.value.code == "sync.busy"

    bench.erp.put("customers", 2, name="New")
    bench.pass_time()

    assert bench.sync(each=meddle).ledger["inserted"] == 1
    assert [run["status"] for run in bench.runs()] == ["succeeded", "succeeded"]


def test_a_worker_past_its_lease_applies_nothing(bench: Bench) -> None:
    """Another took the slice over and applied it; the first wakes up and is turned away."""
    load(bench, 1)
    for key in range(2, 8):
        bench.erp.put("customers", key, name=f"Customer {key}")
    bench.pass_time()
    bench.forget_events()
    overtaken: list[int] = []

    def meddle(progress: Any) -> None:
        if not overtaken:
            overtaken.append(progress.read)
            bench.clock.forward(LEASE + timedelta(seconds=1))
            bench.sync()

    with pytest.raises(Conflict) as lost:
        bench.sync(each=meddle)

    assert lost.value.code == "sync.lease_lost"
    assert len(bench.verbs()) == 6
    assert sum(run["inserted"] for run in bench.runs()) == 7
    assert [run["status"] for run in bench.runs()] == ["succeeded", "died", "succeeded"]


def test_a_worker_past_its_lease_cannot_stage(bench: Bench) -> None:
    """It writes no row among those of the worker that took over, whose numbers stay true."""
    load(bench, 1)
    for key in range(2, 12):
        bench.erp.put("customers", key, name=f"Customer {key}")
    bench.pass_time()
    asleep: list[Any] = []

    def wake(progress: Any) -> None:
        if progress.read == 6 and asleep:
            staging, late = asleep.pop()
            with pytest.raises(Conflict):
                staging.append(late, [(99, "99", None, "h", "person", "Late", *[None] * 9, True)])
            staging.clear()

    store = bench.project.staging("erp.customers")
    sleeper = Staging(store, "erp.customers", bench.customer)

    def overtake(progress: Any) -> None:
        if progress.read == 3:
            sleeper.resume(progress.slice_id)
            raise TransientError("test.pause", "the source paused")

    with pytest.raises(TransientError):
        bench.sync(each=overtake)
    late = sleeper.resume(_slice_id(bench))
    assert late is not None
    asleep.append((sleeper, late))

    report = bench.sync(each=wake)

    assert not asleep
    assert report.ledger.balanced
    assert report.ledger["inserted"] == 10
    store.close()


def test_the_cursor_moves_by_compare_and_set(bench: Bench) -> None:
    """A worker that read version one cannot write after another has written version two."""
    load(bench, 1)
    first = state_of(bench)
    before = first.acquire(timedelta(0))
    with bench.store.write() as connection:
        first.advance(connection, before, "b", {}, bench.clock.now(), None)

    with pytest.raises(Conflict), bench.store.write() as connection:
        first.advance(connection, before, "a", {}, bench.clock.now(), None)

    assert bench.cursor_row()["value"] == "b"


def test_the_lease_of_a_dead_process_is_free_at_once(bench: Bench) -> None:
    """A killed worker's sync goes on without waiting for its lease to run out."""
    load(bench, 1)
    bench.project.close()
    child = FORK.Process(target=_hold_and_die, args=(bench,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert bench.cursor_row()["lease_owner"]

    bench.sync()

    assert bench.cursor_row()["lease_owner"] is None


def test_a_running_run_whose_process_is_gone_is_written_down_as_died(bench: Bench) -> None:
    """The ledger holds no run that is running for ever."""
    load(bench, 1)
    with bench.store.write() as connection:
        run = bench.customer.state.run
        connection.execute(run.update().values(status="running"))

    bench.sync()

    assert sorted(run["status"] for run in bench.runs()) == ["died", "succeeded"]


def _hold_and_die(bench: Bench) -> None:
    state_of(bench).acquire(timedelta(0))
    os.kill(os.getpid(), signal.SIGKILL)


def _slice_id(bench: Bench) -> str:
    sync, version = bench.project.sync("erp.customers"), bench.cursor_row()["version"]
    return f"live/{version}/{sync.mapping.version}/{bench.project.digest}"
