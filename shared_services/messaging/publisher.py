"""Publishing that says exactly which messages the broker has taken responsibility for.

sender ``publish([m1, m2, …])`` → window of unconfirmed messages → broker's confirms → result

A message is ``CONFIRMED`` only after the broker's own confirm for it. One that no queue took
(with ``mandatory``) is ``RETURNED``, one the broker declined is ``REFUSED``; everything else,
above all what was on its way when the connection was lost, is ``UNCONFIRMED``: it may or may
not have arrived, and is to be published again under the same message id.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Final

import msgspec
from pika import BasicProperties, spec
from pika.channel import Channel

from midspan.kernel.errors import MidspanError, ProtocolError, RecordError, TransientError
from shared_services.messaging.connection import Connection
from shared_services.messaging.deliveries import Confirm
from shared_services.messaging.encoding import encode
from shared_services.messaging.envelope import MAX_BODY, Envelope
from shared_services.messaging.session import ChannelSession
from shared_services.messaging.topology import Declaration
from shared_services.messaging.wire import UNENCODABLE, Properties, Wire

WINDOW: Final = 1000
WINDOW_BYTES: Final = 16 * 1024 * 1024


class Outcome(Enum):
    """What became of a message."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    RETURNED = "returned"
    UNCONFIRMED = "unconfirmed"


class Outgoing(msgspec.Struct, frozen=True, weakref=False):
    """A message to publish; ``mandatory`` asks for its return when no queue takes it.

    Plain properties stand for an envelope when a received message is passed on as it is,
    of any size and however malformed.
    """

    exchange: str
    routing_key: str
    envelope: Envelope | BasicProperties
    body: bytes
    mandatory: bool = False


@dataclass(frozen=True, slots=True)
class PublishResult:
    """One outcome for each message, in their order, and the errors of those not confirmed."""

    outcomes: tuple[Outcome, ...]
    errors: dict[int, MidspanError]

    @property
    def confirmed(self) -> tuple[int, ...]:
        """Return the positions of the messages that the broker has taken."""
        return tuple(index for index, each in enumerate(self.outcomes) if each is Outcome.CONFIRMED)

    @property
    def complete(self) -> bool:
        """Whether every message was confirmed."""
        return not self.errors

    def require(self) -> None:
        """Raise the first error, if any message was not confirmed."""
        if self.errors:
            raise self.errors[min(self.errors)]


class _Batch:
    """The messages of one ``publish`` call; its caller waits for ``done``."""

    def __init__(self, messages: Sequence[Outgoing]) -> None:
        self.messages = messages
        self.outcomes = [Outcome.UNCONFIRMED] * len(messages)
        self.errors: dict[int, MidspanError] = {}
        self.left = len(messages)
        self.done = threading.Event()
        self.abandoned = False

    def settle(self, index: int, outcome: Outcome, error: MidspanError | None) -> None:
        if error is not None:
            self.errors[index] = error
        self.outcomes[index] = outcome
        self.left -= 1
        if not self.left:
            self.done.set()


@dataclass(slots=True)
class _Entry:
    """One message under way."""

    batch: _Batch
    index: int
    properties: Properties
    returned: MidspanError | None = None

    @property
    def message(self) -> Outgoing:
        return self.batch.messages[self.index]

    @property
    def message_id(self) -> str | None:
        envelope = self.message.envelope
        return envelope.id if isinstance(envelope, Envelope) else envelope.message_id


