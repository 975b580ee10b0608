"""A center's commands: what apps ask for is carried out once, in the transaction that notes it.

Commands that came together are one transaction; when it fails, each is carried out alone, so
that one that cannot be done holds up no other. An error that stays makes it a dead letter, with
the error's code.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from midspan.kernel.errors import MidspanError, RecordError
from midspan.ops.metrics import Metrics
from midspan.store.engine import Store
from midspan.sync.centers import Center
from shared_services.messaging.consumer import Message
from shared_services.messaging.context import Work, working
from shared_services.messaging.topology import RETRY_DELAYS, Subscription, Topology
from shared_services.outbox.inbox import Inbox

QUEUE: Final = "commands"

# Far longer than a command is tried, or lies among the dead letters before somebody looks.
_REMEMBERED: Final = timedelta(days=90)


def command_queue(
    topology: Topology, center: Center, delays: Sequence[float] = RETRY_DELAYS
) -> Subscription:
    """Return the queue on which a center takes its commands, in order per record."""
    keys = [command.routing_key for command in center.commands]
    return topology.subscription(
        center.name, QUEUE, keys, delays=delays, ordered=True, source=topology.commands
    )


class Carrying:
    """Carries a center's commands out; ``receive`` takes them as they come."""

    def __init__(self, center: Center, store: Store, metrics: Metrics) -> None:
        self._center = center.name
        self._table = {one.routing_key: (one, carry) for one, carry in center.commands.items()}
        self._metrics = metrics
        self._inbox = Inbox(store, center.inbox, f"{center.name}.{QUEUE}", self._apply)

    def receive(self, messages: Sequence[Message]) -> None:
        """Carry out those that were not before; raises the first error, and keeps nothing then."""
        try:
            self._inbox.receive(messages)
        except MidspanError as error:
            if len(messages) == 1:
                self._count(messages[0].envelope.type, error.code)
            raise
        for message in messages:
            self._count(message.envelope.type, "ok")

    def forget(self) -> None:
        """Forget commands of long ago; their ids are not expected again."""
        self._inbox.forget(datetime.now(UTC) - _REMEMBERED)

    def _apply(self, connection: Connection, messages: Sequence[Message]) -> None:
        for message in messages:
            envelope = message.envelope
            if envelope.type not in self._table:
                raise RecordError("message.type_unknown", "the center knows no such command")
            command, carry = self._table[envelope.type]
            ends = envelope.deadline_seconds
            work = Work(envelope.traceparent, ends, envelope.id, envelope.correlation_id)
            with working(work):
                carry(connection, message.decode(command.body), envelope)

    def _count(self, type_: str, code: str) -> None:
        known = type_ if type_ in self._table else "unknown"
        self._metrics.commands.labels(self._center, known, code).inc()
