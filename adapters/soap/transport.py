"""Carries documents and envelopes for zeep, over HTTP and through the door of the system.

Guarantee: credentials go to the connection's own host alone, never to the other hosts that
documents may come from.
"""

import base64
from collections.abc import Callable, Mapping
from typing import IO, Any

from lxml import etree
from requests.auth import HTTPDigestAuth
from requests.utils import parse_dict_header

from adapters.http import HttpClient
from adapters.http_addresses import host_of
from adapters.http_replies import Reply
from config.connections import Connection
from midspan.kernel.gate import Timeouts

_DENIED = 401


class Door:
    """Sends HTTP requests with what the system's door asks for."""

    def __init__(self, http: HttpClient, connection: Connection, kind: str) -> None:
        self._http = http
        self._connection = connection
        self._kind = kind
        self._digest: Any = None

    def exchange(
        self,
        method: str,
        url: str,
        timeouts: Timeouts,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        sink: IO[bytes] | None = None,
    ) -> Reply:
        """Send one request and return its reply; see ``HttpClient.exchange``."""
        given = dict(headers or {})
        own = host_of(url) == self._connection.host.lower()
        if self._kind == "none" or not own:
            return self._http.exchange(method, url, timeouts, headers=given, body=body, sink=sink)
        if self._kind == "basic":
            given["Authorization"] = self._basic()
        elif self._digest is not None:
            given["Authorization"] = self._digest.build_digest_header(method, url)
        reply = self._http.exchange(method, url, timeouts, headers=given, body=body, sink=sink)
        if self._kind == "digest" and self._challenged(reply):
            given["Authorization"] = self._digest.build_digest_header(method, url)
            reply = self._http.exchange(method, url, timeouts, headers=given, body=body, sink=sink)
        return reply

    def _basic(self) -> str:
        pair = f"{self._connection.login}:{self._connection.password.reveal()}"
        return "Basic " + base64.b64encode(pair.encode()).decode("ascii")

    def _challenged(self, reply: Reply) -> bool:
        kind, _, told = reply.headers.get("WWW-Authenticate", "").partition(" ")
        if reply.status != _DENIED or kind.lower() != "digest":
            return False
        self._digest = HTTPDigestAuth(self._connection.login, self._connection.password.reveal())
        self._digest.init_per_thread_state()
        # requests fills this in from a response of its own; ours was read to its end.
        self._digest._thread_local.chal = _challenge(told)  # noqa: SLF001 no public way
        return True


def _challenge(told: str) -> Any:
    return parse_dict_header(told)  # type: ignore[no-untyped-call]  # requests leaves it untyped


class Transport:
    """What zeep calls to load a document and to send an envelope."""

    def __init__(self, door: Door, load: Callable[[str], bytes]) -> None:
        self._door = door
        self._load = load
        self.timeouts = Timeouts()
        self.headers: Mapping[str, str] = {}
        self.sink: IO[bytes] | None = None

    def load(self, url: str) -> bytes:
        """Return a WSDL or schema."""
        return self._load(url)

    def post_xml(self, address: str, envelope: etree._Element, headers: Mapping[str, str]) -> Reply:
        """Send an envelope."""
        body = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        return self._door.exchange(
            "POST", address, self.timeouts, {**headers, **self.headers}, body, self.sink
        )
