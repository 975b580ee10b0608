"""FastStream: its broker, subscribers and request, with its own defaults where it has them."""

import asyncio
import logging
import sys
import time
from typing import Any

from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue
from faststream.rabbit.annotations import RabbitMessage
from faststream.rabbit.schemas import QueueType

from benchmarks import messaging_load as load
from benchmarks.frame import Stopwatch, tell


def broker(prefetch: int | None = None) -> RabbitBroker:
    """Return a broker that logs nothing."""
    channel = Channel(prefetch_count=prefetch) if prefetch else Channel()
    return RabbitBroker(load.URL, logger=None, log_level=logging.CRITICAL, default_channel=channel)


async def publish(queue: str, count: str, window: str) -> None:
    """Publish with so many confirms awaited at once."""
    bodies = [load.body(number) for number in range(int(count))]
    slots = asyncio.Semaphore(int(window))
    async with broker() as rabbit:

        async def one(body: bytes) -> None:
            try:
                await rabbit.publish(
                    body, queue, content_type=load.CONTENT_TYPE, persist=True, mandatory=False
                )
            finally:
                slots.release()

        watch = Stopwatch()
        async with asyncio.TaskGroup() as group:
            for body in bodies:
                await slots.acquire()
                group.create_task(one(body))
        tell(load.published(watch, len(bodies)))


async def consume(queue: str, count: str, prefetch: str) -> None:
    """Consume by a subscriber, acknowledged after it returned."""
    rabbit, seen, done = broker(int(prefetch)), load.Sum(), asyncio.Event()
    declared = RabbitQueue(queue, queue_type=QueueType.QUORUM, durable=True, declare=False)

    @rabbit.subscriber(declared, ack_policy=AckPolicy.REJECT_ON_ERROR)  # type: ignore[untyped-decorator]  # not installed here
    async def take(message: RabbitMessage) -> None:
        seen.add(message.body)
        if seen.count == int(count):
            done.set()

    watch = Stopwatch()
    await rabbit.start()
    await done.wait()
    tell(watch.sample(seen.count, seen.digest))
    await asyncio.sleep(0.2)
    await rabbit.stop()


async def serve(queue: str) -> None:
    """Echo until killed."""
    rabbit = broker(128)

    @rabbit.subscriber(RabbitQueue(queue, auto_delete=True))  # type: ignore[untyped-decorator]  # not installed here
    async def answer(body: dict[str, Any]) -> dict[str, Any]:
        return body

    await rabbit.start()
    print("ready", flush=True)
    await asyncio.Event().wait()


async def call(queue: str, count: str, in_flight: str) -> None:
    """Keep so many echoes in flight."""
    numbers = iter(range(int(count)))
    async with broker() as rabbit:
        seen = load.Latencies()

        async def caller() -> None:
            for number in numbers:
                began = time.perf_counter()
                reply = await rabbit.request(load.asked(number), queue, timeout=30)
                decoded: Any = await reply.decode()
                seen.add(began, decoded["number"])

        await asyncio.gather(*(caller() for _ in range(int(in_flight))))
        seen.tell()


if __name__ == "__main__":
    words: Any = {"publish": publish, "consume": consume, "serve": serve, "call": call}
    asyncio.run(words[sys.argv[1]](*sys.argv[2:]))
