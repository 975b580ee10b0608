"""The demo's broker: the one the machine has, or a private one; its queues begin empty.

A private node is kept when the demo ends, and given up by ``give_up``; it stops then unless
somebody else, a running test for one, still uses it.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import pika

from deploy.local import server_process
from deploy.local.airflow_process import Component
from deploy.local.private_server import PrivateServer, this_process
from deploy.local.servers import DEFAULT_STATE, KINDS, ensure
from shared_services.messaging.topology import Topology


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
    """Delete the queues and exchanges that an earlier demo left under ``namespace``."""
    topology = Topology(namespace)
    topology.subscription("shop", "events", ())
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        topology.delete(connection.channel())
    finally:
        connection.close()


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


def _private() -> PrivateServer:
    return PrivateServer(KINDS["rabbitmq"], DEFAULT_STATE)
