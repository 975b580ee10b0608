"""Runs centers and the relay as processes: composed here, started, and stopped on a signal.

A process says ``ready`` on its log once it serves, and answers for its health over HTTP.
SIGTERM and SIGINT make it say that it is not ready any more, finish what it has in hand, and
end.
"""

import logging
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import text

from config.settings import Settings
from midspan.kernel.errors import MidspanError
from midspan.ops.answering import center_table
from midspan.ops.carrying import Carrying, command_queue
from midspan.ops.health import Health, HealthServer
from midspan.ops.metrics import Metrics
from midspan.store.engine import Store, open_store
from midspan.sync.centers import NAMES, Center, load_center
from shared_services.messaging.batches import BatchConsumer
from shared_services.messaging.connection import Connection
from shared_services.messaging.publisher import Publisher
from shared_services.messaging.rpc import RpcServer
from shared_services.messaging.topology import Declaration, Topology
from shared_services.outbox.relay import Relay, Told

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Door:
    """Where a process answers for its health; port 0 is a free one."""

    host: str = "127.0.0.1"
    port: int = 0


def serve_centers(settings: Settings, names: Sequence[str], workers: int, door: Door) -> None:
    """Answer the calls and carry out the commands of ``names`` until a signal says stop."""
    with ExitStack() as stack:
        process = _Process(stack, settings, f"midspan-serve-{'-'.join(names)}", door)
        for name in names:
            center = load_center(name)
            table = center_table(center, process.store(center), process.metrics)
            topology = Topology(settings.amqp_namespace)
            server = RpcServer(process.connection, topology, name, table, workers=workers)
            server.start()
            stack.callback(server.stop)
            process.health.needs_to_serve(f"calls of {name}", partial(_consuming, server))
            if center.commands:
                _carry_out(process, topology, center)
        process.run(f"serving {', '.join(names)}", threading.Event())


def run_relay(settings: Settings, door: Door, names: Sequence[str] = NAMES) -> None:
    """Publish the outboxes of ``names`` until a signal says stop."""
    stop = threading.Event()
    failed: list[BaseException] = []
    with ExitStack() as stack:
        process = _Process(stack, settings, "midspan-relay", door)
        threads = []
        for name in names:
            relay = _relay(process, settings, name)
            told = partial(_told, process.metrics, name)
            work = partial(_relay_until, relay, stop, told, failed)
            thread = threading.Thread(target=work, name=f"relay-{name}")
            process.health.needs_to_live(f"relay of {name}", partial(_alive, thread))
            threads.append(thread)
        for thread in threads:
            thread.start()
        stack.callback(_join, threads)
        stack.callback(stop.set)
        process.run(f"relaying {', '.join(names)}", stop)
    if failed:
        raise failed[0]


class _Process:
    """What every process has: a connection, stores, metrics, health; closed with ``stack``."""

    def __init__(self, stack: ExitStack, settings: Settings, name: str, door: Door) -> None:
        self._stack = stack
        self._settings = settings
        self.metrics = Metrics()
        self.health = Health(self.metrics)
        self._server = HealthServer(self.health, door.host, door.port)
        stack.callback(self._server.close)
        self._name = name
        self._stores: dict[str, Store] = {}
        self.connection = self.connect("")

    def connect(self, purpose: str) -> Connection:
        """Open a connection that ends with the process; one purpose of it has the plain name."""
        name = f"{self._name}-{purpose}" if purpose else self._name
        connection = Connection(self._settings.amqp_url, name)
        connection.open()
        self.at_end(connection.close)
        probe = f"broker for {purpose}" if purpose else "broker"
        self.health.needs_to_serve(probe, partial(connected, connection))
        self.metrics.watch_connection(name, lambda: connection.is_open, lambda: connection.blocked)
        return connection

    def store(self, center: Center) -> Store:
        """Open a center's store, made where it is missing."""
        if center.name in self._stores:
            return self._stores[center.name]
        settings = self._settings
        store = open_store(settings.store_url, settings.state / "store", center.name)
        self._stores[center.name] = store
        store.create(center.metadata, center.revision)
        self._stack.callback(store.close)
        self.health.needs_to_serve(f"store of {center.name}", partial(_reachable, store))
        return store

    def at_end(self, function: Callable[[], object]) -> None:
        """Do this when the process ends, before what was begun earlier is closed."""
        self._stack.callback(function)

    def run(self, what: str, stop: threading.Event) -> None:
        """Say ready, and wait for ``stop`` or a signal."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        log.info("ready: %s; health at %s", what, self._server.url)
        stop.wait()
        self.health.stopping()
        log.info("stopping: %s", what)


def _carry_out(process: _Process, topology: Topology, center: Center) -> None:
    carrying = Carrying(center, process.store(center), process.metrics)
    carrying.forget()
    publisher = Publisher(process.connect("commands"), Declaration())
    publisher.start()
    process.at_end(publisher.end)
    queue = command_queue(topology, center)
    consumer = BatchConsumer(process.connection, publisher, queue, carrying.receive)
    consumer.start()
    process.at_end(consumer.stop)
    process.health.needs_to_serve(f"commands of {center.name}", partial(_consuming, consumer))


def _relay(process: _Process, settings: Settings, name: str) -> Relay:
    center = load_center(name)
    topology = Topology(settings.amqp_namespace)
    publisher = Publisher(process.connection, topology.exchanges)
    publisher.start()
    process.at_end(publisher.end)
    process.health.needs_to_serve(f"publisher of {name}", partial(_consuming, publisher))
    outbox = next(iter(center.models.values())).state.outbox
    relay = Relay(process.store(center), outbox, publisher, topology, f"/midspan/{name}")
    process.metrics.watch_outbox(name, relay.backlog, partial(_oldest, relay))
    return relay


def _relay_until(
    relay: Relay, stop: threading.Event, told: Told, failed: list[BaseException]
) -> None:
    """Run one relay; whatever ends it ends the process, so that a supervisor sees it."""
    try:
        relay.run(stop, told)
    except BaseException as error:  # noqa: BLE001 it is raised again by the main thread
        failed.append(error)
        stop.set()


def _told(metrics: Metrics, name: str, confirmed: int, error: MidspanError | None) -> None:
    metrics.relay_published.labels(name).inc(confirmed)
    if error is not None:
        metrics.relay_failures.labels(name, error.code).inc()


def _oldest(relay: Relay) -> float:
    moment = relay.oldest()
    return (datetime.now(UTC) - moment).total_seconds() if moment else 0.0


def _join(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.join()


def connected(connection: Connection) -> str | None:
    """Probe a connection to the broker."""
    if not connection.is_open:
        return connection.last_error.code
    return "broker.blocked" if connection.blocked else None


def _consuming(session: RpcServer | Publisher | BatchConsumer) -> str | None:
    return None if session.is_ready else "no channel"


def _reachable(store: Store) -> str | None:
    with store.read(once=True) as connection:
        connection.execute(text("SELECT 1"))
    return None


def _alive(thread: threading.Thread) -> str | None:
    return None if thread.is_alive() else "ended"
