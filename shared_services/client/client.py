"""The client: one object per app, with its reads and its subscriptions.

Opening it fails at once, saying why, when the broker cannot be used; afterwards connections
come back by themselves. Reads, subscriptions and what failed events are set aside with use a
connection each, so that none holds up another.
"""

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final

from midspan.kernel.errors import MidspanError, ProtocolError
from shared_services.client.caller import Caller
from shared_services.client.customers import Customers
from shared_services.client.products import Products
from shared_services.client.subscription import OnEvent, Wanted, topics
from shared_services.messaging.connection import Connection
from shared_services.messaging.consumer import Consumer
from shared_services.messaging.publisher import Publisher
from shared_services.messaging.rpc import RpcClient
from shared_services.messaging.topology import (
    DEFAULT_NAMESPACE,
    RETRY_DELAYS,
    Declaration,
    Topology,
)

TIMEOUT: Final = 5.0
TIMEOUT_OF_HANDLERS: Final = 30.0


class Client:
    """Shared services for the app named ``app``, over the broker at ``url``.

    ``timeout`` (seconds) bounds each read, with its repetitions, unless the read says another.
    """

    def __init__(
        self,
        url: str,
        app: str,
        *,
        namespace: str = DEFAULT_NAMESPACE,
        timeout: float = TIMEOUT,
    ) -> None:
        self._app = app
        self._url = url
        self._topology = Topology(namespace)
        self._calls = Connection(url, f"{app}-calls")
        self._rpc = RpcClient(self._calls, self._topology)
        self._wanted: list[Wanted] = []
        self._events: _Events | None = None
        self._stopped = threading.Event()
        self._in_run = False
        caller = Caller(self._rpc, timeout)
        self.customers = Customers(caller)
        self.products = Products(caller)

    def __enter__(self) -> "Client":
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open(self, timeout: float = TIMEOUT) -> None:
        """Connect within ``timeout`` seconds; raises as ``Connection.open`` does."""
        self._calls.open(timeout)
        try:
            self._rpc.start()
        except MidspanError:
            self._calls.close()
            raise

    def close(self) -> None:
        """Stop subscriptions and disconnect."""
        self.stop()
        self._rpc.end()
        self._calls.close()

    def subscribe(
        self,
        *patterns: str,
        name: str = "events",
        workers: int = 1,
        retry_delays: Sequence[float] = RETRY_DELAYS,
    ) -> Callable[[OnEvent], OnEvent]:
        """Register the decorated ``function(event, envelope)`` for events like ``customer.*``.

        ``name`` tells this app's queues apart. The function is called in a thread of its own
        (``workers`` of them), at least once for each event, in order per record; when it
        raises, the event is tried again after ``retry_delays`` (seconds), five times in all.
        Raises ProtocolError ``client.topic_unknown`` or ``client.name_taken``.
        """
        wanted_topics = topics(patterns)
        if any(wanted.name == name for wanted in self._wanted):
            raise ProtocolError(
                "client.name_taken",
                f"this client already has a subscription named {name!r}",
                remedy="Give each subscription a name of its own",
            )

        def register(function: OnEvent) -> OnEvent:
            self._wanted.append(Wanted(name, wanted_topics, function, workers, tuple(retry_delays)))
            return function

        return register

    def start(self) -> None:
        """Begin to receive events in the background; raises when the broker refuses."""
        self._stopped.clear()
        self._events = _Events(self._url, self._app, self._topology, self._wanted)
        self._events.start()

    def stop(self, timeout: float = TIMEOUT_OF_HANDLERS) -> None:
        """Stop receiving; handlers under way get ``timeout`` seconds.

        While ``run`` runs, it only tells it to end, so that a handler may call it too.
        """
        self._stopped.set()
        if not self._in_run:
            self._end_events(timeout)

    def run(self) -> None:
        """Receive events until ``stop`` is called: by a handler, a signal, another thread."""
        self.start()
        self._in_run = True
        try:
            self._stopped.wait()
        finally:
            self._in_run = False
            self._end_events(TIMEOUT_OF_HANDLERS)

    def _end_events(self, timeout: float) -> None:
        events, self._events = self._events, None
        if events is not None:
            events.stop(timeout)


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
