"""An envelope to the bytes of its AMQP properties.

Guarantee: ``encode`` writes what ``properties.encode(envelope.properties())`` would write. An
event, the message that comes by the thousand, is written without anything in between.
"""

import struct
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from pika import data
from pika.exceptions import ShortStringTooLong

from shared_services.messaging import properties
from shared_services.messaging.envelope import CONTENT_TYPE, SPECVERSION, Envelope

_LONGEST_SHORT: Final = 255
_U32 = struct.Struct(">I")
# content_type, headers, delivery_mode and message_id are there.
_FLAGS: Final = struct.pack(">H", 1 << 15 | 1 << 13 | 1 << 12 | 1 << 7)
_MODES: Final = {True: b"\x02", False: b"\x01"}


def encode(envelope: Envelope) -> bytes:
    """Return flags and list of the properties that carry ``envelope``.

    Raises what pika raises for a value that AMQP cannot carry.
    """
    e = envelope
    # What calls and commands say besides is left to the general way.
    more = (e.correlation_id, e.reply_to, e.expiration, e.deadline, e.idempotency_key, e.origin)
    return _event(e) if more == _NOTHING_MORE else properties.encode(e.properties())


def _event(envelope: Envelope) -> bytes:
    identity = envelope.id.encode()
    if len(identity) > _LONGEST_SHORT:
        raise ShortStringTooLong(envelope.id)
    pieces = [
        _BEFORE_ID,
        _U32.pack(len(identity)),
        identity,
        _kind(envelope.source, envelope.type),
        _moment(envelope.time),
    ]
    if envelope.subject is not None:
        text = envelope.subject.encode()
        pieces += (_SUBJECT, _U32.pack(len(text)), text)
    for name, number in ((_EPOCH, envelope.epoch), (_SEQUENCE, envelope.sequence)):
        if number is not None:
            pieces.append(name)
            data.encode_value(pieces, number)
    if envelope.traceparent is not None:
        text = envelope.traceparent.encode()
        pieces += (_TRACE, _U32.pack(len(text)), text)
    table = b"".join(pieces)
    mode = _MODES[envelope.persistent]
    size = _U32.pack(len(table))
    return b"".join((_START, size, table, mode, bytes((len(identity),)), identity))


@lru_cache(maxsize=512)
def _kind(source: str, type_: str) -> bytes:
    return _text("cloudEvents:source", source) + _text("cloudEvents:type", type_)


@lru_cache(maxsize=64)
def _moment(time: datetime) -> bytes:
    """Return the headers of a time; what was committed together has the same."""
    text = time.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return _text("cloudEvents:time", text) + _text("cloudEvents:datacontenttype", CONTENT_TYPE)


def _text(name: str, value: str) -> bytes:
    raw = value.encode()
    return _name(name) + b"S" + _U32.pack(len(raw)) + raw


def _name(name: str) -> bytes:
    raw = name.encode()
    return bytes((len(raw),)) + raw


_NOTHING_MORE: Final = (None,) * 6
_START: Final = _FLAGS + _name(CONTENT_TYPE)
_BEFORE_ID: Final = _text("cloudEvents:specversion", SPECVERSION) + _name("cloudEvents:id") + b"S"
_SUBJECT: Final = _name("cloudEvents:subject") + b"S"
_TRACE: Final = _name("traceparent") + b"S"
_EPOCH: Final = _name("x-epoch")
_SEQUENCE: Final = _name("x-sequence")
