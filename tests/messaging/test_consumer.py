"""Every message is handled at least once, and every failure a counted number of times."""

import threading
import time
from collections.abc import Callable

import pytest
from pika import BasicProperties

from midspan.kernel.errors import RecordError, RemoteError, TransientError
from shared_services.messaging.connection import Connection
from shared_services.messaging.consumer import Consumer, Message
from shared_services.messaging.envelope import MAX_BODY
from shared_services.messaging.publisher import Outgoing, Publisher
from shared_services.messaging.topology import Subscription
from tests.fixtures_broker import Broker, eventually
from tests.messaging.messages import event, identity, with_deadline
from tests.messaging.relay_proxy import RelayProxy

pytestmark = pytest.mark.usefixtures("wire")

DELAYS = (0.05, 0.1)


def subscribe(broker: Broker, *, ordered: bool = False) -> tuple[Subscription, Publisher]:
    """Return a subscription to everything, with short delays, and a publisher."""
    subscription = broker.topology.subscription(
        "app", "events", ["#"], delays=DELAYS, ordered=ordered
    )
    publisher = Publisher(broker.connect("publisher"), subscription.declaration)
    publisher.start()
    return subscription, publisher


def consume(
    broker: Broker,
    subscription: Subscription,
    publisher: Publisher,
    handler: Callable[[Message], None],
    *,
    workers: int = 4,
    max_attempts: int = 5,
    max_body: int = MAX_BODY,
) -> Consumer:
    """Start a consumer on a connection of its own."""
    consumer = Consumer(
        broker.connect("consumer"),
        publisher,
        subscription,
        handler,
        workers=workers,
        max_attempts=max_attempts,
        max_body=max_body,
    )
    consumer.start()
    return consumer


def test_what_was_handled_leaves_the_queue(broker: Broker) -> None:
    """Messages are acknowledged after their handler, and only then."""
    subscription, publisher = subscribe(broker)
    seen: list[bytes] = []
    consumer = consume(broker, subscription, publisher, lambda m: seen.append(m.body))
    publisher.publish([event(broker.topology, body=b"%d" % n) for n in range(50)])

    assert eventually(lambda: len(seen) == 50)
    consumer.stop()
    assert sorted(seen, key=int) == [b"%d" % n for n in range(50)]
    assert broker.count(subscription.queue.name) == 0


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("max_attempts", [1, 4])
def test_a_failure_is_tried_exactly_n_times(
    broker: Broker, ordered: bool, max_attempts: int
) -> None:
    """After exactly N attempts the message is a dead letter that says why, and how often."""
    subscription, publisher = subscribe(broker, ordered=ordered)
    attempts: list[int] = []

    def fail(message: Message) -> None:
        attempts.append(message.attempt)
        raise TransientError("store.busy", "the store is busy")

    sent = event(broker.topology, body=b'{"name": "Ann"}')
    consume(broker, subscription, publisher, fail, max_attempts=max_attempts)
    publisher.publish([sent])
    properties, body = broker.take(subscription.dead_letters.name)

    assert attempts == list(range(1, max_attempts + 1))
    assert body == sent.body
    assert properties.message_id == identity(sent)
    assert properties.headers["x-attempts"] == max_attempts
    assert properties.headers["x-failure-code"] == "store.busy"
    assert properties.headers["x-failure-message"] == "the store is busy"
    assert properties.headers["x-first-failure"] <= properties.headers["x-last-failure"]
    assert properties.headers["cloudEvents:type"] == "customer.updated.v1"


@pytest.mark.parametrize("ordered", [False, True])
def test_a_failure_that_passes_is_forgotten(broker: Broker, ordered: bool) -> None:
    """A message that succeeds at a later attempt is handled once more and leaves no trace."""
    subscription, publisher = subscribe(broker, ordered=ordered)
    attempts: list[int] = []

    def recover(message: Message) -> None:
        attempts.append(message.attempt)
        if message.attempt < 3:
            raise RemoteError("rpc.no_server", "no server", retryable=True)

    consumer = consume(broker, subscription, publisher, recover)
    publisher.publish([event(broker.topology)])

    assert eventually(lambda: attempts == [1, 2, 3])
    consumer.stop()
    queues = (subscription.queue, *subscription.retries, subscription.dead_letters)
    assert [broker.count(queue.name) for queue in queues] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RecordError("message.body_invalid", "wrong"), "message.body_invalid"),
        (RemoteError("customer.not_found", "there is none"), "customer.not_found"),
    ],
)
def test_a_failure_that_stays_is_not_tried_again(
    broker: Broker, error: Exception, code: str
) -> None:
    """What another attempt cannot mend becomes a dead letter at once."""
    subscription, publisher = subscribe(broker)
    attempts: list[int] = []

    def fail(message: Message) -> None:
        attempts.append(message.attempt)
        raise error

    consume(broker, subscription, publisher, fail)
    publisher.publish([event(broker.topology)])
    properties, _ = broker.take(subscription.dead_letters.name)

    assert attempts == [1]
    assert properties.headers["x-failure-code"] == code


