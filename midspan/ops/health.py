"""Health over HTTP: whether to restart this process, and whether to send it work.

``GET /livez``    200 while its own threads live; 503 asks for a restart
``GET /readyz``   200 while everything it needs is there; 503 says what is not, and passes
``GET /metrics``  Prometheus's text format

A broker or database that is away makes a process not ready, never dead: it waits, and goes on
by itself. One that hangs costs an answer 2 s, and no other probe its truth. Answers name probes
and their error codes, never data.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as TooSlow
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from midspan.kernel.errors import MidspanError
from midspan.ops.asking import Asked
from midspan.ops.metrics import Metrics

log = logging.getLogger(__name__)

Probe = Callable[[], str | None]
"""Returns None where all is well, else in a few words what is not."""
_Probes = dict[str, Asked[str | None]]

_PROBE_SECONDS: Final = 2.0
_REQUEST_SECONDS: Final = 10.0
_JSON: Final = "application/json"
_METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"


class Health:
    """What a process knows of itself; probes are asked when somebody wants to know."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self._live: _Probes = {}
        self._ready: _Probes = {}
        self._stopping = False
        metrics.watch_ready(lambda: not self.not_ready())

    def needs_to_live(self, name: str, probe: Probe) -> None:
        """Add what must hold, or the process is to be restarted."""
        self._live[name] = Asked(probe)

    def needs_to_serve(self, name: str, probe: Probe) -> None:
        """Add what must hold for work to be sent here."""
        self._ready[name] = Asked(probe)

    def stopping(self) -> None:
        """Say not ready from now on, while what is in hand is finished."""
        self._stopping = True

    def not_live(self) -> dict[str, str]:
        """Return what does not hold that must, by probe."""
        return self._failed(self._live)

    def not_ready(self) -> dict[str, str]:
        """Return what work is not to be sent here for, by probe."""
        if self._stopping:
            return {"process": "stopping"}
        return self._failed({**self._live, **self._ready})

    def _failed(self, probes: _Probes) -> dict[str, str]:
        ends = time.monotonic() + _PROBE_SECONDS
        asked = {name: probe.begin() for name, probe in probes.items()}
        failed = {}
        for name, answer in asked.items():
            try:
                found = answer.result(max(ends - time.monotonic(), 0.0))
            except TooSlow:
                found = f"no answer within {_PROBE_SECONDS:g} s"
            except MidspanError as error:
                found = error.code
            if found is not None:
                failed[name] = found
        return failed


class HealthServer:
    """Answers on ``host:port`` from threads of its own; port 0 takes a free one.

    Raises MidspanError ``serve.port_taken``.
    """

    def __init__(self, health: Health, host: str, port: int) -> None:
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(health))
        except OSError as error:
            raise MidspanError(
                "serve.port_taken",
                f"health cannot be served at {host}:{port} ({error.strerror})",
                remedy="Choose another --port, or 0 for a free one",
            ) from None
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health")
        self._thread.daemon = True
        self._thread.start()

    @property
    def url(self) -> str:
        """Return where it answers."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(health: Health) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _REQUEST_SECONDS

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._send(HTTPStatus.OK, _METRICS, health.metrics.text())
            elif self.path == "/livez":
                self._say(health.not_live())
            elif self.path == "/readyz":
                self._say(health.not_ready())
            else:
                self._send(HTTPStatus.NOT_FOUND, _JSON, b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 its base's name
            log.debug(format, *args)

        def _say(self, failed: Mapping[str, str]) -> None:
            status = HTTPStatus.SERVICE_UNAVAILABLE if failed else HTTPStatus.OK
            self._send(status, _JSON, json.dumps({"ok": not failed, "failed": failed}).encode())

        def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
