"""An installation in memory: its records, its centers' answers and faults, its apps' queues.

Requests, replies and events go through JSON as they do on the wire, so that what the real
services refuse is refused here, and no app shares an object with a center.
"""

import threading
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from midspan.kernel.errors import RemoteError
from shared_services.client.client import TIMEOUT, Client
from shared_services.client.subscription import Wanted
from shared_services.client.testing.answers import Answers
from shared_services.client.testing.commands import CommandQueue
from shared_services.client.testing.consents import InMemoryConsents
from shared_services.client.testing.queues import DeadLetter, InMemoryQueue
from shared_services.client.testing.records import Records
from shared_services.contracts.commands import CUSTOMER_RECORD_CONSENT, Command
from shared_services.contracts.entities import Customer, Price, Product, entity_types
from shared_services.contracts.events import EntityEvent, SnapshotReady, routing_key
from shared_services.contracts.freshness import require_fresh
from shared_services.contracts.methods import METHODS, Method
from shared_services.messaging.context import Work, next_traceparent, working
from shared_services.messaging.envelope import Envelope, place_of
from shared_services.messaging.rpc import Reply

_URL: Final = "memory:"
_SECONDS: Final = 5.0


class InMemoryMidspan:
    """Centers, broker and queues of one test.

    ``customers``, ``products`` and ``prices`` are changed by the test. ``as_of`` is the time of
    the centers' data, at first that of the making; None stands for a center that was never
    synced. ``longest_delay`` is what is left, in seconds, of the pause before a failed event is
    tried again.
    """

    def __init__(self, *, longest_delay: float = 0.0) -> None:
        self.as_of: datetime | None = datetime.now(UTC)
        self._longest_delay = longest_delay
        self._lock = threading.Lock()
        self._queues: dict[str, InMemoryQueue] = {}
        self._stopped: set[str] = set()
        self._failures: dict[str, list[RemoteError]] = {}
        self._slowness: dict[str, float] = {}
        self.customers: Records[Customer] = self._records("customer")
        self.products: Records[Product] = self._records("product")
        self.prices: Records[Price] = self._records("price")
        consents = InMemoryConsents(self.customers)
        self._table = Answers(self.customers, self.products, self.prices, consents).table
        self._commands = CommandQueue({CUSTOMER_RECORD_CONSENT.routing_key: consents.record})

    def client(self, app: str, *, timeout: float = TIMEOUT) -> Client:
        """Return a client of this installation; one app's clients share its queues."""
        return Client(_URL, app, timeout=timeout, transport=_InMemoryTransport(self))

    def tell(self, event: EntityEvent | SnapshotReady, *, message_id: str = "") -> None:
        """Send an event as it is, as a center would; the same one again is a duplicate."""
        verb: str = "snapshot_ready"
        subject, place = event.entity, tuple[int | None, int | None]((None, None))
        if isinstance(event, EntityEvent):
            verb, subject = event.verb, f"{event.entity}/{event.id}"
            place = (event.epoch, event.sequence)
        envelope = Envelope(
            id=message_id or str(uuid.uuid4()),
            source="/midspan/memory",
            type=routing_key(event.entity, verb, entity_types()[event.entity].version),
            time=datetime.now(UTC),
            subject=subject,
            epoch=place[0],
            sequence=place[1],
            traceparent=next_traceparent(),
        )
        self.publish(envelope, msgspec.json.encode(event))

    def publish(self, envelope: Envelope, body: bytes) -> None:
        """Send any message to the queues whose topics its type is one of."""
        with self._lock:
            queues = list(self._queues.values())
        for queue in queues:
            queue.put(envelope, body)

    def send(self, command: Command, envelope: Envelope, body: bytes) -> None:
        """Keep a command; carry it out now, or when its center is started again."""
        self._commands.put(command, envelope, body)
        self._commands.work(self._stopped)

    def settle(self, timeout: float = _SECONDS) -> None:
        """Wait until every event was handled or given up; AssertionError after ``timeout``."""
        ends = time.monotonic() + timeout
        for name, queue in list(self._queues.items()):
            if not queue.settle(max(ends - time.monotonic(), 0.0)):
                raise AssertionError(f"events still wait in {name} after {timeout:g} s")

    def dead_letters(self, app: str, name: str = "events") -> list[DeadLetter]:
        """Return what an app's subscription has given up, or a center among its ``commands``."""
        queue = self._queues.get(f"{app}.{name}")
        if (app, name) in self._commands.owners:
            return self._commands.dead_letters(app)
        return list(queue.dead_letters) if queue else []

    def stop_center(self, center: str) -> None:
        """Let a center's methods have no server, until ``start_center``."""
        self._stopped.add(center)

    def start_center(self, center: str) -> None:
        """Let a center answer again."""
        self._stopped.discard(center)
        self._commands.work(self._stopped)

    def fail(self, method: str, error: RemoteError, times: int = 1) -> None:
        """Let the next ``times`` calls of a method such as ``customer.get`` fail."""
        self._failures.setdefault(method, []).extend([error] * times)

    def slow_down(self, method: str, seconds: float) -> None:
        """Let each call of a method take so long from now on."""
        self._slowness[method] = seconds

    def answer(self, method: Method, body: bytes, max_staleness: float | None) -> Reply[Any]:
        """Answer a call as its center would; raises RemoteError."""
        if method.center in self._stopped:
            text = f"no server takes calls of {method.routing_key} at present"
            raise RemoteError("rpc.no_server", text, retryable=True)
        failures = self._failures.get(method.name)
        if failures:
            raise failures.pop(0)
        request = _request(METHODS[method.routing_key], body)
        require_fresh(self.as_of, max_staleness, datetime.now(UTC))
        reply = msgspec.json.encode(self._table[method.name](request))
        return Reply(msgspec.json.decode(reply, type=method.reply), self.as_of)

    def seconds_of(self, method: Method) -> float:
        """Return how long a call of a method takes."""
        return self._slowness.get(method.name, 0.0)

    def queue(self, app: str, wanted: Wanted) -> InMemoryQueue:
        """Return a subscription's queue, made when it is first listened to."""
        with self._lock:
            made = InMemoryQueue(wanted.patterns, self._longest_delay)
            return self._queues.setdefault(f"{app}.{wanted.name}", made)

    def _records(self, entity: str) -> Records[Any]:
        return Records(
            entity_types()[entity],
            lambda event, _record: self.tell(event),
            lambda: self.as_of or datetime.now(UTC),
        )


