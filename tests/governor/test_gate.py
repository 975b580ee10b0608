"""The gate: a system is never called more than its owner allows, nor repeated in vain."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from config.model import BudgetConfig, RetryConfig, TimeoutsConfig
from midspan.governor import ProcessGate
from midspan.kernel.clock import SystemClock
from midspan.kernel.errors import (
    AccessDenied,
    MidspanError,
    ProtocolError,
    RecordError,
    SessionExpired,
    TransientError,
)
from midspan.kernel.gate import Lane, Timeouts


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


def gate(
    clock: HeldClock | SystemClock, rate: float = 1000, concurrency: int = 2, attempts: int = 4
) -> ProcessGate:
    retry = RetryConfig(attempts, timedelta(milliseconds=500), timedelta(seconds=30))
    return ProcessGate("erp", BudgetConfig(rate, concurrency), TimeoutsConfig(), retry, clock)


def failing(clock: HeldClock, *errors: Exception) -> tuple[list[float], Callable[[Timeouts], str]]:
    """Return an operation that raises each error in turn, and the list of its start times."""
    starts: list[float] = []
    left = list(errors)

    def operation(timeouts: Timeouts) -> str:
        starts.append(clock.time)
        if left:
            raise left.pop(0)
        return "done"

    return starts, operation


def most_in_any_window(starts: list[float], length: float) -> int:
    """Count over every half-open window that begins at a call."""
    return max(sum(first <= other < first + length for other in starts) for first in starts)


@pytest.mark.parametrize(
    ("rate", "length", "most"),
    [(5, 1.0, 5), (1, 1.0, 1), (2.5, 1.0, 2), (0.5, 2.0, 1), (0.3, 3.3, 1)],
)
def test_no_window_holds_more_calls_than_the_rate(rate: float, length: float, most: int) -> None:
    """Whatever second one looks at, the system's owner finds his number kept, idle or not."""
    clock = HeldClock()
    guard = gate(clock, rate)
    starts: list[float] = []

    for call in range(60):
        guard.call(Lane.SYNC, lambda timeouts: starts.append(clock.time))
        clock.time += (0.0, 0.013, 0.4, 3.0)[call % 4] if call > 20 else 0.0

    assert most_in_any_window(starts, length - 1e-6) == most


def test_idle_time_is_not_saved_up() -> None:
    """After an hour of rest the first second still holds no more than the rate."""
    clock = HeldClock()
    guard = gate(clock, rate=3)
    starts: list[float] = []
    guard.call(Lane.SYNC, lambda timeouts: None)
    clock.time += 3600

    for _ in range(12):
        guard.call(Lane.SYNC, lambda timeouts: starts.append(clock.time))

    assert most_in_any_window(starts, 1 - 1e-6) == 3
    assert starts[-1] - starts[0] == pytest.approx(3.0)


def test_threads_share_the_budget() -> None:
    """However many threads call, no more run at once than allowed."""
    guard = gate(SystemClock(), concurrency=2)
    running, peak = 0, 0
    lock, together = threading.Lock(), threading.Barrier(2)

    def operation(timeouts: Timeouts) -> None:
        nonlocal running, peak
        with lock:
            running += 1
            peak = max(peak, running)
        together.wait(timeout=10)
        with lock:
            running -= 1

    threads = [threading.Thread(target=guard.call, args=(Lane.SYNC, operation)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert (peak, running) == (2, 0)


def test_a_passing_failure_is_repeated_within_the_budget() -> None:
    """A repeated call costs the system as much as a first one, and waits longer each time."""
    clock = HeldClock()
    starts, operation = failing(clock, *(TransientError("http.busy", "busy") for _ in range(3)))

    result = gate(clock, rate=1).call(Lane.SYNC, operation)

    assert result == "done"
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert gaps[0] >= 1.0
    assert 2.0 <= gaps[2] <= 2.5


def test_attempts_are_counted_in_all() -> None:
    """Four attempts means four calls, and the last one's error as it was."""
    clock = HeldClock()
    last = TransientError("http.busy", "the fourth")
    errors = [TransientError("http.busy", "busy") for _ in range(3)]
    starts, operation = failing(clock, *errors, last, TransientError("http.busy", "never"))

    with pytest.raises(TransientError) as caught:
        gate(clock, attempts=4).call(Lane.SYNC, operation)

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
def test_any_other_error_passes_at_once(error: Exception) -> None:
    """What repeating cannot mend is not repeated."""
    clock = HeldClock()
    starts, operation = failing(clock, error)

    with pytest.raises(type(error)):
        gate(clock).call(Lane.SYNC, operation)

    assert (len(starts), clock.slept) == (1, [])


def test_the_other_sides_word_is_kept() -> None:
    """When the system says seven seconds, it has seven seconds of peace."""
    clock = HeldClock()
    starts, operation = failing(clock, TransientError("http.busy", "busy", retry_after=7.0))

    gate(clock).call(Lane.SYNC, operation)

    assert starts[1] - starts[0] >= 7.0


def test_a_long_wait_is_not_slept_in_the_worker() -> None:
    """When the system wants an hour, the job gives its place up and knows when to return."""
    clock = HeldClock()
    starts, operation = failing(clock, TransientError("http.busy", "busy", retry_after=3600.0))

    with pytest.raises(TransientError) as caught:
        gate(clock).call(Lane.SYNC, operation)

    assert caught.value.retry_after == 3600.0
    assert (len(starts), clock.slept) == (1, [])


def test_a_failed_call_gives_its_slot_back() -> None:
    """One slot is enough for any number of failures."""
    clock = HeldClock()
    guard = gate(clock, concurrency=1, attempts=1)

    for _ in range(5):
        _, operation = failing(clock, TransientError("http.busy", "busy"))
        with pytest.raises(TransientError):
            guard.call(Lane.SYNC, operation)

    assert guard.call(Lane.SYNC, lambda timeouts: "free") == "free"


def test_operations_get_the_systems_timeouts() -> None:
    """Timeouts come from the system's configuration, in seconds."""
    timeouts = TimeoutsConfig(timedelta(seconds=1), timedelta(seconds=2), timedelta(minutes=1))
    guard = ProcessGate("erp", BudgetConfig(), timeouts, RetryConfig(), HeldClock())

    assert guard.call(Lane.LIVE, lambda given: given) == Timeouts(1.0, 2.0, 60.0)


@pytest.mark.parametrize("budget", [BudgetConfig(0, 1), BudgetConfig(-1, 1), BudgetConfig(1, 0)])
def test_a_budget_that_allows_nothing_is_refused(budget: BudgetConfig) -> None:
    """Better an error at the start than a job that waits for ever."""
    with pytest.raises(MidspanError, match="allows no call") as caught:
        ProcessGate("erp", budget, TimeoutsConfig(), RetryConfig(), HeldClock())

    assert caught.value.code == "governor.budget"
