"""How much load a system gets: calls a second, and calls at the same time.

Guarantee: whatever second one looks at, no more calls began in it than the rate allows
(its whole part; a rate below one is one call in ``1/rate`` seconds), and no more ran at once
than the concurrency allows. Whoever waits, waits in turn; nobody is refused.

This budget counts one process. What is shared by several counts behind the same two verbs:
a gate asks for a ``slot`` and gives it back.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from config.model import BudgetConfig
from midspan.kernel.clock import Clock
from midspan.kernel.errors import MidspanError
from midspan.kernel.gate import Lane


class Budget(Protocol):
    """Where a gate gets its slots from."""

    def slot(self, lane: Lane) -> AbstractContextManager[None]:
        """Wait for the right to make one call now, and hold it while the call runs."""
        ...


class ProcessBudget:
    """A system's budget within this process, shared by its threads."""

    def __init__(self, system: str, config: BudgetConfig, clock: Clock) -> None:
        if config.rate <= 0 or config.concurrency < 1:
            raise MidspanError(
                "governor.budget",
                f"the budget of '{system}' allows no call at all",
                remedy="Set rate above 0 and concurrency to 1 or more",
                system=system,
            )
        self._running = threading.BoundedSemaphore(config.concurrency)
        self._starts = StartTimes(config.rate)
        self._lock = threading.Lock()
        self._clock = clock

    @contextmanager
    def slot(self, lane: Lane) -> Iterator[None]:  # noqa: ARG002 one process has no lanes yet
        """Wait for the right to make one call now, and hold it while the call runs."""
        # The running slot comes first: a start granted earlier would be old when it is used.
        with self._running:
            with self._lock:
                start = self._starts.next(self._clock.monotonic())
            while (wait := start - self._clock.monotonic()) > 0:
                self._clock.sleep(wait)
            yield


class StartTimes:
    """Hands out start times such that any window holds at most ``limit`` of them."""

    def __init__(self, rate: float) -> None:
        self.limit = max(int(rate), 1)
        self.window = max(1.0, self.limit / rate)
        self._granted: deque[float] = deque(maxlen=self.limit)

    def next(self, now: float) -> float:
        """Return when the next call may start, ``now`` at the earliest, and book it."""
        start = now
        if len(self._granted) == self.limit:
            start = max(now, self._granted[0] + self.window)
        self._granted.append(start)
        return start