class _InMemoryTransport:
    """One client's way into an InMemoryMidspan."""

    def __init__(self, midspan: InMemoryMidspan) -> None:
        self._midspan = midspan
        self._open = False

    def open(self, timeout: float) -> None:
        del timeout
        self._open = True

    def close(self) -> None:
        self._open = False

    def call(
        self,
        method: Method,
        request: msgspec.Struct,
        *,
        timeout: float,
        max_staleness: float | None,
    ) -> Reply[Any]:
        if not self._open:
            raise RemoteError("rpc.connection_lost", "the client is not open", retryable=True)
        seconds = self._midspan.seconds_of(method)
        time.sleep(min(seconds, timeout))
        if seconds >= timeout:
            text = f"{method.routing_key} did not answer within {timeout:g} s"
            raise RemoteError("rpc.deadline_exceeded", text, retryable=True)
        work = Work(next_traceparent(), time.time() + timeout)
        with working(work):
            return self._midspan.answer(method, msgspec.json.encode(request), max_staleness)

    def send(self, command: Command, envelope: Envelope, body: bytes, timeout: float) -> None:
        del timeout
        self._midspan.send(command, envelope, body)

    def listen(self, app: str, wanted: Sequence[Wanted]) -> "_InMemoryListening":
        return _InMemoryListening([(one, self._midspan.queue(app, one)) for one in wanted])


class _InMemoryListening:
    """The workers of one client's subscriptions."""

    def __init__(self, subscriptions: Sequence[tuple[Wanted, InMemoryQueue]]) -> None:
        self._stopped = threading.Event()
        self._queues = [queue for _, queue in subscriptions]
        self._threads = [
            threading.Thread(target=queue.work, args=(wanted, self._stopped.is_set), daemon=True)
            for wanted, queue in subscriptions
            for _ in range(wanted.workers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float) -> None:
        self._stopped.set()
        for queue in self._queues:
            queue.wake()
        ends = time.monotonic() + timeout
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(ends - time.monotonic(), 0.0))


def _request(method: Method, body: bytes) -> msgspec.Struct:
    try:
        return msgspec.json.decode(body, type=method.request)
    except msgspec.ValidationError as error:
        place = place_of(error)
        text = f"the request is no valid {method.request.__name__}: see {place}"
        raise RemoteError("rpc.invalid_request", text, detail={"field": place}) from None
