"""Every call ends in one way, in time, and says which."""

import json
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pika
import pytest

from midspan.kernel.errors import RemoteError, TransientError
from shared_services.contracts.methods import Method
from shared_services.messaging.connection import Connection
from shared_services.messaging.rpc import Context, RpcClient, RpcServer
from tests.fixtures_broker import Broker, eventually
from tests.messaging.relay_proxy import RelayProxy

pytestmark = pytest.mark.usefixtures("wire")


class Ask(msgspec.Struct):
    """A request."""

    number: int


class Answer(msgspec.Struct):
    """A reply."""

    number: int


ECHO = Method("test.echo", "test_center", Ask, Answer)
AS_OF = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
Handler = Callable[[Ask, Context], msgspec.Struct]


def echo(request: Ask, context: Context) -> Answer:
    """Answer with what was asked."""
    context.as_of = AS_OF
    return Answer(request.number)


def serve(broker: Broker, handler: Handler = echo, **options: int) -> RpcServer:
    """Start a server of ECHO on a connection of its own."""
    table = {ECHO.routing_key: (ECHO, handler)}
    server = RpcServer(broker.connect("server"), broker.topology, "test_center", table, **options)
    server.start()
    return server


def client(broker: Broker) -> RpcClient:
    """Start a client on a connection of its own."""
    rpc = RpcClient(broker.connect("client"), broker.topology)
    rpc.start()
    return rpc


def failure(rpc: RpcClient, request: Any = None, timeout: float = 5.0) -> RemoteError:
    """Return the error of a call."""
    with pytest.raises(RemoteError) as caught:
        rpc.call(ECHO, request or Ask(1), timeout=timeout)
    return caught.value


def test_a_call_is_answered(broker: Broker) -> None:
    """The reply comes back typed, with the time of its data."""
    serve(broker)

    reply = client(broker).call(ECHO, Ask(7), timeout=5)

    assert reply.value == Answer(7)
    assert reply.as_of == AS_OF


