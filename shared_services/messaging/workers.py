"""Threads that handle messages, so that the connection's own thread never waits for one.

``stop`` lets what is running finish, within its time. What has not begun is left alone, and
goes back to its queue when the channel closes, or is finished too, as its owner asks.
"""

import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Hashable
from typing import Final

_WEIGHT: Final = 0.05
_SHORTEST_PAUSE: Final = 0.1
UNTIL_RESUMED: Final = math.inf

log = logging.getLogger(__name__)


class WorkerPool:
    """``workers`` threads; tasks given later than ``stop`` are dropped."""

    def __init__(self, workers: int, name: str) -> None:
        self._most = workers
        self._name = name
        self._changed = threading.Condition()
        self._tasks: deque[Callable[[], None]] = deque()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._running = 0
        self._closed = False
        self._stopping = False

    def submit(self, *tasks: Callable[[], None]) -> None:
        """Run ``tasks`` as soon as threads are free."""
        if not tasks:
            return
        with self._changed:
            if not self._closed:
                self._tasks += tasks
                self._wake()

    @property
    def waiting(self) -> int:
        """Return how many tasks have not begun."""
        return len(self._tasks)

    def submit_later(self, seconds: float, task: Callable[[], None]) -> None:
        """Run ``task`` after ``seconds``, whatever becomes of the connection meanwhile."""
        timer = threading.Timer(seconds, self.submit, (task,))
        timer.daemon = True
        timer.start()

    def stop(self, timeout: float, *, finish_waiting: bool = False) -> bool:
        """Take no further task; return whether the running ones ended in ``timeout`` seconds.

        Those that wait are dropped, or finished within the same time.
        """
        with self._changed:
            self._closed = True
            self._stopping = not finish_waiting
            ended = self._changed.wait_for(self._is_done, timeout)
            self._stopping = True
            self._changed.notify_all()
        return ended

    def _is_done(self) -> bool:
        return not self._running and (self._stopping or not self._tasks)

    def _wake(self) -> None:
        """See to one more thread; each that begins sees to the next while tasks wait."""
        if self._idle:
            self._changed.notify()
        elif len(self._threads) < self._most:
            name = f"{self._name}-{len(self._threads)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except Exception:
                log.exception("a worker met an unexpected error")
            with self._changed:
                self._running -= 1
                if self._closed:
                    self._changed.notify_all()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._tasks and not self._stopping:
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            if self._stopping:
                return None
            task = self._tasks.popleft()
            self._running += 1
            if self._tasks:
                self._wake()
            return task


class Pace:
    """How long a task takes of late: a moving mean, of the last twenty or so."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def took(self, seconds: float, tasks: int) -> None:
        """Take in that ``tasks`` took so long together."""
        if tasks:
            self._seconds += (seconds / tasks - self._seconds) * _WEIGHT

    def seconds_for(self, tasks: int) -> float:
        """Return how long so many tasks will take, one after another; a tenth at least."""
        return round(max(tasks * self._seconds, _SHORTEST_PAUSE), 3)


class Lanes:
    """Runs tasks of one key one after another, those of different keys side by side.

    A task returns the seconds after which it is to be run again, before its successors, or
    None when it is done; ``UNTIL_RESUMED`` keeps its place for the task that ``resume`` brings.
    """

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._lanes: dict[Hashable, deque[Callable[[], float | None]]] = {}
        self._waiting: set[Hashable] = set()
        self._resumed: set[Hashable] = set()

    def submit(self, key: Hashable, task: Callable[[], float | None]) -> None:
        """Run ``task`` after those of the same key given before."""
        with self._lock:
            lane = self._lanes.get(key)
            if lane is not None:
                lane.append(task)
                return
            self._lanes[key] = deque([task])
        self._pool.submit(lambda: self._advance(key))

    def holds(self, key: Hashable) -> bool:
        """Whether a task of ``key`` was not done yet."""
        with self._lock:
            return key in self._lanes

    def resume(self, key: Hashable, task: Callable[[], float | None]) -> None:
        """Run ``task`` in the place of the one that waits, or is about to wait, for it."""
        with self._lock:
            self._lanes[key][0] = task
            if key not in self._waiting:
                self._resumed.add(key)
                return
            self._waiting.remove(key)
        self._pool.submit(lambda: self._advance(key))

    def _waits(self, key: Hashable) -> bool:
        """Whether the lane is to wait; it is not when it was resumed before it began to."""
        with self._lock:
            if key in self._resumed:
                self._resumed.remove(key)
                return False
            self._waiting.add(key)
            return True

    def _advance(self, key: Hashable) -> None:
        again = self._run_first(key)
        if again == UNTIL_RESUMED:
            if self._waits(key):
                return
            again = 0.0
        if again is not None:
            self._pool.submit_later(again, lambda: self._advance(key))
            return
        with self._lock:
            lane = self._lanes[key]
            lane.popleft()
            if not lane:
                del self._lanes[key]
                return
        self._pool.submit(lambda: self._advance(key))

    def _run_first(self, key: Hashable) -> float | None:
        try:
            return self._lanes[key][0]()
        except Exception:
            # Its successors must not wait for ever behind a task that failed unexpectedly.
            log.exception("a worker met an unexpected error")
            return None
