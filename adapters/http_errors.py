"""What went wrong in an HTTP exchange, as one of the errors whose class decides the recovery.

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

Messages name host and path only: neither query, headers nor bodies.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import IncompleteRead
from typing import Any, NoReturn

import requests
import urllib3

from adapters.http_addresses import describe
from adapters.http_replies import Reply, parse_retry_after
from midspan.kernel.errors import AccessDenied, MidspanError, ProtocolError, TransientError

_DENIED = frozenset({401, 403, 407})
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_TOO_MANY = 429
_NOT_FOUND = frozenset({404, 405, 410})

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


@contextmanager
def classified(url: str, deadline: float) -> Iterator[None]:
    """Raise what an exchange's failure means; ``deadline`` is of the monotonic clock."""
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


def _root_name(error: BaseException) -> str:
    reason: Any = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    if isinstance(reason, BaseException) and reason is not error:
        return _root_name(reason)
    return type(error).__name__
