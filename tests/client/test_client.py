"""What a client does about time, faults and foreign messages, on a real broker."""

import socket
import threading
import time
from datetime import UTC, datetime

import msgspec
import pytest

from midspan.kernel.errors import ProtocolError, RemoteError, TransientError
from shared_services.client import Client, Event
from shared_services.contracts.entities import Customer
from shared_services.contracts.events import EntityEvent, routing_key
from shared_services.contracts.methods import (
    CUSTOMER_GET,
    CUSTOMER_GET_MANY,
    Customers,
    GetById,
    GetMany,
    Method,
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


def get_customer(request: GetById, _context: Context) -> Customer:
    """Answer as a user center that knows ids up to LAST."""
    if request.id > LAST:
        raise RemoteError("customer.not_found", f"there is no customer {request.id}")
    return customer(request.id)


def get_customers(request: GetMany, _context: Context) -> Customers:
    """Answer as a user center that knows ids below 1000."""
    return Customers(items=[customer(number) for number in request.ids if number < 1000])


def serve(broker: Broker, center: str, *handlers: tuple[Method, Handler]) -> RpcServer:
    """Start a center that answers with these handlers."""
    table = {method.routing_key: (method, handler) for method, handler in handlers}
    server = RpcServer(broker.connect(center), broker.topology, center, table)
    server.start()
    return server


def connect(broker: Broker, timeout: float = 5.0) -> Client:
    """Return a client of the test's namespace."""
    return Client(broker.url, "shop", namespace=broker.topology.namespace, timeout=timeout)


def test_more_ids_than_a_request_may_hold_are_asked_in_parts(broker: Broker) -> None:
    """The limit of a request is the client's business, not the app's."""
    serve(broker, "user_center", (CUSTOMER_GET_MANY, get_customers))
    with connect(broker) as midspan:
        assert len(midspan.customers.get_many(range(1200))) == 1000


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


def test_an_overloaded_center_is_given_the_time_it_asks_for(broker: Broker) -> None:
    """The next attempt comes no sooner, and none at all where the call's time is too short."""
    called: list[float] = []

    def busy(request: GetById, _context: Context) -> Customer:
        called.append(time.monotonic())
        if len(called) == 1 or request.id == 2:
            detail = {"retry_after": 0.3}
            raise RemoteError("rpc.overloaded", "busy", retryable=True, detail=detail)
        return customer(request.id)

    serve(broker, "user_center", (CUSTOMER_GET, busy))
    with connect(broker) as midspan:
        assert midspan.customers.get(1) == customer(1)
        assert called[1] - called[0] >= 0.3
        with pytest.raises(RemoteError):
            midspan.customers.get(2, timeout=0.2)
    assert len(called) == 3


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
