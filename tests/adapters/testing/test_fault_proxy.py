"""The fault proxy does to a connection what it says, and leaves nothing behind."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests

from adapters.testing.faults import (
    Delay,
    Drip,
    Fault,
    Garbage,
    HalfReply,
    LoseAnswer,
    Refuse,
    Reset,
    Silence,
    Status,
)
from adapters.testing.proxy import FaultProxy
from tests.adapters.http_site import Answer, Site, serve

LINE = b"0123456789\n"


class EchoServer:
    """Sends back each line as it came, and counts the lines."""

    def __init__(self) -> None:
        self.lines = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._echo, args=(client,)))
                self._threads[-1].start()

    def _echo(self, client: socket.socket) -> None:
        with suppress(OSError), client, client.makefile("rb") as lines:
            for line in lines:
                self.lines += 1
                client.sendall(line)


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    server = EchoServer()
    yield server
    server.close()


@pytest.fixture
def proxy(echo: EchoServer) -> Iterator[FaultProxy]:
    with FaultProxy(echo.address) as proxy:
        yield proxy


def connected(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(proxy.address, timeout=5)


def asked(client: socket.socket, line: bytes = LINE) -> bytes:
    """Send a line, and return what comes back until a line or the connection ends."""
    client.sendall(line)
    got = b""
    while not got.endswith(b"\n"):
        data = client.recv(100)
        if not data:
            break
        got += data
    return got


def test_without_a_fault_everything_passes(proxy: FaultProxy) -> None:
    """Bytes arrive as they were sent, and are counted."""
    with connected(proxy) as client, connected(proxy) as other:
        assert [asked(client), asked(other), asked(client)] == [LINE] * 3

    assert (proxy.connections, proxy.answered) == (2, 3 * len(LINE))


def test_refused_connections_are_refused_and_come_back_at_the_same_address(
    proxy: FaultProxy,
) -> None:
    """Nobody listens while the fault holds; present connections break."""
    with connected(proxy) as client:
        asked(client)
        proxy.set(Refuse())
        with pytest.raises(ConnectionError):
            asked(client)
    with pytest.raises(ConnectionRefusedError):
        connected(proxy)

    proxy.heal()
    with connected(proxy) as client:
        assert asked(client) == LINE


@pytest.mark.parametrize(
    ("fault", "comes"),
    [
        (Reset(), ConnectionError),
        (HalfReply(), LINE[:5]),
        (Garbage(data=b"?!\n"), b"?!\n"),
        (Garbage(data=b"?!", instead=False), b"?!" + LINE),
        (Silence(), TimeoutError),
        (Delay(0.05), LINE),
        (Drip(0.01, 4), LINE),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Fault) else "",
)
def test_each_fault_strikes_a_present_connection_and_is_over_when_healed(
    proxy: FaultProxy, fault: Fault, comes: bytes | type[OSError]
) -> None:
    """What was connected before is harmed too; whoever comes later finds all well."""
    with connected(proxy) as client:
        assert asked(client) == LINE
        client.settimeout(0.2)
        proxy.set(fault)
        if isinstance(comes, bytes):
            assert asked(client) == comes
        else:
            with pytest.raises(comes):
                asked(client)

    proxy.heal()
    with connected(proxy) as client:
        assert asked(client) == LINE


def test_a_fault_waits_for_its_bytes_over_all_connections(proxy: FaultProxy) -> None:
    """So many bytes pass, wherever they go, and the next ones are struck."""
    proxy.set(Reset(after=len(LINE) + 4))

    with connected(proxy) as client, connected(proxy) as other:
        assert asked(client) == LINE
        with pytest.raises(ConnectionError):
            asked(other)


def test_a_fault_strikes_as_often_as_it_was_told(proxy: FaultProxy) -> None:
    """Two connections are harmed, the third is not."""
    proxy.set(HalfReply(), times=2)

    got = []
    for _ in range(3):
        with connected(proxy) as client:
            got.append(asked(client))
    assert got == [LINE[:5], LINE[:5], LINE]


def test_faults_that_last_take_no_number(proxy: FaultProxy) -> None:
    """Nobody can say how often a delay happens."""
    with pytest.raises(ValueError, match="Delay holds until it is healed"):
        proxy.set(Delay(), times=1)


def test_a_harmed_connection_is_never_healed(proxy: FaultProxy) -> None:
    """A stream with a hole ends, so that nobody reads on in it."""
    with connected(proxy) as client:
        proxy.set(Silence())
        client.sendall(LINE)
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(100)

        proxy.heal()
        client.settimeout(5)
        assert client.recv(100) == b""


def test_a_slow_answer_comes_slowly(proxy: FaultProxy) -> None:
    """Eleven bytes, one each 20 ms."""
    proxy.set(Drip(0.02))

    with connected(proxy) as client:
        began = time.monotonic()
        assert asked(client) == LINE
        assert time.monotonic() - began >= 0.2


def test_an_answer_is_lost_after_the_request_was_acted_on(
    proxy: FaultProxy, echo: EchoServer
) -> None:
    """The marked request reaches the system, also when it comes in pieces; others are answered."""
    proxy.set(LoseAnswer(to=b"ORDER-7"), times=1)

    with connected(proxy) as client:
        assert asked(client, b"order-6\n") == b"order-6\n"
        client.sendall(b"ord")
        time.sleep(0.05)
        with pytest.raises(ConnectionError):
            asked(client, b"er-7\n")
    with connected(proxy) as client:
        assert asked(client, b"order-7\n") == b"order-7\n"

    assert echo.lines == 3


def test_connections_can_be_cut(proxy: FaultProxy) -> None:
    """All at once, without a fault; new ones pass."""
    with connected(proxy) as client, connected(proxy) as other:
        assert asked(client) == asked(other) == LINE
        proxy.cut()
        for each in (client, other):
            with pytest.raises(ConnectionError):
                asked(each)

    with connected(proxy) as client:
        assert asked(client) == LINE


def test_a_target_that_is_gone_breaks_the_connection() -> None:
    """The proxy says so by a reset, and goes on."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = gone.getsockname()
    with FaultProxy(address) as proxy, pytest.raises(ConnectionError), connected(proxy) as client:
        asked(client)


