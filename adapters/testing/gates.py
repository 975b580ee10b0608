"""Gates for the suite: one that counts and repeats as the real one does, one that is shut.

Guarantee: ``CountingGate.busy`` is true exactly while a remote call runs, so that a call beside
the gate can be told; and a call within a call is refused, since under a budget of one call at a
time it would wait for the place that its own caller holds.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from midspan.kernel.errors import TransientError
from midspan.kernel.gate import Lane, Timeouts

T = TypeVar("T")

QUICK = Timeouts(connect=0.5, read=0.3, total=0.6)
"""Bounds for calls that a fault is to break."""
PATIENT = Timeouts(connect=5.0, read=20.0, total=30.0)
"""Bounds for calls that are to succeed, on a busy machine too."""


class CountingGate:
    """Lets every call through; repeats it after a TransientError, ``attempts`` in all.

    ``before`` is called ahead of each attempt and may raise, as a pause or a window does.
    """

    def __init__(
        self,
        timeouts: Timeouts = PATIENT,
        attempts: int = 1,
        before: Callable[[], None] | None = None,
    ) -> None:
        self.timeouts = timeouts
        self.calls = 0
        self.lanes: set[Lane] = set()
        self._attempts = attempts
        self._before = before
        self._under_way = 0
        self._here = threading.local()
        self._lock = threading.Lock()

    @property
    def busy(self) -> bool:
        """Whether a remote call is under way, in whichever thread."""
        return self._under_way > 0

    def call(self, lane: Lane, operation: Callable[[Timeouts], T]) -> T:
        """Run the operation; the last attempt's TransientError is raised."""
        assert not getattr(self._here, "calling", False), "a call through the gate within a call"
        self.lanes.add(lane)
        for left in reversed(range(self._attempts)):
            try:
                return self._once(operation)
            except TransientError:
                if not left:
                    raise
        raise AssertionError("a gate without attempts")

    def _once(self, operation: Callable[[Timeouts], T]) -> T:
        if self._before is not None:
            self._before()
        with self._lock:
            self.calls += 1
            self._under_way += 1
        self._here.calling = True
        try:
            return operation(self.timeouts)
        finally:
            self._here.calling = False
            with self._lock:
                self._under_way -= 1
