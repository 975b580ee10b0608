"""The gate: a system is never called more than its owner allows, nor repeated in vain."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from config.model import (
    BreakerConfig,
    BudgetConfig,
    RetryConfig,
    SystemConfig,
    TimeoutsConfig,
    WindowConfig,
)
from midspan.governor import DatabaseGate, open_control
from midspan.kernel.clock import SystemClock
from midspan.kernel.errors import (
    AccessDenied,
    ProtocolError,
    RecordError,
    SessionExpired,
    SystemClosed,
    TransientError,
)
from midspan.kernel.gate import Lane, Timeouts

CONFIG = SystemConfig(
    "test",
    "test",
    budget=BudgetConfig(1000, 4),
    retry=RetryConfig(4, timedelta(milliseconds=500), timedelta(seconds=30)),
    breaker=BreakerConfig(100),
)


class HeldClock:
    """Stands still until somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
def control(store_url, tmp_path):
    store = open_control(store_url, tmp_path)
    yield store
    store.close()


@pytest.fixture
def gate(control):
    def make(clock=None, patience=30.0, **changes) -> DatabaseGate:
        config = replace(CONFIG, **changes)
        return DatabaseGate("erp", config, control, clock, timedelta(seconds=patience))

    return make


def failing(clock, *errors: BaseException) -> tuple[list[float], Callable[[Timeouts], str]]:
    """Return an operation that raises each error in turn, and the list of its start times."""
    starts: list[float] = []
    left = list(errors)

    def operation(timeouts: Timeouts) -> str:
        starts.append(clock.monotonic())
        if left:
            raise left.pop(0)
        return "done"

    return starts, operation


def forbidden(timeouts: Timeouts) -> None:
    """Be the call that must not happen."""
    raise AssertionError("the system was called")


def busy(text: str = "busy", retry_after: float | None = None) -> TransientError:
    return TransientError("http.busy", text, retry_after=retry_after)


def test_no_second_holds_more_calls_than_the_rate(gate):
    """Whatever second one looks at, the system's owner finds his number kept."""
    guard, clock = gate(budget=BudgetConfig(5, 4, reserve=0)), SystemClock()
    starts, operation = failing(clock)

    for _ in range(12):
        guard.call(Lane.SYNC, operation)

    assert all(later - earlier > 1.0 for earlier, later in zip(starts, starts[5:], strict=False))
    assert starts[-1] - starts[0] < 3.0


