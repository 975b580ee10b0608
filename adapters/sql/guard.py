"""Ends the waiting for a database that does not answer, from beside the thread that waits.

Guarantee: no thread waits for a server longer than it was told to, whatever its driver knows of
timeouts: when the time is over the connection's socket is shut, and the driver fails at once.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")


class Guard:
    """Watches the socket of one connection of the driver's own, as soon as it is known."""

    def __init__(self) -> None:
        self._line: int | None = None
        self._over = False
        self._lock = threading.Lock()

    def watch(self, own: Any) -> None:
        """Take the connection to watch; None when it is given up."""
        with self._lock:
            self._line = line_of(own)
            if self._over:
                sever(self._line)

    def end(self) -> None:
        """Shut the connection's socket: the time is over."""
        with self._lock:
            self._over = True
            sever(self._line)


@contextmanager
def guarded(seconds: float, own: Any = None) -> Iterator[Guard]:
    """Bound what is done with a connection by ``seconds``."""
    guard = Guard()
    guard.watch(own)
    timer = threading.Timer(seconds, guard.end)
    timer.daemon = True
    timer.start()
    try:
        yield guard
    finally:
        timer.cancel()
        # Its number may soon be another file's.
        guard.watch(None)


def in_time(seconds: float, operation: Callable[[], T], late: Callable[[T], None]) -> T:
    """Return what ``operation`` returns in time; raise TimeoutError when it does not.

    It then goes on beside, and what it still returns is given to ``late``: a connection that
    is being made has no socket yet that could be shut.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            made = operation()
        except BaseException as error:  # noqa: BLE001 it is raised by whoever waits
            done.set_exception(error)
            return
        done.set_result(made)

    threading.Thread(target=run, daemon=True).start()
    try:
        return done.result(seconds)
    except FutureTimeoutError:
        if done.done() and done.exception() is not None:
            raise
        done.add_done_callback(lambda made: None if made.exception() else late(made.result()))
        raise TimeoutError("timed out") from None


def line_of(own: Any) -> int | None:
    """Return the file number of the socket beneath a driver's connection, where it tells it.

    Asked before the connection works: while it does, mysqlclient refuses to tell.
    """
    teller = getattr(own, "_sock", None) or own  # PyMySQL's own does not tell
    # What is closed already raises an error of the driver's own.
    with suppress(Exception):
        return int(teller.fileno())
    return None


def sever(line: int | None) -> None:
    """Shut a socket; never raises. The caller sees to it that nobody closes it meanwhile."""
    if line is None:
        return
    with suppress(OSError), socket.socket(fileno=os.dup(line)) as same:
        same.shutdown(socket.SHUT_RDWR)
