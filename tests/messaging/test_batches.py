"""A batch is one call of the handler; what fails in it fails alone."""

import threading
from collections.abc import Callable, Sequence

import pytest

from midspan.kernel.errors import RecordError, TransientError
from shared_services.messaging.batches import BatchConsumer
from shared_services.messaging.consumer import Message
from shared_services.messaging.publisher import Publisher
from shared_services.messaging.topology import Subscription
from tests.fixtures_broker import Broker, eventually
from tests.messaging.messages import event

pytestmark = pytest.mark.usefixtures("wire")


def subscribe(broker: Broker, *, ordered: bool = False) -> tuple[Subscription, Publisher]:
    """Return a subscription with short delays, declared, and a publisher."""
    subscription = broker.topology.subscription(
        "app", "events", ["#"], delays=(0.05, 0.1), ordered=ordered
    )
    publisher = Publisher(broker.connect("publisher"), subscription.declaration)
    publisher.start()
    return subscription, publisher


def consume(
    broker: Broker,
    subscription: Subscription,
    publisher: Publisher,
    handler: Callable[[Sequence[Message]], None],
    size: int = 20,
) -> BatchConsumer:
    """Start a consumer of batches on a connection of its own."""
    connection = broker.connect("consumer")
    consumer = BatchConsumer(connection, publisher, subscription, handler, size=size)
    consumer.start()
    return consumer


def test_messages_that_wait_come_in_whole_batches(broker: Broker) -> None:
    """Up to the size, in order, acknowledged when their handler returned."""
    subscription, publisher = subscribe(broker)
    publisher.publish([event(broker.topology, body=b"%d" % n) for n in range(90)]).require()
    batches: list[list[bytes]] = []

    consumer = consume(
        broker, subscription, publisher, lambda ms: batches.append([m.body for m in ms])
    )

    assert eventually(lambda: sum(map(len, batches)) == 90)
    assert consumer.stop()
    assert [body for batch in batches for body in batch] == [b"%d" % n for n in range(90)]
    assert max(map(len, batches)) == 20
    assert broker.count(subscription.queue.name) == 0


def test_of_a_batch_that_fails_only_the_culprit_is_set_aside(broker: Broker) -> None:
    """The others are handled alone, at their first attempt."""
    subscription, publisher = subscribe(broker)
    handled: dict[bytes, int] = {}

    def handle(messages: Sequence[Message]) -> None:
        if any(m.body == b"7" for m in messages):
            raise RecordError("message.body_invalid", "seven is wrong")
        handled.update({m.body: m.attempt for m in messages})

    publisher.publish([event(broker.topology, body=b"%d" % n) for n in range(20)]).require()
    consume(broker, subscription, publisher, handle)
    letter, body = broker.take(subscription.dead_letters.name)

    assert body == b"7"
    assert letter.headers["x-attempts"] == 1
    assert eventually(lambda: len(handled) == 19)
    assert set(handled.values()) == {1}


def test_a_subject_keeps_its_order_when_a_batch_fails(broker: Broker) -> None:
    """What comes later waits behind the message that is tried again."""
    subscription, publisher = subscribe(broker, ordered=True)
    handled: dict[str, list[int]] = {f"customer/{key}": [] for key in range(4)}
    lock = threading.Lock()

    def handle(messages: Sequence[Message]) -> None:
        first = messages[0]
        if any(int(m.body) == 5 for m in messages) and (len(messages) > 1 or first.attempt < 3):
            raise TransientError("store.busy", "the store is busy")
        with lock:
            for message in messages:
                handled[message.envelope.subject or ""].append(int(message.body))

    consume(broker, subscription, publisher, handle)
    publisher.publish(
        [event(broker.topology, key, b"%d" % n) for n in range(30) for key in handled]
    ).require()

    assert eventually(lambda: all(len(numbers) == 30 for numbers in handled.values()))
    assert all(numbers == list(range(30)) for numbers in handled.values())


def test_stopping_finishes_the_batch_and_returns_the_rest(broker: Broker) -> None:
    """The batch in hand is acknowledged; what was gathered is in the queue again."""
    subscription, publisher = subscribe(broker)
    begun, release = threading.Event(), threading.Event()

    def slow(_messages: Sequence[Message]) -> None:
        begun.set()
        release.wait(5)

    publisher.publish([event(broker.topology) for _ in range(50)]).require()
    consumer = consume(broker, subscription, publisher, slow, size=10)
    assert begun.wait(5)
    threading.Timer(0.2, release.set).start()

    assert consumer.stop(5)
    assert eventually(lambda: broker.count(subscription.queue.name) == 40)
