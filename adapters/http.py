"""One HTTP exchange with a legacy system, for every adapter that speaks HTTP.

Guarantees: connect, read and total timeouts always hold; a reply is bounded in size; a
redirect is followed to the same host only, so that credentials never travel elsewhere; no
credential is taken from the machine (``.netrc``); and every failure leaves here as one of

=====================================  ====================================================
``TransientError``  ``http.timeout``   connecting, waiting or the whole exchange took too long
                    ``http.unreachable``  no connection, or it broke
                    ``http.truncated``    the reply ended before its announced end
                    ``http.busy``         status 408, 425, 429, 500, 502, 503, 504
``AccessDenied``    ``http.denied``       status 401, 403, 407
                    ``http.tls``          the certificate or the handshake was refused
                    ``http.certificate``  a file of a certificate or key cannot be read
``ProtocolError``   ``http.not_found``    status 404, 405, 410
                    ``http.refused``      any other status that is no success
                    ``http.redirect``     a redirect elsewhere, or one without an end
                    ``http.too_large``    the reply outgrew its bound
                    ``http.url``          the address is none
``MidspanError``    ``http.closed``       the client was closed, by whichever thread
=====================================  ====================================================

Messages name host and path only: neither query, headers nor bodies. The same holds for what
urllib3 logs: a query may carry a key.

The connection's extra may hold ``ca_file`` (trusted authorities instead of the system's),
``client_cert`` and ``client_key``, or ``verify: false`` for a test system.
"""

import logging
import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import IncompleteRead
from typing import IO, Any, NoReturn
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies
from urllib3.util import Url, parse_url

from adapters.deadlines import Watchdog
from adapters.sockets import BreakableAdapter
from config.connections import Connection
from midspan.kernel.errors import AccessDenied, MidspanError, ProtocolError, TransientError
from midspan.kernel.gate import Timeouts

MAX_REPLY = 64 * 1024 * 1024
MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
USER_AGENT = "midspan"

_CHUNK = 256 * 1024
_FILES = ("ca_file", "client_cert", "client_key")
_SEE_OTHER = 303
_DENIED = frozenset({401, 403, 407})
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_TOO_MANY = 429
_NOT_FOUND = frozenset({404, 405, 410})


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply of any status; ``headers`` is case-insensitive, ``body`` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def date(self) -> datetime | None:
        """Return the server's own clock from its Date header, in UTC; None without one."""
        return parse_http_date(self.headers.get("Date"))


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
            with _classified(target, deadline), self._watchdog.watch(deadline):
                reply = self._once(method, target, timeouts, deadline, headers or {}, body, sink)
            location = reply.headers.get("Location")
            if reply.status not in follow or not location:
                return reply
            target = _redirected(target, location)
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


def raise_for_status(reply: Reply) -> None:
    """Raise the error that the reply's status means; return for a success (2xx)."""
    if 200 <= reply.status < 300:
        return
    where, status = describe(reply.url), reply.status
    if status in _DENIED:
        raise AccessDenied(
            "http.denied",
            f"{where} refused the access (status {status})",
            remedy="Check the connection's login and password, and the user's rights",
        )
    if status in _BUSY:
        raise TransientError(
            "http.busy",
            f"{where} cannot answer now (status {status})",
            remedy="Lower the system's budget if this returns",
            retry_after=parse_retry_after(reply.headers.get("Retry-After")),
            acted=status != _TOO_MANY,
        )
    if status in _NOT_FOUND:
        raise ProtocolError(
            "http.not_found",
            f"there is no such service at {where} (status {status})",
            remedy="Check the path, and the database or schema in the connection",
        )
    raise ProtocolError(
        "http.refused",
        f"{where} refused the request (status {status})",
        remedy="Check the call's method, query and body; the system's log says more",
    )


