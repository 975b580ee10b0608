"""Asking what may not answer, such as a database that hangs.

Guarantee: whoever asks waits no longer than it wants to, and no question is put again while it
is still unanswered; so one thread at most is lost to each, and a process ends without them.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooSlow
from typing import Final, Generic, TypeVar

from midspan.kernel.errors import MidspanError

T = TypeVar("T")

_GAUGE_SECONDS: Final = 0.5


class Asked(Generic[T]):
    """A question, and the answer that is waited for."""

    def __init__(self, question: Callable[[], T]) -> None:
        self._question = question
        self._lock = threading.Lock()
        self._answer: Future[T] | None = None

    def begin(self) -> "Future[T]":
        """Ask, unless the last answer has not come yet; return what will hold the answer."""
        with self._lock:
            if self._answer is None or self._answer.done():
                self._answer = Future()
                threading.Thread(target=self._ask, args=(self._answer,), daemon=True).start()
            return self._answer

    def _ask(self, answer: "Future[T]") -> None:
        try:
            answer.set_result(self._question())
        except BaseException as error:  # noqa: BLE001 it is raised where the answer is taken
            answer.set_exception(error)


def gauged(question: Callable[[], float]) -> Callable[[], float]:
    """Return what answers for a gauge: not a number where there is no answer in time."""
    asked = Asked(question)

    def answer() -> float:
        try:
            return asked.begin().result(_GAUGE_SECONDS)
        except (TooSlow, MidspanError):
            return float("nan")

    return answer
