"""What every contender of the messaging benchmarks sends and tells; standard library alone.

Guarantee: all contenders move the same bodies and sum up the same bytes of them.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from zlib import crc32

from benchmarks.frame import BenchmarkError, Sample, Stopwatch

URL = os.environ.get("MIDSPAN_AMQP_URL", "")
CONTENT_TYPE = "application/json"
_FILLING = "x" * 960
_ECHO = {
    **{f"field_{number:02}": f"value {number:02} of it" for number in range(8)},
    "name": "Ann Example",
    "amount": 12.5,
}


def body(number: int) -> bytes:
    """Return the 1 KB JSON body of a message."""
    return json.dumps({"number": number, "filling": _FILLING}).encode()


def asked(number: int) -> dict[str, object]:
    """Return the 300 bytes that an echo is asked for."""
    return {"number": number, **_ECHO}


class Sum:
    """Sums up bodies, in whatever order they come."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, received: bytes) -> None:
        """Take in a body."""
        self.count += 1
        # The first bytes hold the number; a digest of the whole would cost more than the work.
        self._sum += crc32(received[:24]) + len(received)

    @property
    def digest(self) -> str:
        """Return what was summed up."""
        return f"{self.count} {self._sum}"


class Latencies:
    """Times the calls of a round; tells the slowest of the fastest 99 of a hundred."""

    def __init__(self) -> None:
        self.watch = Stopwatch()
        self._seconds: list[float] = []
        self._sum = 0
        self._failure = ""

    def add(self, began: float, number: int) -> None:
        """Take in a call that began at ``time.perf_counter()`` and was answered ``number``."""
        self._seconds.append(time.perf_counter() - began)
        self._sum += number

    def fail(self, error: object) -> None:
        """Take in that a call was not answered: the round is void."""
        self._failure = str(error)

    @property
    def count(self) -> int:
        """Return how many calls were answered."""
        return len(self._seconds)

    def tell(self) -> None:
        """Hand the sample, and its p99 in milliseconds, to the process that started this one.

        Raises BenchmarkError when a call failed.
        """
        if self._failure:
            raise BenchmarkError(self._failure)
        sample = self.watch.sample(self.count, str(self._sum))
        print(json.dumps({**asdict(sample), "p99_ms": p99(self._seconds)}), flush=True)


def p99(seconds: Sequence[float]) -> float:
    """Return the 99th percentile in milliseconds."""
    if len(seconds) < 2:
        return 1000 * max(seconds, default=0.0)
    return 1000 * statistics.quantiles(seconds, n=100)[98]


def published(watch: Stopwatch, count: int) -> Sample:
    """Return the sample of a publisher; the queue itself is counted afterwards."""
    return watch.sample(count, str(count))


def say_ready_and_wait() -> None:
    """Tell the starter that a server serves, and return when its input is closed."""
    print("ready", flush=True)
    sys.stdin.read()