class Publisher(ChannelSession):
    """Publishes with confirms on a channel of its own; safe to call from many threads.

    It should have a connection to itself: while the broker blocks publishers, a connection
    that also consumes stops consuming.
    """

    def __init__(
        self,
        connection: Connection,
        declaration: Declaration,
        *,
        window: int = WINDOW,
        window_bytes: int = WINDOW_BYTES,
    ) -> None:
        super().__init__(connection, declaration)
        self._window = window
        self._window_bytes = window_bytes
        self._waiting: deque[_Entry] = deque()
        self._unconfirmed: dict[int, _Entry] = {}
        self._unconfirmed_bytes = 0
        self._next_tag = 1

    def publish(self, messages: Sequence[Outgoing], timeout: float = 30.0) -> PublishResult:
        """Publish ``messages`` in order; wait at most ``timeout`` seconds for their confirms.

        Never raises for a message: its outcome and error are in the result.
        """
        ends = time.monotonic() + timeout
        batch = _Batch(messages)
        entries = _entries(batch)
        if entries:
            ready = self._ready.wait(timeout)
            if ready and self._connection.call(partial(self._take, batch, entries)):
                batch.done.wait(max(ends - time.monotonic(), 0.0))
        batch.abandoned = True
        return self._result(batch)

    def _result(self, batch: _Batch) -> PublishResult:
        outcomes = tuple(batch.outcomes)
        reason = self._timed_out() if self._ready.is_set() else self._error
        return PublishResult(
            outcomes,
            {
                index: batch.errors.get(index, reason)
                for index, outcome in enumerate(outcomes)
                if outcome is not Outcome.CONFIRMED
            },
        )

    def _timed_out(self) -> TransientError:
        if self._connection.blocked:
            what = "takes no messages for now, being short of memory or disk"
            return TransientError("broker.blocked", f"the broker at {self._at} {what}")
        return TransientError(
            "broker.unconfirmed", f"the broker at {self._at} did not confirm the message in time"
        )

    @property
    def _at(self) -> str:
        return self._connection.address

    def _set_up(self, channel: Channel, wire: Wire) -> None:
        self._next_tag = 1
        channel.add_on_return_callback(self._on_return)
        wire.confirm(self._on_confirms)

    def _on_lost(self, error: MidspanError) -> None:
        lost = [*self._unconfirmed.values(), *self._waiting]
        self._unconfirmed.clear()
        self._waiting.clear()
        self._unconfirmed_bytes = 0
        for entry in lost:
            entry.batch.settle(entry.index, Outcome.UNCONFIRMED, error)

    def _take(self, batch: _Batch, entries: Sequence[_Entry]) -> None:
        if self._wire is None:
            for entry in entries:
                batch.settle(entry.index, Outcome.UNCONFIRMED, self._error)
            return
        self._waiting.extend(entries)
        self._pump(self._wire)

    def _pump(self, wire: Wire) -> None:
        """Send what waits, as far as the window is open."""
        while (
            self._waiting
            and len(self._unconfirmed) < self._window
            and self._unconfirmed_bytes < self._window_bytes
        ):
            entry = self._waiting.popleft()
            if not entry.batch.abandoned and not self._send(wire, entry):
                self._waiting.appendleft(entry)
                break
        wire.flush()

    def _send(self, wire: Wire, entry: _Entry) -> bool:
        """Write a message; return False when the channel is gone."""
        message = entry.message
        try:
            wire.publish(
                message.exchange,
                message.routing_key,
                entry.properties,
                message.body,
                mandatory=message.mandatory,
            )
        except UNENCODABLE as error:
            if not wire.is_open:
                return False
            entry.batch.settle(entry.index, Outcome.REFUSED, _unencodable(error))
            return True
        self._unconfirmed[self._next_tag] = entry
        self._unconfirmed_bytes += len(message.body)
        self._next_tag += 1
        return True

    def _on_return(
        self, _channel: Channel, method: spec.Basic.Return, properties: BasicProperties, _: bytes
    ) -> None:
        # A return says no tag. It comes before the confirm of its message, so the first one
        # under way with this id and address is the one.
        for entry in self._unconfirmed.values():
            message = entry.message
            if (
                entry.returned is None
                and entry.message_id == properties.message_id
                and message.routing_key == method.routing_key
                and message.exchange == method.exchange
            ):
                entry.returned = _returned(message)
                return

    def _on_confirms(self, confirms: Sequence[Confirm]) -> None:
        for tag, multiple, taken in confirms:
            error = None if taken else self._refused()
            for each in self._tags(tag) if multiple else (tag,):
                entry = self._unconfirmed.pop(each, None)
                if entry is not None:
                    self._unconfirmed_bytes -= len(entry.message.body)
                    _settle(entry, error)
        if self._waiting and self._wire is not None:
            self._pump(self._wire)

    def _tags(self, tag: int) -> list[int]:
        """Return the tags that a confirm of several speaks of; confirms come in any order."""
        found = []
        for each in self._unconfirmed:  # in their order
            if tag and each > tag:
                break
            found.append(each)
        return found

    def _refused(self) -> TransientError:
        return TransientError("broker.refused", f"the broker at {self._at} refused the message")


def _entries(batch: _Batch) -> list[_Entry]:
    """Return what can be sent; what is too large, or no AMQP, is settled at once."""
    entries = []
    for index, message in enumerate(batch.messages):
        envelope = message.envelope
        if not isinstance(envelope, Envelope):
            entries.append(_Entry(batch, index, envelope))
        elif len(message.body) > MAX_BODY:
            batch.settle(index, Outcome.REFUSED, _too_large(len(message.body)))
        else:
            try:
                entries.append(_Entry(batch, index, encode(envelope)))
            except UNENCODABLE as error:
                batch.settle(index, Outcome.REFUSED, _unencodable(error))
    return entries


def _settle(entry: _Entry, error: MidspanError | None) -> None:
    if entry.returned is not None:
        entry.batch.settle(entry.index, Outcome.RETURNED, entry.returned)
    elif error is not None:
        entry.batch.settle(entry.index, Outcome.REFUSED, error)
    else:
        entry.batch.settle(entry.index, Outcome.CONFIRMED, None)


def _returned(message: Outgoing) -> MidspanError:
    return ProtocolError(
        "message.unroutable",
        f"no queue takes {message.routing_key} from exchange {message.exchange}",
        remedy="Start the service that declares the queue",
    )


def _too_large(size: int) -> RecordError:
    return RecordError(
        "message.too_large",
        f"the body has {size} bytes, more than the {MAX_BODY} allowed",
        remedy="Send less at once, or a reference to the data",
    )


def _unencodable(error: Exception) -> RecordError:
    return RecordError(
        "message.unencodable",
        f"the message's properties cannot be carried by AMQP ({type(error).__name__})",
        remedy="Keep ids, keys and header names under 256 bytes",
    )
