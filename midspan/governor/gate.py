"""The gate of one system: what its owner allows, around every call into it.

Guarantee: each attempt of each call, a repeated one too, is let through on its own
(``admission``: pause, windows, breaker, budget), is handed the system's timeouts, and gives
its place back when it ends; while a call waits to be repeated it holds none. The budget is
one for all processes and machines that share the control store. A process that is killed in
a call gives nothing back: its place is free when the call must have ended by itself.

How a system is protected is told bottom-up in ``state`` (what is remembered), ``budget`` (why
no second holds too many calls), ``breaker``, ``windows``, ``control`` (where it is kept) and
``admission`` (one decision); ``retry`` says which failed calls are repeated.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from config.model import SystemConfig
from midspan.governor.admission import Admission
from midspan.governor.breaker import Outcome
from midspan.governor.control import ControlStore
from midspan.governor.retry import retrying
from midspan.kernel.clock import Clock, SystemClock
from midspan.kernel.errors import TransientError
from midspan.kernel.gate import Lane, Timeouts

T = TypeVar("T")
PATIENCE = timedelta(seconds=30)
"""How much longer a call waits than a killed one may hold its place."""

_log = logging.getLogger(__name__)


class DatabaseGate:
    """Guards one system for all processes that share a control store.

    ``patience`` is how long a call of a sync or backfill waits to be let through; by default
    long enough to see the place of a killed one come back. ``clock`` sleeps and measures
    patience; all else goes by the database's clock.
    """

    def __init__(
        self,
        system: str,
        config: SystemConfig,
        control: ControlStore,
        clock: Clock | None = None,
        patience: timedelta | None = None,
    ) -> None:
        self._system = system
        self._retry = config.retry
        self._clock = clock or SystemClock()
        self.timeouts = Timeouts(
            config.timeouts.connect.total_seconds(),
            config.timeouts.read.total_seconds(),
            config.timeouts.total.total_seconds(),
        )
        if patience is None:
            patience = config.timeouts.total + config.timeouts.connect + PATIENCE
        self._admission = Admission(system, config, self.timeouts, control, self._clock, patience)

    def call(self, lane: Lane, operation: Callable[[Timeouts], T]) -> T:
        """Run ``operation`` when it may begin, and return what it returns.

        Repeats it after a TransientError of its own by the system's retry policy and raises
        the last one; any other error passes through at once, and so does a refusal:
        SystemClosed in a window or pause, TransientError ``governor.over_budget`` or
        ``governor.breaker_open`` with ``retry_after``.
        """
        failure: BaseException | None = None

        def attempt() -> T:
            nonlocal failure
            call_id = self._admission.enter(lane)
            try:
                result = operation(self.timeouts)
            except BaseException as error:
                # Whatever ends the call, its place is given back.
                failure = error
                self._leave(call_id, Outcome.of(error))
                raise
            self._leave(call_id, Outcome.of(None))
            return result

        def repeatable(error: BaseException) -> bool:
            return error is failure and isinstance(error, TransientError)

        return retrying(self._system, self._retry, self._clock.sleep, repeatable)(attempt)

    def _leave(self, call_id: str, outcome: Outcome) -> None:
        try:
            self._admission.leave(call_id, outcome)
        except TransientError as error:
            # The call itself is done, and its place comes back by itself.
            _log.warning("%s: the end of a call could not be noted: %s", self._system, error)
