"""How long an app waits for a customer: calls through the SDK, one after another."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Final

from shared_services.client import Client

CALLS: Final = 300


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds that half, and nineteen of twenty, of the calls stayed below."""

    calls: int
    p50_ms: float
    p95_ms: float


def measure(url: str, namespace: str, ids: Sequence[int]) -> Latency:
    """Ask for customers by id, CALLS times; raises RemoteError when one is not answered."""
    taken = []
    with Client(url, "demo", namespace=namespace) as client:
        for id_ in islice(cycle(ids), CALLS):
            begun = time.perf_counter()
            client.customers.get(id_)
            taken.append((time.perf_counter() - begun) * 1000)
    parts = statistics.quantiles(taken, n=20)
    return Latency(CALLS, round(parts[9], 2), round(parts[18], 2))