def classify(error: Exception, url: str) -> MidspanError | None:
    """Return the error of ours that a requests or urllib3 exception means; None for others."""
    where = describe(url)
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        return AccessDenied(
            "http.tls",
            f"no trusted connection to {where}: the TLS handshake failed",
            remedy="Check the host name and certificate, or set ca_file in the connection's extra; "
            "where the system wants to know us by a certificate, client_cert and client_key",
        )
    if isinstance(error, _TIMEOUTS):
        acted = not isinstance(error, requests.ConnectTimeout)
        return TransientError("http.timeout", f"{where} did not answer in time", acted=acted)
    # A body that ends before its announced length comes as the cause of a plain protocol error.
    if isinstance(error, _TRUNCATIONS) or isinstance(error.__cause__, _TRUNCATIONS):
        return TransientError("http.truncated", f"the reply of {where} ended too early")
    if isinstance(error, _BAD_ADDRESSES):
        return ProtocolError(
            "http.url",
            f"'{where}' is no address that can be called",
            remedy="Write scheme, host and port in the connection",
        )
    if isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError | OSError):
        return TransientError(
            "http.unreachable",
            f"{where} cannot be reached ({_root_name(error)})",
            remedy="Check host and port in the connection, and that the system runs",
            acted=_root_name(error) not in _NEVER_SENT,
        )
    return None


_TIMEOUTS = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
_TRUNCATIONS = (
    IncompleteRead,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    urllib3.exceptions.IncompleteRead,
    urllib3.exceptions.DecodeError,
)
_NEVER_SENT = frozenset({"NewConnectionError", "NameResolutionError", "ConnectionRefusedError"})
_BAD_ADDRESSES = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
    urllib3.exceptions.LocationValueError,
)


def describe(url: str) -> str:
    """Return host, port and path of an address, fit for a message."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}"


def host_of(url: str) -> str:
    """Return the host that would be called, in lower case; empty for an address that is none."""
    try:
        # As whoever connects reads it: "http://a\\@b/" is b to urlsplit and a to urllib3.
        return (parse_url(url).host or "").lower().strip("[]")
    except ValueError:
        return ""


def parse_http_date(text: str | None) -> datetime | None:
    """Return an HTTP date in UTC; None for none or nonsense."""
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_retry_after(text: str | None) -> float | None:
    """Return a Retry-After header in seconds from now; None for none or nonsense."""
    if text and text.strip().isdecimal():
        return float(text)
    moment = parse_http_date(text)
    if moment is None:
        return None
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def same_door(url: str, target: str) -> str | None:
    """Return ``target``, seen from ``url``, in full; None when it leads to another host."""
    try:
        whole = urljoin(url, target)
        old, new = parse_url(url), parse_url(whole)
    except ValueError:
        return None
    same = (old.scheme, _port(old)) == (new.scheme, _port(new))
    upgrade = (old.scheme, new.scheme) == ("http", "https")
    return whole if host_of(url) == host_of(whole) and (same or upgrade) else None


@contextmanager
def _classified(url: str, deadline: float) -> Iterator[None]:
    try:
        yield
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        # A connection that was broken at the deadline is a timeout, unless nothing was sent.
        late = time.monotonic() >= deadline and _root_name(error) not in _NEVER_SENT
        known_late = isinstance(error, requests.exceptions.SSLError | requests.ConnectTimeout)
        _raise(requests.Timeout() if late and not known_late else error, url)


def _raise(error: Exception, url: str) -> NoReturn:
    known = classify(error, url)
    # The foreign exception is not chained: its text may hold headers or a whole address.
    raise (known or error) from None


def _refuse_missing(files: Mapping[str, str]) -> None:
    """Raise for a file of the connection's extra that cannot be read."""
    for name, path in files.items():
        if not os.access(path, os.R_OK):
            raise AccessDenied(
                "http.certificate",
                f"the file that '{name}' in the connection's extra names cannot be read",
                remedy="Correct its path, or the rights of the file",
            )


def _redirected(url: str, location: str) -> str:
    target = same_door(url, location)
    if target is not None:
        return target
    raise ProtocolError(
        "http.redirect",
        f"{describe(url)} redirects to {_elsewhere(url, location)}",
        remedy="Credentials are not sent there; if that is the system, put it in the connection",
    )


def _elsewhere(url: str, location: str) -> str:
    try:
        new = parse_url(urljoin(url, location))
    except ValueError:
        return "an address that is none"
    return f"{new.scheme}://{new.netloc}{new.path or ''}"


def _port(parts: Url) -> int | None:
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme or "")


def _without_query(record: logging.LogRecord) -> bool:
    """Cut the query off every address in a record."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            one.partition("?")[0] if isinstance(one, str) else one for one in record.args
        )
    return True


logging.getLogger("urllib3.connectionpool").addFilter(_without_query)


def _root_name(error: BaseException) -> str:
    reason: Any = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    if isinstance(reason, BaseException) and reason is not error:
        return _root_name(reason)
    return type(error).__name__


def _is_false(value: object) -> bool:
    return str(value).lower() in {"false", "0", "no"}
