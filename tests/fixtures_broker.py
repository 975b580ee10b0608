"""A real broker for tests: each test has a namespace of its own, deleted afterwards."""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from shared_services.messaging.connection import Connection
from shared_services.messaging.publisher import Publisher
from shared_services.messaging.topology import Topology


@dataclass
class Broker:
    """The broker under test: a namespace, and connections that the fixture closes.

    ``channel`` is a blocking one beside the code under test, for looking and meddling.
    """

    url: str
    topology: Topology
    channel: BlockingChannel
    opened: list[Connection] = field(default_factory=list)

    def connect(self, name: str = "test", url: str | None = None) -> Connection:
        """Open a connection that ends with the test, to the broker or by another way to it."""
        connection = Connection(url or self.url, name)
        connection.open()
        self.opened.append(connection)
        return connection

    def publisher(self) -> Publisher:
        """Start a publisher on a connection of its own; the exchanges exist afterwards."""
        publisher = Publisher(self.connect("publisher"), self.topology.exchanges)
        publisher.start()
        return publisher

    @property
    def user(self) -> str:
        """Return the user that everything here connects as."""
        return urlsplit(self.url).username or "guest"

    def count(self, queue: str) -> int:
        """Return how many messages are ready in ``queue``."""
        return int(self.channel.queue_declare(queue, passive=True).method.message_count)

    def take(self, queue: str, seconds: float = 10.0) -> tuple[pika.BasicProperties, bytes]:
        """Take one message off ``queue``, waiting for it."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            method, properties, body = self.channel.basic_get(queue, auto_ack=True)
            if method is not None and properties is not None and body is not None:
                return properties, body
            time.sleep(0.02)
        raise AssertionError(f"no message came to {queue} within {seconds} s")


@pytest.fixture(scope="session")
def amqp_url() -> str:
    """URL of the broker that tests use; its absence is a failure, not a skip."""
    url = os.environ.get("MIDSPAN_AMQP_URL")
    if not url:
        pytest.fail("MIDSPAN_AMQP_URL is not set: run the tests with `make test`", pytrace=False)
    return url


@pytest.fixture
def broker(amqp_url: str) -> Iterator[Broker]:
    """Give the test a namespace on the real broker, and delete it afterwards."""
    topology = Topology(f"t{secrets.token_hex(4)}")
    beside = pika.BlockingConnection(pika.URLParameters(amqp_url))
    broker = Broker(amqp_url, topology, beside.channel())
    yield broker
    for connection in broker.opened:
        connection.close()
    cleaner = beside.channel()
    topology.delete(cleaner)
    beside.close()


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Return whether ``condition`` came true within ``seconds``."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.01)
    return False