def test_the_text_of_a_foreign_error_is_not_told(broker: Broker) -> None:
    """A handler's own exception may quote the payload, so that only its type travels."""
    subscription, publisher = subscribe(broker)

    def fail(_message: Message) -> None:
        raise ValueError("Ann Smith is not a number")

    consume(broker, subscription, publisher, fail, max_attempts=1)
    publisher.publish([event(broker.topology)])
    properties, _ = broker.take(subscription.dead_letters.name)

    assert properties.headers["x-failure-code"] == "handler.failed"
    assert properties.headers["x-failure-message"] == "the handler raised ValueError"


def test_malformed_messages_become_dead_letters_and_the_consumer_lives(broker: Broker) -> None:
    """Strangers' messages never reach the handler and never stop it."""
    subscription, publisher = subscribe(broker)
    seen: list[bytes] = []
    consume(broker, subscription, publisher, lambda m: seen.append(m.body), max_body=1000)
    exchange = broker.topology.events.name
    broker.channel.basic_publish(exchange, "customer.updated.v1", b"hello")
    publisher.publish([event(broker.topology, body=b"{")])
    publisher.publish([event(broker.topology, body=b'"' + b"x" * 1000 + b'"')])
    publisher.publish([event(broker.topology, body=b'"good"')])

    codes = {
        broker.take(subscription.dead_letters.name)[0].headers["x-failure-code"] for _ in range(3)
    }

    assert codes == {"message.content_type", "message.body_not_json", "message.too_large"}
    assert eventually(lambda: seen == [b'"good"'])


def test_what_is_past_its_deadline_is_set_aside(broker: Broker) -> None:
    """A message with a deadline reaches its handler in time, or the dead letters."""
    subscription, publisher = subscribe(broker)
    seen: list[str] = []
    now = round(time.time() * 1000)
    late, timely = (with_deadline(event(broker.topology), now + ms) for ms in (-1, 60_000))
    publisher.publish([late, timely]).require()

    consume(broker, subscription, publisher, lambda m: seen.append(m.envelope.id))
    properties, _ = broker.take(subscription.dead_letters.name)

    assert properties.message_id == identity(late)
    assert properties.headers["x-failure-code"] == "message.expired"
    assert eventually(lambda: seen == [identity(timely)])


def test_a_body_above_the_limit_of_publishers_is_set_aside_whole(broker: Broker) -> None:
    """What another client sent too large is kept as it came."""
    subscription, publisher = subscribe(broker)
    consume(broker, subscription, publisher, lambda m: None)
    large = b" " * (2 * 1024 * 1024)
    broker.channel.basic_publish(broker.topology.events.name, "customer.updated.v1", large)

    properties, body = broker.take(subscription.dead_letters.name)

    assert body == large
    assert properties.headers["x-failure-code"] == "message.too_large"


def test_messages_of_a_key_are_handled_in_order(broker: Broker) -> None:
    """With several workers and a failure in the middle, each key's messages keep their order."""
    subscription, publisher = subscribe(broker, ordered=True)
    handled: dict[str, list[int]] = {f"customer/{key}": [] for key in range(5)}
    busy: set[str] = set()
    overlaps: list[str] = []

    def handle(message: Message) -> None:
        key, number = message.envelope.subject or "", int(message.body)
        overlaps.extend([key] if key in busy else [])
        busy.add(key)
        time.sleep(0.001)
        busy.discard(key)
        if number == 7 and message.attempt < 3:
            raise TransientError("store.busy", "the store is busy")
        handled[key].append(number)

    consume(broker, subscription, publisher, handle, workers=4)
    publisher.publish(
        [event(broker.topology, key, b"%d" % n) for n in range(20) for key in handled]
    )

    assert eventually(lambda: all(len(numbers) == 20 for numbers in handled.values()))
    assert all(numbers == list(range(20)) for numbers in handled.values())
    assert overlaps == []


def test_a_failing_key_does_not_hold_up_others(broker: Broker) -> None:
    """While one key waits for its next attempt, the others go on."""
    subscription, publisher = subscribe(broker, ordered=True)
    seen: list[str] = []

    def handle(message: Message) -> None:
        seen.append(message.envelope.subject or "")
        if message.envelope.subject == "customer/1":
            raise TransientError("store.busy", "the store is busy")

    consume(broker, subscription, publisher, handle, workers=1)
    publisher.publish([event(broker.topology, "customer/1"), event(broker.topology, "customer/2")])

    assert eventually(lambda: "customer/2" in seen)
    assert seen[:2] == ["customer/1", "customer/2"]


