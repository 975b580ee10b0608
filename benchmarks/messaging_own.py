"""Our own contender: publisher, consumer and RPC as production uses them.

``publish`` and ``consume`` work on the queue whose name they are given; ``handle`` is the whole
``Consumer``: envelope, JSON check, handler in a worker thread, acknowledgement.
"""

import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from pika import BasicProperties

from benchmarks import messaging_load as load
from benchmarks.frame import Stopwatch, tell
from shared_services.contracts.methods import Method
from shared_services.messaging.connection import Connection
from shared_services.messaging.consumer import Consumer, Message
from shared_services.messaging.deliveries import Delivery
from shared_services.messaging.envelope import Envelope
from shared_services.messaging.publisher import Outgoing, Publisher
from shared_services.messaging.rpc import Context, Inline, Reply, RpcClient, RpcServer
from shared_services.messaging.session import ConsumingSession
from shared_services.messaging.topology import Declaration, Topology
from shared_services.messaging.wire import Wire

_LONGEST = 600.0
PROPERTIES = BasicProperties(content_type=load.CONTENT_TYPE, delivery_mode=2)


class Echoed(msgspec.Struct):
    """What an echo is asked and answers."""

    number: int
    name: str
    amount: float
    field_00: str
    field_01: str
    field_02: str
    field_03: str
    field_04: str
    field_05: str
    field_06: str
    field_07: str


Outcome = Reply[Echoed] | Exception
METHOD = Method("bench.echo", "bench", Echoed, Echoed)


def connect(name: str) -> Connection:
    """Return an open connection."""
    connection = Connection(load.URL, name)
    connection.open()
    return connection


def publish(queue: str, count: str, window: str) -> None:
    """Publish with confirms through a publisher of this window."""
    connection = connect("publish")
    publisher = Publisher(connection, Declaration(), window=int(window))
    publisher.start()
    messages = [Outgoing("", queue, PROPERTIES, load.body(number)) for number in range(int(count))]
    watch = Stopwatch()
    publisher.publish(messages, _LONGEST).require()
    tell(load.published(watch, len(messages)))
    connection.close()


def fill(queue: str, count: int, *, enveloped: bool = False) -> None:
    """Put ``count`` messages into a queue; with envelopes, of a thousand subjects."""
    connection = connect("fill")
    publisher = Publisher(connection, Declaration())
    publisher.start()
    properties = [_event(number) if enveloped else PROPERTIES for number in range(count)]
    publisher.publish(
        [Outgoing("", queue, each, load.body(number)) for number, each in enumerate(properties)],
        _LONGEST,
    ).require()
    connection.close()


def _event(number: int) -> Envelope:
    return Envelope(
        id=f"{number:036}",
        source="/midspan/bench",
        type="customer.updated.v1",
        time=datetime.now(UTC),
        subject=f"customer/{number % 1000}",
        epoch=1,
        sequence=number,
    )


class Counting(ConsumingSession):
    """Sums up what comes and acknowledges it."""

    def __init__(self, connection: Connection, queue: str, count: int, prefetch: int) -> None:
        super().__init__(connection, Declaration(), queue, prefetch=prefetch)
        self.seen = load.Sum()
        self.done = threading.Event()
        self._wanted = count

    def _on_burst(self, wire: Wire, deliveries: list[Delivery]) -> None:
        for each in deliveries:
            self.seen.add(each.body)
        self._acks.write(wire, [each.tag for each in deliveries])
        wire.flush()
        if self.seen.count == self._wanted:
            self.done.set()


def consume(queue: str, count: str, prefetch: str) -> None:
    """Consume and acknowledge, burst by burst."""
    connection = connect("consume")
    session = Counting(connection, queue, int(count), int(prefetch))
    watch = Stopwatch()
    session.start()
    session.done.wait(_LONGEST)
    tell(watch.sample(session.seen.count, session.seen.digest))
    time.sleep(0.2)
    connection.close()


def handle(namespace: str, count: str, prefetch: str) -> None:
    """Handle each message by a Consumer in one worker thread."""
    connection, seen, done = connect("handle"), load.Sum(), threading.Event()
    subscription = Topology(namespace).subscription("bench", "events", ["#"])
    publisher = Publisher(connection, Declaration())
    publisher.start()

    def take(message: Message) -> None:
        seen.add(message.body)
        if seen.count == int(count):
            done.set()

    consumer = Consumer(
        connection, publisher, subscription, take, prefetch=int(prefetch), workers=1
    )
    watch = Stopwatch()
    consumer.start()
    done.wait(_LONGEST)
    tell(watch.sample(seen.count, seen.digest))
    consumer.stop()
    connection.close()


def serve(namespace: str) -> None:
    """Echo until the input is closed."""

    def echo(request: Echoed, _context: Context) -> Echoed:
        return request

    table = {METHOD.routing_key: (METHOD, Inline(echo))}
    server = RpcServer(connect("serve"), Topology(namespace), "bench", table)
    server.start()
    load.say_ready_and_wait()
    server.stop()


def call(namespace: str, count: str, in_flight: str) -> None:
    """Keep so many echoes in flight."""
    connection = connect("call")
    rpc = RpcClient(connection, Topology(namespace))
    rpc.start()
    seen, done = load.Latencies(), threading.Event()
    numbers = iter(range(int(count)))

    def ask() -> None:
        number = next(numbers, None)
        if number is None:
            if seen.count == int(count):
                done.set()
            return
        request = msgspec.convert(load.asked(number), Echoed)
        began = time.perf_counter()

        def answered(outcome: Outcome) -> None:
            if isinstance(outcome, Exception):
                seen.fail(outcome)
                done.set()
                return
            seen.add(began, outcome.value.number)
            ask()

        rpc.send(METHOD, request, answered, timeout=60)

    def begin() -> None:
        for _ in range(int(in_flight)):
            ask()

    connection.call(begin)
    done.wait(_LONGEST)
    seen.tell()
    connection.close()


if __name__ == "__main__":
    words: dict[str, Callable[..., None]] = {
        "publish": publish,
        "consume": consume,
        "handle": handle,
        "serve": serve,
        "call": call,
    }
    words[sys.argv[1]](*sys.argv[2:])
