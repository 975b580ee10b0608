"""A message's properties to bytes and back, the same bytes and values as pika's own.

Guarantee: ``encode`` writes what pika would write and ``decode`` reads what pika would read;
only faster, since names are encoded once and the common types are handled here. Every other type
is left to pika. Properties that cannot be read are an error of that message alone, never of
the connection it came by.
"""

import struct
from typing import Any, Final

from pika import BasicProperties, data
from pika.exceptions import AMQPError, ShortStringTooLong

from midspan.kernel.errors import RecordError

# In the order of their flags, from the highest bit; ``headers`` and numbers have forms of their
# own, everything else is a short string.
_FIELDS: Final = (
    (1 << 15, "content_type"),
    (1 << 14, "content_encoding"),
    (1 << 13, "headers"),
    (1 << 12, "delivery_mode"),
    (1 << 11, "priority"),
    (1 << 10, "correlation_id"),
    (1 << 9, "reply_to"),
    (1 << 8, "expiration"),
    (1 << 7, "message_id"),
    (1 << 6, "timestamp"),
    (1 << 5, "type"),
    (1 << 4, "user_id"),
    (1 << 3, "app_id"),
    (1 << 2, "cluster_id"),
)
_SMALL: Final = ("delivery_mode", "priority")
_MOST_NAMES: Final = 512
_LONGEST_SHORT: Final = 255
_SIZES: Final = [bytes((size,)) for size in range(256)]
_TEXT, _LONG, _INT = b"S"[0], b"l"[0], b"I"[0]

_U32 = struct.Struct(">I")
_I32 = struct.Struct(">i")
_I64 = struct.Struct(">q")
_TEXT_SIZE = struct.Struct(">BI")
_U64 = struct.Struct(">Q")
_U16 = struct.Struct(">H")

_UNREADABLE = (
    AMQPError,
    struct.error,
    IndexError,
    ValueError,
    OverflowError,
    OSError,
    RecursionError,
)

_encoded_names: dict[str, bytes] = {}
_decoded_names: dict[bytes, str] = {}
# Which fields a content header holds, by its flags: 2 ** 14 at most, a dozen in practice.
_plans: dict[int, tuple[str, ...]] = {}
_NOTHING: Final[dict[str, Any]] = dict.fromkeys(name for _, name in _FIELDS)


def encode(properties: BasicProperties) -> bytes:
    """Return the property flags and list of a content header.

    Raises what pika raises for a value that AMQP cannot carry.
    """
    flags = 0
    pieces: list[bytes] = [b""]
    values = properties.__dict__
    for bit, name in _FIELDS:
        value = values[name]
        if value is None:
            continue
        flags |= bit
        if type(value) is str:
            text = value.encode()
            if len(text) > _LONGEST_SHORT:
                raise ShortStringTooLong(text)
            pieces += (_SIZES[len(text)], text)
        elif name == "headers":
            _encode_table(pieces, value)
        else:
            _encode_other(pieces, name, value)
    pieces[0] = _U16.pack(flags)
    return b"".join(pieces)


class Template:
    """Properties that differ from message to message in some short texts alone.

    Made from properties whose varying fields hold ``MARK``; ``raw`` takes their texts in the
    order of AMQP's fields, each shorter than 256 bytes.
    """

    MARK: Final = "\N{REPLACEMENT CHARACTER}"

    def __init__(self, properties: BasicProperties) -> None:
        mark = self.MARK.encode()
        self._first, *self._rest = encode(properties).split(_SIZES[len(mark)] + mark)

    def raw(self, *texts: str) -> bytes:
        """Return the encoded properties."""
        pieces = [self._first]
        for text, rest in zip(texts, self._rest, strict=True):
            value = text.encode()
            pieces += (_SIZES[len(value)], value, rest)
        return b"".join(pieces)


def decode(raw: bytes) -> BasicProperties:
    """Return the properties of a content header's flags and list.

    Raises RecordError ``message.header_invalid`` when they cannot be read.
    """
    try:
        return _decode(raw)
    except _UNREADABLE:
        raise RecordError(
            "message.header_invalid",
            "the message's properties cannot be read",
            remedy="Mend the program that sent it: they are not what AMQP allows",
        ) from None


def _decode(raw: bytes) -> BasicProperties:
    (flags,) = _U16.unpack_from(raw)
    plan = _plans.get(flags)
    if plan is None:
        if flags & 1:  # more flags than AMQP has names for
            return BasicProperties().decode(raw)
        plan = _plans[flags] = tuple(name for bit, name in _FIELDS if flags & bit)
    found = dict(_NOTHING)
    at = 2
    for name in plan:
        if name == "headers":
            found[name], at = _decode_table(raw, at)
        elif name in _SMALL:
            found[name] = raw[at]
            at += 1
        elif name == "timestamp":
            (found[name],) = _U64.unpack_from(raw, at)
            at += 8
        else:
            begin = at + 1
            at = begin + raw[at]
            found[name] = _text(raw[begin:at])
    if at > len(raw):
        raise ValueError("the properties end early")
    properties: BasicProperties = BasicProperties.__new__(BasicProperties)
    properties.__dict__ = found
    return properties


def _decode_table(raw: bytes, at: int) -> tuple[dict[str, Any], int]:
    end = at + 4 + _U32.unpack_from(raw, at)[0]
    at += 4
    table: dict[str, Any] = {}
    while at < end:
        begin = at + 1
        at = begin + raw[at]
        name, kind = _name(raw[begin:at]), raw[at]
        if kind == _TEXT:
            begin = at + 5
            at = begin + _U32.unpack_from(raw, at + 1)[0]
            value: Any = _text(raw[begin:at])
        elif kind == _INT:
            (value,) = _I32.unpack_from(raw, at + 1)
            at += 5
        elif kind == _LONG:
            value = data.long(_I64.unpack_from(raw, at + 1)[0])
            at += 9
        else:
            value, at = data.decode_value(raw, at)
        table[name] = value
    if at != end:
        raise ValueError("a table ends within a value")
    return table, at


def _name(raw: bytes) -> str:
    name = _decoded_names.get(raw)
    if name is None:
        if len(_decoded_names) >= _MOST_NAMES:
            _decoded_names.clear()
        name = _decoded_names[raw] = _text(raw)
    return name


def _text(raw: bytes) -> Any:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw  # as in pika: bytes that are no text stay bytes


def _encode_table(pieces: list[bytes], table: dict[str, Any]) -> None:
    place = len(pieces)
    pieces.append(b"")
    for name, value in table.items():
        known = _encoded_names.get(name)
        if known is None:
            known = _encoded_name(name)
        if type(value) is str:
            text = value.encode()
            pieces += (known, _TEXT_SIZE.pack(_TEXT, len(text)), text)
        else:
            pieces.append(known)
            data.encode_value(pieces, value)
    pieces[place] = _U32.pack(sum(map(len, pieces[place:])))


def _encoded_name(name: str) -> bytes:
    if len(_encoded_names) >= _MOST_NAMES:
        _encoded_names.clear()
    pieces: list[bytes] = []
    data.encode_short_string(pieces, name)
    known = _encoded_names[name] = b"".join(pieces)
    return known


def _encode_other(pieces: list[bytes], name: str, value: Any) -> None:
    if name in _SMALL:
        pieces.append(struct.pack("B", value))
    elif name == "timestamp":
        pieces.append(_U64.pack(value))
    else:
        data.encode_short_string(pieces, value)
