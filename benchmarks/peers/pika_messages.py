"""Plain pika: SelectConnection and its callbacks, as its documentation shows them."""

import json
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import pika
from pika.adapters.select_connection import SelectConnection

from benchmarks import messaging_load as load
from benchmarks.frame import Stopwatch, tell

PROPERTIES = pika.BasicProperties(content_type=load.CONTENT_TYPE, delivery_mode=2)
REPLIES = "amq.rabbitmq.reply-to"


def run(begin: Callable[[SelectConnection, Any], None]) -> None:
    """Open a channel, begin, and serve until somebody stops the loop."""

    def opened(connection: SelectConnection) -> None:
        connection.channel(on_open_callback=lambda channel: begin(connection, channel))

    connection = SelectConnection(pika.URLParameters(load.URL), on_open_callback=opened)
    connection.ioloop.start()


def publish(queue: str, count: str, window: str) -> None:
    """Publish with confirms, counted by tag."""
    bodies = [load.body(number) for number in range(int(count))]
    most, waiting = int(window), set[int]()
    sent = 0

    def begin(connection: SelectConnection, channel: Any) -> None:
        watch = Stopwatch()

        def pump() -> None:
            nonlocal sent
            while sent < len(bodies) and len(waiting) < most:
                channel.basic_publish("", queue, bodies[sent], PROPERTIES)
                sent += 1
                waiting.add(sent)

        def confirmed(frame: Any) -> None:
            tag = frame.method.delivery_tag
            if frame.method.multiple:
                waiting.difference_update([each for each in waiting if each <= tag])
            else:
                waiting.discard(tag)
            pump()
            if not waiting and sent == len(bodies):
                tell(load.published(watch, sent))
                connection.ioloop.stop()

        channel.confirm_delivery(confirmed)
        pump()

    run(begin)


def consume(queue: str, count: str, prefetch: str) -> None:
    """Consume and acknowledge each message."""
    seen = load.Sum()

    def begin(connection: SelectConnection, channel: Any) -> None:
        watch = Stopwatch()

        def take(_channel: Any, method: Any, _properties: Any, body: bytes) -> None:
            seen.add(body)
            channel.basic_ack(method.delivery_tag)
            if seen.count == int(count):
                tell(watch.sample(seen.count, seen.digest))
                connection.ioloop.call_later(0.2, connection.ioloop.stop)

        channel.basic_qos(prefetch_count=int(prefetch))
        channel.basic_consume(queue, take)

    run(begin)


def serve(queue: str) -> None:
    """Echo until killed."""

    def begin(_connection: SelectConnection, channel: Any) -> None:
        def answer(_channel: Any, method: Any, properties: Any, body: bytes) -> None:
            reply = json.dumps(json.loads(body)).encode()
            back = pika.BasicProperties(correlation_id=properties.correlation_id)
            channel.basic_publish("", properties.reply_to, reply, back)
            channel.basic_ack(method.delivery_tag)

        channel.queue_declare(queue, auto_delete=True)
        channel.basic_qos(prefetch_count=128)
        channel.basic_consume(queue, answer, callback=lambda _frame: print("ready", flush=True))

    run(begin)


def call(queue: str, count: str, in_flight: str) -> None:
    """Keep so many echoes in flight."""
    begun: dict[str, float] = {}
    numbers = deque(range(int(count)))

    def begin(connection: SelectConnection, channel: Any) -> None:
        seen = load.Latencies()

        def ask() -> None:
            number = numbers.popleft()
            properties = pika.BasicProperties(
                content_type=load.CONTENT_TYPE, correlation_id=str(number), reply_to=REPLIES
            )
            begun[str(number)] = time.perf_counter()
            body = json.dumps(load.asked(number)).encode()
            channel.basic_publish("", queue, body, properties)

        def answered(_channel: Any, _method: Any, properties: Any, body: bytes) -> None:
            number = json.loads(body)["number"]
            seen.add(begun.pop(properties.correlation_id), number)
            if numbers:
                ask()
            elif not begun:
                seen.tell()
                connection.ioloop.stop()

        def consuming(_frame: Any) -> None:
            for _ in range(min(int(in_flight), len(numbers))):
                ask()

        channel.basic_consume(REPLIES, answered, auto_ack=True, callback=consuming)

    run(begin)


if __name__ == "__main__":
    words: dict[str, Any] = {"publish": publish, "consume": consume, "serve": serve, "call": call}
    words[sys.argv[1]](*sys.argv[2:])
