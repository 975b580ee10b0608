"""Every error of the broker is translated here, once, into the platform's own classes.

No message ever holds a password: brokers are named by host and port, never by their URL.
"""

import ssl
from pathlib import Path

from pika import exceptions

from midspan.kernel.errors import (
    AccessDenied,
    ConfigurationError,
    MidspanError,
    Problem,
    ProtocolError,
    TransientError,
)

URL_VARIABLE = "MIDSPAN_AMQP_URL"

_ACCESS_REFUSED = 403
_NOT_FOUND = 404
_PRECONDITION_FAILED = 406
_NOT_ALLOWED = 530


def url_invalid() -> ConfigurationError:
    """Return the error for a broker URL that cannot be read; the URL itself stays unsaid."""
    return ConfigurationError(
        [
            Problem(
                "broker.url_invalid",
                Path(URL_VARIABLE),
                0,
                0,
                "the broker's URL cannot be read",
                "Write it as amqp://user:password@host:port/vhost (amqps for TLS), "
                "with special characters percent-encoded",
            )
        ]
    )


def connect_failed(error: BaseException, address: str, vhost: str, *, heard: bool) -> MidspanError:
    """Translate why a connection could not be opened.

    ``heard``: whatever listens there has said something.
    """
    cause = _root(error)
    if isinstance(cause, ssl.SSLError):
        return AccessDenied(
            "broker.tls_refused",
            f"the TLS handshake with the broker at {address} failed: {cause.reason}",
            remedy=f"Check that the port speaks TLS and its certificate, then {URL_VARIABLE}",
        )
    denied = (exceptions.ProbableAuthenticationError, exceptions.AuthenticationError)
    if isinstance(cause, denied) or _reply_code(cause) == _ACCESS_REFUSED:
        return _denied(address, "refused the user or the password")
    if isinstance(cause, exceptions.ProbableAccessDeniedError) or _reply_code(cause) == (
        _NOT_ALLOWED
    ):
        return _denied(address, f"has no virtual host {vhost!r} for this user")
    if isinstance(cause, exceptions.IncompatibleProtocolError) and heard:
        return ProtocolError(
            "broker.protocol",
            f"what listens at {address} does not speak AMQP 0-9-1",
            remedy=f"Point {URL_VARIABLE} at RabbitMQ's AMQP port, usually 5672 or 5671 for TLS",
        )
    return unreachable(address)


def unreachable(address: str) -> TransientError:
    """Return the error for a broker that does not answer."""
    return TransientError(
        "broker.unreachable",
        f"no broker answers at {address}",
        remedy=f"Start RabbitMQ there, or point {URL_VARIABLE} at the one that runs",
    )


def connection_lost(address: str) -> TransientError:
    """Return the error for a connection that ended under work."""
    return TransientError(
        "broker.connection_lost",
        f"the connection to the broker at {address} was lost",
        remedy="It is opened again by itself; look at the broker if this goes on",
    )


def channel_closed(reason: BaseException, address: str) -> MidspanError:
    """Translate why the broker closed a channel; its text names queues and exchanges only."""
    code = _reply_code(reason)
    if not isinstance(reason, exceptions.ChannelClosedByBroker):
        return connection_lost(address)
    text = f"the broker at {address} closed the channel: {reason.reply_text}"
    if code == _ACCESS_REFUSED:
        remedy = "Grant the user the permission that the message names"
        return AccessDenied("broker.denied", text, remedy=remedy)
    if code == _NOT_FOUND:
        remedy = "Start the service that declares it, or check the namespace"
        return ProtocolError("broker.not_found", text, remedy=remedy)
    if code == _PRECONDITION_FAILED:
        remedy = "Delete the queue or exchange that was declared differently, once it is empty"
        return ProtocolError("broker.topology_conflict", text, remedy=remedy)
    return TransientError("broker.channel_closed", text)


def _denied(address: str, what: str) -> AccessDenied:
    return AccessDenied(
        "broker.denied",
        f"the broker at {address} {what}",
        remedy=f"Correct user, password and virtual host in {URL_VARIABLE}",
    )


def _reply_code(error: BaseException) -> int | None:
    closed = (exceptions.ConnectionClosed, exceptions.ChannelClosed)
    return error.reply_code if isinstance(error, closed) else None


def _root(error: BaseException) -> BaseException:
    """Walk to the innermost error of pika's connection workflow."""
    for _depth in range(8):
        nested = getattr(error, "exception", None)
        several = getattr(error, "exceptions", None)
        inner = several[-1] if several else nested
        if not isinstance(inner, BaseException):
            break
        error = inner
    return error
