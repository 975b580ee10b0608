"""One channel, kept: declared on, set up, and opened again when broker or network took it.

A subclass says in ``_set_up`` what it does with a fresh channel (confirm, consume) and in
``_on_lost`` what becomes of work that was under way. Both run in the connection's thread.
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from pika.adapters.select_connection import SelectConnection
from pika.channel import Channel

from midspan.kernel.errors import MidspanError, TransientError
from shared_services.messaging import errors
from shared_services.messaging.acks import Acks
from shared_services.messaging.connection import Connection
from shared_services.messaging.deliveries import Delivery
from shared_services.messaging.topology import Declaration
from shared_services.messaging.wire import Wire, wire_of

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 10.0
_CANCEL_TIMEOUT: Final = 2.0

Act = int | Callable[[Wire], Sequence[int]]
"""A tag to acknowledge, or what writes by itself and returns the tags to acknowledge."""

log = logging.getLogger(__name__)


class ChannelSession(ABC):
    """A channel of ``connection`` on which ``declaration`` was accepted."""

    def __init__(
        self, connection: Connection, declaration: Declaration, *, prefetch: int = 0
    ) -> None:
        self._connection = connection
        self._declaration = declaration
        self._prefetch = prefetch
        self._channel: Channel | None = None
        self._wire: Wire | None = None
        self._ready = threading.Event()
        self._settled = threading.Event()
        self._error: MidspanError = errors.unreachable(connection.address)
        self._pause = _FIRST_PAUSE
        self._ended = False

    def start(self, timeout: float = 10.0) -> None:
        """Open the channel within ``timeout`` seconds.

        Raises why it could not be: AccessDenied ``broker.denied`` and ProtocolError
        ``broker.topology_conflict`` or ``broker.not_found`` at once.
        """
        self._connection.attach(self)
        self._settled.wait(timeout)
        if not self._ready.is_set():
            self.end()
            raise self._error

    @property
    def is_ready(self) -> bool:
        """Whether the channel is open and set up right now."""
        return self._ready.is_set()

    def end(self) -> None:
        """Close the channel for good; what is unsettled goes back to its queue."""
        if not self._ended:
            self._ended = True
            self._connection.detach(self)
            self._connection.call(self._close)

    def connected(self, amqp: SelectConnection) -> None:
        """Open the channel on a new connection."""
        self._open(amqp)

    @abstractmethod
    def _set_up(self, channel: Channel, wire: Wire) -> None:
        """Begin work on a fresh channel, which is written to by its wire."""

    @abstractmethod
    def _on_lost(self, error: MidspanError) -> None:
        """Give up what was under way on the channel that just closed."""

    def _open(self, amqp: SelectConnection) -> None:
        if amqp.is_open and not self._ended:
            amqp.channel(on_open_callback=partial(self._on_open, amqp))

    def _on_open(self, amqp: SelectConnection, channel: Channel) -> None:
        channel.add_on_close_callback(partial(self._on_closed, amqp))
        self._declaration.declare(channel)
        # Declarations ask for no answer; that of the next method proves they were accepted.
        channel.basic_qos(
            prefetch_count=self._prefetch,
            callback=lambda _frame: self._on_declared(channel, wire_of(amqp, channel)),
        )

    def _on_declared(self, channel: Channel, wire: Wire) -> None:
        self._channel, self._wire = channel, wire
        self._pause = _FIRST_PAUSE
        self._set_up(channel, wire)
        self._ready.set()
        self._settled.set()

    def _on_closed(self, amqp: SelectConnection, _channel: Channel, reason: BaseException) -> None:
        self._ready.clear()
        self._channel = self._wire = None
        self._error = errors.channel_closed(reason, self._connection.address)
        self._on_lost(self._error)
        if not isinstance(self._error, TransientError):
            self._settled.set()
        if self._ended or not amqp.is_open:
            return
        log.warning("connection %s: %s", self._connection.name, self._error)
        amqp.ioloop.call_later(self._pause, partial(self._open, amqp))
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _close(self) -> None:
        if self._channel is not None and self._channel.is_open:
            self._channel.close()


class ConsumingSession(ChannelSession):
    """A channel on which one queue is consumed, again after the broker cancelled it.

    Messages come in bursts: as many as one read of the socket brought. Worker threads settle
    them by ``_hand_back``; whatever was handed back meanwhile goes out in one write.
    """

    def __init__(
        self, connection: Connection, declaration: Declaration, queue: str, *, prefetch: int
    ) -> None:
        super().__init__(connection, declaration, prefetch=prefetch)
        self._queue = queue
        self._consumer_tag = ""
        self._acks = Acks()
        self._handing = threading.Lock()
        self._handed: list[tuple[Wire, Act]] = []

    @abstractmethod
    def _on_burst(self, wire: Wire, deliveries: list[Delivery]) -> None:
        """Take messages, in the connection's thread, which must not wait for anything."""

    def _set_up(self, channel: Channel, wire: Wire) -> None:
        channel.add_on_cancel_callback(partial(self._on_cancelled, channel))
        self._acks = Acks()
        self._consumer_tag = wire.consume(self._queue, partial(self._on_burst, wire))

    def _hand_back(self, wire: Wire, act: Act) -> None:
        """Settle a message from any thread: its tag acknowledges it, a function does its own.

        Nothing happens once the channel is closed: the broker delivers the message again.
        """
        with self._handing:
            self._handed.append((wire, act))
            first = len(self._handed) == 1
        if first and not self._connection.call(self._settle):
            self._forget()

    def _forget(self) -> None:
        """Drop what was for a channel that is gone."""
        with self._handing:
            self._handed = [each for each in self._handed if each[0] is self._wire]
            left = bool(self._handed)
        if left:
            self._connection.call(self._settle)

    def _settle(self) -> None:
        with self._handing:
            handed, self._handed = self._handed, []
        current = self._wire
        if current is None:
            return
        tags = []
        for wire, act in handed:
            if wire is not current or not wire.is_open:
                continue
            if isinstance(act, int):
                tags.append(act)
            else:
                tags += act(wire)
        self._acks.write(current, tags)
        current.flush()

    def _on_lost(self, error: MidspanError) -> None:
        """Do nothing: the broker delivers again whatever was not acknowledged."""

    def _stop_consuming(self) -> None:
        """Return when no further message will come."""
        cancelled = threading.Event()
        if self._connection.call(partial(self._cancel, cancelled)):
            cancelled.wait(_CANCEL_TIMEOUT)

    def _on_cancelled(self, channel: Channel, _frame: object) -> None:
        log.warning("the broker cancelled the consumer of %s, which starts again", self._queue)
        channel.close()

    def _cancel(self, cancelled: threading.Event) -> None:
        tag, self._consumer_tag = self._consumer_tag, ""
        if not tag or self._channel is None or not self._channel.is_open:
            cancelled.set()
            return
        self._channel.basic_cancel(tag, lambda _frame: cancelled.set())