def test_many_threads_share_a_client(broker: Broker) -> None:
    """Each caller gets its own answer."""
    serve(broker)
    rpc = client(broker)
    wrong: list[int] = []

    def calls(start: int) -> None:
        wrong.extend(
            number
            for number in range(start, start + 50)
            if rpc.call(ECHO, Ask(number), timeout=10).value.number != number
        )

    threads = [threading.Thread(target=calls, args=(1000 * each,)) for each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert wrong == []


def test_two_servers_share_the_calls(broker: Broker) -> None:
    """Servers of one center compete; when one stops, the other answers alone."""
    names: set[str] = set()

    def named(name: str) -> Handler:
        def handle(request: Ask, context: Context) -> msgspec.Struct:
            names.add(name)
            return echo(request, context)

        return handle

    first = serve(broker, named("first"))
    serve(broker, named("second"))
    rpc = client(broker)
    for number in range(20):
        rpc.call(ECHO, Ask(number), timeout=5)
    assert names == {"first", "second"}

    assert first.stop()
    names.clear()
    for number in range(10):
        rpc.call(ECHO, Ask(number), timeout=5)
    assert names == {"second"}


def test_no_server_is_told_at_once(broker: Broker) -> None:
    """A call that nobody can take does not wait for its deadline."""
    rpc = client(broker)
    before = time.monotonic()

    error = failure(rpc, timeout=10)

    assert error.code == "rpc.no_server"
    assert error.retryable
    assert "test.echo.v1" in error.message
    assert time.monotonic() - before < 2


def test_a_server_that_stopped_is_no_server(broker: Broker) -> None:
    """The queue goes with its last server."""
    server = serve(broker)
    rpc = client(broker)
    rpc.call(ECHO, Ask(1), timeout=5)
    server.stop()

    assert eventually(lambda: failure(rpc, timeout=0.5).code == "rpc.no_server")


def test_a_server_that_stops_answers_what_it_took(broker: Broker) -> None:
    """Calls already delivered, begun or not, are answered before the server goes."""
    begun = threading.Event()

    def slow(request: Ask, _context: Context) -> Answer:
        begun.set()
        time.sleep(0.05)
        return Answer(request.number)

    server = serve(broker, slow, workers=1)
    rpc = client(broker)
    answers: list[int] = []

    def ask(number: int) -> None:
        answers.append(rpc.call(ECHO, Ask(number), timeout=5).value.number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    assert begun.wait(5)
    time.sleep(0.1)

    assert server.stop()
    for thread in threads:
        thread.join(5)
    assert sorted(answers) == list(range(6))


def test_a_deadline_ends_the_call(broker: Broker) -> None:
    """The caller waits as long as it said."""

    def slow(request: Ask, _context: Context) -> Answer:
        time.sleep(0.5)
        return Answer(request.number)

    serve(broker, slow)
    rpc = client(broker)
    before = time.monotonic()

    error = failure(rpc, timeout=0.1)

    assert error.code == "rpc.deadline_exceeded"
    assert time.monotonic() - before < 0.4


def test_work_past_its_deadline_is_dropped(broker: Broker) -> None:
    """Calls whose caller gave up while they waited are never handled."""
    handled: list[int] = []

    def slow(request: Ask, _context: Context) -> Answer:
        handled.append(request.number)
        time.sleep(0.3)
        return Answer(request.number)

    serve(broker, slow, workers=1)
    rpc = client(broker)
    threads = [
        threading.Thread(target=lambda n=n: failure(rpc, Ask(n), timeout=0.15)) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert rpc.call(ECHO, Ask(9), timeout=5).value == Answer(9)
    assert len(handled) == 2


def test_a_handler_knows_how_long_its_caller_waits(broker: Broker) -> None:
    """The deadline is passed on."""
    left: list[float] = []

    def look(request: Ask, context: Context) -> Answer:
        left.append(context.seconds_left)
        return Answer(request.number)

    serve(broker, look)

    client(broker).call(ECHO, Ask(1), timeout=3)

    assert 2 < left[0] <= 3


def test_a_lost_connection_fails_pending_calls_at_once(broker: Broker) -> None:
    """No caller waits for an answer that cannot come, and later calls work again."""
    release = threading.Event()

    def wait(request: Ask, _context: Context) -> Answer:
        release.wait(5)
        return Answer(request.number)

    serve(broker, wait)
    proxy = RelayProxy(broker.url)
    connection = Connection(proxy.url, "client")
    connection.open()
    rpc = RpcClient(connection, broker.topology)
    rpc.start()
    errors: list[RemoteError] = []
    threads = [
        threading.Thread(target=lambda: errors.append(failure(rpc, timeout=20))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.2)

    proxy.cut()
    for thread in threads:
        thread.join(3)
    release.set()

    assert [error.code for error in errors] == ["rpc.connection_lost"] * 3
    assert all(error.retryable for error in errors)
    assert rpc.call(ECHO, Ask(2), timeout=10).value == Answer(2)
    connection.close()
    proxy.close()


@pytest.mark.parametrize(
    ("body", "field"), [({"number": "secret"}, "$.number"), ({}, "$.number"), (["secret"], "$")]
)
def test_a_bad_request_is_told_which_field(broker: Broker, body: object, field: str) -> None:
    """The error names the place in the request, not the value."""
    serve(broker)
    request = msgspec.defstruct("Loose", list(body))(**body) if isinstance(body, dict) else body

    error = failure(client(broker), request)

    assert error.code == "rpc.invalid_request"
    assert error.detail == {"field": field}
    assert not error.retryable
    assert "secret" not in str(error)


def test_a_handlers_error_arrives_with_its_code(broker: Broker) -> None:
    """Code, message, retryable and detail cross the wire; codes unknown here too."""

    def refuse(_request: Ask, _context: Context) -> Answer:
        raise RemoteError("from.the.future", "no", retryable=True, detail={"limit": 3})

    serve(broker, refuse)

    error = failure(client(broker))

    assert (error.code, error.message, error.retryable) == ("from.the.future", "no", True)
    assert error.detail == {"limit": 3}


def test_a_passing_error_of_the_platform_is_retryable(broker: Broker) -> None:
    """The class of a handler's error decides what the caller is told."""

    def busy(_request: Ask, _context: Context) -> Answer:
        raise TransientError("store.busy", "the store is busy")

    serve(broker, busy)

    error = failure(client(broker))

    assert (error.code, error.retryable) == ("store.busy", True)


def test_an_unexpected_error_is_logged_and_not_leaked(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """The server has the traceback, the caller a code; the server lives on."""

    def broken(request: Ask, context: Context) -> Answer:
        if request.number:
            return echo(request, context)
        raise ValueError("password=hunter2")

    serve(broker, broken)
    rpc = client(broker)

    with caplog.at_level(logging.ERROR):
        error = failure(rpc, Ask(0))

    assert error.code == "rpc.internal"
    assert "hunter2" not in str(error)
    assert "ValueError" in caplog.text
    assert rpc.call(ECHO, Ask(1), timeout=5).value == Answer(1)


def test_only_direct_reply_addresses_are_answered(broker: Broker) -> None:
    """A call cannot make a server write into someone's queue."""
    handled: list[int] = []

    def count(request: Ask, _context: Context) -> Answer:
        handled.append(request.number)
        return Answer(request.number)

    server = serve(broker, count)
    target = broker.channel.queue_declare("", exclusive=True).method.queue
    broker.channel.basic_publish(
        broker.topology.rpc.name,
        ECHO.routing_key,
        b'{"number": 1}',
        pika.BasicProperties(reply_to=target, correlation_id="1"),
    )

    assert client(broker).call(ECHO, Ask(1), timeout=5).value == Answer(1)
    server.stop()
    assert broker.count(target) == 0
    assert len(handled) == 1


@pytest.mark.parametrize("headers", [None, {"x-deadline": True}], ids=["none", "boolean"])
def test_a_call_without_deadline_is_refused(
    broker: Broker, headers: dict[str, bool] | None
) -> None:
    """Nobody may ask for work without saying how long it is wanted."""
    serve(broker)
    answers: list[bytes] = []
    channel = broker.channel
    channel.basic_consume(
        "amq.rabbitmq.reply-to", lambda *args: answers.append(args[3]), auto_ack=True
    )
    channel.basic_publish(
        broker.topology.rpc.name,
        ECHO.routing_key,
        b'{"number": 1}',
        pika.BasicProperties(reply_to="amq.rabbitmq.reply-to", correlation_id="1", headers=headers),
    )

    channel.connection.process_data_events(5)

    assert json.loads(answers[0])["code"] == "rpc.invalid_request"
    assert json.loads(answers[0])["detail"] == {"field": "x-deadline"}


def test_an_answer_that_breaks_the_contract_is_told(broker: Broker) -> None:
    """A reply of the wrong shape is an error, not a half-read value."""
    serve(broker, lambda _request, _context: msgspec.defstruct("Empty", [])())

    assert failure(client(broker)).code == "rpc.invalid_reply"


def test_a_server_comes_back_after_its_connection_was_lost(broker: Broker) -> None:
    """The queue that went with the connection is declared again."""
    proxy = RelayProxy(broker.url)
    connection = Connection(proxy.url, "server")
    connection.open()
    table = {ECHO.routing_key: (ECHO, echo)}
    server = RpcServer(connection, broker.topology, "test_center", table)
    server.start()
    rpc = client(broker)

    proxy.cut()
    assert eventually(lambda: not connection.is_open)

    def answered() -> bool:
        try:
            return bool(rpc.call(ECHO, Ask(3), timeout=0.5).value == Answer(3))
        except RemoteError:
            return False

    assert eventually(answered)
    server.stop()
    connection.close()
    proxy.close()
