"""A load of events and calls under faults, and what became of every one of them.

``python -m tests.messaging.chaos`` (``make chaos``) is the long form: a broker of its own, whose
connections are closed by its own tool and which is stopped, killed and started again. It writes
``var/chaos/messaging.json``. The tests run the short form against the shared broker.
"""

import json
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import pika
from pika.adapters.blocking_connection import BlockingChannel
from sqlalchemy import select

from midspan.kernel.errors import RemoteError
from midspan.store.engine import open_store
from shared_services.messaging.connection import Connection
from shared_services.messaging.envelope import Envelope
from shared_services.messaging.publisher import Outgoing, Publisher
from shared_services.messaging.rpc import RpcClient
from shared_services.messaging.topology import Topology
from tests.messaging.own_broker import OwnBroker
from tests.messaging.relay_proxy import RelayProxy
from tests.messaging.worker import ECHO, EFFECT, SCHEMA, Ask, subscription

ROOT = Path(__file__).resolve().parents[2]
SUBJECTS = 20
CALL_SECONDS = 2.0
# How much later than its deadline a caller may be told, on a busy machine.
SLACK_SECONDS = 1.0
_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What was done, and what came of it; ``late``: calls told after their deadline."""

    sent: int
    faults: int
    lost: int
    doubled: int
    disordered: int
    dead: int
    calls: int
    answered: int
    late: int

    @property
    def ok(self) -> bool:
        """Whether nothing was lost, doubled, disordered, given up or late."""
        return not (self.lost or self.doubled or self.disordered or self.dead or self.late)


class Chaos:
    """Publishes through a proxy to a worker process, calls it, and counts."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.proxy = RelayProxy(url)
        self.topology = Topology(f"t{secrets.token_hex(4)}")
        self._folder = folder
        self._stop = threading.Event()
        self._published: list[tuple[str, int]] = []
        self._calls = self._answered = self._late = self._faults = 0
        self._worker: subprocess.Popen[bytes] | None = None
        self._threads = [
            threading.Thread(target=self._publish, daemon=True),
            threading.Thread(target=self._call, daemon=True),
        ]

    def start(self, step: str = "never") -> None:
        """Begin the load, and the worker that will kill itself at ``step``."""
        self.start_worker(step)
        for thread in self._threads:
            thread.start()

    def start_worker(self, step: str = "never") -> None:
        """Start a worker and wait until it consumes, or has killed itself."""
        ready = self._folder / "ready"
        ready.unlink(missing_ok=True)
        words = (self.proxy.url, self.topology.namespace, str(self._folder), step)
        self._worker = subprocess.Popen(
            [sys.executable, "-m", "tests.messaging.worker", *words],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        _await(lambda: ready.exists() or self.worker_died)

    @property
    def worker_died(self) -> bool:
        """Whether there is no worker any more."""
        return self._worker is None or self._worker.poll() is not None

    def kill_worker(self) -> None:
        """SIGKILL the worker, wherever it is."""
        if self._worker is not None:
            self._worker.send_signal(signal.SIGKILL)
            self._worker.wait(10)

    def fault(self, do: Callable[[], object]) -> None:
        """Do some harm, counted."""
        self._faults += 1
        do()

    def finish(self) -> Figures:
        """End the load, wait for what is under way, and count."""
        self._stop.set()
        for thread in self._threads:
            thread.join(_PATIENCE)
        wanted = set(self._published)
        _await(lambda: wanted <= set(self._effects()) or self._dead() > 0)
        time.sleep(0.3)  # a double would come now
        figures = self._figures(wanted)
        self.kill_worker()
        self._clean()
        return figures

    def _figures(self, wanted: set[tuple[str, int]]) -> Figures:
        effects = self._effects()
        last: dict[str, int] = {}
        disordered = 0
        for subject, sequence in effects:
            disordered += sequence < last.get(subject, 0)
            last[subject] = sequence
        return Figures(
            sent=len(wanted),
            faults=self._faults,
            lost=len(wanted - set(effects)),
            doubled=len(effects) - len(set(effects)),
            disordered=disordered,
            dead=self._dead(),
            calls=self._calls,
            answered=self._answered,
            late=self._late,
        )

    def _publish(self) -> None:
        """Publish a message of each subject, again until all are confirmed, then the next."""
        connection = Connection(self.proxy.url, "chaos-publisher", heartbeat=1)
        connection.open(30)
        publisher = Publisher(connection, subscription(self.topology).declaration)
        publisher.start()
        sequence = 0
        while not self._stop.is_set():
            sequence += 1
            block = [self._event(f"customer/{key}", sequence) for key in range(SUBJECTS)]
            left = block
            while left:
                result = publisher.publish(left, timeout=5)
                left = [left[index] for index in sorted(result.errors)]
                if left:
                    time.sleep(0.05)
            self._published += [(f"customer/{key}", sequence) for key in range(SUBJECTS)]
        connection.close()

    def _event(self, subject: str, sequence: int) -> Outgoing:
        envelope = Envelope(
            id=f"{subject}-{sequence}",
            source="/midspan/test",
            type="customer.updated.v1",
            time=datetime.now(UTC),
            subject=subject,
            epoch=1,
            sequence=sequence,
        )
        return Outgoing(self.topology.events.name, envelope.type, envelope, b"{}")

    def _call(self) -> None:
        connection = Connection(self.proxy.url, "chaos-caller", heartbeat=1)
        connection.open(30)
        rpc = RpcClient(connection, self.topology)
        rpc.start()
        while not self._stop.is_set():
            began = time.monotonic()
            self._calls += 1
            try:
                right = rpc.call(ECHO, Ask(self._calls), timeout=CALL_SECONDS).value
                self._answered += right == Ask(self._calls)
            except RemoteError:
                time.sleep(0.02)
            self._late += time.monotonic() - began > CALL_SECONDS + SLACK_SECONDS
        connection.close()

    def _effects(self) -> Sequence[tuple[str, int]]:
        store = open_store(None, self._folder, SCHEMA)
        try:
            with store.read() as connection:
                rows = connection.execute(select(EFFECT).order_by(EFFECT.c.position))
                return [(row.subject, row.sequence) for row in rows]
        finally:
            store.close()

    def _dead(self) -> int:
        with _channel(self.url) as channel:
            queue = subscription(self.topology).dead_letters.name
            return int(channel.queue_declare(queue, passive=True).method.message_count)

    def _clean(self) -> None:
        with _channel(self.url) as channel:
            self.topology.delete(channel)
        self.proxy.close()


@contextmanager
def _channel(url: str) -> Iterator[BlockingChannel]:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        yield connection.channel()
    finally:
        connection.close()


def _await(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > ends:
            return
        time.sleep(0.05)


def main() -> int:
    """Run the long form; return 0 when nothing was lost, doubled, disordered or late."""
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder:
        broker = OwnBroker(Path(home))
        try:
            figures = _long(broker, Path(folder))
        finally:
            broker.end()
    print(figures)
    target = ROOT / "var" / "chaos" / "messaging.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    told = {**asdict(figures), "points": len(_LONG), "schedules": _TURNS, "ok": figures.ok}
    target.write_text(json.dumps(told, indent=2) + "\n")
    return 0 if figures.ok else 1


def _long(broker: OwnBroker, folder: Path) -> Figures:
    chaos = Chaos(broker.url, folder)
    chaos.start()
    for turn in range(_TURNS):
        for name, harm in _LONG.items():
            time.sleep(2)
            print(f"turn {turn + 1}: {name}", flush=True)
            chaos.fault(lambda harm=harm: harm(chaos, broker))  # type: ignore[misc]  # bound now
    return chaos.finish()


def _close_connections(_chaos: Chaos, broker: OwnBroker) -> None:
    broker.control("close_all_connections", "chaos")


def _restart(_chaos: Chaos, broker: OwnBroker) -> None:
    broker.stop()
    broker.start()


def _kill(_chaos: Chaos, broker: OwnBroker) -> None:
    broker.kill()
    broker.start()


def _kill_worker(chaos: Chaos, _broker: OwnBroker) -> None:
    chaos.kill_worker()
    chaos.start_worker()


_TURNS = 2
_LONG: dict[str, Callable[[Chaos, OwnBroker], None]] = {
    "the network is cut": lambda chaos, _broker: chaos.proxy.cut(),
    "the broker's tool closes every connection": _close_connections,
    "the consumer is killed": _kill_worker,
    "the broker is restarted": _restart,
    "the broker is killed": _kill,
}


if __name__ == "__main__":
    sys.exit(main())