def test_threads_share_the_budget(gate):
    """However many threads call, no more run at once than allowed; live may use one more."""
    guard = gate()
    running, peak = 0, 0
    lock, together = threading.Lock(), threading.Barrier(3)

    def operation(timeouts: Timeouts) -> None:
        nonlocal running, peak
        with lock:
            running += 1
            peak = max(peak, running)
        together.wait(timeout=10)
        with lock:
            running -= 1

    threads = [threading.Thread(target=guard.call, args=(Lane.SYNC, operation)) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert (peak, running) == (3, 0)


def test_a_passing_failure_is_repeated(gate):
    """Each time it waits longer, and takes a place of its own."""
    clock = HeldClock()
    starts, operation = failing(clock, busy(), busy(), busy())

    result = gate(clock).call(Lane.SYNC, operation)

    assert result == "done"
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert 0.5 <= gaps[0] <= 1.1
    assert 2.0 <= gaps[2] <= 2.6


def test_attempts_are_counted_in_all(gate):
    """Four attempts means four calls, and the last one's error as it was."""
    last = busy("the fourth")
    starts, operation = failing(clock := HeldClock(), busy(), busy(), busy(), last, busy())

    with pytest.raises(TransientError) as caught:
        gate(clock).call(Lane.SYNC, operation)

    assert caught.value is last
    assert len(starts) == 4


@pytest.mark.parametrize(
    "error",
    [
        AccessDenied("x", "no"),
        ProtocolError("x", "no"),
        SessionExpired("x", "no"),
        RecordError("x", "no"),
        ValueError("a fault of ours"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_any_other_error_passes_at_once(gate, error):
    """What repeating cannot mend is not repeated."""
    starts, operation = failing(clock := HeldClock(), error)

    with pytest.raises(type(error)):
        gate(clock).call(Lane.SYNC, operation)

    assert (len(starts), clock.slept) == (1, [])


def test_the_other_sides_word_is_kept_by_everybody(gate):
    """When the system says half a second, it has it from every caller."""
    quick = RetryConfig(2, timedelta(milliseconds=1), timedelta(seconds=30))
    starts, operation = failing(SystemClock(), busy(retry_after=0.5))
    told = threading.Thread(target=gate(retry=quick).call, args=(Lane.SYNC, operation))
    told.start()
    while not starts:
        told.join(0.01)
    told.join(0.1)

    with pytest.raises(TransientError) as caught:
        gate().call(Lane.LIVE, operation)
    gate().call(Lane.SYNC, operation)
    told.join(10)

    assert caught.value.code == "governor.over_budget"
    assert min(starts[1:]) - starts[0] >= 0.5


def test_a_long_wait_is_not_slept_in_the_worker(gate):
    """When the system wants an hour, the job gives its place up and knows when to return."""
    starts, operation = failing(clock := HeldClock(), busy(retry_after=3600.0))

    with pytest.raises(TransientError) as caught:
        gate(clock).call(Lane.SYNC, operation)

    assert caught.value.retry_after == 3600.0
    assert (len(starts), clock.slept) == (1, [])


def test_a_failed_call_gives_its_place_back(gate):
    """One place is enough for any number of failures."""
    guard = gate(budget=BudgetConfig(1000, 1), retry=RetryConfig(1))

    for error in (busy(), ValueError(), KeyboardInterrupt(), busy()):
        _, operation = failing(SystemClock(), error)
        with pytest.raises(type(error)):
            guard.call(Lane.LIVE, operation)

    assert guard.call(Lane.LIVE, lambda timeouts: "free") == "free"


def test_operations_get_the_systems_timeouts(gate):
    """Timeouts come from the system's configuration, in seconds."""
    timeouts = TimeoutsConfig(timedelta(seconds=1), timedelta(seconds=2), timedelta(minutes=1))

    given = gate(timeouts=timeouts).call(Lane.LIVE, lambda given: given)

    assert given == Timeouts(1.0, 2.0, 60.0)


def test_a_live_call_is_refused_and_not_repeated(gate):
    """No start is left: it learns when to try again, and nobody sleeps."""
    clock = HeldClock()
    guard = gate(clock, budget=BudgetConfig(1, 4))
    guard.call(Lane.LIVE, lambda timeouts: None)

    with pytest.raises(TransientError) as caught:
        guard.call(Lane.LIVE, lambda timeouts: None)

    assert caught.value.code == "governor.over_budget"
    assert 0.5 < (caught.value.retry_after or 0) < 1.2
    assert clock.slept == []


def test_patience_ends(gate):
    """A sync that cannot begin in time says so instead of waiting for ever."""
    guard = gate(patience=0.3, budget=BudgetConfig(0.1, 4))
    guard.call(Lane.SYNC, lambda timeouts: None)

    with pytest.raises(TransientError) as caught:
        guard.call(Lane.SYNC, lambda timeouts: None)

    assert caught.value.code == "governor.over_budget"
    assert (caught.value.retry_after or 0) > 5


def test_the_breaker_is_shared_and_names_the_last_failure(gate):
    """What one caller meets keeps another one away."""
    config = {"breaker": BreakerConfig(2), "retry": RetryConfig(1)}
    for _ in range(2):
        _, operation = failing(SystemClock(), busy())
        with pytest.raises(TransientError):
            gate(**config).call(Lane.SYNC, operation)

    with pytest.raises(TransientError, match=r"http\.busy") as caught:
        gate(patience=1, **config).call(Lane.SYNC, lambda timeouts: None)

    assert caught.value.code == "governor.breaker_open"
    assert (caught.value.retry_after or 0) > 25


def test_resume_closes_the_breaker(gate, control):
    """Whoever has mended the system does not wait for its next try."""
    guard = gate(breaker=BreakerConfig(1), retry=RetryConfig(1))
    _, operation = failing(SystemClock(), busy())
    with pytest.raises(TransientError):
        guard.call(Lane.SYNC, operation)

    control.resume("erp")

    assert guard.call(Lane.LIVE, lambda timeouts: "on") == "on"


def test_refusals_of_our_own_do_not_open_the_breaker(gate):
    """Over budget says nothing about the system."""
    guard = gate(budget=BudgetConfig(1, 1), breaker=BreakerConfig(1))
    guard.call(Lane.LIVE, lambda timeouts: None)

    for _ in range(3):
        with pytest.raises(TransientError, match="used up"):
            guard.call(Lane.LIVE, lambda timeouts: None)

    assert guard.call(Lane.SYNC, lambda timeouts: "fine") == "fine"


def test_a_window_sends_syncs_away_and_lets_live_pass(gate):
    """They learn when to come back; nothing is called."""
    always = (WindowConfig("00:00", "24:00", "UTC"),)
    guard = gate(windows=always)

    with pytest.raises(SystemClosed) as caught:
        guard.call(Lane.SYNC, forbidden)

    assert caught.value.code == "governor.window_closed"
    assert caught.value.reopens_at > datetime.now(UTC)
    assert guard.call(Lane.LIVE, lambda timeouts: "live") == "live"


@pytest.mark.parametrize("lane", Lane)
def test_a_pause_stops_every_lane_and_says_who_and_why(gate, control, lane):
    """Until somebody resumes."""
    guard = gate()
    control.pause("erp", "anna", "month-end closing")

    with pytest.raises(SystemClosed, match=r"anna.*month-end closing") as caught:
        guard.call(lane, forbidden)
    control.resume("erp")

    assert caught.value.code == "governor.paused"
    assert caught.value.reopens_at > datetime.now(UTC)
    assert guard.call(lane, lambda timeouts: "on") == "on"


def test_a_pause_outlives_every_process(control, store_url, tmp_path, gate):
    """It is in the store, and a gate made later finds it."""
    control.pause("erp", "anna", "move")
    control.close()
    later = open_control(store_url, tmp_path)

    with pytest.raises(SystemClosed, match="anna"):
        DatabaseGate("erp", CONFIG, later).call(Lane.SYNC, forbidden)
    later.close()


def test_a_call_whose_end_cannot_be_noted_keeps_its_result(gate, control, monkeypatch, caplog):
    """The work is done; the place comes back by itself."""
    guard = gate()

    def operation(timeouts: Timeouts) -> str:
        def broken(*_: object) -> None:
            raise TransientError("store.unavailable", "gone")

        monkeypatch.setattr(control, "change", broken)
        return "done"

    assert guard.call(Lane.SYNC, operation) == "done"
    assert "could not be noted" in caplog.text
