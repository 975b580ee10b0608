"""How a client reaches the shared services: over a broker, or in memory for an app's tests.

Both keep the same promises, proven by one suite: a call ends within its time, with its reply
or an error; a command that was sent is kept; an event reaches its subscription at least once,
in order per record.
"""

import threading
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from midspan.kernel.errors import MidspanError
from shared_services.client.subscription import Wanted
from shared_services.contracts.commands import Command
from shared_services.contracts.methods import Method
from shared_services.messaging.connection import Connection
from shared_services.messaging.consumer import Consumer
from shared_services.messaging.context import next_traceparent
from shared_services.messaging.envelope import Envelope
from shared_services.messaging.publisher import Outgoing, Publisher
from shared_services.messaging.rpc import Reply, RpcClient
from shared_services.messaging.topology import Declaration, Topology


class Listening(Protocol):
    """Subscriptions that are being served."""

    def stop(self, timeout: float) -> None:
        """Take no more events; handlers under way get ``timeout`` seconds."""
        ...


class Transport(Protocol):
    """What a client needs of the world."""

    def open(self, timeout: float) -> None:
        """Become ready within ``timeout`` seconds, or raise why not."""
        ...

    def close(self) -> None:
        """Let go; calls under way fail."""
        ...

    def call(
        self,
        method: Method,
        request: msgspec.Struct,
        *,
        timeout: float,
        max_staleness: float | None,
    ) -> Reply[Any]:
        """Call once; raises RemoteError within ``timeout`` seconds."""
        ...

    def send(self, command: Command, envelope: Envelope, body: bytes, timeout: float) -> None:
        """Send a command, until it is kept for its center; raises MidspanError when it is not."""
        ...

    def listen(self, app: str, wanted: Sequence[Wanted]) -> Listening:
        """Begin to hand events to their functions; raises when that is refused."""
        ...


class BrokerTransport:
    """The shared services behind the broker at ``url``."""

    def __init__(self, url: str, app: str, namespace: str) -> None:
        self._url = url
        self._topology = Topology(namespace)
        self._calls = Connection(url, f"{app}-calls")
        self._rpc = RpcClient(self._calls, self._topology)
        self._app = app
        self._beginning = threading.Lock()
        self._sending: tuple[Connection, Publisher] | None = None

    def open(self, timeout: float) -> None:
        """Connect; raises as ``Connection.open`` does."""
        self._calls.open(timeout)
        try:
            self._rpc.start()
        except MidspanError:
            self._calls.close()
            raise

    def close(self) -> None:
        """Disconnect."""
        with self._beginning:
            if self._sending is not None:
                connection, publisher = self._sending
                publisher.end()
                connection.close()
                self._sending = None
        self._rpc.end()
        self._calls.close()

    def call(
        self,
        method: Method,
        request: msgspec.Struct,
        *,
        timeout: float,
        max_staleness: float | None,
    ) -> Reply[Any]:
        """Call once, as a new span of the current trace."""
        trace = next_traceparent()
        return self._rpc.call(
            method, request, timeout=timeout, traceparent=trace, max_staleness=max_staleness
        )

    def send(self, command: Command, envelope: Envelope, body: bytes, timeout: float) -> None:
        """Publish with the broker's confirm; one that no queue takes is an error."""
        publisher = self._publisher(timeout)
        exchange = self._topology.commands.name
        message = Outgoing(exchange, command.routing_key, envelope, body, mandatory=True)
        publisher.publish([message], timeout).require()

    def _publisher(self, timeout: float) -> Publisher:
        """Connect when the first command is sent: most apps send none."""
        with self._beginning:
            if self._sending is None:
                connection = Connection(self._url, f"{self._app}-commands")
                connection.open(timeout)
                publisher = Publisher(connection, Declaration((self._topology.commands,)))
                try:
                    publisher.start(timeout)
                except MidspanError:
                    connection.close()
                    raise
                self._sending = (connection, publisher)
            return self._sending[1]

    def listen(self, app: str, wanted: Sequence[Wanted]) -> Listening:
        """Consume on connections of their own, so that events and calls do not wait in line."""
        events = _Events(self._url, app, self._topology, wanted)
        events.start()
        return events


class _Events:
    """The running subscriptions of one client."""

    def __init__(self, url: str, app: str, topology: Topology, wanted: Sequence[Wanted]) -> None:
        self._incoming = Connection(url, f"{app}-events")
        self._outgoing = Connection(url, f"{app}-retries")
        self._publisher = Publisher(self._outgoing, Declaration())
        self._consumers = [self._consumer(app, topology, each) for each in wanted]

    def start(self) -> None:
        try:
            self._outgoing.open()
            self._incoming.open()
            self._publisher.start()
            for consumer in self._consumers:
                consumer.start()
        except MidspanError:
            self._close()
            raise

    def stop(self, timeout: float) -> None:
        for consumer in self._consumers:
            consumer.stop(timeout)
        self._publisher.end()
        self._close()

    def _close(self) -> None:
        self._incoming.close()
        self._outgoing.close()

    def _consumer(self, app: str, topology: Topology, wanted: Wanted) -> Consumer:
        subscription = topology.subscription(
            app, wanted.name, wanted.patterns, delays=wanted.delays, ordered=True
        )
        return Consumer(
            self._incoming, self._publisher, subscription, wanted.handle, workers=wanted.workers
        )
