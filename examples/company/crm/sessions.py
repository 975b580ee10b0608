"""The CRM's sessions: a login is good for a few calls and a short time, whatever comes first.

Guarantee: a session id that is unknown, used up, too old or closed is refused in the same way,
so that a client cannot tell them apart. At most `LIMIT` sessions exist; the oldest makes room.
"""

import secrets
import threading
import time
from collections.abc import Callable

LIMIT = 100


class Sessions:
    """Sessions of at most `calls` calls and `seconds` seconds; safe to share between threads."""

    def __init__(
        self, *, calls: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._calls = calls
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, tuple[int, float]] = {}

    def open(self) -> str:
        """Start a session and return its id."""
        session_id = secrets.token_hex(16)
        with self._lock:
            while len(self._open) >= LIMIT:
                del self._open[next(iter(self._open))]
            self._open[session_id] = (self._calls, self._clock() + self._seconds)
        return session_id

    def use(self, session_id: str) -> bool:
        """Count one call; return False when the session does not stand for it any more."""
        with self._lock:
            left, deadline = self._open.pop(session_id, (0, 0.0))
            if left < 1 or self._clock() >= deadline:
                return False
            self._open[session_id] = (left - 1, deadline)
            return True

    def close(self, session_id: str) -> None:
        """End a session; an unknown one is none already."""
        with self._lock:
            self._open.pop(session_id, None)
