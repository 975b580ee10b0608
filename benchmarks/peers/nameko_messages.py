"""nameko: a service's @rpc method, and its ClusterRpcProxy with calls under way at once."""

import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402 after eventlet has put itself in place
import time  # noqa: E402 the same
from collections import deque  # noqa: E402 the same
from typing import Any  # noqa: E402 the same

from nameko.containers import ServiceContainer  # noqa: E402 the same
from nameko.rpc import rpc  # noqa: E402 the same
from nameko.standalone.rpc import ClusterRpcProxy  # noqa: E402 the same

from benchmarks import messaging_load as load  # noqa: E402 the same


def config() -> dict[str, Any]:
    """Return nameko's configuration, with as many workers as calls are in flight."""
    return {"AMQP_URI": load.URL, "max_workers": 64, "serializer": "json"}


def serve(queue: str) -> None:
    """Echo until killed."""

    class Echo:
        name = queue

        @rpc  # type: ignore[untyped-decorator]  # nameko is untyped
        def echo(self, body: dict[str, Any]) -> dict[str, Any]:
            return body

    container = ServiceContainer(Echo, config=config())
    container.start()
    print("ready", flush=True)
    container.wait()


def call(queue: str, count: str, in_flight: str) -> None:
    """Keep so many echoes in flight."""
    with ClusterRpcProxy(config(), timeout=60) as cluster:
        echo = cluster[queue].echo
        seen, under_way = load.Latencies(), deque[tuple[float, Any]]()
        for number in range(int(count)):
            if len(under_way) >= int(in_flight):
                began, reply = under_way.popleft()
                seen.add(began, reply.result()["number"])
            under_way.append((time.perf_counter(), echo.call_async(load.asked(number))))
        for began, reply in under_way:
            seen.add(began, reply.result()["number"])
        seen.tell()


if __name__ == "__main__":
    words: dict[str, Any] = {"serve": serve, "call": call}
    words[sys.argv[1]](*sys.argv[2:])
