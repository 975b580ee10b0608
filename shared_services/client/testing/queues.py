"""An app's queue in memory: at least once, in order per subject, five attempts.

A message leaves the queue when its handler returned, or when it is set aside as a dead letter.
One that fails holds back the later ones of its subject, and is tried again after its delay, cut
to ``longest_delay`` so that tests do not wait. What was not handled when listening stops is
there when it starts again.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from midspan.kernel.errors import MidspanError
from shared_services.client.subscription import Wanted
from shared_services.messaging.consumer import MAX_ATTEMPTS, Message
from shared_services.messaging.envelope import Envelope
from shared_services.messaging.failures import is_retryable

_TICK: Final = 0.5


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up; ``code`` says why, ``attempts`` how often it was tried."""

    envelope: Envelope
    body: bytes
    code: str
    attempts: int


@dataclass(slots=True, eq=False)
class _Waiting:
    """A message that is not settled; not to be handled before ``due``, or while ``busy``."""

    envelope: Envelope
    body: bytes
    failed: int = 0
    due: float = 0.0
    busy: bool = False


@dataclass(eq=False)
class InMemoryQueue:
    """One subscription's queue; ``patterns`` are topics in which ``*`` is any one word."""

    patterns: tuple[str, ...]
    longest_delay: float
    dead_letters: list[DeadLetter] = field(default_factory=list)
    _messages: list[_Waiting] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def put(self, envelope: Envelope, body: bytes) -> None:
        """Take a message, if its type is one of the topics."""
        if any(_matches(pattern, envelope.type) for pattern in self.patterns):
            with self._changed:
                self._messages.append(_Waiting(envelope, body))
                self._changed.notify_all()

    def settle(self, timeout: float) -> bool:
        """Return whether all messages were handled or given up within ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._messages, timeout)

    def work(self, wanted: Wanted, stopped: Callable[[], bool]) -> None:
        """Handle messages until ``stopped``: the body of a worker's thread."""
        while not stopped():
            message = self._take()
            if message is not None:
                error = _handled(wanted, message)
                self._end(message, error, wanted)

    def wake(self) -> None:
        """Let waiting workers look whether they are stopped."""
        with self._changed:
            self._changed.notify_all()

    def _take(self) -> _Waiting | None:
        with self._changed:
            message, pause = self._first()
            if message is None:
                self._changed.wait(pause)
                return None
            message.busy = True
            return message

    def _first(self) -> tuple[_Waiting | None, float]:
        """Return the first message that may be handled, or how long to wait for one."""
        now, pause = time.monotonic(), _TICK
        held: set[str | None] = set()
        for message in self._messages:
            subject = message.envelope.subject
            if subject is not None and subject in held:
                continue
            if not message.busy and message.due <= now:
                return message, 0.0
            held.add(subject)
            if not message.busy:
                pause = min(pause, message.due - now)
        return None, pause

    def _end(self, message: _Waiting, error: Exception | None, wanted: Wanted) -> None:
        with self._changed:
            message.busy = False
            if error is not None:
                message.failed += 1
                if is_retryable(error) and message.failed < MAX_ATTEMPTS:
                    delay = wanted.delays[min(message.failed, len(wanted.delays)) - 1]
                    message.due = time.monotonic() + min(delay, self.longest_delay)
                    self._changed.notify_all()
                    return
                self.dead_letters.append(_dead(message, error))
            self._messages.remove(message)
            self._changed.notify_all()


def _handled(wanted: Wanted, message: _Waiting) -> Exception | None:
    try:
        wanted.handle(Message(message.envelope, message.body, message.failed + 1))
    except Exception as error:  # noqa: BLE001 classified by the queue, as the consumer does
        return error
    return None


def _dead(message: _Waiting, error: Exception) -> DeadLetter:
    code = error.code if isinstance(error, MidspanError) else "handler.failed"
    return DeadLetter(message.envelope, message.body, code, message.failed)


def _matches(pattern: str, type_: str) -> bool:
    words, given = pattern.split("."), type_.split(".")
    return len(words) == len(given) and all(
        word in ("*", one) for word, one in zip(words, given, strict=True)
    )
