"""Two worlds in which a client lives: one in memory, one of real centers on a real broker.

The second has stores, servers, outboxes and relays as an installation has them; a test changes
records in both by the same words, and what it sees is to be the same.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from msgspec.structs import asdict
from sqlalchemy import Table, delete, insert

from midspan.ops.answering import center_table
from midspan.ops.carrying import Carrying, command_queue
from midspan.ops.metrics import Metrics
from midspan.store.engine import Store, open_store
from midspan.sync.centers import Center, load_center
from shared_services.client import Client
from shared_services.client.testing import InMemoryMidspan, Records
from shared_services.contracts.entities import Customer, Price, Product, entity_types
from shared_services.contracts.events import EntityEvent, SnapshotReady
from shared_services.messaging.batches import BatchConsumer
from shared_services.messaging.consumer import Message
from shared_services.messaging.failures import FAILURE_CODE
from shared_services.messaging.publisher import Publisher
from shared_services.messaging.rpc import RpcServer
from shared_services.outbox.relay import Relay
from shared_services.outbox.writer import append_events, append_snapshot
from tests.fixtures_broker import Broker

TIMEOUT = 5.0
OWNERS = {"customer": "user_center", "product": "product_center", "price": "product_center"}


class World(Protocol):
    """What a test may do to a world; ``as_of`` is the time of the centers' data."""

    customers: Records[Customer]
    products: Records[Product]
    prices: Records[Price]

    def client(self, app: str, *, timeout: float = TIMEOUT) -> Client:
        """Return a client, not yet open."""
        ...

    def tell(self, event: EntityEvent | SnapshotReady) -> None:
        """Let a center tell an event."""
        ...

    def synced(self, as_of: datetime | None) -> None:
        """Let the centers' data be of this time."""
        ...

    def stop_center(self, center: str) -> None:
        """Stop a center's server."""
        ...

    def start_center(self, center: str) -> None:
        """Start a center that was stopped."""
        ...

    def dead_letter(self, app: str, name: str = "events") -> str:
        """Return why the first dead letter is one, taking it away where that can be."""
        ...


class MemoryWorld:
    """The double, with delays long enough to see an order in."""

    def __init__(self) -> None:
        self._midspan = InMemoryMidspan(longest_delay=0.05)
        self.customers = self._midspan.customers
        self.products = self._midspan.products
        self.prices = self._midspan.prices
        self.client = self._midspan.client
        self.tell = self._midspan.tell
        self.stop_center = self._midspan.stop_center
        self.start_center = self._midspan.start_center

    def synced(self, as_of: datetime | None) -> None:
        """Let the centers' data be of this time."""
        self._midspan.as_of = as_of

    def dead_letter(self, app: str, name: str = "events") -> str:
        """Return why the first dead letter is one."""
        self._midspan.settle()
        return self._midspan.dead_letters(app, name)[0].code


class _RunningCenter:
    """A center with a store and a server of its own, whose outbox is relayed at once."""

    def __init__(self, center: Center, store: Store, broker: Broker) -> None:
        self._center = center
        self._state = next(iter(center.models.values())).state
        self.store = store
        self._broker = broker
        source = f"/midspan/{center.name}"
        publisher = broker.publisher()
        self._relay = Relay(store, self._state.outbox, publisher, broker.topology, source)
        self._carrying = Carrying(center, store, Metrics())
        self.start()

    def start(self) -> None:
        """Answer calls and carry out commands."""
        broker, name = self._broker, self._center.name
        table = center_table(self._center, self.store)
        self._server = RpcServer(broker.connect(name), broker.topology, name, table)
        self._server.start()
        self._consumer: BatchConsumer | None = None
        if not self._center.commands:
            return
        queue = command_queue(broker.topology, self._center, delays=(0.05,))
        publisher = Publisher(broker.connect(), queue.declaration)
        publisher.start()
        self._consumer = BatchConsumer(broker.connect(), publisher, queue, self._carry_out)
        self._consumer.start()

    def stop(self) -> None:
        """Take no more of either."""
        if self._consumer is not None:
            self._consumer.stop()
        self._server.stop()

    def _carry_out(self, messages: Sequence[Message]) -> None:
        self._carrying.receive(messages)
        self._relay_all()

    def golden(self, entity: str) -> Table:
        """Return an entity's golden table."""
        return self._center.models[entity].golden

    def redirect(self, entity: str) -> Table:
        """Return an entity's redirects."""
        return self._center.models[entity].redirect

    def tell(self, event: EntityEvent | SnapshotReady, change: Callable[[Any], None]) -> None:
        """Commit a change with its event, and relay it."""
        with self.store.write() as connection:
            change(connection)
            now, outbox = datetime.now(UTC), self._state.outbox
            if isinstance(event, EntityEvent):
                append_events(connection, outbox, [event], now=now, run_id="test")
            else:
                append_snapshot(connection, outbox, event, epoch=1, now=now, run_id="test")
        self._relay_all()

    def _relay_all(self) -> None:
        while self._relay.run_once():
            pass

    def synced(self, as_of: datetime | None) -> None:
        """Write how far the only sync of the center is."""
        cursor = self._state.cursor
        with self.store.write() as connection:
            connection.execute(delete(cursor))
            if as_of is not None:
                row = {"sync": "test", "version": 1, "parts": {}, "loaded": True, "as_of": as_of}
                connection.execute(insert(cursor).values(row))


