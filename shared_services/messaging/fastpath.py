"""The fast path over pika: read straight from the buffer, written in whole bursts.

Guarantee: what a channel registered here is handed is what pika would hand it, in the same
order. Frames of other channels and of other kinds go to pika, after what came before them was
handed over; so closes, cancels, returns, heartbeats and every error stay pika's. A message
whose properties cannot be read costs itself alone, since they are read by whoever handles it.

It touches names that pika keeps to itself, the same in 1.3 and 1.4: ``_on_data_available``,
``_process_frame``, ``_frame_buffer``, ``_on_channel_cleanup``, ``_proto_connection_made``,
``_adapter_emit_data``, ``_transport``, ``_MAX_RECV_BYTES`` and ``_MAX_CONSUME_BYTES``. pika is
pinned below its next minor version.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

from pika import frame
from pika.adapters.select_connection import SelectConnection
from pika.channel import Channel
from pika.exceptions import InvalidFrameError

from shared_services.messaging.deliveries import Confirm, Delivery

RECEIVE_BYTES: Final = 256 * 1024
FRAME_MAX: Final = 131_072

_FRAME = struct.Struct(">BHI")
_FRAME_END = 0xCE
_METHOD, _HEADER, _BODY = 1, 2, 3
_DELIVER, _ACK, _NACK = 60 << 16 | 60, 60 << 16 | 80, 60 << 16 | 120
_U32 = struct.Struct(">I")
_TAG = struct.Struct(">QB")
_SIZE = struct.Struct(">Q")
# The content header before its properties: class, weight, body size.
_PREAMBLE = 12


class Taker:
    """What one channel wants read fast: deliveries of one consumer, or confirms."""

    __slots__ = (
        *("body", "missing", "partial"),
        *("confirms", "deliveries"),
        *("on_burst", "on_confirms", "prefix"),
    )

    def __init__(
        self,
        consumer_tag: str = "",
        on_burst: Callable[[list[Delivery]], None] | None = None,
        on_confirms: Callable[[list[Confirm]], None] | None = None,
    ) -> None:
        tag = consumer_tag.encode()
        self.prefix = bytes((len(tag),)) + tag if on_burst else None
        self.on_burst = on_burst
        self.on_confirms = on_confirms
        self.deliveries: list[Delivery] = []
        self.confirms: list[Confirm] = []
        self.partial: Delivery | None = None
        self.missing = -1
        self.body: list[bytes] = []

    def take(self, kind: int, buffer: bytes, at: int, end: int) -> bool:
        """Read a frame's payload; return False when it is pika's."""
        if kind == _METHOD:
            return self._method(buffer, at)
        if self.partial is None:
            return False
        if kind == _BODY:
            return self._fragment(buffer[at:end])
        if kind != _HEADER:
            return False
        (self.missing,) = _SIZE.unpack_from(buffer, at + 4)
        self.partial.raw = buffer[at + _PREAMBLE : end]
        if not self.missing:
            self._complete(self.partial, b"")
        return True

    def hand_over(self) -> None:
        """Give away what was read whole."""
        if self.deliveries and self.on_burst is not None:
            deliveries, self.deliveries = self.deliveries, []
            self.on_burst(deliveries)
        if self.confirms and self.on_confirms is not None:
            confirms, self.confirms = self.confirms, []
            self.on_confirms(confirms)

    def _method(self, buffer: bytes, at: int) -> bool:
        (what,) = _U32.unpack_from(buffer, at)
        if what == _DELIVER and self.prefix is not None and buffer.startswith(self.prefix, at + 4):
            at += 4 + len(self.prefix)
            tag, redelivered = _TAG.unpack_from(buffer, at)
            at += 10 + buffer[at + 9]  # past the exchange's name
            key = buffer[at + 1 : at + 1 + buffer[at]]
            self.partial = Delivery(tag, bool(redelivered), key)
            return True
        if what in (_ACK, _NACK) and self.on_confirms is not None:
            tag, multiple = _TAG.unpack_from(buffer, at + 4)
            self.confirms.append((tag, bool(multiple & 1), what == _ACK))
            return True
        return False

    def _fragment(self, part: bytes) -> bool:
        partial = self.partial
        if partial is None or self.missing <= 0:
            return False
        self.missing -= len(part)
        if not self.missing and not self.body:
            self._complete(partial, part)
            return True
        self.body.append(part)
        if self.missing < 0:
            raise InvalidFrameError("a body is longer than its header says")
        if not self.missing:
            self._complete(partial, b"".join(self.body))
            self.body = []
        return True

    def _complete(self, partial: Delivery, body: bytes) -> None:
        partial.body = body
        self.deliveries.append(partial)
        self.partial, self.missing = None, -1


class FastConnection(SelectConnection):  # type: ignore[misc]  # pika is untyped for us
    """pika's connection with the fast path; it is pika's until a channel is registered."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._takers: dict[int, Taker] = {}
        self._frame_buffer: bytes
        super().__init__(*args, **options)

    def register(self, channel: Channel, taker: Taker) -> None:
        """Read ``channel`` fast, until it is gone."""
        self._takers[channel.channel_number] = taker

    def emit(self, data: bytes) -> None:
        """Write frames, whole messages of them, at once."""
        if self._transport is not None and not self.is_closed:
            self.bytes_sent += len(data)
            self._adapter_emit_data(data)

    def _proto_connection_made(self, transport: Any) -> None:
        transport._MAX_RECV_BYTES = RECEIVE_BYTES  # noqa: SLF001 see the module's list
        # One read a turn: the loop comes back at once while there is more, and need not be
        # told by an exception that there is none.
        transport._MAX_CONSUME_BYTES = 1  # noqa: SLF001 the same
        super()._proto_connection_made(transport)

    def _on_channel_cleanup(self, channel: Channel) -> None:
        self._takers.pop(channel.channel_number, None)
        super()._on_channel_cleanup(channel)

    def _on_data_available(self, data_in: bytes) -> None:
        if not self._takers:
            super()._on_data_available(data_in)
            return
        buffer = self._frame_buffer + data_in if self._frame_buffer else data_in
        self._frame_buffer = b""
        rest = self._read_frames(buffer)
        if rest:
            self._frame_buffer = rest

    def _read_frames(self, buffer: bytes) -> bytes:
        """Handle the whole frames of ``buffer``; return what is left."""
        takers, touched = self._takers, set()
        longest = self.params.frame_max or FRAME_MAX
        at, size, frames = 0, len(buffer), 0
        while size - at > 7:
            kind, channel, length = _FRAME.unpack_from(buffer, at)
            end = at + 7 + length
            if length > longest:
                raise InvalidFrameError("a frame is longer than was agreed")
            if end >= size:
                break
            if buffer[end] != _FRAME_END:
                raise InvalidFrameError("Invalid FRAME_END marker")
            frames += 1
            taker = takers.get(channel)
            if taker is not None and taker.take(kind, buffer, at + 7, end):
                touched.add(taker)
            else:
                self._hand_over(touched)
                # pika counts the frames that it processes itself.
                frames -= 1
                self._process_frame(frame.decode_frame(buffer[at : end + 1])[1])
            at = end + 1
        self.bytes_received += at
        self.frames_received += frames
        self._hand_over(touched)
        return buffer[at:] if at < size else b""

    @staticmethod
    def _hand_over(touched: set[Taker]) -> None:
        while touched:
            touched.pop().hand_over()
