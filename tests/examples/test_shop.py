"""The shop's read model follows the shared services, whatever happens on the way."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from shared_services.contracts.entities import Customer, Price
from shared_services.contracts.events import EntityEvent, SnapshotReady, Verb, routing_key
from shared_services.contracts.methods import (
    CUSTOMER_FIND,
    CUSTOMER_GET_MANY,
    PRODUCT_FIND,
    PRODUCT_GET_MANY,
    CustomerPage,
    Customers,
    FindCustomers,
    FindProducts,
    GetMany,
    Method,
    PricedProduct,
    ProductPage,
    Products,
)
from shared_services.messaging.envelope import Envelope
from shared_services.messaging.publisher import Outgoing, Publisher
from shared_services.messaging.rpc import Context, RpcServer
from shared_services.messaging.rpc.server import Handler
from tests.fixtures_broker import Broker, eventually

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class Center:
    """What the centers would answer; tests change it and tell of it."""

    broker: Broker
    publisher: Publisher
    customers: dict[int, Customer] = field(default_factory=dict)
    products: dict[int, PricedProduct] = field(default_factory=dict)

    def put(self, id_: int, sequence: int, name: str = "Ann") -> None:
        """Hold a state of a customer."""
        self.customers[id_] = Customer(
            kind="person", name=name, id=id_, epoch=1, sequence=sequence, as_of=NOW
        )

    def tell(
        self, verb: Verb, id_: int, sequence: int, *, entity: str = "customer", **more: object
    ) -> Outgoing:
        """Publish an event and return it, to be published again."""
        values = {"entity": entity, "id": id_, "epoch": 1, "sequence": sequence, "verb": verb}
        event = msgspec.convert({**values, **more}, EntityEvent)
        return self.publish(entity, verb, f"{entity}/{id_}", msgspec.json.encode(event))

    def snapshot(self, entity: str) -> None:
        """Say that the first load is done."""
        ready = SnapshotReady(entity=entity, count=len(self.customers))
        self.publish(entity, "snapshot_ready", entity, msgspec.json.encode(ready))

    def publish(self, entity: str, verb: str, subject: str, body: bytes) -> Outgoing:
        """Publish one message with the broker's confirm."""
        type_ = routing_key(entity, verb)
        envelope = Envelope(id=str(uuid4()), source="/test", type=type_, time=NOW, subject=subject)
        message = Outgoing(self.broker.topology.events.name, type_, envelope, body)
        self.publisher.publish([message]).require()
        return message


@pytest.fixture
def center(broker: Broker) -> Iterator[Center]:
    """Serve what the test holds, on the real broker."""
    center = Center(broker, broker.publisher())
    servers = [_serve_customers(center), _serve_products(center)]
    for server in servers:
        server.start()
    yield center
    for server in servers:
        server.stop()


def _serve_customers(center: Center) -> RpcServer:
    def get_many(request: GetMany, _: Context) -> Customers:
        return Customers(items=[center.customers[i] for i in request.ids if i in center.customers])

    def find(request: FindCustomers, _: Context) -> CustomerPage:
        ids = sorted(i for i in center.customers if i > request.after)[:2]
        items = [center.customers[i] for i in ids]
        return CustomerPage(items=items, next=ids[-1] if ids else None)

    table: dict[str, tuple[Method, Handler]] = {
        CUSTOMER_GET_MANY.routing_key: (CUSTOMER_GET_MANY, get_many),
        CUSTOMER_FIND.routing_key: (CUSTOMER_FIND, find),
    }
    return RpcServer(center.broker.connect("users"), center.broker.topology, "user_center", table)


def _serve_products(center: Center) -> RpcServer:
    def get_many(request: GetMany, _: Context) -> Products:
        return Products(items=[center.products[i] for i in request.ids if i in center.products])

    def find(request: FindProducts, _: Context) -> ProductPage:
        found = center.products.values()
        codes = request.codes
        return ProductPage(items=[one for one in found if codes is None or one.code in codes])

    table: dict[str, tuple[Method, Handler]] = {
        PRODUCT_GET_MANY.routing_key: (PRODUCT_GET_MANY, get_many),
        PRODUCT_FIND.routing_key: (PRODUCT_FIND, find),
    }
    connection = center.broker.connect("products")
    return RpcServer(connection, center.broker.topology, "product_center", table)


@dataclass
class RunningShop:
    """The shop as a process of its own, on the read model ``db``."""

    db: Path
    broker: Broker
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until its queue is there."""
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "examples.shop", "--db", str(self.db)],
                cwd=ROOT,
                env=os.environ
                | {
                    "MIDSPAN_AMQP_URL": self.broker.url,
                    "MIDSPAN_AMQP_NAMESPACE": self.broker.topology.namespace,
                },
                stderr=output,
            )
        assert eventually(lambda: "shop: ready" in self.log.read_text(), 20)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=20)

    def select(self, query: str) -> list[tuple[object, ...]]:
        """Read the read model beside the running shop."""
        with closing(sqlite3.connect(f"{self.db.as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    def has(self, query: str, *rows: tuple[object, ...]) -> bool:
        """Wait until a query returns exactly ``rows``."""
        return eventually(lambda: self.select(query) == list(rows), 15)


@pytest.fixture
def shop(broker: Broker, center: Center, tmp_path: Path) -> Iterator[RunningShop]:
    """Run the shop; its queues go with the test's namespace."""
    broker.topology.subscription("shop", "events", ())  # so that the fixture deletes them
    running = RunningShop(tmp_path / "shop.sqlite", broker, tmp_path / "shop.log")
    running.start()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.end()


