"""Consuming so that a message which kills its consumers takes no other along.

The broker counts every delivery that ended without a word, and a killed consumer had many in
hand that it never began. Guarantee: a fresh channel has one message in hand at a time until it
met one that no consumer had before; only then it takes as many as it may. Thus each kill counts
for the message that was being handled, and for those behind it once at most.
"""

from midspan.kernel.errors import MidspanError
from shared_services.messaging.connection import Connection
from shared_services.messaging.deliveries import Delivery
from shared_services.messaging.failures import failed_attempts
from shared_services.messaging.session import ConsumingSession
from shared_services.messaging.topology import Declaration
from shared_services.messaging.wire import Wire


class CarefulSession(ConsumingSession):
    """Consumes ``queue``, at first one message at a time, later ``prefetch``.

    A subclass hands each burst to ``_look_at`` first. All of this runs in the connection's thread.
    """

    def __init__(
        self,
        connection: Connection,
        declaration: Declaration,
        queue: str,
        *,
        prefetch: int,
        ordered: bool,
    ) -> None:
        super().__init__(connection, declaration, queue, prefetch=prefetch)
        self._ordered = ordered
        self._careful = True
        self._fresh = self._begin_wide = False

    def _first_prefetch(self) -> int:
        self._careful, self._begin_wide, self._fresh = not self._begin_wide, False, False
        return 1 if self._careful else self._prefetch

    def _look_at(self, wire: Wire, deliveries: list[Delivery]) -> None:
        """Note whether what came first was in nobody's hands before."""
        if self._careful and deliveries:
            self._fresh = _is_fresh(deliveries[0])
            if self._fresh and not self._ordered:
                self._widen(wire)

    def _before_acks(self, wire: Wire) -> None:
        # Another consumer may become the active one of an ordered queue now: never before what
        # was in hand here was handled.
        if self._careful and self._fresh:
            self._widen(wire)

    def _widen(self, wire: Wire) -> None:
        self._careful = False
        self._consume_anew(wire, self._prefetch)

    def _begin_again(self, wire: Wire) -> None:
        """Hand back the one message in hand, and have many from now on."""
        if wire is self._wire and wire.is_open:
            self._begin_wide = True
            self._close()


def _is_fresh(delivery: Delivery) -> bool:
    try:
        return not failed_attempts(delivery.properties)
    except MidspanError:
        return True  # it is set aside at once, and kills nobody
