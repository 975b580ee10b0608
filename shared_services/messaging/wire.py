"""How a session writes to its channel and hears from it: by pika alone, or by the fast path.

Guarantee: both wires do the same. What is written between two calls of ``flush`` goes out in its
order; on the fast wire it goes out at the flush, in one piece. A message that AMQP cannot carry
raises before any of it is written.
"""

import struct
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol, TypeAlias

from pika import BasicProperties, spec
from pika.adapters.select_connection import SelectConnection
from pika.channel import Channel
from pika.exceptions import AMQPError, ChannelWrongStateError, ShortStringTooLong
from pika.frame import Method

from shared_services.messaging import properties as codec
from shared_services.messaging.deliveries import Confirm, Delivery
from shared_services.messaging.fastpath import FRAME_MAX, FastConnection, Taker

# What a wire raises for a message that AMQP cannot carry, and for a channel that is gone.
UNENCODABLE: Final = (
    AMQPError,
    struct.error,
    OverflowError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
)

Properties: TypeAlias = BasicProperties | bytes
"""Properties, or their encoded flags and list."""

OnBurst = Callable[[list[Delivery]], None]
OnConfirms = Callable[[list[Confirm]], None]

_METHOD_FRAME = struct.Struct(">BHII")
_HEADER_FRAME = struct.Struct(">BHIHHQ")
_BODY_FRAME = struct.Struct(">BHI")
_ACK = struct.Struct(">BHIIQBB")
_PUBLISH, _BASIC_ACK, _BASIC_NACK = 60 << 16 | 40, 60 << 16 | 80, 60 << 16 | 120
_END: Final = b"\xce"
_FRAME_OVERHEAD: Final = 8
_LONGEST_SHORT: Final = 255
_MOST_ADDRESSES: Final = 1024
_REQUEUE: Final = 2


class Wire(Protocol):
    """A channel's outgoing and incoming side, in the connection's thread."""

    @property
    def is_open(self) -> bool:
        """Whether the channel is; safe to ask from any thread."""
        ...

    def publish(
        self,
        exchange: str,
        routing_key: str,
        properties: Properties,
        body: bytes,
        *,
        mandatory: bool = False,
    ) -> None:
        """Write a message."""
        ...

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        """Acknowledge a delivery, or it and all before it."""
        ...

    def requeue(self, tag: int) -> None:
        """Hand a delivery back to its queue."""
        ...

    def flush(self) -> None:
        """Send what was written."""
        ...

    def consume(self, queue: str, on_burst: OnBurst, *, auto_ack: bool = False) -> str:
        """Consume ``queue``; return the consumer's tag."""
        ...

    def confirm(self, on_confirms: OnConfirms) -> None:
        """Ask for confirms of what is published from now on."""
        ...


def wire_of(connection: SelectConnection, channel: Channel) -> Wire:
    """Return the wire of a channel, as fast as its connection."""
    if isinstance(connection, FastConnection):
        return FastWire(channel, connection)
    return PlainWire(channel)


class PlainWire:
    """pika's own channel methods."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    @property
    def is_open(self) -> bool:
        """Whether the channel is; safe to ask from any thread."""
        return bool(self._channel.is_open)

    def publish(
        self,
        exchange: str,
        routing_key: str,
        properties: Properties,
        body: bytes,
        *,
        mandatory: bool = False,
    ) -> None:
        """Write a message."""
        if isinstance(properties, bytes):
            properties = codec.decode(properties)
        self._channel.basic_publish(exchange, routing_key, body, properties, mandatory=mandatory)

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        """Acknowledge a delivery, or it and all before it."""
        self._channel.basic_ack(tag, multiple)

    def requeue(self, tag: int) -> None:
        """Hand a delivery back to its queue."""
        self._channel.basic_nack(tag, requeue=True)

    def flush(self) -> None:
        """Do nothing: pika sends as it writes."""

    def consume(self, queue: str, on_burst: OnBurst, *, auto_ack: bool = False) -> str:
        """Consume ``queue``; return the consumer's tag."""
        take = partial(_one, on_burst)
        return str(self._channel.basic_consume(queue, take, auto_ack=auto_ack))

    def confirm(self, on_confirms: OnConfirms) -> None:
        """Ask for confirms of what is published from now on."""
        self._channel.confirm_delivery(partial(_confirmed, on_confirms))


