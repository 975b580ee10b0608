"""What a channel is handed: messages as they came, and confirms.

Guarantee: a delivery's properties are read when they are asked for, by whoever asks; reading
them may fail, and then fails for this message alone.
"""

from pika import BasicProperties

from shared_services.messaging import properties

Confirm = tuple[int, bool, bool]
"""A tag, whether it stands for all before it too, and whether it is an ack."""


class Delivery:
    """A message on its channel; ``raw`` are its properties as bytes, None when read already."""

    __slots__ = ("_key", "_properties", "body", "raw", "redelivered", "tag")

    def __init__(
        self,
        tag: int,
        redelivered: bool,
        key: bytes,
        properties_: BasicProperties | None = None,
        body: bytes = b"",
    ) -> None:
        self.tag = tag
        self.redelivered = redelivered
        self.raw = b""
        self.body = body
        self._key = key
        self._properties = properties_

    @property
    def routing_key(self) -> str:
        """Return the key it was published with."""
        return self._key.decode(errors="replace")

    @property
    def properties(self) -> BasicProperties:
        """Return its properties; raises RecordError ``message.header_invalid``."""
        if self._properties is None:
            self._properties = properties.decode(self.raw)
        return self._properties
