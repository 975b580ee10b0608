"""One AMQP connection in a thread of its own, opened again whenever it is lost.

Heartbeats are answered by that thread alone, so a handler of any length in another thread
never costs the connection. Everything that touches a channel runs in that thread, handed
over with ``call``; what was handed over before a loss still runs, and finds its channel
closed. Errors are translated before anyone sees them.
"""

import logging
import random
import threading
from collections.abc import Callable
from typing import Final, Protocol

import pika
from pika.adapters.select_connection import SelectConnection

from midspan.kernel.errors import AccessDenied, MidspanError, TransientError
from shared_services.messaging import errors
from shared_services.messaging.fastpath import FastConnection

_LONGEST_PAUSE: Final = 15.0
_FIRST_PAUSE: Final = 0.2
_CONNECT_TIMEOUT: Final = 10.0

log = logging.getLogger(__name__)
# Every error of pika is translated and reported here; told twice it only frightens.
logging.getLogger("pika").setLevel(logging.CRITICAL)


class Attachment(Protocol):
    """What lives on a connection and is told of each new one, in the connection's thread."""

    def connected(self, amqp: SelectConnection) -> None:
        """Open channels on ``amqp``; they close with it."""
        ...


class Connection:
    """A connection to the broker at ``url``; ``name`` is shown in the broker's listings.

    ``fast``: by the fast path; without it by pika alone, which does the same more slowly.
    Raises ConfigurationError ``broker.url_invalid`` for a URL that cannot be read.
    """

    def __init__(self, url: str, name: str, *, heartbeat: int = 30, fast: bool = True) -> None:
        self._kind = FastConnection if fast else SelectConnection
        self._parameters = _parameters(url, name, heartbeat)
        self.name = name
        self.address = f"{self._parameters.host}:{self._parameters.port}"
        self._lock = threading.Lock()
        self._amqp: SelectConnection | None = None
        self._attachments: list[Attachment] = []
        self._calls: list[Callable[[], object]] = []
        self._settled = threading.Event()
        self._closing = threading.Event()
        self._blocked = threading.Event()
        self._error: MidspanError = errors.unreachable(self.address)
        self._thread: threading.Thread | None = None

    @property
    def is_open(self) -> bool:
        """Whether the broker can be talked to right now."""
        return self._amqp is not None

    @property
    def blocked(self) -> bool:
        """Whether the broker takes no messages for now, being short of memory or disk."""
        return self._blocked.is_set()

    @property
    def last_error(self) -> MidspanError:
        """Why the connection was not open when it last was not."""
        return self._error

    def open(self, timeout: float = 5.0) -> None:
        """Connect within ``timeout`` seconds; from then on, reconnect for ever.

        Raises AccessDenied ``broker.denied`` or ``broker.tls_refused`` and ProtocolError
        ``broker.protocol`` at once, TransientError ``broker.unreachable`` when time is up.
        """
        self._thread = threading.Thread(target=self._run, name=f"amqp-{self.name}", daemon=True)
        self._thread.start()
        self._settled.wait(timeout)
        if not self.is_open:
            self.close()
            raise self._error

    def close(self, timeout: float = 5.0) -> None:
        """Close the connection and end its thread; what is unsettled goes back to its queue."""
        self._closing.set()
        with self._lock:
            if self._amqp is not None:
                self._amqp.ioloop.add_callback_threadsafe(self._hang_up)
        if self._thread is not None:
            self._thread.join(timeout)

    def attach(self, attachment: Attachment) -> None:
        """Tell ``attachment`` of the present connection and of each later one."""
        with self._lock:
            self._attachments.append(attachment)
            amqp = self._amqp
        if amqp is not None:
            self.call(lambda: attachment.connected(amqp))

    def detach(self, attachment: Attachment) -> None:
        """Stop telling ``attachment``; its channels stay open."""
        with self._lock:
            if attachment in self._attachments:
                self._attachments.remove(attachment)

    def call(self, function: Callable[[], object]) -> bool:
        """Run ``function`` in the connection's thread, after those handed over before.

        Returns False, and never runs it, when there is no connection.
        """
        with self._lock:
            if self._amqp is None:
                return False
            self._calls.append(function)
            # The thread takes all waiting calls at once, so only the first wakes it.
            if len(self._calls) == 1:
                self._amqp.ioloop.add_callback_threadsafe(self._drain)
        return True

    def call_later(self, seconds: float, function: Callable[[], object]) -> bool:
        """Run ``function`` in the connection's thread after ``seconds``, if it still lives."""
        amqp = self._amqp
        return amqp is not None and self.call(lambda: _later(amqp, seconds, function))

    def _run(self) -> None:
        failures = 0
        while not self._closing.is_set():
            failures = 0 if self._live_once() else failures + 1
            if not self._settled.is_set() and self._hopeless():
                break
            self._closing.wait(_pause(failures))
        self._settled.set()

    def _hopeless(self) -> bool:
        return not isinstance(self._error, TransientError)

    def _live_once(self) -> bool:
        """Connect, serve until the connection ends; return whether it ever was open."""
        amqp = self._kind(
            self._parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_open_error,
            on_close_callback=self._on_close,
        )
        try:
            amqp.ioloop.start()
        except Exception:
            log.exception("connection %s: its thread met an unexpected error", self.name)
            self._error = errors.connection_lost(self.address)
        was_open = self.is_open
        self._let_go()
        amqp.ioloop.close()
        return was_open

    def _let_go(self) -> None:
        with self._lock:
            self._amqp = None
            self._blocked.clear()
        self._drain()

    def _on_open(self, amqp: SelectConnection) -> None:
        amqp.add_on_connection_blocked_callback(self._on_blocked)
        amqp.add_on_connection_unblocked_callback(self._on_unblocked)
        if self._closing.is_set():
            amqp.close()
            return
        with self._lock:
            self._amqp = amqp
            attachments = tuple(self._attachments)
        log.info("connection %s: open to %s", self.name, self.address)
        for attachment in attachments:
            attachment.connected(amqp)
        self._settled.set()

    def _on_open_error(self, amqp: SelectConnection, error: BaseException | str) -> None:
        cause = error if isinstance(error, BaseException) else ConnectionError(error)
        # pika takes whoever closes before its first word for a stranger; a broker that starts or
        # stops does so, too. What said something before is none.
        heard = bool(amqp._frame_buffer or amqp.bytes_received)  # noqa: SLF001 the fast path names it
        self._error = errors.connect_failed(
            cause, self.address, self._parameters.virtual_host, heard=heard
        )
        log.log(
            logging.ERROR if isinstance(self._error, AccessDenied) else logging.WARNING,
            "connection %s: %s",
            self.name,
            self._error,
        )
        amqp.ioloop.stop()

    def _on_close(self, amqp: SelectConnection, _reason: BaseException) -> None:
        self._error = errors.connection_lost(self.address)
        if not self._closing.is_set():
            log.warning("connection %s: %s", self.name, self._error)
        amqp.ioloop.stop()

    def _on_blocked(self, *_frame: object) -> None:
        self._blocked.set()
        log.warning("connection %s: the broker takes no messages for now", self.name)

    def _on_unblocked(self, *_frame: object) -> None:
        self._blocked.clear()
        log.warning("connection %s: the broker takes messages again", self.name)

    def _hang_up(self) -> None:
        if self._amqp is not None and self._amqp.is_open:
            self._amqp.close()

    def _drain(self) -> None:
        with self._lock:
            calls, self._calls = self._calls, []
        for function in calls:
            try:
                function()
            except Exception:
                log.exception("connection %s: a call into its thread failed", self.name)


def _parameters(url: str, name: str, heartbeat: int) -> pika.URLParameters:
    try:
        if not url.startswith(("amqp://", "amqps://")):
            raise errors.url_invalid()
        parameters = pika.URLParameters(url)
    except (ValueError, IndexError, TypeError):
        raise errors.url_invalid() from None
    parameters.client_properties = {"connection_name": name}
    parameters.heartbeat = heartbeat
    parameters.socket_timeout = _CONNECT_TIMEOUT
    parameters.stack_timeout = _CONNECT_TIMEOUT
    parameters.connection_attempts = 1
    return parameters


def _later(amqp: SelectConnection, seconds: float, function: Callable[[], object]) -> None:
    if amqp.is_open:
        amqp.ioloop.call_later(seconds, function)


def _pause(failures: int) -> float:
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures, 10))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 spreads reconnections, hides nothing
