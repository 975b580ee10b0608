"""An app reads, and is told of changes, without knowing what is behind."""

import socket
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from midspan.kernel.errors import ProtocolError, RemoteError, TransientError
from shared_services.client import Client, Event
from shared_services.contracts.entities import Customer
from shared_services.contracts.events import EntityEvent, SnapshotReady, routing_key
from shared_services.contracts.methods import (
    CUSTOMER_FIND,
    CUSTOMER_GET,
    CUSTOMER_GET_MANY,
    PRODUCT_FIND,
    PRODUCT_GET,
    PRODUCT_GET_MANY,
    CustomerPage,
    Customers,
    FindCustomers,
    FindProducts,
    GetById,
    GetMany,
    GetProduct,
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

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LAST = 7


def customer(number: int) -> Customer:
    """Return a customer."""
    return Customer(kind="person", name=f"Ann {number}", id=number, epoch=1, sequence=1, as_of=NOW)


def product(number: int) -> PricedProduct:
    """Return a product."""
    return PricedProduct(
        code=f"P{number}",
        name=f"Chair {number}",
        list_price=Decimal("12.50"),
        id=number,
        epoch=1,
        sequence=1,
        as_of=NOW,
        prices=[],
    )


def get_customer(request: GetById, _context: Context) -> Customer:
    """Answer as a user center that knows ids up to LAST."""
    if request.id > LAST:
        raise RemoteError("customer.not_found", f"there is no customer {request.id}")
    return customer(request.id)


def get_customers(request: GetMany, _context: Context) -> Customers:
    """Answer as a user center that knows ids below 1000."""
    return Customers(items=[customer(number) for number in request.ids if number < 1000])


def find_customers(request: FindCustomers, _context: Context) -> CustomerPage:
    """Answer with pages of ids up to LAST."""
    ids = [number for number in range(1, LAST + 1) if number > request.after][: request.limit]
    more = ids and ids[-1] < LAST
    return CustomerPage(items=[customer(number) for number in ids], next=ids[-1] if more else None)


def get_product(request: GetProduct, _context: Context) -> PricedProduct:
    """Answer by id or by code."""
    return product(request.id or int((request.code or "P0")[1:]))


def find_products(request: FindProducts, _context: Context) -> ProductPage:
    """Answer with the codes asked for."""
    return ProductPage(items=[product(int(code[1:])) for code in request.codes or []])


def serve(broker: Broker, center: str, *handlers: tuple[Method, Handler]) -> RpcServer:
    """Start a center that answers with these handlers."""
    table = {method.routing_key: (method, handler) for method, handler in handlers}
    server = RpcServer(broker.connect(center), broker.topology, center, table)
    server.start()
    return server


@pytest.fixture
def centers(broker: Broker) -> Broker:
    """Start both centers."""
    serve(
        broker,
        "user_center",
        (CUSTOMER_GET, get_customer),
        (CUSTOMER_GET_MANY, get_customers),
        (CUSTOMER_FIND, find_customers),
    )
    serve(
        broker,
        "product_center",
        (PRODUCT_GET, get_product),
        (PRODUCT_GET_MANY, lambda r, _c: Products(items=[product(n) for n in r.ids])),
        (PRODUCT_FIND, find_products),
    )
    return broker


def connect(broker: Broker, **options: float) -> Client:
    """Return a client of the test's namespace."""
    return Client(broker.url, app="shop", namespace=broker.topology.namespace, **options)


def test_customers_are_read(centers: Broker) -> None:
    """One, several, a page, and all pages."""
    with connect(centers) as midspan:
        assert midspan.customers.get(3) == customer(3)
        assert midspan.customers.get_many([1, 2]) == [customer(1), customer(2)]
        assert midspan.customers.find(email="a@b.example", limit=3).next == 3
        assert [each.id for each in midspan.customers.find_all(limit=3)] == [1, 2, 3, 4, 5, 6, 7]


def test_products_are_read(centers: Broker) -> None:
    """By id and by code, with exact decimals."""
    with connect(centers) as midspan:
        assert midspan.products.get(4).list_price == Decimal("12.50")
        assert midspan.products.get(code="P5") == product(5)
        assert midspan.products.get_many([6]) == [product(6)]
        assert midspan.products.find(codes=["P1", "P2"]).items == [product(1), product(2)]
        assert list(midspan.products.find_all(codes=["P3"])) == [product(3)]


def test_more_ids_than_a_request_may_hold_are_asked_in_parts(centers: Broker) -> None:
    """The limit of a request is the client's business, not the app's."""
    with connect(centers) as midspan:
        assert len(midspan.customers.get_many(range(1200))) == 1000


def test_a_missing_customer_is_told_with_its_code(centers: Broker) -> None:
    """Not found is an error that an app can tell from all others, and is not repeated."""
    with connect(centers) as midspan, pytest.raises(RemoteError) as caught:
        midspan.customers.get(99)

    assert caught.value.code == "customer.not_found"


def test_a_missing_center_is_told_soon(broker: Broker) -> None:
    """Repetitions do not make an app wait for its whole timeout."""
    before = time.monotonic()
    with connect(broker) as midspan, pytest.raises(RemoteError) as caught:
        midspan.customers.get(1)

    assert caught.value.code == "rpc.no_server"
    assert time.monotonic() - before < 2


def test_a_read_that_fails_in_passing_is_repeated(broker: Broker) -> None:
    """An app does not see what a repetition within its time mends."""
    calls: list[int] = []

    def sometimes(request: GetById, _context: Context) -> Customer:
        calls.append(request.id)
        if len(calls) < 3:
            raise TransientError("store.busy", "the store is busy")
        return customer(request.id)

    serve(broker, "user_center", (CUSTOMER_GET, sometimes))
    with connect(broker) as midspan:
        assert midspan.customers.get(1) == customer(1)
    assert len(calls) == 3


def test_the_timeout_bounds_all_repetitions_together(broker: Broker) -> None:
    """A slow center costs the app its timeout once."""

    def slow(request: GetById, _context: Context) -> Customer:
        time.sleep(0.6)
        return customer(request.id)

    serve(broker, "user_center", (CUSTOMER_GET, slow))
    before = time.monotonic()
    with connect(broker, timeout=0.3) as midspan, pytest.raises(RemoteError) as caught:
        midspan.customers.get(1)

    assert caught.value.code == "rpc.deadline_exceeded"
    assert time.monotonic() - before < 1.5


def test_no_broker_is_told_when_the_client_opens() -> None:
    """An app learns at its start that the broker is down, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    client = Client(f"amqp://guest:guest@127.0.0.1:{port}/", app="shop")

    with pytest.raises(TransientError, match="MIDSPAN_AMQP_URL"):
        client.open(0.5)


def publish(
    broker: Broker, publisher: Publisher, subject: str, key: str, body: msgspec.Struct
) -> None:
    """Publish an event as a center's relay does."""
    envelope = Envelope(
        id=f"{subject}-{time.monotonic_ns()}",
        source="midspan/user_center",
        type=key,
        time=NOW,
        subject=subject,
    )
    exchange = broker.topology.events.name
    publisher.publish([Outgoing(exchange, key, envelope, msgspec.json.encode(body))]).require()


def updated(entity: str, sequence: int) -> EntityEvent:
    """Return an event of record 1."""
    return EntityEvent(
        entity=entity,
        id=1,
        epoch=1,
        sequence=sequence,
        verb="updated",
        changed=("city",),
        values={"country": "CH"},
    )


def test_an_app_is_told_of_what_it_subscribed_to(broker: Broker) -> None:
    """Typed events come with their envelope; other topics do not come."""
    midspan = connect(broker)
    seen: list[tuple[Event, str | None]] = []

    @midspan.subscribe("customer.*", "product.updated")
    def on_change(event: Event, envelope: Envelope) -> None:
        seen.append((event, envelope.subject))

    broker.topology.subscription("shop", "events", [])
    publisher = broker.publisher()
    midspan.start()
    ready = SnapshotReady(entity="customer", count=300)
    changed = updated("customer", 2)
    publish(broker, publisher, "customer", routing_key("customer", "snapshot_ready"), ready)
    publish(broker, publisher, "price/1", routing_key("price", "updated"), updated("price", 1))
    publish(
        broker, publisher, "product/1", routing_key("product", "deleted"), updated("product", 1)
    )
    publish(broker, publisher, "customer/1", routing_key("customer", "updated"), changed)

    assert eventually(lambda: len(seen) == 2)
    midspan.stop()
    assert seen == [(ready, "customer"), (changed, "customer/1")]


def test_events_wait_while_the_app_is_down(broker: Broker) -> None:
    """What happened between two runs of the app is delivered to the second."""
    subscription = broker.topology.subscription("shop", "events", [])
    seen: list[int] = []

    def app() -> Client:
        midspan = connect(broker)

        @midspan.subscribe("customer.*")
        def on_change(event: Event, _envelope: Envelope) -> None:
            assert isinstance(event, EntityEvent)
            seen.append(event.sequence)

        midspan.start()
        return midspan

    publisher = broker.publisher()
    app().stop()
    for sequence in range(1, 6):
        key = routing_key("customer", "updated")
        publish(broker, publisher, "customer/1", key, updated("customer", sequence))
    second = app()

    assert eventually(lambda: seen == [1, 2, 3, 4, 5])
    second.stop()
    assert broker.count(subscription.queue.name) == 0


def test_run_blocks_until_stopped(broker: Broker) -> None:
    """`run` is an app's main loop; `stop` from elsewhere ends it."""
    broker.topology.subscription("shop", "events", [])
    midspan = connect(broker)
    midspan.subscribe("customer.*")(lambda _event, _envelope: None)
    runner = threading.Thread(target=midspan.run)
    runner.start()
    time.sleep(0.3)
    assert runner.is_alive()

    midspan.stop()
    runner.join(5)

    assert not runner.is_alive()


def test_a_handler_may_stop_the_client(broker: Broker) -> None:
    """Stopping from inside a handler ends `run` once the handler is done."""
    broker.topology.subscription("shop", "events", [])
    midspan = connect(broker)

    @midspan.subscribe("customer.*")
    def on_change(_event: Event, _envelope: Envelope) -> None:
        midspan.stop()

    runner = threading.Thread(target=midspan.run)
    runner.start()
    publisher = broker.publisher()
    key = routing_key("customer", "updated")

    def told() -> bool:
        publish(broker, publisher, "customer/1", key, updated("customer", 1))
        runner.join(0.1)
        return not runner.is_alive()

    assert eventually(told)


def test_an_event_of_a_later_version_becomes_a_dead_letter(broker: Broker) -> None:
    """What this version of the client cannot read is kept, with the reason."""
    midspan = connect(broker)
    midspan.subscribe("customer.*")(lambda _event, _envelope: None)
    midspan.start()
    subscription = broker.topology.subscription(
        "shop", "events", ["customer.updated.v2"], ordered=True
    )
    publisher = Publisher(broker.connect(), subscription.declaration)
    publisher.start()
    publish(broker, publisher, "customer/1", "customer.updated.v2", updated("customer", 1))

    properties, _ = broker.take(subscription.dead_letters.name)

    midspan.stop()
    assert properties.headers["x-failure-code"] == "message.type_unknown"


@pytest.mark.parametrize("key", ["customer.deleted.v1", "product.updated.v1"])
def test_an_event_that_is_not_what_its_type_says_becomes_a_dead_letter(
    broker: Broker, key: str
) -> None:
    """An app may rely on the entity and the verb it subscribed to."""
    midspan = connect(broker)
    seen: list[Event] = []
    midspan.subscribe("*.*")(lambda event, _envelope: seen.append(event))
    midspan.start()
    subscription = broker.topology.subscription("shop", "events", [], ordered=True)
    publish(broker, broker.publisher(), "customer/1", key, updated("customer", 1))

    properties, _ = broker.take(subscription.dead_letters.name)

    midspan.stop()
    assert properties.headers["x-failure-code"] == "message.body_invalid"
    assert seen == []


@pytest.mark.parametrize("topic", ["custmer.*", "customer", "customer.updated.v1", "customer."])
def test_a_topic_that_cannot_be_is_told_at_once(topic: str) -> None:
    """A misspelt entity is answered with the known ones, before anything is declared."""
    with pytest.raises(ProtocolError, match="customer, product, price"):
        Client("amqp://guest:guest@127.0.0.1/", app="shop").subscribe(topic)


def test_two_subscriptions_need_two_names() -> None:
    """Two functions do not silently share one queue."""
    midspan = Client("amqp://guest:guest@127.0.0.1/", app="shop")
    midspan.subscribe("customer.*")(lambda _event, _envelope: None)

    with pytest.raises(ProtocolError, match="'events'"):
        midspan.subscribe("product.*")
