"""Web servers of prepared bytes, each in a process of its own: what is timed is their reader."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from typing import Any

from benchmarks.frame import (
    ROOT,
    Measurement,
    Settings,
    Side,
    at_least,
    at_most,
    run_process,
    side_by_side,
)

_ENDED_WITHIN = 10


class PreparedHandler(BaseHTTPRequestHandler):
    """Answers over kept connections, each answer in one piece."""

    protocol_version = "HTTP/1.1"
    wbufsize = 0

    def do_GET(self) -> None:
        """Answer a request without a body."""
        self.reply(b"")

    def do_POST(self) -> None:
        """Answer a request with a body."""
        self.reply(self.rfile.read(int(self.headers["Content-Length"])))

    def reply(self, asked: bytes) -> None:
        """Send what is prepared for a request; each server has its own."""
        raise NotImplementedError

    def send(self, body: bytes, content_type: str) -> None:
        """Send a whole answer."""
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def serve(handler: type[PreparedHandler]) -> None:
    """Print the port and serve until the input is closed."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
        server.shutdown()


@contextmanager
def served(module: str, pages: int, rows: int) -> Iterator[str]:
    """Run a server module in a process of its own; give its port."""
    server = subprocess.Popen(  # noqa: S603 our own interpreter and module
        [sys.executable, "-m", module, str(pages), str(rows)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        yield server.stdout.readline().strip() if server.stdout else ""
    finally:
        server.communicate(timeout=_ENDED_WITHIN)


def beside_peer(
    name: str,
    peer: str,
    pages: tuple[int, int],
    settings: Settings,
    target: Callable[[float], float],
    packages: Sequence[str],
) -> Iterator[Measurement]:
    """Yield an adapter's rate, CPU time and memory beside a peer's, from the same server.

    ``benchmarks.NAME`` runs either contender by its words ``adapter`` and ``peer`` and the port
    of ``benchmarks.NAME_server``; ``pages`` are how many it serves, and the rows of each.
    ``target`` makes the rate to be reached from the peer's; the short form has none.
    """
    module = f"benchmarks.{name}"
    with served(f"{module}_server", *pages) as port:
        sides = [
            Side(name, lambda: run_process(module, "adapter", port)),
            Side(peer, lambda: run_process(module, "peer", port)),
        ]
        found = side_by_side(sides, settings.rounds)
    ours, theirs = found[name], found[peer]
    versions = {package: version(package) for package in packages}
    wanted = None if settings.short else target(theirs.rate)
    yield at_least(
        f"{name}: read", "rows/s", ours.rate, wanted, peer=(peer, theirs.rate), versions=versions
    )
    yield at_most(f"{name}: CPU a row", "µs", ours.cpu_micros, peer=(peer, theirs.cpu_micros))
    yield at_most(f"{name}: peak memory", "MB", ours.peak_mb, peer=(peer, theirs.peak_mb))
