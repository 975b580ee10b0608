"""aio-pika: publisher confirms gathered in windows, consumption by callback, RPC by futures."""

import asyncio
import json
import sys
import time
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from benchmarks import messaging_load as load
from benchmarks.frame import Stopwatch, tell

REPLIES = "amq.rabbitmq.reply-to"


async def publish(queue: str, count: str, window: str) -> None:
    """Publish with so many confirms awaited at once."""
    connection = await aio_pika.connect(load.URL)
    channel = await connection.channel(publisher_confirms=True)
    exchange, slots = channel.default_exchange, asyncio.Semaphore(int(window))
    bodies = [load.body(number) for number in range(int(count))]

    async def one(body: bytes) -> None:
        message = aio_pika.Message(
            body,
            content_type=load.CONTENT_TYPE,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        try:
            await exchange.publish(message, queue)
        finally:
            slots.release()

    watch = Stopwatch()
    async with asyncio.TaskGroup() as group:
        for body in bodies:
            await slots.acquire()
            group.create_task(one(body))
    tell(load.published(watch, len(bodies)))
    await connection.close()


async def consume(queue: str, count: str, prefetch: str) -> None:
    """Consume and acknowledge each message."""
    connection = await aio_pika.connect(load.URL)
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=int(prefetch))
    seen, done = load.Sum(), asyncio.Event()

    async def take(message: AbstractIncomingMessage) -> None:
        seen.add(message.body)
        await message.ack()
        if seen.count == int(count):
            done.set()

    found = await channel.get_queue(queue, ensure=False)
    watch = Stopwatch()
    await found.consume(take)
    await done.wait()
    tell(watch.sample(seen.count, seen.digest))
    await asyncio.sleep(0.2)
    await connection.close()


async def serve(queue: str) -> None:
    """Echo until killed."""
    connection = await aio_pika.connect(load.URL)
    channel = await connection.channel(publisher_confirms=False)
    await channel.set_qos(prefetch_count=128)

    async def answer(message: AbstractIncomingMessage) -> None:
        reply = aio_pika.Message(
            json.dumps(json.loads(message.body)).encode(), correlation_id=message.correlation_id
        )
        await channel.default_exchange.publish(reply, message.reply_to or "")
        await message.ack()

    found = await channel.declare_queue(queue, auto_delete=True)
    await found.consume(answer)
    print("ready", flush=True)
    await asyncio.Event().wait()


async def call(queue: str, count: str, in_flight: str) -> None:
    """Keep so many echoes in flight."""
    connection = await aio_pika.connect(load.URL)
    channel = await connection.channel(publisher_confirms=False)
    waiting: dict[str | None, asyncio.Future[bytes]] = {}

    async def answered(message: AbstractIncomingMessage) -> None:
        waiting.pop(message.correlation_id).set_result(message.body)

    replies = await channel.get_queue(REPLIES, ensure=False)
    await replies.consume(answered, no_ack=True)
    numbers, seen = iter(range(int(count))), load.Latencies()

    async def caller() -> None:
        for number in numbers:
            began = time.perf_counter()
            future = waiting[str(number)] = asyncio.get_running_loop().create_future()
            message = aio_pika.Message(
                json.dumps(load.asked(number)).encode(),
                content_type=load.CONTENT_TYPE,
                correlation_id=str(number),
                reply_to=REPLIES,
            )
            await channel.default_exchange.publish(message, queue)
            seen.add(began, json.loads(await future)["number"])

    await asyncio.gather(*(caller() for _ in range(int(in_flight))))
    seen.tell()
    await connection.close()


if __name__ == "__main__":
    words: Any = {"publish": publish, "consume": consume, "serve": serve, "call": call}
    asyncio.run(words[sys.argv[1]](*sys.argv[2:]))
