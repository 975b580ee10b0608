"""Runs centers and the relay as processes: composed here, started, and stopped on a signal.

A process says ``ready`` on its log once it serves. SIGTERM and SIGINT let it finish what it
has in hand.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import Struct
from sqlalchemy import func, select

from config.settings import Settings
from midspan.store.engine import Store, open_store
from midspan.sync.centers import NAMES, Center, load_center
from shared_services.contracts.methods import Method
from shared_services.messaging.connection import Connection
from shared_services.messaging.publisher import Publisher
from shared_services.messaging.rpc import Context, RpcServer
from shared_services.messaging.topology import Topology
from shared_services.outbox.relay import Relay

log = logging.getLogger(__name__)

_AS_OF_SECONDS = 2.0


def serve_centers(settings: Settings, names: Sequence[str], workers: int) -> None:
    """Answer the RPC methods of ``names`` until a signal says stop."""
    with ExitStack() as stack:
        connection = _connect(stack, settings, f"midspan-serve-{'-'.join(names)}")
        for name in names:
            center = load_center(name)
            store = _open(stack, settings, center)
            server = RpcServer(
                connection,
                Topology(settings.amqp_namespace),
                name,
                _table(center, store),
                workers=workers,
            )
            server.start()
            stack.callback(server.stop)
        _until_stopped(f"serving {', '.join(names)}", threading.Event())


def run_relay(settings: Settings, names: Sequence[str] = NAMES) -> None:
    """Publish the outboxes of ``names`` until a signal says stop."""
    stop = threading.Event()
    failed: list[BaseException] = []
    topology = Topology(settings.amqp_namespace)
    with ExitStack() as stack:
        connection = _connect(stack, settings, "midspan-relay")
        threads = []
        for name in names:
            center = load_center(name)
            state = next(iter(center.models.values())).state
            publisher = Publisher(connection, topology.exchanges)
            publisher.start()
            stack.callback(publisher.end)
            store = _open(stack, settings, center)
            relay = Relay(store, state.outbox, publisher, topology, f"/midspan/{name}")
            work = partial(_relay_until, relay, stop, failed)
            threads.append(threading.Thread(target=work, name=f"relay-{name}"))
        for thread in threads:
            thread.start()
        stack.callback(_join, threads)
        stack.callback(stop.set)
        _until_stopped(f"relaying {', '.join(names)}", stop)
    if failed:
        raise failed[0]


def _relay_until(relay: Relay, stop: threading.Event, failed: list[BaseException]) -> None:
    """Run one relay; whatever ends it ends the process, so that a supervisor sees it."""
    try:
        relay.run(stop)
    except BaseException as error:  # noqa: BLE001 it is raised again by the main thread
        failed.append(error)
        stop.set()


def _join(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.join()


def _connect(stack: ExitStack, settings: Settings, name: str) -> Connection:
    connection = Connection(settings.amqp_url, name)
    connection.open()
    stack.callback(connection.close)
    return connection


def _open(stack: ExitStack, settings: Settings, center: Center) -> Store:
    store = open_store(settings.store_url, settings.state / "store", center.name)
    store.create(center.metadata, center.revision)
    stack.callback(store.close)
    return store


def _table(
    center: Center, store: Store
) -> dict[str, tuple[Method, Callable[[Any, Context], Struct]]]:
    freshness = _Freshness(center, store)
    return {
        method.routing_key: (method, partial(_answer, store, freshness, handler))
        for method, handler in center.rpc.items()
    }


def _answer(
    store: Store,
    freshness: "_Freshness",
    handler: Callable[..., Struct],
    request: Struct,
    context: Context,
) -> Struct:
    # Asked for first: a sync that applies meanwhile makes the reply newer than it says, not older.
    context.as_of = freshness.as_of(time.monotonic())
    with store.read() as connection:
        return handler(connection, request)


class _Freshness:
    """The time of the oldest data a center may answer with, asked for every few seconds."""

    def __init__(self, center: Center, store: Store) -> None:
        self._cursor = next(iter(center.models.values())).state.cursor
        self._store = store
        self._read_at = -_AS_OF_SECONDS
        self._value: datetime | None = None

    def as_of(self, now: float) -> datetime | None:
        """Return the least recent sync's source time; None before the first sync."""
        if now - self._read_at > _AS_OF_SECONDS:
            with self._store.read() as connection:
                self._value = connection.execute(select(func.min(self._cursor.c.as_of))).scalar()
            self._read_at = now
        return self._value


def _until_stopped(what: str, stop: threading.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("ready: %s", what)
    stop.wait()
    log.info("stopping: %s", what)
