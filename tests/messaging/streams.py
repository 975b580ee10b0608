"""A consumer that keeps what it gets, and properties that are any bytes."""

from pika import BasicProperties

from shared_services.messaging.connection import Connection
from shared_services.messaging.deliveries import Delivery
from shared_services.messaging.session import ConsumingSession
from shared_services.messaging.topology import Declaration
from shared_services.messaging.wire import Wire


class Keeping(ConsumingSession):
    """Keeps the bodies that come, in their order, and acknowledges them."""

    def __init__(self, connection: Connection, queue: str, prefetch: int = 100) -> None:
        super().__init__(connection, Declaration(), queue, prefetch=prefetch)
        self.bodies: list[bytes] = []
        self.properties: list[BasicProperties] = []

    def _on_burst(self, wire: Wire, deliveries: list[Delivery]) -> None:
        self.bodies += [each.body for each in deliveries]
        self.properties += [each.properties for each in deliveries]
        self._acks.write(wire, [each.tag for each in deliveries])
        wire.flush()


class AnyBytes(BasicProperties):  # type: ignore[misc]  # pika is untyped
    """Properties that go out as they are given, however malformed."""

    def __init__(self, raw: bytes) -> None:
        super().__init__()
        self._raw = raw

    def encode(self) -> list[bytes]:
        """Return the bytes in place of an encoding."""
        return [self._raw]
