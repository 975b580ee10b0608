"""How the collector of cycles behaves while rows go by.

Rows are tuples of plain values: they hold no cycles and die with their batch. By default Python
looks through them again and again all the same. The setting is one for the whole process: the
first to enter changes it, and the last to leave, on whichever thread, puts it back.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_RARELY = (100_000, 50, 100)


class _RareCollections:
    """How many hold the collector back now, and what its thresholds were before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = gc.get_threshold()

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = gc.get_threshold()
                gc.set_threshold(*_RARELY)
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                gc.set_threshold(*self._before)


_COLLECTIONS = _RareCollections()


@contextmanager
def rare_collections() -> Iterator[None]:
    """Collect cycles seldom, as long as this lasts; for the whole process."""
    _COLLECTIONS.enter()
    try:
        yield
    finally:
        _COLLECTIONS.leave()
