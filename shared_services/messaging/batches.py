"""Handling messages in batches: one call of the handler, and one transaction of it, for many.

queue → up to ``size`` messages, or what came within ``linger`` → handler → one acknowledgement
                                             ↓ failure
                                    each message alone, as a Consumer would

Guarantee: as with a Consumer, a message is acknowledged after the handler returned for it, so
handlers are idempotent. A failed batch costs none of its messages an attempt: each is then handled
alone, and only what fails alone is tried again or set aside. With an ordered subscription a
subject's messages keep their order, also while one of them waits for its next attempt.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from midspan.kernel.clock import Clock
from midspan.kernel.errors import MidspanError
from shared_services.messaging.connection import Connection
from shared_services.messaging.consumer import MAX_ATTEMPTS, Consumer, InHand, Message
from shared_services.messaging.deliveries import Delivery
from shared_services.messaging.envelope import MAX_BODY
from shared_services.messaging.publisher import Publisher
from shared_services.messaging.topology import Subscription
from shared_services.messaging.wire import Wire

SIZE: Final = 200
LINGER: Final = 0.005

log = logging.getLogger(__name__)

BatchHandler = Callable[[Sequence[Message]], None]


class BatchConsumer(Consumer):
    """Feeds a subscription's messages to ``handler``, up to ``size`` at a time.

    ``linger`` (seconds) is how long a batch that is not full waits for more.
    """

    def __init__(
        self,
        connection: Connection,
        publisher: Publisher,
        subscription: Subscription,
        handler: BatchHandler,
        *,
        size: int = SIZE,
        linger: float = LINGER,
        workers: int = 4,
        max_attempts: int = MAX_ATTEMPTS,
        max_body: int = MAX_BODY,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(
            connection,
            publisher,
            subscription,
            lambda message: handler([message]),
            prefetch=2 * size,
            workers=workers,
            max_attempts=max_attempts,
            max_body=max_body,
            clock=clock,
        )
        self._handle_batch = handler
        self._size = size
        self._linger = linger
        self._gathered: deque[tuple[Wire, Delivery]] = deque()
        self._changed = threading.Condition()
        self._stopped = False
        self._batcher = threading.Thread(
            target=self._work_batches, name=f"batch-{self._queue}", daemon=True
        )

    def start(self, timeout: float = 10.0) -> None:
        """Begin to consume within ``timeout`` seconds; raises as ``ChannelSession.start``."""
        self._batcher.start()
        super().start(timeout)

    def stop(self, timeout: float = 30.0) -> bool:
        """Take no more, finish the batch in hand, hand back the rest.

        Returns False when a handler was still running after ``timeout`` seconds.
        """
        ends = time.monotonic() + timeout
        self._stop_consuming()
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._batcher.join(timeout)
        ended = not self._batcher.is_alive()
        return super().stop(max(ends - time.monotonic(), 0.0)) and ended

    def _on_burst(self, wire: Wire, deliveries: list[Delivery]) -> None:
        self._note_front(deliveries)
        with self._changed:
            self._gathered.extend((wire, each) for each in deliveries)
            self._changed.notify()

    def _work_batches(self) -> None:
        while (batch := self._next_batch()) is not None:
            try:
                self._work_batch(batch)
            except Exception:
                log.exception("%s: a batch met an unexpected error", self._queue)

    def _next_batch(self) -> list[tuple[Wire, Delivery]] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._gathered or self._stopped)
            self._changed.wait_for(
                lambda: len(self._gathered) >= self._size or self._stopped, self._linger
            )
            if self._stopped:
                return None
            count = min(self._size, len(self._gathered))
            return [self._gathered.popleft() for _ in range(count)]

    def _work_batch(self, batch: Sequence[tuple[Wire, Delivery]]) -> None:
        taken: list[tuple[InHand, Message]] = []
        for wire, delivery in batch:
            if wire.is_open:
                self._sort(self._take(wire, delivery), taken)
        if not taken:
            return
        try:
            self._handle_batch([message for _, message in taken])
        except Exception as error:  # noqa: BLE001 each message says for itself what is wrong
            what = error if isinstance(error, MidspanError) else type(error).__name__
            log.info("%s: a batch of %d failed: %s; each alone", self._queue, len(taken), what)
            for each, _ in taken:
                self._alone(each)
            return
        for each, _ in taken:
            self._acknowledge(each)

    def _sort(self, each: InHand, taken: list[tuple[InHand, Message]]) -> None:
        """Put a message into the batch, unless it is to be handled alone."""
        if each.unreadable is not None or each.failed or self._is_parked(each):
            self._alone(each)
            return
        try:
            envelope = self._read(each)
        except MidspanError:
            self._alone(each)
            return
        taken.append((each, Message(envelope, each.body, 1)))
