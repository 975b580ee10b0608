"""The client: one object per app, with its reads and its subscriptions.

Opening it fails at once, saying why, when the broker cannot be used; afterwards connections
come back by themselves. Reads, subscriptions and what failed events are set aside with use a
connection each, so that none holds up another.
"""

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final

from msgspec import Struct

from midspan.kernel.errors import ProtocolError
from shared_services.client.caller import Caller
from shared_services.client.customers import Customers
from shared_services.client.positions import MemoryPositions, Positions
from shared_services.client.products import Products
from shared_services.client.sender import Sender
from shared_services.client.subscription import OnEvent, Wanted, topics
from shared_services.client.transport import BrokerTransport, Listening, Transport
from shared_services.contracts.methods import Method
from shared_services.messaging.rpc import Reply
from shared_services.messaging.topology import DEFAULT_NAMESPACE, RETRY_DELAYS

TIMEOUT: Final = 5.0
TIMEOUT_OF_HANDLERS: Final = 30.0


class Client:
    """Shared services for the app named ``app``, over the broker at ``url``.

    ``timeout`` (seconds) bounds each read, with its repetitions, unless the read says another.
    ``transport`` stands in for the broker, see ``shared_services.client.testing``.
    """

    def __init__(
        self,
        url: str,
        app: str,
        *,
        namespace: str = DEFAULT_NAMESPACE,
        timeout: float = TIMEOUT,
        transport: Transport | None = None,
    ) -> None:
        self._app = app
        self._transport = transport or BrokerTransport(url, app, namespace)
        self._wanted: list[Wanted] = []
        self._listening: Listening | None = None
        self._stopped = threading.Event()
        self._in_run = False
        self._caller = Caller(self._transport, timeout)
        self.customers = Customers(self._caller, Sender(self._transport, app, timeout))
        self.products = Products(self._caller)

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
        self._transport.open(timeout)

    def close(self) -> None:
        """Stop subscriptions and disconnect."""
        self.stop()
        self._transport.close()

    def call(
        self,
        method: Method,
        request: Struct,
        *,
        timeout: float | None = None,
        max_staleness: float | None = None,
    ) -> Reply[Any]:
        """Call any method of the contracts; return its value with ``as_of``, how fresh it is.

        Repeated within ``timeout`` where the method only reads. Raises RemoteError.
        """
        return self._caller.call(method, request, timeout, max_staleness)

    def subscribe(
        self,
        *patterns: str,
        name: str = "events",
        workers: int = 1,
        retry_delays: Sequence[float] = RETRY_DELAYS,
        positions: Positions | None = None,
    ) -> Callable[[OnEvent], OnEvent]:
        """Register the decorated ``function(event, envelope)`` for events like ``customer.*``.

        ``name`` tells this app's queues apart. The function is called in a thread of its own
        (``workers`` of them), at least once for each event, in order per record; when it
        raises, the event is tried again after ``retry_delays`` (seconds), five times in all.
        An event that is not newer than what the function has handled is dropped: ``positions``
        remembers, by default in memory, so that only a restart can bring a duplicate.
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
            remembered = MemoryPositions() if positions is None else positions
            delays = tuple(retry_delays)
            self._wanted.append(Wanted(name, wanted_topics, function, workers, delays, remembered))
            return function

        return register

    def start(self) -> None:
        """Begin to receive events in the background; raises when the broker refuses."""
        self._stopped.clear()
        self._listening = self._transport.listen(self._app, self._wanted)

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
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.stop(timeout)
