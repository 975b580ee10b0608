"""Threads that handle messages, so that the connection's own thread never waits for one.

``stop`` lets what is running finish, within its time. What has not begun is left alone, and
goes back to its queue when the channel closes, or is finished too, as its owner asks.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)


class WorkerPool:
    """``workers`` threads; tasks given later than ``stop`` are dropped."""

    def __init__(self, workers: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._changed = threading.Condition()
        self._waiting = 0
        self._running = 0
        self._closed = False
        self._stopping = False

    def submit(self, task: Callable[[], None]) -> None:
        """Run ``task`` as soon as a thread is free."""
        with self._changed:
            if not self._closed:
                self._waiting += 1
                self._executor.submit(self._run, task)

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
            ended = self._changed.wait_for(self._is_idle, timeout)
            self._stopping = True
        self._executor.shutdown(wait=False, cancel_futures=True)
        return ended

    def _is_idle(self) -> bool:
        return not self._running and (self._stopping or not self._waiting)

    def _run(self, task: Callable[[], None]) -> None:
        with self._changed:
            self._waiting -= 1
            if self._stopping:
                return
            self._running += 1
        try:
            task()
        except Exception:
            log.exception("a worker met an unexpected error")
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()


class Lanes:
    """Runs tasks of one key one after another, those of different keys side by side.

    A task returns the seconds after which it is to be run again, before its successors, or
    None when it is done.
    """

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._lanes: dict[Hashable, deque[Callable[[], float | None]]] = {}

    def submit(self, key: Hashable, task: Callable[[], float | None]) -> None:
        """Run ``task`` after those of the same key given before."""
        with self._lock:
            lane = self._lanes.get(key)
            if lane is not None:
                lane.append(task)
                return
            self._lanes[key] = deque([task])
        self._pool.submit(lambda: self._advance(key))

    def _advance(self, key: Hashable) -> None:
        again = self._run_first(key)
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
