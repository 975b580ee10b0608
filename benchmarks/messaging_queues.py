"""Publishes with confirms to a quorum queue, and consumes from one with acknowledgements.

Each run has a fresh quorum queue of 1 KB persistent JSON messages; what a publisher says it
published is counted there. Peers: plain pika, aio-pika and FastStream, each with as many messages
under way as ours. ``handled`` is the whole Consumer, with its envelope and a worker thread.
"""

import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path

import pika
from pika.adapters.blocking_connection import BlockingChannel

from benchmarks import messaging_own
from benchmarks.environments import environment
from benchmarks.frame import (
    BenchmarkError,
    Measurement,
    Result,
    Sample,
    Settings,
    Side,
    at_least,
    run_process,
    side_by_side,
)
from benchmarks.messaging_load import URL
from shared_services.messaging.topology import Topology

COUNT = 50_000
WINDOWS = (100, 1000)
PREFETCH = 500
PUBLISH_TARGET = 40_000
CONSUME_TARGET = 80_000

_SHORT = 300
_OWN = "benchmarks.messaging_own"
_COUNTED_WITHIN = 10.0
_PIKA = ("pika", "benchmarks.peers.pika_messages")
_OTHERS = (
    ("aio-pika", "benchmarks.peers.aio_pika_messages"),
    ("faststream", "benchmarks.peers.faststream_messages"),
)


def measure(settings: Settings) -> Iterator[Measurement]:
    """Yield publishing and consuming rates beside each peer's."""
    count = settings.rows or (_SHORT if settings.short else COUNT)
    contenders = peers(settings, (_PIKA,), _OTHERS)
    for window in WINDOWS:
        sides = [
            Side(name, partial(_publish, module, python, count, window))
            for name, (module, python) in {"midspan": (_OWN, _python()), **contenders}.items()
        ]
        found = side_by_side(sides, settings.rounds)
        target = PUBLISH_TARGET if window == max(WINDOWS) else None
        yield from _beside(f"publish, window {window}", found, target, settings)
    sides = [
        Side(name, partial(_consume, module, python, count))
        for name, (module, python) in {"midspan": (_OWN, _python()), **contenders}.items()
    ]
    found = side_by_side(sides, settings.rounds)
    yield from _beside(f"consume, prefetch {PREFETCH}", found, CONSUME_TARGET, settings)
    handled = side_by_side([Side("midspan", partial(_handle, count))], settings.rounds)
    peer = "faststream" if "faststream" in found else "pika"
    yield at_least(
        "messaging: handled by a consumer",
        "msg/s",
        handled["midspan"].rate,
        peer=(peer, found[peer].rate),
    )


def peers(
    settings: Settings, here: tuple[tuple[str, str], ...], apart: tuple[tuple[str, str], ...]
) -> dict[str, tuple[str, Path]]:
    """Return the peers' modules and interpreters; the short form installs none."""
    found = {name: (module, _python()) for name, module in here}
    if not settings.short:
        python = environment("messaging").python
        found |= {name: (module, python) for name, module in apart}
    return found


def versions(name: str) -> dict[str, str]:
    """Return which version of a peer was measured."""
    if name == "pika":
        return {"pika": version("pika")}
    return environment("messaging").versions(name)


@contextmanager
def channel() -> Iterator[BlockingChannel]:
    """Give a channel for what is around the measuring."""
    if not URL:
        raise BenchmarkError("MIDSPAN_AMQP_URL names no broker: run `make bench`")
    connection = pika.BlockingConnection(pika.URLParameters(URL))
    try:
        yield connection.channel()
    finally:
        connection.close()


@contextmanager
def _queue() -> Iterator[str]:
    name = f"bench-{secrets.token_hex(4)}"
    with channel() as beside:
        beside.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum"})
    try:
        yield name
    finally:
        with channel() as beside:
            beside.queue_delete(name)


def _publish(module: str, python: Path, count: int, window: int) -> Sample:
    with _queue() as queue:
        sample = run_process(module, "publish", queue, str(count), str(window), python=python)
        _require_count(queue, count)
    return sample


def _require_count(queue: str, count: int) -> None:
    ends, found = time.monotonic() + _COUNTED_WITHIN, -1
    while found != count:
        with channel() as beside:
            found = beside.queue_declare(queue, passive=True).method.message_count
        if time.monotonic() > ends:
            raise BenchmarkError(f"{count} messages were confirmed, {found} are in the queue")


def _consume(module: str, python: Path, count: int) -> Sample:
    with _queue() as queue:
        messaging_own.fill(queue, count)
        return run_process(module, "consume", queue, str(count), str(PREFETCH), python=python)


def _handle(count: int) -> Sample:
    topology = Topology(f"b{secrets.token_hex(4)}")
    subscription = topology.subscription("bench", "events", ["#"])
    with channel() as beside:
        topology.declare(beside)
    try:
        messaging_own.fill(subscription.queue.name, count, enveloped=True)
        return run_process(_OWN, "handle", topology.namespace, str(count), str(PREFETCH))
    finally:
        with channel() as beside:
            topology.delete(beside)


def _beside(
    what: str, found: dict[str, Result], target: float | None, settings: Settings
) -> Iterator[Measurement]:
    ours = found["midspan"]
    for name, theirs in found.items():
        if name != "midspan":
            wanted = None if settings.short or name != "pika" else target
            yield at_least(
                f"messaging: {what}",
                "msg/s",
                ours.rate,
                wanted,
                peer=(name, theirs.rate),
                versions=versions(name),
            )


def _python() -> Path:
    return Path(sys.executable)
