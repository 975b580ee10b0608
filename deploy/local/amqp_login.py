"""A real AMQP 0-9-1 login, with the standard library alone.

Guarantee: returns only after the broker has accepted user, password and virtual host and has
been told goodbye; whatever else happens raises ``ProbeFailed``. No channel is opened and
nothing on the broker changes.
"""

import socket
import ssl
import struct
from urllib.parse import SplitResult, unquote, urlsplit

from deploy.local.server_kind import ProbeFailed

_TIMEOUT_SECONDS = 5.0
_FRAME_END = b"\xce"
_MAX_FRAME_BYTES = 128 * 1024
_START, _START_OK, _TUNE, _TUNE_OK = (10, 10), (10, 11), (10, 30), (10, 31)
_OPEN, _OPEN_OK, _CLOSE, _CLOSE_OK = (10, 40), (10, 41), (10, 50), (10, 51)
_NORMAL_END = 200


def log_in(url: str) -> None:
    """Log in to the broker at ``amqp[s]://user:password@host:port/vhost``."""
    parts = urlsplit(url)
    if parts.scheme not in {"amqp", "amqps"} or not parts.hostname:
        raise ProbeFailed("it is not an amqp:// or amqps:// URL")
    try:
        with _connect(parts) as connection:
            _handshake(connection, parts)
    except (OSError, struct.error) as error:
        raise ProbeFailed(str(error) or type(error).__name__) from error


def _connect(parts: SplitResult) -> socket.socket:
    secure = parts.scheme == "amqps"
    host = parts.hostname or ""
    connection = socket.create_connection(
        (host, parts.port or (5671 if secure else 5672)), timeout=_TIMEOUT_SECONDS
    )
    if secure:
        return ssl.create_default_context().wrap_socket(connection, server_hostname=host)
    return connection


def _handshake(connection: socket.socket, parts: SplitResult) -> None:
    connection.sendall(b"AMQP\x00\x00\x09\x01")
    _expect(connection, _START, "the server does not speak AMQP 0-9-1")
    user, password = unquote(parts.username or "guest"), unquote(parts.password or "guest")
    plain = f"\0{user}\0{password}".encode()
    no_properties = struct.pack(">I", 0)
    _send(
        connection,
        _START_OK,
        no_properties + _short(b"PLAIN") + struct.pack(">I", len(plain)) + plain + _short(b"en_US"),
    )
    tune = _expect(connection, _TUNE, f"the broker refuses the login of user {user}")
    _send(connection, _TUNE_OK, tune)
    vhost = unquote(parts.path[1:]) or "/"
    _send(connection, _OPEN, _short(vhost.encode()) + _short(b"") + b"\0")
    _expect(connection, _OPEN_OK, f"the broker refuses virtual host {vhost} to user {user}")
    _send(
        connection, _CLOSE, struct.pack(">H", _NORMAL_END) + _short(b"") + struct.pack(">HH", 0, 0)
    )
    _expect(connection, _CLOSE_OK, "the broker did not say goodbye")


def _send(connection: socket.socket, method: tuple[int, int], arguments: bytes) -> None:
    payload = struct.pack(">HH", *method) + arguments
    header = struct.pack(">BHI", 1, 0, len(payload))
    connection.sendall(header + payload + _FRAME_END)


def _expect(connection: socket.socket, method: tuple[int, int], otherwise: str) -> bytes:
    """Return the arguments of the next method, which must be ``method``."""
    header = _receive(connection, 7)
    if header is None:
        raise ProbeFailed(otherwise)  # a broker closes the connection on what it refuses
    kind, _, size = struct.unpack(">BHI", header)
    if kind != 1 or size > _MAX_FRAME_BYTES:
        raise ProbeFailed("the server does not speak AMQP 0-9-1")
    payload = _receive(connection, size + len(_FRAME_END))
    if payload is None or struct.unpack_from(">HH", payload) != method:
        raise ProbeFailed(otherwise)
    return payload[4:-1]


def _receive(connection: socket.socket, size: int) -> bytes | None:
    """Return exactly ``size`` bytes, or nothing when the other side closed before."""
    received = b""
    while len(received) < size:
        try:
            chunk = connection.recv(size - len(received))
        except ConnectionResetError:
            return None
        if not chunk:
            return None
        received += chunk
    return received


def _short(text: bytes) -> bytes:
    return struct.pack(">B", len(text)) + text
