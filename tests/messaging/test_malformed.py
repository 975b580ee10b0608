"""Strangers' messages, frames included: each becomes a dead letter with a reason, or never came."""

import random
from collections import Counter

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from adapters.testing.faults import Garbage
from shared_services.messaging import properties
from shared_services.messaging.batches import BatchConsumer
from shared_services.messaging.consumer import Consumer, Message
from shared_services.messaging.publisher import Publisher
from shared_services.messaging.topology import Subscription
from tests.fixtures_broker import Broker, eventually
from tests.messaging.messages import TYPE, event
from tests.messaging.relay_proxy import RelayProxy
from tests.messaging.streams import AnyBytes

MESSAGES = 150
UNREADABLE = bytes.fromhex("2000") + b"\x00\x00\x00\x0b" + b"\x01tT" + b"\xff" * 8


def subscribe(broker: Broker) -> tuple[Subscription, Publisher]:
    """Return a subscription with everything declared, and a publisher."""
    subscription = broker.topology.subscription("app", "events", ["#"], delays=(0.05, 0.1))
    publisher = Publisher(broker.connect("publisher"), subscription.declaration)
    publisher.start()
    return subscription, publisher


def mutated(rng: random.Random, broker: Broker) -> tuple[bytes, bytes]:
    """Return the properties and the body of a message with something wrong, mostly."""
    message = event(broker.topology, body=b'{"name": "Ann"}')
    raw = bytearray(properties.encode(message.envelope.properties()))  # type: ignore[union-attr]
    body = bytearray(message.body)
    for _ in range(rng.randint(0, 3)):
        raw[rng.randrange(2, len(raw))] = rng.randrange(256)
    if rng.random() < 0.3:
        body[rng.randrange(len(body))] = rng.randrange(256)
    return bytes(raw), bytes(body[: rng.randint(0, len(body))] if rng.random() < 0.2 else body)


class Stranger:
    """Publishes what it likes; the broker may close its channel or connection on it."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._channel = self._open()

    def _open(self) -> BlockingChannel:
        channel = pika.BlockingConnection(pika.URLParameters(self._broker.url)).channel()
        channel.confirm_delivery()
        return channel

    def publish(self, raw: bytes, body: bytes) -> bool:
        """Return whether the broker took it."""
        try:
            exchange = self._broker.topology.events.name
            self._channel.basic_publish(exchange, TYPE, body, AnyBytes(raw))
        except AMQPError:
            self.close()
            self._channel = self._open()
            return False
        return True

    def close(self) -> None:
        """Leave."""
        if self._channel.connection.is_open:
            self._channel.connection.close()


def test_whatever_is_sent_is_handled_or_a_dead_letter_and_the_consumer_lives(
    broker: Broker,
) -> None:
    """Of every message that the broker took, one of the two is true; each letter has a reason."""
    subscription, publisher = subscribe(broker)
    handled: list[bytes] = []
    consumer = Consumer(
        broker.connect("consumer"), publisher, subscription, lambda m: handled.append(m.body)
    )
    consumer.start()
    rng, stranger = random.Random(5), Stranger(broker)  # noqa: S311 no secrets

    taken = sum(stranger.publish(*mutated(rng, broker)) for _ in range(MESSAGES))

    def settled() -> bool:
        return len(handled) + broker.count(subscription.dead_letters.name) == taken

    assert eventually(settled, 20)
    letters = [broker.take(subscription.dead_letters.name)[0] for _ in range(taken - len(handled))]
    reasons = Counter(letter.headers["x-failure-code"] for letter in letters)
    print(f"sent {MESSAGES}, taken {taken}, handled {len(handled)}, dead letters {reasons}")
    assert len(reasons) > 1
    assert all(code.startswith("message.") for code in reasons)
    assert "Ann" not in str([letter.headers for letter in letters])
    publisher.publish([event(broker.topology, body=b'"good"')]).require()
    assert eventually(lambda: handled[-1:] == [b'"good"'])
    stranger.close()


def test_properties_that_pika_cannot_read_cost_their_message_alone(broker: Broker) -> None:
    """A time beyond all calendars would end a plain connection, again and again."""
    subscription, publisher = subscribe(broker)
    seen: list[Message] = []
    BatchConsumer(broker.connect("consumer"), publisher, subscription, seen.extend).start()
    stranger = Stranger(broker)

    assert stranger.publish(UNREADABLE, b'{"a": 1}')
    publisher.publish([event(broker.topology)]).require()
    letter, body = broker.take(subscription.dead_letters.name)

    assert letter.headers["x-failure-code"] == "message.header_invalid"
    assert body == b'{"a": 1}'
    assert eventually(lambda: len(seen) == 1)
    stranger.close()


def test_frames_of_garbage_cost_the_connection_and_no_message(broker: Broker) -> None:
    """What is no AMQP ends the connection; on the next one everything is delivered."""
    subscription, publisher = subscribe(broker)
    proxy = RelayProxy(broker.url)
    handled: set[str] = set()
    connection = broker.connect("consumer", proxy.url)
    consumer = Consumer(
        connection, publisher, subscription, lambda m: handled.add(m.envelope.id), max_attempts=30
    )
    consumer.start()
    sent = [event(broker.topology) for _ in range(300)]

    proxy.set(Garbage(after=20_000), times=1)
    publisher.publish(sent).require()

    assert eventually(lambda: len(handled) == len(sent), 20)
    connection.close()
    proxy.close()
