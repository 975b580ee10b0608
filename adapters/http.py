"""One HTTP exchange with a legacy system, for every adapter that speaks HTTP.

Guarantees: connect, read and total timeouts always hold; a reply is bounded in size; a
redirect is followed to the same host only, so that credentials never travel elsewhere; no
credential is taken from the machine (``.netrc``); and every failure leaves here as one of
the errors of ``adapters.http_errors``. What urllib3 logs has no query: it may carry a key.

The connection's extra may hold ``ca_file`` (trusted authorities instead of the system's),
``client_cert`` and ``client_key``, or ``verify: false`` for a test system.
"""

import logging
import os
import time
from collections.abc import Collection, Mapping
from typing import IO
from urllib.parse import urlsplit

import requests
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies

from adapters.deadlines import Watchdog
from adapters.http_addresses import describe, redirected
from adapters.http_errors import classified
from adapters.http_replies import Reply
from adapters.sockets import BreakableAdapter
from config.connections import Connection
from midspan.kernel.errors import AccessDenied, MidspanError, ProtocolError
from midspan.kernel.gate import Timeouts

MAX_REPLY = 64 * 1024 * 1024
MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
USER_AGENT = "midspan"

_CHUNK = 256 * 1024
_FILES = ("ca_file", "client_cert", "client_key")
_SEE_OTHER = 303


class _Session(requests.Session):
    """Leaves redirects alone: requests would read their bodies whole, whatever their size."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return none, so that no next request is prepared."""
        del resp
        return None


class HttpClient:
    """Keeps the connections to one system open; only ``close`` may come from another thread."""

    def __init__(self, connection: Connection, max_reply: int = MAX_REPLY) -> None:
        self._max_reply = max_reply
        self._proxies: dict[str, dict[str, str]] = {}
        self._session = _Session()
        self._session.trust_env = False
        self._transport = BreakableAdapter()
        self._watchdog = Watchdog(self._transport.shut)
        self._closed = False
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._transport)
        self._session.headers["User-Agent"] = USER_AGENT
        extra = connection.extra
        self._files = {name: str(extra[name]) for name in _FILES if extra.get(name)}
        self._session.verify = extra.get("ca_file") or not _is_false(extra.get("verify", True))
        if extra.get("client_cert"):
            key = extra.get("client_key")
            self._session.cert = (extra["client_cert"], key) if key else extra["client_cert"]

    def exchange(
        self,
        method: str,
        url: str,
        timeouts: Timeouts,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        follow: Collection[int] = REDIRECTS,
        sink: IO[bytes] | None = None,
    ) -> Reply:
        """Send one request and return the whole reply, whatever its status.

        With a ``sink`` the content is written there, from its beginning, and ``body`` is empty.
        A redirect of a status in ``follow`` repeats the request as it was, on the same host; 303
        says that it was done and where to look, and is followed by a GET. Raises as the module
        says; ``raise_for_status`` turns a reply's status into an error.
        """
        if self._closed:
            raise MidspanError("http.closed", f"the connection to {describe(url)} was closed")
        _refuse_missing(self._files)
        deadline = time.monotonic() + timeouts.total
        target = url
        for _ in range(MAX_REDIRECTS + 1):
            with classified(target, deadline), self._watchdog.watch(deadline):
                reply = self._once(method, target, timeouts, deadline, headers or {}, body, sink)
            location = reply.headers.get("Location")
            if reply.status not in follow or not location:
                return reply
            target = redirected(target, location)
            if reply.status == _SEE_OTHER:
                method, body = "GET", None
        raise ProtocolError(
            "http.redirect",
            f"{describe(url)} redirects without an end",
            remedy="Correct the address in the connection or the system's path",
        )

    def keep_headers(self, headers: Mapping[str, str]) -> None:
        """Send some headers, none of them a secret, with every request from now on."""
        self._session.headers.update(headers)

    def close(self) -> None:
        """Close the connections; whoever waits on one in another thread stops waiting."""
        self._closed = True
        self._watchdog.stop()
        self._transport.shut()
        self._session.close()

    def _once(
        self,
        method: str,
        url: str,
        timeouts: Timeouts,
        deadline: float,
        headers: Mapping[str, str],
        body: bytes | None,
        sink: IO[bytes] | None,
    ) -> Reply:
        left = max(deadline - time.monotonic(), 0.001)
        with self._session.send(
            self._prepared(method, url, headers, body),
            timeout=(min(timeouts.connect, left), min(timeouts.read, left)),
            allow_redirects=False,
            stream=True,
            verify=self._session.verify,
            cert=self._session.cert,
            proxies=self._proxies_for(url),
        ) as response:
            content = self._content(response, url, deadline, sink)
            return Reply(response.status_code, response.headers, content, url)

    def _prepared(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> requests.PreparedRequest:
        """Return a request with what the session adds to it: its headers and its cookies."""
        # Its own way also looks for parameters, hooks and a login, of which it has none, and
        # takes half as long as sending does.
        known = CaseInsensitiveDict(self._session.headers)
        known.update(headers)
        prepared = requests.PreparedRequest()
        prepared.prepare(method, url, known, data=body, cookies=self._session.cookies)
        return prepared

    def _proxies_for(self, url: str) -> dict[str, str]:
        """Return the machine's proxies for a host; asking for them anew costs a millisecond."""
        host = urlsplit(url).netloc
        if host not in self._proxies:
            self._proxies[host] = get_environ_proxies(url)
        return self._proxies[host]

    def _content(
        self, response: requests.Response, url: str, deadline: float, sink: IO[bytes] | None
    ) -> bytes:
        announced = response.headers.get("Content-Length", "")
        plain = sink is None and "Content-Encoding" not in response.headers
        if plain and announced.isdigit() and int(announced) <= self._max_reply:
            # In one piece, which costs a fraction; the watchdog keeps the time.
            whole: bytes = response.raw.read(decode_content=False)
            return whole
        chunks: list[bytes] = []
        keep = chunks.append if sink is None else sink.write
        if sink is not None:
            sink.seek(0)
            sink.truncate()
        size = 0
        # read1 returns what one receive brought, so that a drip cannot outwait the deadline.
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            size += len(chunk)
            if size > self._max_reply:
                raise ProtocolError(
                    "http.too_large",
                    f"the reply of {describe(url)} is larger than {self._max_reply} bytes",
                    remedy="Ask for fewer rows a page",
                )
            if time.monotonic() > deadline:
                raise requests.Timeout
            keep(chunk)
        return b"".join(chunks)


def _refuse_missing(files: Mapping[str, str]) -> None:
    """Raise for a file of the connection's extra that cannot be read."""
    for name, path in files.items():
        if not os.access(path, os.R_OK):
            raise AccessDenied(
                "http.certificate",
                f"the file that '{name}' in the connection's extra names cannot be read",
                remedy="Correct its path, or the rights of the file",
            )


def _without_query(record: logging.LogRecord) -> bool:
    """Cut the query off every address in a record."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            one.partition("?")[0] if isinstance(one, str) else one for one in record.args
        )
    return True


logging.getLogger("urllib3.connectionpool").addFilter(_without_query)


def _is_false(value: object) -> bool:
    return str(value).lower() in {"false", "0", "no"}
