"""Calls that come together: one handler for many, inline answers, shedding, sending on."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from midspan.kernel.errors import MidspanError, RemoteError
from shared_services.contracts.methods import Method
from shared_services.messaging.rpc import Context, Inline, Many, Reply, RpcClient, RpcServer
from tests.fixtures_broker import Broker
from tests.messaging.relay_proxy import RelayProxy

pytestmark = pytest.mark.usefixtures("wire")


class Ask(msgspec.Struct):
    """A request and its reply."""

    number: int


ECHO = Method("test.echo", "test_center", Ask, Ask)
Asked = Sequence[tuple[Ask, Context]]
Outcome = Reply[Any] | RemoteError


def serve(broker: Broker, handler: Many | Inline | Callable[..., Ask], **options: int) -> None:
    """Start a server of ECHO."""
    table = {ECHO.routing_key: (ECHO, handler)}
    RpcServer(broker.connect("server"), broker.topology, "test_center", table, **options).start()


def ask(broker: Broker, numbers: Sequence[int], timeout: float = 10.0) -> list[Outcome]:
    """Send all calls at once; return their outcomes as they come."""
    rpc = RpcClient(broker.connect("client"), broker.topology)
    rpc.start()
    outcomes: queue.Queue[Outcome] = queue.Queue()
    for number in numbers:
        rpc.send(ECHO, Ask(number), outcomes.put, timeout=timeout)
    return [outcomes.get(timeout=timeout + 5) for _ in numbers]


def numbers_of(outcomes: Sequence[Outcome]) -> list[int]:
    """Return the numbers that were answered."""
    return sorted(one.value.number for one in outcomes if isinstance(one, Reply))


def test_calls_that_arrive_together_are_one_call_of_the_handler(broker: Broker) -> None:
    """While one batch is answered the next one gathers; each caller has its own answer or error."""
    batches: list[int] = []

    def each(asked: Asked) -> list[Ask | MidspanError]:
        batches.append(len(asked))
        time.sleep(0.05)
        missing = RemoteError("test.not_found", "there is none")
        return [missing if one.number == 7 else one for one, _ in asked]

    serve(broker, Many(each))

    outcomes = ask(broker, range(60))

    assert numbers_of(outcomes) == [number for number in range(60) if number != 7]
    assert [one.code for one in outcomes if isinstance(one, RemoteError)] == ["test.not_found"]
    assert sum(batches) == 60
    assert len(batches) < 20


def test_a_handler_of_many_that_fails_tells_all_of_them(broker: Broker) -> None:
    """Also one that answers fewer than were asked."""
    serve(broker, Many(lambda _asked: []))

    outcomes = ask(broker, range(3))

    assert [one.code for one in outcomes if isinstance(one, RemoteError)] == ["rpc.internal"] * 3


def test_an_inline_handler_answers_in_the_connections_thread(broker: Broker) -> None:
    """No thread is handed anything."""
    threads: set[str] = set()

    def echo(request: Ask, _context: Context) -> Ask:
        threads.add(threading.current_thread().name)
        return request

    serve(broker, Inline(echo))

    assert numbers_of(ask(broker, range(20))) == list(range(20))
    assert threads == {"amqp-server"}


def test_calls_beyond_what_can_wait_are_told_when_to_come_again(broker: Broker) -> None:
    """They are refused at once; those that were taken are answered."""
    release = threading.Event()

    def slow(request: Ask, _context: Context) -> Ask:
        release.wait(5)
        return request

    serve(broker, slow, workers=1, max_waiting=5)
    threading.Timer(0.5, release.set).start()

    outcomes = ask(broker, range(30))

    refused = [one for one in outcomes if isinstance(one, RemoteError)]
    assert {one.code for one in refused} == {"rpc.overloaded"}
    assert all(one.retryable and float(str(one.detail["retry_after"])) >= 0.1 for one in refused)
    assert len(refused) + len(numbers_of(outcomes)) == 30
    assert len(numbers_of(outcomes)) >= 5


def test_a_call_that_is_not_waited_for_is_told_of_its_deadline(broker: Broker) -> None:
    """Exactly once, and about when it passes."""

    def slow(request: Ask, _context: Context) -> Ask:
        time.sleep(1)
        return request

    serve(broker, slow)
    began = time.monotonic()

    outcomes = ask(broker, [1], timeout=0.2)

    assert [one.code for one in outcomes if isinstance(one, RemoteError)] == [
        "rpc.deadline_exceeded"
    ]
    assert time.monotonic() - began < 0.9


def test_calls_not_waited_for_are_told_at_once_that_the_connection_went(broker: Broker) -> None:
    """As those are that are waited for."""
    proxy, release = RelayProxy(broker.url), threading.Event()
    serve(broker, lambda request, _context: (release.wait(5), request)[1])
    rpc = RpcClient(broker.connect("client", proxy.url), broker.topology)
    rpc.start()
    outcomes: queue.Queue[Outcome] = queue.Queue()
    for number in range(3):
        rpc.send(ECHO, Ask(number), outcomes.put, timeout=20)
    time.sleep(0.2)

    proxy.cut()
    told = [outcomes.get(timeout=5) for _ in range(3)]
    release.set()

    assert {one.code for one in told if isinstance(one, RemoteError)} == {"rpc.connection_lost"}
    proxy.close()
