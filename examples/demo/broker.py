"""The demo's broker: the one the machine has, or a private one; its queues begin empty.

A private node is kept when the demo ends, and given up by ``give_up``; it stops then unless
somebody else, a running test for one, still uses it.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from deploy.local import server_process
from deploy.local.airflow_process import Component
from deploy.local.private_server import PrivateServer, this_process
from deploy.local.servers import DEFAULT_STATE, KINDS, ensure
from shared_services.messaging.topology import Declaration, Topology

_QUIET_PASSES: Final = 2
_PASS_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker that lets us in; ``components`` are its processes where it is a private one."""

    url: str
    components: tuple[Component, ...]


def provide(say: Callable[[str], None]) -> Broker:
    """Find or start a broker; raises SetupError or TransientError, saying what to do."""
    servers = ensure(["rabbitmq"], keep=True, say=say)
    record = _private().current() if servers.private else None
    found = record.components if record else []
    return Broker(
        servers.env["MIDSPAN_AMQP_URL"],
        tuple(Component(one.name, one.pid, one.started, one.boot, 0) for one in found),
    )


def clear(url: str, namespace: str) -> None:
    """Empty the queues that an earlier demo left under ``namespace``.

    They are emptied and not deleted: RabbitMQ 3.10 loses its dead-lettering for good when a
    quorum queue is deleted while the node, just started, still recovers it.
    """
    queues = _queues(namespace)
    with _channel(url) as channel:
        queues.declare(channel)
        quiet = 0
        while quiet < _QUIET_PASSES:  # what a killed shop had in hand comes back a moment later
            found = [channel.queue_purge(one.name).method.message_count for one in queues.queues]
            quiet = 0 if any(found) else quiet + 1
            time.sleep(_PASS_SECONDS)


def remove(url: str, namespace: str) -> None:
    """Delete the demo's queues and exchanges; nothing happens when the broker is gone."""
    with suppress(AMQPError), _channel(url) as channel:
        _queues(namespace).delete(channel)
        Topology(namespace).delete(channel)


def give_up() -> bool:
    """Keep the private node no longer; tell whether there was one."""
    server = _private()
    if server.current() is None:
        return False
    with server_process.locked(server.home):
        record = server_process.load(server.home)
        if record is not None:
            record.kept = False
            server_process.save(server.home, record)
    server.release(this_process(secrets.token_hex(8)))
    return True


def _queues(namespace: str) -> Declaration:
    return Topology(namespace).subscription("shop", "events", (), ordered=True).declaration


@contextmanager
def _channel(url: str) -> Iterator[BlockingChannel]:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        yield connection.channel()
    finally:
        if connection.is_open:
            connection.close()


def _private() -> PrivateServer:
    return PrivateServer(KINDS["rabbitmq"], DEFAULT_STATE)
