"""Ends what has lasted too long, however little progress it makes.

Guarantee: what is done under a deadline is over soon after it, though each single step of it
stays within its own timeout (headers that arrive byte by byte). One thread watches, and only
while there is something to watch.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Watchdog:
    """Calls ``act`` from a thread of its own when a deadline passes; one deadline at a time."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._changed = threading.Condition()
        self._deadline: float | None = None
        self._sleeps_until = 0.0
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self, deadline: float) -> Iterator[None]:
        """Watch what is done inside; ``deadline`` is of the monotonic clock, in seconds."""
        with self._changed:
            self._deadline = deadline
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._sleeps_until = deadline
                self._thread.start()
            elif deadline < self._sleeps_until:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._deadline = None

    def stop(self) -> None:
        """Let the thread end; it has nothing to watch any more."""
        with self._changed:
            self._deadline = None
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            # A deadline that went by unused was often followed by another: then it sleeps on.
            while self._deadline is not None:
                left = self._deadline - time.monotonic()
                if left <= 0:
                    self._deadline = None
                    self._act()
                    break
                self._sleeps_until = self._deadline
                self._changed.wait(left)
            self._thread = None
