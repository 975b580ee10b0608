"""Handling each message at least once, and each failure a counted number of times.

queue → handler in a worker thread → ack, by way of the connection's thread
                 ↓ failure that may pass                      ↓ failure that stays, or the Nth
     unordered: retry queue, and back later                 dead letters, with the reason
     ordered: held here, its key's successors behind it

Attempts are counted by the broker, so that a killed consumer counts too. It counts all that the
consumer had in hand, begun or not. What was begun comes back before the rest; so only the first
messages of a channel are given up unseen, and a bystander is handled once at least.

A message is acknowledged only after its handler returned, or after the broker confirmed its
copy in a retry or dead-letter queue: a consumer killed in between doubles a message, never
loses one, so handlers are idempotent. A handler of any length costs no heartbeat. When
channel, queue or connection go away, consuming resumes on new ones, and what was not yet
acknowledged is delivered again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from pika import BasicProperties
from pika.channel import Channel

from midspan.kernel.clock import Clock, SystemClock
from midspan.kernel.errors import MidspanError
from shared_services.messaging import envelope as envelopes
from shared_services.messaging.connection import Connection
from shared_services.messaging.deliveries import Delivery
from shared_services.messaging.envelope import MAX_BODY, SUBJECT, Envelope
from shared_services.messaging.failures import (
    exhausted,
    expired,
    failed_attempts,
    is_retryable,
    own_attempts,
    with_failure,
)
from shared_services.messaging.publisher import Outgoing, Publisher
from shared_services.messaging.session import ConsumingSession
from shared_services.messaging.topology import Queue, Subscription
from shared_services.messaging.wire import Wire
from shared_services.messaging.workers import UNTIL_RESUMED, Lanes, WorkerPool

MAX_ATTEMPTS: Final = 5

# How long a message that could not even be set aside waits before it is handed back.
_HAND_BACK_PAUSE: Final = 1.0
_NOTHING: Final = object()

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Message:
    """A message as its handler sees it; ``attempt`` counts from 1."""

    envelope: Envelope
    body: bytes
    attempt: int

    def decode(self, type_: type[T]) -> T:
        """Return the body as ``type_``; raises RecordError, see ``envelope.decode``."""
        return envelopes.decode(self.body, type_)


Handler = Callable[[Message], None]


@dataclass(slots=True)
class InHand:
    """A message in hand, on the channel that alone can settle it.

    ``unreadable``: why its properties could not be read; then they are empty. ``held``: it failed,
    and is handed back when its pause is over, so that the broker counts the attempt.
    """

    wire: Wire
    tag: int
    properties: BasicProperties
    body: bytes
    failed: int
    unreadable: MidspanError | None = None
    held: bool = False


class Consumer(ConsumingSession):
    """Feeds a subscription's messages to ``handler``.

    ``publisher`` sets failed messages aside and should have a connection of its own. With an
    ordered subscription, messages of the same subject are handled one after another.
    """

    def __init__(
        self,
        connection: Connection,
        publisher: Publisher,
        subscription: Subscription,
        handler: Handler,
        *,
        prefetch: int = 100,
        workers: int = 4,
        max_attempts: int = MAX_ATTEMPTS,
        max_body: int = MAX_BODY,
        clock: Clock | None = None,
    ) -> None:
        queue = subscription.queue.name
        super().__init__(connection, subscription.declaration, queue, prefetch=prefetch)
        self._publisher = publisher
        self._subscription = subscription
        self._handler = handler
        self._max_attempts = max_attempts
        self._max_body = max_body
        self._clock = clock or SystemClock()
        self._pool = WorkerPool(workers, f"consume-{queue}")
        self._lanes = Lanes(self._pool)
        self._awaited: dict[str, object] = {}
        self._workers = workers
        self._front: dict[object, int] = {}

    def stop(self, timeout: float = 30.0) -> bool:
        """Take no more, finish what is in hand, hand back the rest.

        Returns False when a handler was still running after ``timeout`` seconds; its message
        is delivered again to the next consumer.
        """
        self._stop_consuming()
        finished = self._pool.stop(timeout)
        self.end()
        return finished

    def _set_up(self, channel: Channel, wire: Wire) -> None:
        self._front = {}
        super()._set_up(channel, wire)

    def _note_front(self, deliveries: list[Delivery]) -> None:
        """Note the first messages of a channel: as many as are handled side by side."""
        for each in deliveries:
            if len(self._front) >= self._workers:
                return
            lane = _subject(each) if self._subscription.ordered else None
            self._front.setdefault(each.tag if lane is None else lane, each.tag)

    def _take(self, wire: Wire, delivery: Delivery) -> InHand:
        """Return a message with its attempts, of which a bystander's last one is still to come."""
        taken = in_hand(wire, delivery)
        if taken.failed >= self._max_attempts and delivery.tag not in self._front.values():
            taken.failed = max(own_attempts(taken.properties), self._max_attempts - 1)
        return taken

    def _on_lost(self, error: MidspanError) -> None:
        super()._on_lost(error)
        while self._awaited:
            subject, _ = self._awaited.popitem()
            self._lanes.resume(subject, lambda: None)

    def _on_burst(self, wire: Wire, deliveries: list[Delivery]) -> None:
        self._note_front(deliveries)
        if self._subscription.ordered:
            for each in deliveries:
                self._alone(self._take(wire, each))
        else:
            self._pool.submit(*(partial(self._begin, wire, each) for each in deliveries))

    def _alone(self, delivery: InHand) -> None:
        """Handle a message in a worker thread, after its subject's earlier ones if ordered."""
        subject = self._lane(delivery)
        if subject is None:
            self._pool.submit(lambda: self._work_unordered(delivery))
        elif delivery.failed and self._came_back(subject, delivery):
            self._lanes.resume(subject, lambda: self._work(delivery))
        else:
            self._lanes.submit(subject, lambda: self._work(delivery))

    def _came_back(self, subject: str, delivery: InHand) -> bool:
        """Whether its lane waits for this message, and is told so here and nowhere else."""
        awaited = self._awaited.get(subject, _NOTHING) == delivery.properties.message_id
        return awaited and self._awaited.pop(subject, _NOTHING) is not _NOTHING

    def _lane(self, delivery: InHand) -> str | None:
        subject = (delivery.properties.headers or {}).get(SUBJECT)
        return subject if self._subscription.ordered and isinstance(subject, str) else None

    def _is_parked(self, delivery: InHand) -> bool:
        """Whether an earlier message of its subject is still in a worker's hands."""
        subject = self._lane(delivery)
        return subject is not None and self._lanes.holds(subject)

    def _begin(self, wire: Wire, delivery: Delivery) -> None:
        self._work_unordered(self._take(wire, delivery))

    def _work_unordered(self, delivery: InHand) -> None:
        pause = self._work(delivery)
        if pause is not None:
            self._pool.submit_later(pause, lambda: self._work_unordered(delivery))

    def _work(self, delivery: InHand) -> float | None:
        """Handle and settle; return the seconds to hold it when it is to be tried again."""
        if not delivery.wire.is_open:
            return None  # it is being delivered again; this copy cannot be settled any more
        if delivery.held:
            return self._hand_back_held(delivery)
        if delivery.failed >= self._max_attempts:
            self._give_up(delivery, exhausted(delivery.failed))
            return None
        if delivery.unreadable is not None:
            return self._fail(delivery, delivery.unreadable)
        try:
            envelope = self._read(delivery)
            self._handler(Message(envelope, delivery.body, delivery.failed + 1))
        except Exception as error:  # noqa: BLE001 classified and reported in _fail
            return self._fail(delivery, error)
        self._acknowledge(delivery)
        return None

    def _read(self, delivery: InHand) -> Envelope:
        """Return the envelope; raises RecordError for one that is not to be handled."""
        envelope = envelopes.parse(delivery.properties, delivery.body, max_body=self._max_body)
        seconds = envelope.deadline_seconds
        if seconds is not None and seconds < self._clock.now().timestamp():
            raise expired()
        return envelope

    def _fail(self, delivery: InHand, error: Exception) -> float | None:
        delivery.failed += 1
        self._report(delivery, error)
        if not is_retryable(error) or delivery.failed >= self._max_attempts:
            self._give_up(delivery, error)
            return None
        tier = min(delivery.failed, len(self._subscription.retries)) - 1
        if self._subscription.ordered:
            delivery.held = True
            return self._subscription.delays[tier]
        self._set_aside(delivery, self._subscription.retries[tier], error)
        return None

    def _hand_back_held(self, delivery: InHand) -> float | None:
        subject = self._lane(delivery)
        if subject is not None:
            self._awaited[subject] = delivery.properties.message_id
            # A channel lost before now was not told of it; one lost later resumes the lane.
            if not delivery.wire.is_open and self._awaited.pop(subject, _NOTHING) is not _NOTHING:
                return None
        self._hand_back(delivery.wire, partial(self._requeue, delivery))
        return None if subject is None else UNTIL_RESUMED

    def _report(self, delivery: InHand, error: Exception) -> None:
        # A foreign error may quote the payload, so its traceback is kept for debugging only.
        what = error if isinstance(error, MidspanError) else type(error).__name__
        log.warning(
            "%s: attempt %d of %d at message %s failed: %s",
            self._queue,
            delivery.failed,
            self._max_attempts,
            delivery.properties.message_id,
            what,
        )
        log.debug("traceback of the failed attempt", exc_info=error)

    def _give_up(self, delivery: InHand, error: Exception) -> None:
        self._set_aside(delivery, self._subscription.dead_letters, error)

    def _set_aside(self, delivery: InHand, queue: Queue, error: Exception) -> None:
        """Put a copy into ``queue``; acknowledge the original once the copy is confirmed."""
        properties = with_failure(delivery.properties, error, delivery.failed, self._clock.now())
        exchange = self._subscription.retry_exchange.name
        copy = Outgoing(exchange, queue.name, properties, delivery.body, mandatory=True)
        result = self._publisher.publish([copy])
        if result.complete:
            self._acknowledge(delivery)
            return
        log.error("%s: a message could not be set aside: %s", queue.name, result.errors[0])
        again = partial(self._hand_back, delivery.wire, partial(self._requeue, delivery))
        self._connection.call_later(_HAND_BACK_PAUSE, again)

    def _requeue(self, delivery: InHand, wire: Wire) -> tuple[int, ...]:
        wire.requeue(delivery.tag)
        self._acks.passed(delivery.tag)
        return ()

    def _acknowledge(self, delivery: InHand) -> None:
        self._hand_back(delivery.wire, delivery.tag)


def _subject(delivery: Delivery) -> str | None:
    try:
        subject = (delivery.properties.headers or {}).get(SUBJECT)
    except MidspanError:
        return None
    return subject if isinstance(subject, str) else None


def in_hand(wire: Wire, delivery: Delivery) -> InHand:
    """Return a delivery with its properties read, if they can be."""
    try:
        properties = delivery.properties
    except MidspanError as error:
        return InHand(wire, delivery.tag, BasicProperties(), delivery.body, 0, error)
    failed = failed_attempts(properties)
    return InHand(wire, delivery.tag, properties, delivery.body, failed)
