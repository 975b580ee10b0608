"""The circuit breaker of one system, shared by all who call it.

closed → open: ``failures`` calls in a row failed for the moment, whoever made them.
open → half-open: the cooldown is over, and one call is let through to try.
half-open → closed: it was answered. half-open → open: it failed; the cooldown doubles.

An answer that says no is an answer: only a TransientError from the system counts, never a
refusal of ours. A system that asks to be left alone for a while is left alone by everybody.
"""

import random
from dataclasses import dataclass
from enum import Enum

from config.model import BreakerConfig
from midspan.governor.state import Breaker, GateState
from midspan.kernel.errors import MidspanError, TransientError, UncertainWrite

_JITTER = 0.2
_PROBE_NAP = 0.25


class Verdict(Enum):
    """What a call said about its system."""

    ANSWERED = "answered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It was broken off on our side."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended. ``asked``: the seconds of peace the system wants."""

    verdict: Verdict
    code: str = ""
    asked: float = 0.0

    @classmethod
    def of(cls, error: BaseException | None) -> "Outcome":
        """Return what a call that ended with ``error`` said."""
        if isinstance(error, UncertainWrite) and error.__cause__ is not None:
            error = error.__cause__
        if isinstance(error, TransientError):
            return cls(Verdict.FAILED, error.code, error.retry_after or 0.0)
        if error is None or isinstance(error, MidspanError):
            return cls(Verdict.ANSWERED)
        return cls(Verdict.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Wait:
    """Nobody may call before ``until``; ``open`` unless the system only asked for a pause."""

    until: float
    open: bool


class Fuse:
    """Applies one system's breaker configuration to the shared state."""

    def __init__(self, config: BreakerConfig) -> None:
        self._failures = config.failures
        self._cooldown = config.cooldown.total_seconds()
        self._longest = config.longest.total_seconds()

    def blocks(self, state: GateState, now: float) -> Wait | None:
        """Return what to wait for; None when a call may begin now."""
        breaker = state.breaker
        self._heal_clock(breaker, now)
        if breaker.held_until > now:
            return Wait(breaker.held_until, open=False)
        if breaker.opens is None:
            return None
        if breaker.opens > now:
            return Wait(breaker.opens, open=True)
        if breaker.probe in state.running:
            return Wait(now + _PROBE_NAP, open=True)
        return None

    def begin(self, state: GateState, call_id: str) -> None:
        """Make a call that begins while the breaker is open the one that tries."""
        if state.breaker.opens is not None:
            state.breaker.probe = call_id

    def end(self, state: GateState, call_id: str, outcome: Outcome, now: float) -> None:
        """Note how a call ended."""
        breaker = state.breaker
        if outcome.asked > 0:
            until = now + min(outcome.asked, self._longest)
            breaker.held_until = max(breaker.held_until, until)
        if breaker.opens is not None and breaker.probe != call_id:
            return
        breaker.probe = None
        if outcome.verdict is Verdict.ANSWERED:
            breaker.failures, breaker.trips, breaker.opens, breaker.last = 0, 0, None, ""
        elif outcome.verdict is Verdict.FAILED:
            breaker.failures, breaker.last = breaker.failures + 1, outcome.code
            if breaker.opens is not None or breaker.failures >= self._failures:
                self._trip(breaker, now)

    def _trip(self, breaker: Breaker, now: float) -> None:
        # Bounded before it is raised to a power: a system may be down for weeks.
        cooldown = min(self._cooldown * 2 ** min(breaker.trips, 30), self._longest)
        breaker.trips += 1
        breaker.opens = now + cooldown * random.uniform(1, 1 + _JITTER)  # noqa: S311 no secret

    def _heal_clock(self, breaker: Breaker, now: float) -> None:
        latest = now + self._longest * (1 + _JITTER)
        breaker.held_until = min(breaker.held_until, latest)
        if breaker.opens is not None:
            breaker.opens = min(breaker.opens, latest)