class FastWire(PlainWire):
    """Frames encoded into one buffer; deliveries and confirms by the fast path."""

    def __init__(self, channel: Channel, connection: FastConnection) -> None:
        super().__init__(channel)
        self._connection = connection
        self._number: int = channel.channel_number
        self._longest: int = (connection.params.frame_max or FRAME_MAX) - _FRAME_OVERHEAD
        self._addresses: dict[tuple[str, str, bool], bytes] = {}
        self._pieces: list[bytes] = []

    def publish(
        self,
        exchange: str,
        routing_key: str,
        properties: Properties,
        body: bytes,
        *,
        mandatory: bool = False,
    ) -> None:
        """Write a message."""
        if not self._channel.is_open:
            raise ChannelWrongStateError("the channel is not open")
        address = self._addresses.get((exchange, routing_key, mandatory))
        if address is None:
            address = self._address(exchange, routing_key, mandatory)
        listed = properties if type(properties) is bytes else codec.encode(properties)
        number, size = self._number, len(body)
        header = _HEADER_FRAME.pack(2, number, 12 + len(listed), 60, 0, size)
        pieces = self._pieces
        pieces += (address, header, listed, _END)
        if 0 < size <= self._longest:
            pieces += (_BODY_FRAME.pack(3, number, size), body, _END)
        elif size:
            self._split(body)

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        """Acknowledge a delivery, or it and all before it."""
        self._pieces.append(_ACK.pack(1, self._number, 13, _BASIC_ACK, tag, multiple, _END[0]))

    def requeue(self, tag: int) -> None:
        """Hand a delivery back to its queue."""
        self._pieces.append(_ACK.pack(1, self._number, 13, _BASIC_NACK, tag, _REQUEUE, _END[0]))

    def flush(self) -> None:
        """Send what was written, in one piece."""
        if self._pieces:
            data = b"".join(self._pieces)
            self._pieces.clear()
            if self._channel.is_open:
                self._connection.emit(data)

    def consume(self, queue: str, on_burst: OnBurst, *, auto_ack: bool = False) -> str:
        """Consume ``queue``; return the consumer's tag."""
        tag = super().consume(queue, on_burst, auto_ack=auto_ack)
        self._connection.register(self._channel, Taker(tag, on_burst))
        return tag

    def confirm(self, on_confirms: OnConfirms) -> None:
        """Ask for confirms of what is published from now on."""
        super().confirm(on_confirms)
        self._connection.register(self._channel, Taker(on_confirms=on_confirms))

    def _split(self, body: bytes) -> None:
        for begin in range(0, len(body), self._longest):
            part = body[begin : begin + self._longest]
            self._pieces += (_BODY_FRAME.pack(3, self._number, len(part)), part, _END)

    def _address(self, exchange: str, routing_key: str, mandatory: bool) -> bytes:
        """Return the publish method's frame, kept for the next message that goes there."""
        where = b"\0\0" + _short(exchange) + _short(routing_key) + bytes((mandatory,))
        frame = _METHOD_FRAME.pack(1, self._number, 4 + len(where), _PUBLISH)
        if len(self._addresses) >= _MOST_ADDRESSES:
            self._addresses.clear()
        whole = self._addresses[exchange, routing_key, mandatory] = frame + where + _END
        return whole


def _short(text: str) -> bytes:
    raw = text.encode()
    if len(raw) > _LONGEST_SHORT:
        raise ShortStringTooLong(raw)
    return bytes((len(raw),)) + raw


def _one(
    on_burst: OnBurst,
    _channel: Channel,
    method: spec.Basic.Deliver,
    properties: BasicProperties,
    body: bytes,
) -> None:
    key = method.routing_key
    raw = key.encode() if isinstance(key, str) else key
    on_burst([Delivery(method.delivery_tag, method.redelivered, raw, properties, body)])


def _confirmed(on_confirms: OnConfirms, frame: Method[spec.Basic.Ack | spec.Basic.Nack]) -> None:
    method = frame.method
    on_confirms([(method.delivery_tag, method.multiple, isinstance(method, spec.Basic.Ack))])
