"""The gate of one system: budget, timeouts and retries around every call into it.

Guarantee: each attempt of each call, a repeated one too, takes its own slot of the budget
and is handed the system's timeouts. While a call waits to be repeated it holds no slot.
"""

from collections.abc import Callable
from typing import TypeVar

from config.model import BudgetConfig, RetryConfig, TimeoutsConfig
from midspan.governor.budget import Budget, ProcessBudget
from midspan.governor.retry import retrying
from midspan.kernel.clock import Clock, SystemClock
from midspan.kernel.gate import Lane, Timeouts

T = TypeVar("T")


class ProcessGate:
    """Guards one system within this process; its threads share it.

    ``shared`` replaces the process's own budget by one that more than this process uses.
    """

    def __init__(
        self,
        system: str,
        budget: BudgetConfig,
        timeouts: TimeoutsConfig,
        retry: RetryConfig,
        clock: Clock | None = None,
        shared: Budget | None = None,
    ) -> None:
        self._system = system
        self._retry = retry
        self._clock = clock or SystemClock()
        self._budget = shared or ProcessBudget(system, budget, self._clock)
        self.timeouts = Timeouts(
            timeouts.connect.total_seconds(),
            timeouts.read.total_seconds(),
            timeouts.total.total_seconds(),
        )

    def call(self, lane: Lane, operation: Callable[[Timeouts], T]) -> T:
        """Run ``operation`` within the budget and return what it returns.

        Repeats it after a TransientError by the system's retry policy and raises the last
        one; any other error passes through at once.
        """

        def attempt() -> T:
            with self._budget.slot(lane):
                return operation(self.timeouts)

        return retrying(self._system, self._retry, self._clock.sleep)(attempt)
