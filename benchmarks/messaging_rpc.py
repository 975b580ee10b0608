"""Calls an echo of 300 bytes with 1, 16 and 64 calls in flight, one server process.

Peers: plain pika, aio-pika, nameko and FastStream. Every caller decodes its answers and sums up
their numbers; latency is from before the call is encoded until its answer is decoded.
"""

import json
import secrets
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.frame import (
    ROOT,
    BenchmarkError,
    Measurement,
    Sample,
    Settings,
    Side,
    at_least,
    at_most,
    side_by_side,
)
from benchmarks.messaging_queues import peers, versions

CALLS = {1: 2_000, 16: 10_000, 64: 30_000}
RATE_TARGET = 25_000
TIMES_PIKA = 2.5
P99_TARGET = 6.0

_SHORT = 60
# Peers that answer a thousand a second are asked for fewer.
_SLOW = {"nameko": 10, "faststream": 10, "aio-pika": 4}
_ENDED_WITHIN = 20
_LONGEST = 600
_PIKA = ("pika", "benchmarks.peers.pika_messages")
_OTHERS = (
    ("aio-pika", "benchmarks.peers.aio_pika_messages"),
    ("nameko", "benchmarks.peers.nameko_messages"),
    ("faststream", "benchmarks.peers.faststream_messages"),
)


def measure(settings: Settings) -> Iterator[Measurement]:
    """Yield calls a second and p99 beside each peer's."""
    contenders = peers(settings, (_PIKA,), _OTHERS)
    every = {"midspan": ("benchmarks.messaging_own", Path(sys.executable)), **contenders}
    for in_flight, calls in CALLS.items():
        count = settings.rows or (_SHORT if settings.short else calls)
        rates, slowest = _side_by_side(every, in_flight, count, settings)
        for name in contenders:
            yield at_least(
                f"messaging: rpc echo, {in_flight} in flight",
                "calls/s",
                rates["midspan"],
                None if settings.short else _rate_target(in_flight, name, rates),
                peer=(name, rates[name]),
                versions=versions(name),
            )
            yield at_most(
                f"messaging: rpc echo, {in_flight} in flight, p99",
                "ms",
                slowest["midspan"],
                P99_TARGET if in_flight == 64 and name == "pika" and not settings.short else None,
                peer=(name, slowest[name]),
            )


def _rate_target(in_flight: int, peer: str, rates: dict[str, float]) -> float | None:
    if peer != "pika":
        return None
    if in_flight == 64:
        return max(RATE_TARGET, TIMES_PIKA * rates[peer])
    return rates[peer] if in_flight == 1 else None


def _side_by_side(
    every: dict[str, tuple[str, Path]], in_flight: int, count: int, settings: Settings
) -> tuple[dict[str, float], dict[str, float]]:
    """Run all contenders; return their rates and their p99 in milliseconds."""
    rates, slowest = dict[str, float](), dict[str, float]()
    groups: dict[int, list[str]] = defaultdict(list)
    for name in every:
        groups[1 if settings.short else _SLOW.get(name, 1)].append(name)
    p99s: dict[str, list[float]] = defaultdict(list)
    for fewer, names in groups.items():
        calls = max(count // fewer, in_flight)
        sides = [
            Side(name, partial(_run, *every[name], in_flight, calls, p99s[name])) for name in names
        ]
        for name, result in side_by_side(sides, settings.rounds).items():
            rates[name], slowest[name] = result.rate, statistics.median(p99s[name])
    return rates, slowest


def _run(module: str, python: Path, in_flight: int, count: int, p99s: list[float]) -> Sample:
    name = f"b{secrets.token_hex(4)}"
    with _serving(module, python, name):
        sample, p99 = measured_call(module, python, name, in_flight, count)
    p99s.append(p99)
    return sample


@contextmanager
def _serving(module: str, python: Path, name: str) -> Iterator[None]:
    server = subprocess.Popen(  # noqa: S603 our own modules, run by interpreters we made
        [python, "-m", module, "serve", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        text=True,
    )
    try:
        if server.stdout is None or server.stdout.readline().strip() != "ready":
            raise BenchmarkError(f"{module} did not serve")
        yield
    finally:
        server.terminate()
        server.communicate(timeout=_ENDED_WITHIN)


def measured_call(
    module: str, python: Path, name: str, in_flight: int, count: int, *words: str
) -> tuple[Sample, float]:
    """Run a caller in a process of its own; return its sample and its p99 in milliseconds."""
    done = subprocess.run(  # noqa: S603 the same
        [python, "-m", module, "call", name, str(count), str(in_flight), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"{module} call: {done.stderr[-2000:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    slowest = told.pop("p99_ms")
    return Sample(**told), slowest
