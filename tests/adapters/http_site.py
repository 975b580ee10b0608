"""A web server on the loopback that answers what a test tells it to, byte for byte."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from config.connections import Connection
from midspan.kernel.redaction import Secret

PASSWORD = "pass-word-9051"  # noqa: S105 guards nothing: the service is made up


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"


@dataclass(frozen=True)
class Answer:
    """One reply; ``announced`` lies about the body's length, ``pause`` drips it out slowly.

    ``reset`` breaks the connection in the middle of the body.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    announced: int | None = None
    pause: float = 0.0
    reset: bool = False


@dataclass
class Site:
    """The server's port and what it was asked, in order."""

    port: int
    asked: list[Asked]

    def connection(self, host: str = "127.0.0.1") -> Connection:
        """Return the connection that leads here."""
        return Connection("legacy", "http", host, self.port, "jane", Secret(PASSWORD), "books")


@contextmanager
def serve(answer: Callable[[Asked], Answer]) -> Iterator[Site]:
    """Serve until the context ends."""
    stop = threading.Event()
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            request = Asked(self.path, dict(self.headers), self.rfile.read(length), self.command)
            asked.append(request)
            self._send(answer(request))

        do_GET = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_POST  # noqa: N815 the base's

        def _send(self, reply: Answer) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            length = len(reply.body) if reply.announced is None else reply.announced
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if reply.reset:
                self._break(reply.body)
                return
            self.close_connection = reply.announced is not None or reply.pause > 0
            for piece in (
                [reply.body] if not reply.pause else [bytes([byte]) for byte in reply.body]
            ):
                try:
                    self.wfile.write(piece)
                except OSError:
                    return
                if reply.pause and stop.wait(reply.pause):
                    return

        def _break(self, body: bytes) -> None:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base's name
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Site(server.server_address[1], asked)
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