def test_a_handler_longer_than_the_heartbeat_keeps_the_connection(broker: Broker) -> None:
    """A handler that takes several heartbeats is acknowledged on the connection it came by."""
    subscription, publisher = subscribe(broker)
    connection = Connection(broker.url, "slow", heartbeat=1)
    connection.open()
    broker.opened.append(connection)
    attempts: list[int] = []
    done = threading.Event()

    def slow(message: Message) -> None:
        attempts.append(message.attempt)
        time.sleep(3)
        done.set()

    consumer = Consumer(connection, publisher, subscription, slow)
    consumer.start()
    publisher.publish([event(broker.topology)])

    assert done.wait(10)
    assert consumer.stop()
    assert attempts == [1]
    assert broker.count(subscription.queue.name) == 0


def test_a_connection_lost_under_a_handler_means_redelivery(broker: Broker) -> None:
    """The message whose ack could not be sent comes again, as the next attempt."""
    subscription, publisher = subscribe(broker)
    proxy = RelayProxy(broker.url)
    connection = Connection(proxy.url, "unlucky")
    connection.open()
    attempts: list[int] = []

    def handle(message: Message) -> None:
        attempts.append(message.attempt)
        if message.attempt == 1:
            proxy.cut()
            eventually(lambda: not connection.is_open)

    consumer = Consumer(connection, publisher, subscription, handle)
    consumer.start()
    publisher.publish([event(broker.topology)])

    assert eventually(lambda: attempts == [1, 2])
    consumer.stop()
    connection.close()
    proxy.close()
    assert broker.count(subscription.queue.name) == 0


def test_a_queue_that_was_deleted_is_declared_again(broker: Broker) -> None:
    """A consumer whom the broker cancelled comes back by itself."""
    subscription, publisher = subscribe(broker)
    seen: list[bytes] = []
    consume(broker, subscription, publisher, lambda m: seen.append(m.body))
    broker.channel.queue_delete(subscription.queue.name)

    def sent_and_seen() -> bool:
        publisher.publish([event(broker.topology)])
        return bool(seen)

    assert eventually(sent_and_seen)


def test_stopping_finishes_what_is_in_hand_and_returns_the_rest(broker: Broker) -> None:
    """The running handler ends and is acknowledged; what waited is in the queue again."""
    subscription, publisher = subscribe(broker)
    begun, finished = threading.Event(), threading.Event()

    def slow(_message: Message) -> None:
        begun.set()
        time.sleep(0.3)
        finished.set()

    consumer = consume(broker, subscription, publisher, slow, workers=1)
    publisher.publish([event(broker.topology) for _ in range(5)])
    assert begun.wait(5)

    assert consumer.stop(5)
    assert finished.is_set()
    assert eventually(lambda: broker.count(subscription.queue.name) == 4)


def test_a_handler_that_does_not_end_does_not_hold_up_the_stop(broker: Broker) -> None:
    """Stopping tells that a handler was still running; its message is delivered again."""
    subscription, publisher = subscribe(broker)
    begun, release = threading.Event(), threading.Event()

    def stuck(_message: Message) -> None:
        begun.set()
        release.wait(10)

    consumer = consume(broker, subscription, publisher, stuck)
    publisher.publish([event(broker.topology)])
    assert begun.wait(5)

    assert not consumer.stop(0.1)
    assert eventually(lambda: broker.count(subscription.queue.name) == 1)
    release.set()


def test_what_cannot_be_set_aside_stays_in_the_queue(broker: Broker) -> None:
    """Without a retry queue the failed message is handed back, not acknowledged."""
    subscription, publisher = subscribe(broker)
    attempts: list[int] = []

    def fail(message: Message) -> None:
        attempts.append(message.attempt)
        raise TransientError("store.busy", "the store is busy")

    consumer = consume(broker, subscription, publisher, fail)
    for queue in subscription.retries:
        broker.channel.queue_delete(queue.name)
    publisher.publish([event(broker.topology)])

    assert eventually(lambda: attempts == [1, 2])
    consumer.stop()
    assert eventually(lambda: broker.count(subscription.queue.name) == 1)


def test_a_message_published_by_another_user_can_be_set_aside(broker: Broker) -> None:
    """The broker-validated user id does not keep a message out of the dead letters."""
    subscription, publisher = subscribe(broker)
    consume(broker, subscription, publisher, lambda m: None)
    properties = BasicProperties(user_id=broker.user)
    message = Outgoing(broker.topology.events.name, "customer.updated.v1", properties, b"{")
    publisher.publish([message])

    dead, _ = broker.take(subscription.dead_letters.name)

    assert dead.user_id is None
    assert dead.headers["x-original-user-id"] == broker.user
