"""A consumer with its inbox and an RPC server, in a process to be killed.

Arguments: broker URL, namespace, folder of the SQLite store, and where to die: ``never``, or a
step at which this process kills itself once (a file in the folder remembers that it did).
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, insert

from midspan.kernel.errors import TransientError
from midspan.store.engine import open_store
from midspan.store.revision import Revision
from shared_services.contracts.methods import Method
from shared_services.messaging.batches import BatchConsumer
from shared_services.messaging.connection import Connection as Broker
from shared_services.messaging.consumer import Message
from shared_services.messaging.publisher import Publisher
from shared_services.messaging.rpc import Context, RpcServer
from shared_services.messaging.topology import Declaration, Subscription, Topology
from shared_services.outbox.inbox import Inbox, inbox_tables

STEPS = ("handling", "applied", "committed")
SCHEMA = "worker"
METADATA = MetaData(schema=SCHEMA)
TABLES = inbox_tables(METADATA)
EFFECT = Table(
    "effect",
    METADATA,
    Column("position", Integer, primary_key=True),
    Column("subject", String(60), nullable=False),
    Column("sequence", Integer, nullable=False),
)
HEARTBEAT = 1


class Ask(Struct):
    """A request, answered with itself."""

    number: int


ECHO = Method("test.echo", "test_center", Ask, Ask)


def subscription(topology: Topology) -> Subscription:
    """Return the worker's queue, in order per subject, with short delays."""
    return topology.subscription("worker", "events", ["#"], delays=(0.05, 0.1), ordered=True)


class Effects:
    """Notes each message; slow, failing and deadly as it is told."""

    def __init__(self, folder: Path, step: str) -> None:
        self._folder = folder
        self._step = step
        self._applied = 0
        store = open_store(None, folder, SCHEMA)
        store.create(METADATA, Revision(SCHEMA, "1"))
        self._inbox = Inbox(store, TABLES, "worker", self._apply, in_order=True)

    def receive(self, messages: Sequence[Message]) -> None:
        """Apply messages once, with all that may go wrong around it."""
        self._die("handling")
        self._inbox.receive(messages)
        self._die("committed")

    def _apply(self, connection: Connection, messages: Sequence[Message]) -> None:
        connection.execute(
            insert(EFFECT),
            [
                {"subject": one.envelope.subject, "sequence": one.envelope.sequence}
                for one in messages
            ],
        )
        self._die("applied")
        self._applied += 1
        if self._applied == 3 and self._step == "never":
            time.sleep(2.5 * HEARTBEAT)
        if self._applied % 7 == 0:
            raise TransientError("store.busy", "the store is busy")

    def _die(self, step: str) -> None:
        marker = self._folder / f"died-{step}"
        if step == self._step and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, namespace: str, folder: str, step: str) -> None:
    """Work until killed."""
    topology, effects = Topology(namespace), Effects(Path(folder), step)
    incoming = Broker(url, "worker", heartbeat=HEARTBEAT)
    outgoing = Broker(url, "worker-retries", heartbeat=HEARTBEAT)
    answering = Broker(url, "worker-rpc", heartbeat=HEARTBEAT)
    for each in (incoming, outgoing, answering):
        each.open(30)
    publisher = Publisher(outgoing, Declaration())
    publisher.start()
    BatchConsumer(
        incoming, publisher, subscription(topology), effects.receive, size=20, max_attempts=30
    ).start()
    RpcServer(answering, topology, "test_center", {ECHO.routing_key: (ECHO, echo)}).start()
    Path(folder, "ready").touch()
    threading.Event().wait()


def echo(request: Ask, _context: Context) -> Ask:
    """Answer with what was asked."""
    return request


if __name__ == "__main__":
    main(*sys.argv[1:])
