"""The publisher says exactly which messages the broker has."""

import threading
import time

import pytest

from adapters.testing.faults import Silence
from midspan.kernel.errors import ProtocolError
from shared_services.messaging.connection import Connection
from shared_services.messaging.envelope import MAX_BODY
from shared_services.messaging.publisher import Outcome, Outgoing, Publisher, PublishResult
from tests.fixtures_broker import Broker, eventually
from tests.messaging.messages import event
from tests.messaging.relay_proxy import RelayProxy

pytestmark = pytest.mark.usefixtures("wire")


def test_confirmed_messages_are_in_the_queue(broker: Broker) -> None:
    """More messages than the window holds are all confirmed, and all arrive in order."""
    subscription = broker.topology.subscription("app", "events", ["customer.#"])
    publisher = Publisher(broker.connect(), subscription.declaration, window=10)
    publisher.start()
    messages = [event(broker.topology, body=b"%d" % number) for number in range(100)]

    result = publisher.publish(messages)

    assert result.complete
    assert result.confirmed == tuple(range(100))
    bodies = [broker.take(subscription.queue.name)[1] for _ in range(100)]
    assert bodies == [b"%d" % number for number in range(100)]


def test_an_unroutable_message_is_returned_and_the_others_are_not(broker: Broker) -> None:
    """Of a mixed batch, only the mandatory message without a queue has an error."""
    subscription = broker.topology.subscription("app", "events", ["customer.#"])
    publisher = Publisher(broker.connect(), subscription.declaration)
    publisher.start()
    good = event(broker.topology)
    lost = event(broker.topology, type_="unheard.of.v1")
    mandatory = Outgoing(lost.exchange, lost.routing_key, lost.envelope, b"{}", mandatory=True)

    result = publisher.publish([good, mandatory, good])

    assert result.outcomes == (Outcome.CONFIRMED, Outcome.RETURNED, Outcome.CONFIRMED)
    assert result.errors[1].code == "message.unroutable"


def test_a_message_too_large_is_refused_alone(broker: Broker) -> None:
    """A body above the limit is not sent; its neighbours are."""
    publisher = broker.publisher()
    large = event(broker.topology, body=b" " * (MAX_BODY + 1))

    result = publisher.publish([large, event(broker.topology)])

    assert result.outcomes == (Outcome.REFUSED, Outcome.CONFIRMED)
    assert result.errors[0].code == "message.too_large"


def test_a_key_that_amqp_cannot_carry_is_refused_alone(broker: Broker) -> None:
    """Properties beyond AMQP's limits cost their message, not the channel."""
    publisher = broker.publisher()
    long = event(broker.topology, type_="x" * 300)

    result = publisher.publish([long, event(broker.topology)])

    assert result.outcomes == (Outcome.REFUSED, Outcome.CONFIRMED)
    assert result.errors[0].code == "message.unencodable"


def test_a_queue_that_is_full_refuses(broker: Broker) -> None:
    """The broker's nack is not taken for a confirm."""
    publisher = broker.publisher()
    queue = broker.channel.queue_declare(
        "", exclusive=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"}
    ).method.queue
    broker.channel.queue_bind(queue, broker.topology.events.name, "#")

    result = publisher.publish([event(broker.topology) for _ in range(3)])

    assert result.outcomes == (Outcome.CONFIRMED, Outcome.REFUSED, Outcome.REFUSED)
    assert result.errors[1].code == "broker.refused"


def test_what_was_on_its_way_when_the_connection_broke_is_unconfirmed(broker: Broker) -> None:
    """Messages the broker has, but whose confirm never came, are reported unconfirmed at once."""
    subscription = broker.topology.subscription("app", "events", ["customer.#"])
    proxy = RelayProxy(broker.url)
    connection = Connection(proxy.url, "test")
    connection.open()
    publisher = Publisher(connection, subscription.declaration)
    publisher.start()
    results: list[PublishResult] = []
    messages = [event(broker.topology) for _ in range(50)]
    proxy.set(Silence())
    caller = threading.Thread(target=lambda: results.append(publisher.publish(messages, 30)))

    caller.start()
    assert eventually(lambda: broker.count(subscription.queue.name) == 50)
    proxy.cut()
    proxy.heal()
    caller.join(5)

    assert results[0].confirmed == ()
    assert {error.code for error in results[0].errors.values()} == {"broker.connection_lost"}
    assert publisher.publish(messages).complete
    connection.close()
    proxy.close()


def test_confirms_that_do_not_come_end_with_the_timeout(broker: Broker) -> None:
    """A silent broker costs the caller its timeout, not for ever."""
    proxy = RelayProxy(broker.url)
    connection = Connection(proxy.url, "test")
    connection.open()
    publisher = Publisher(connection, broker.topology.exchanges)
    publisher.start()
    proxy.set(Silence())
    before = time.monotonic()

    result = publisher.publish([event(broker.topology)], timeout=0.3)

    assert 0.3 <= time.monotonic() - before < 2
    assert result.outcomes == (Outcome.UNCONFIRMED,)
    assert result.errors[0].code == "broker.unconfirmed"
    connection.close(0.1)
    proxy.close()
    connection.close()


def test_many_threads_publish_at_once(broker: Broker) -> None:
    """Each caller gets the outcome of its own messages."""
    subscription = broker.topology.subscription("app", "events", ["customer.#"])
    publisher = Publisher(broker.connect(), subscription.declaration, window=20)
    publisher.start()
    results: list[PublishResult] = []

    def publish() -> None:
        results.append(publisher.publish([event(broker.topology) for _ in range(40)]))

    threads = [threading.Thread(target=publish) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert [len(result.confirmed) for result in results] == [40] * 5
    assert broker.count(subscription.queue.name) == 200


def test_an_exchange_that_vanished_is_told_and_declared_again(broker: Broker) -> None:
    """The error names what is missing; the channel comes back with its declarations."""
    publisher = broker.publisher()
    broker.channel.exchange_delete(broker.topology.events.name)

    result = publisher.publish([event(broker.topology)])

    assert result.errors[0].code == "broker.not_found"
    assert broker.topology.events.name in str(result.errors[0])
    assert publisher.publish([event(broker.topology)]).complete


def test_an_empty_batch_is_complete(broker: Broker) -> None:
    """Nothing to publish is published at once."""
    assert broker.publisher().publish([]).complete


def test_a_queue_declared_differently_is_told_at_start(broker: Broker) -> None:
    """A conflict with what the broker has ends the start with its name, not in silence."""
    subscription = broker.topology.subscription("app", "events", ["customer.#"])
    broker.channel.queue_declare(subscription.queue.name, durable=True)

    with pytest.raises(ProtocolError, match=subscription.queue.name) as caught:
        Publisher(broker.connect(), subscription.declaration).start()

    assert caught.value.code == "broker.topology_conflict"