NAMES = "SELECT id, sequence, name FROM customer ORDER BY id"
RECEIVED = "SELECT count(*) FROM received"


def test_starts_from_zero_with_every_page(center: Center, shop: RunningShop) -> None:
    """After a first load the shop holds everything, over several pages."""
    for number in range(1, 6):
        center.put(number, 1)
    center.snapshot("customer")

    assert shop.has("SELECT count(*) FROM customer", (5,))
    assert shop.has(RECEIVED, (1,))


def test_a_repeated_event_counts_and_changes_once(center: Center, shop: RunningShop) -> None:
    """The same message twice is one event."""
    center.put(1, 1)
    message = center.tell("created", 1, 1)
    center.publisher.publish([message, message]).require()
    center.tell("updated", 1, 2)

    assert shop.has(RECEIVED, (2,))
    assert shop.select(NAMES) == [(1, 1, "Ann")]


def test_a_late_event_does_not_bring_back_what_is_gone(center: Center, shop: RunningShop) -> None:
    """A deleted record stays deleted when an older event of it comes afterwards."""
    center.put(1, 1)
    center.tell("created", 1, 1)
    assert shop.has(NAMES, (1, 1, "Ann"))

    center.tell("deleted", 1, 3)
    center.tell("updated", 1, 2)

    assert shop.has(RECEIVED, (3,))
    assert shop.select(NAMES) == []


def test_a_delete_does_not_remove_a_newer_state(center: Center, shop: RunningShop) -> None:
    """A record that came back before its deletion was told of is kept."""
    center.put(1, 4, "Ann again")
    center.tell("created", 1, 1)
    center.tell("deleted", 1, 3)

    assert shop.has(RECEIVED, (2,))
    assert shop.select(NAMES) == [(1, 4, "Ann again")]


def test_an_event_of_a_record_that_is_gone_is_harmless(center: Center, shop: RunningShop) -> None:
    """Between event and question a record may vanish; what removed it is told later."""
    center.tell("created", 9, 1)

    assert shop.has(RECEIVED, (1,))
    assert shop.select(NAMES) == []


def test_an_event_of_what_it_does_not_keep_changes_nothing(
    center: Center, shop: RunningShop
) -> None:
    """Sent to its queue by hand, an event of one of its own tables is not obeyed."""
    center.put(1, 1)
    center.tell("created", 1, 1)
    assert shop.has("SELECT entity, id FROM midspan_positions", ("customer", 1))

    queue = center.broker.topology.subscription("shop", "events", ()).queue.name
    center.broker.channel.queue_bind(queue, center.broker.topology.events.name, "midspan_#")
    center.tell("deleted", 1, 9, entity="midspan_positions")
    center.tell("updated", 1, 2)

    assert shop.has("SELECT entity, sequence FROM midspan_positions", ("customer", 2))


def test_a_merge_leaves_a_redirect_to_where_the_record_is_now(
    center: Center, shop: RunningShop
) -> None:
    """Old ids find the record even when it was merged twice."""
    for number in (1, 2, 3):
        center.put(number, 1)
    center.snapshot("customer")
    center.tell("merged", 3, 2, into=2)
    center.tell("merged", 2, 2, into=1)

    assert shop.has("SELECT old_id, new_id FROM customer_redirect ORDER BY 1", (2, 1), (3, 1))
    assert shop.select(NAMES) == [(1, 1, "Ann")]


def test_a_price_is_kept_exactly_and_follows_its_changes(center: Center, shop: RunningShop) -> None:
    """Amounts are decimals to the last digit; a change of a price alone arrives."""
    center.products[1] = _product(Decimal("12.50"), sequence=1)
    center.tell("created", 1, 1, entity="product")
    assert shop.has("SELECT amount FROM price", ("12.50",))

    center.products[1] = _product(Decimal("13.75"), sequence=2)
    center.tell("updated", 7, 2, entity="price", values={"amount": "13.75"})

    assert shop.has("SELECT amount, valid_from FROM price", ("13.75", "2026-01-01"))


def test_a_kill_in_the_middle_loses_and_doubles_nothing(center: Center, shop: RunningShop) -> None:
    """Killed twice while events pour in, the shop ends with every event counted once."""
    for number in range(1, 301):
        center.put(number, 1, f"Ann {number}")
        center.tell("created", number, 1)
        if number in (100, 200):
            assert shop.end(signal.SIGKILL) == -signal.SIGKILL
            shop.start()

    assert shop.has(RECEIVED, (300,))
    assert shop.has(
        "SELECT count(*), sum(id) FROM customer WHERE name = 'Ann ' || id", (300, 45150)
    )


def _product(amount: Decimal, sequence: int) -> PricedProduct:
    price = Price(
        product_code="P1",
        currency="EUR",
        amount=amount,
        valid_from=date(2026, 1, 1),
        id=7,
        epoch=1,
        sequence=sequence,
        as_of=NOW,
    )
    return PricedProduct(
        code="P1", name="Chair", id=1, epoch=1, sequence=1, as_of=NOW, prices=[price]
    )
