"""Every call into a legacy system passes its system's gate.

An adapter hands the gate one remote call at a time (a page, a batch, a login). The gate
waits for the budget, sets the timeouts, repeats what may be repeated and never lets a call
through that the system's owner has not allowed. The kernel only says what a gate is; the
governor builds one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeVar

from midspan.kernel.errors import MidspanError

T = TypeVar("T")


class Lane(Enum):
    """Who goes first when the budget is short: live, then sync, then backfill."""

    LIVE = "live"
    SYNC = "sync"
    BACKFILL = "backfill"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Bounds of one remote call, in seconds; always set, never infinite."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0


class Gate(Protocol):
    """Guards one system."""

    timeouts: Timeouts

    def call(self, lane: Lane, operation: Callable[[Timeouts], T]) -> T:
        """Run ``operation`` within the budget and return what it returns.

        ``operation`` may be run again: after a ``TransientError``, by the system's retry
        policy. Any other error passes through at once. ``operation`` must therefore be a
        read, or a write whose repetition the adapter knows to be harmless.
        """
        ...


class ShutGate:
    """Lets no call through: for whoever only wants to know whether an adapter can be made."""

    timeouts = Timeouts()

    def call(self, lane: Lane, operation: Callable[[Timeouts], T]) -> T:
        """Raise MidspanError ``gate.shut``."""
        del lane, operation
        raise MidspanError("gate.shut", "no call may be made here")
