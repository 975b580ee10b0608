"""A connection says at once why it cannot be, and comes back by itself once it was."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from midspan.kernel.errors import AccessDenied, ConfigurationError, ProtocolError, TransientError
from shared_services.messaging.connection import Connection
from tests.fixtures_broker import Broker, eventually
from tests.messaging.relay_proxy import RelayProxy

pytestmark = pytest.mark.usefixtures("wire")


def failure(url: str, timeout: float = 5.0) -> Exception:
    """Return the error with which a connection to ``url`` does not open."""
    with pytest.raises((AccessDenied, ProtocolError, TransientError)) as caught:
        Connection(url, "test").open(timeout)
    return caught.value


@contextmanager
def listening(said: bytes) -> Iterator[tuple[str, list[str]]]:
    """Give the URL of what says so much to everyone and closes, and whom it has accepted."""
    accepted: list[str] = []

    def serve() -> None:
        while True:
            try:
                peer, address = server.accept()
            except OSError:
                return  # the context has ended
            accepted.append(str(address))
            with peer:
                peer.recv(8)
                peer.sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield f"amqp://guest:guest@127.0.0.1:{server.getsockname()[1]}/", accepted
        server.shutdown(socket.SHUT_RDWR)


def test_a_wrong_password_is_told_at_once(amqp_url: str) -> None:
    """Wrong credentials end the start with host, port and what to correct, not the password."""
    before = time.monotonic()
    where = amqp_url.rpartition("@")[2]

    error = failure(f"amqp://midspan:hunter2@{where}", timeout=20)

    assert isinstance(error, AccessDenied)
    assert error.code == "broker.denied"
    assert where.partition("/")[0] in str(error)
    assert "MIDSPAN_AMQP_URL" in str(error)
    assert "hunter2" not in str(error)
    assert time.monotonic() - before < 10


def test_a_missing_virtual_host_is_told(amqp_url: str) -> None:
    """A virtual host that is not there is an access problem that names it."""
    error = failure(f"{amqp_url.rpartition('/')[0]}/nowhere")

    assert isinstance(error, AccessDenied)
    assert "'nowhere'" in str(error)


def test_a_broker_that_is_down_is_told_in_time() -> None:
    """Nothing listening ends the start when its time is up, with address and remedy."""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]

    error = failure(f"amqp://guest:hunter2@127.0.0.1:{port}/", timeout=0.5)

    assert isinstance(error, TransientError)
    assert error.code == "broker.unreachable"
    assert f"127.0.0.1:{port}" in str(error)
    assert "MIDSPAN_AMQP_URL" in str(error)
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"AMQP\0\0\x08\0"])
def test_what_speaks_another_protocol_is_told_at_once(said: bytes) -> None:
    """Nobody waits for a web server, or for another AMQP, to become a broker."""
    with listening(said) as (url, _):
        error = failure(url, timeout=10)

    assert isinstance(error, ProtocolError)
    assert error.code == "broker.protocol"


def test_a_broker_that_closes_at_once_is_tried_again() -> None:
    """Behind a balancer, one that starts is reached before it can answer."""
    with listening(b"") as (url, accepted):
        error = failure(url, timeout=2)

    assert isinstance(error, TransientError)
    assert error.code == "broker.unreachable"
    assert len(accepted) > 1


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:5672", "amqp://guest:hunter2@host:port/", "http://h"]
)
def test_a_url_that_cannot_be_read_is_a_configuration_error(url: str) -> None:
    """The error names the setting and the form, and does not quote the URL."""
    with pytest.raises(ConfigurationError) as caught:
        Connection(url, "test")

    assert caught.value.problems[0].code == "broker.url_invalid"
    assert "MIDSPAN_AMQP_URL" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_lost_connection_comes_back(broker: Broker) -> None:
    """After the network cut it, a connection opens again without anyone's doing."""
    proxy = RelayProxy(broker.url)
    connection = Connection(proxy.url, "test")
    connection.open()

    proxy.cut()

    assert eventually(lambda: not connection.is_open)
    assert not connection.call(lambda: None)
    assert connection.last_error.code == "broker.connection_lost"
    assert eventually(lambda: connection.is_open)
    connection.close()
    proxy.close()