class BrokerWorld:
    """Real centers on SQLite, behind a real broker."""

    def __init__(self, broker: Broker, centers: dict[str, _RunningCenter]) -> None:
        self._broker = broker
        self._centers = centers
        self.customers: Records[Customer] = self._records("customer")
        self.products: Records[Product] = self._records("product")
        self.prices: Records[Price] = self._records("price")
        self.synced(datetime.now(UTC))

    def client(self, app: str, *, timeout: float = TIMEOUT) -> Client:
        """Return a client; its queues are deleted with the test."""
        for name in ("events", "more"):
            self._broker.topology.subscription(app, name, [], delays=(0.05,), ordered=True)
        namespace = self._broker.topology.namespace
        return Client(self._broker.url, app, namespace=namespace, timeout=timeout)

    def tell(self, event: EntityEvent | SnapshotReady) -> None:
        """Let a center tell an event."""
        self._centers[OWNERS[event.entity]].tell(event, lambda _connection: None)

    def synced(self, as_of: datetime | None) -> None:
        """Let the centers' data be of this time."""
        for center in self._centers.values():
            center.synced(as_of)

    def stop_center(self, center: str) -> None:
        """Stop a center's server."""
        self._centers[center].stop()

    def start_center(self, center: str) -> None:
        """Start a center that was stopped."""
        self._centers[center].start()

    def dead_letter(self, app: str, name: str = "events") -> str:
        """Return why the first dead letter is one, and take it away."""
        subscription = self._broker.topology.subscription(app, name, [], delays=(0.05,))
        properties, _ = self._broker.take(subscription.dead_letters.name)
        return str((properties.headers or {})[FAILURE_CODE])

    def _records(self, entity: str) -> Records[Any]:
        def tell(event: EntityEvent, record: Customer | Product | Price | None) -> None:
            center = self._centers[OWNERS[entity]]
            center.tell(event, lambda connection: _write(connection, center, event, record))

        return Records(entity_types()[entity], tell, lambda: datetime.now(UTC))


def _write(
    connection: Any,
    center: _RunningCenter,
    event: EntityEvent,
    record: Customer | Product | Price | None,
) -> None:
    golden = center.golden(event.entity)
    connection.execute(delete(golden).where(golden.c.id == event.id))
    if record is not None:
        connection.execute(insert(golden).values(**asdict(record), provenance={}))
    if event.into is not None:
        row = {"old_id": event.id, "new_id": event.into, "merged_at": datetime.now(UTC)}
        connection.execute(insert(center.redirect(event.entity)).values(row))


@contextmanager
def broker_world(broker: Broker, folder: Path) -> Iterator[BrokerWorld]:
    """Start both centers on the broker; stopped at the end."""
    with ExitStack() as stack:
        running = {}
        for name in ("user_center", "product_center"):
            center = load_center(name)
            store = open_store(None, folder, name)
            store.create(center.metadata, center.revision)
            stack.callback(store.close)
            running[name] = _RunningCenter(center, store, broker)
            stack.callback(running[name].stop)
        yield BrokerWorld(broker, running)