def test_nothing_is_left_behind(echo: EchoServer) -> None:
    """Neither a thread nor a listening port, though a client is still there and asleep."""
    before = threading.active_count()
    proxy = FaultProxy(echo.address)
    with connected(proxy) as client:
        asked(client)
        proxy.set(Drip(60.0))
        client.sendall(LINE)
        proxy.close()
        assert client.recv(100) in (b"", LINE[:1])

    with pytest.raises(ConnectionRefusedError):
        connected(proxy)
    assert threading.active_count() <= before + 1


@pytest.fixture
def site() -> Iterator[Site]:
    with serve(lambda asked: Answer(asked.body or b"well")) as site:
        yield site


def test_a_status_is_answered_in_the_systems_place(site: Site) -> None:
    """With its headers, for so many requests; none of them is forwarded, whatever its form."""
    pieces = iter([b"in ", b"pieces"])
    with FaultProxy(("127.0.0.1", site.port)) as proxy, requests.Session() as session:
        url = "http://{}:{}/orders".format(*proxy.address)
        assert session.get(url, timeout=5).text == "well"
        proxy.set(Status(429, {"Retry-After": "7"}, b"slow down"), times=3)

        refused = [
            session.get(url, timeout=5),
            session.post(url, data=b"x" * 200_000, timeout=5),
            session.post(url, data=pieces, timeout=5),
        ]
        assert [(each.status_code, each.text) for each in refused] == [(429, "slow down")] * 3
        assert refused[0].headers["Retry-After"] == "7"
        assert session.post(url, data=b"again", timeout=5).text == "again"

    assert len(site.asked) == 2
