"""What a message says about itself: CloudEvents attributes and AMQP's own properties.

Reading is strict: an envelope that lacks an attribute, has one of the wrong type, an unknown
version, another content type, or a body that is too large or no JSON raises ``RecordError``
with a stable ``message.*`` code, and nothing of the payload is in the error.

========================  ==========================  ====================================
attribute                 where                       form
========================  ==========================  ====================================
``id``                    message_id, cloudEvents:id  text, unique for its source
``source``, ``type``      cloudEvents:*               text
``subject``               cloudEvents:subject         ``entity/id``; messages of one key
``time``                  cloudEvents:time            RFC 3339, UTC
``epoch``, ``sequence``   x-epoch, x-sequence         integers; order within the subject
``deadline``              x-deadline                  unix milliseconds
``traceparent``           traceparent                 W3C trace context
``idempotency_key``       x-idempotency-key           text
``origin``                x-origin                    system whose change this was
========================  ==========================  ====================================
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
from pika import BasicProperties

from midspan.kernel.errors import RecordError

SPECVERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/json"
MAX_BODY: Final = 1024 * 1024
DEADLINE: Final = "x-deadline"
TRACEPARENT: Final = "traceparent"
SUBJECT: Final = "cloudEvents:subject"

_TRANSIENT, _PERSISTENT = 1, 2
_PLACE = re.compile(r"at `(\$[^`]*)`$")

T = TypeVar("T")


class Envelope(msgspec.Struct, frozen=True, kw_only=True, weakref=False):
    """A message without its body; ``expiration`` is in milliseconds, ``deadline`` unix ms."""

    id: str
    source: str
    type: str
    time: datetime
    subject: str | None = None
    epoch: int | None = None
    sequence: int | None = None
    correlation_id: str | None = None
    reply_to: str | None = None
    expiration: int | None = None
    deadline: int | None = None
    traceparent: str | None = None
    idempotency_key: str | None = None
    origin: str | None = None
    persistent: bool = True

    @property
    def deadline_seconds(self) -> float | None:
        """Return the deadline as unix time in seconds."""
        return None if self.deadline is None else self.deadline / 1000

    def properties(self) -> BasicProperties:
        """Return the AMQP properties that carry this envelope."""
        return BasicProperties(
            content_type=CONTENT_TYPE,
            delivery_mode=_PERSISTENT if self.persistent else _TRANSIENT,
            message_id=self.id,
            correlation_id=self.correlation_id,
            reply_to=self.reply_to,
            expiration=None if self.expiration is None else str(self.expiration),
            headers=self._headers(),
        )

    def _headers(self) -> dict[str, Any]:
        headers = {
            "cloudEvents:specversion": SPECVERSION,
            "cloudEvents:id": self.id,
            "cloudEvents:source": self.source,
            "cloudEvents:type": self.type,
            "cloudEvents:time": self.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "cloudEvents:datacontenttype": CONTENT_TYPE,
            SUBJECT: self.subject,
            "x-epoch": self.epoch,
            "x-sequence": self.sequence,
            DEADLINE: self.deadline,
            TRACEPARENT: self.traceparent,
            "x-idempotency-key": self.idempotency_key,
            "x-origin": self.origin,
        }
        return {name: value for name, value in headers.items() if value is not None}


def parse(properties: BasicProperties, body: bytes, *, max_body: int = MAX_BODY) -> Envelope:
    """Read the envelope of a received message, and check its body's size and JSON syntax.

    Raises RecordError with code ``message.header_missing``, ``.header_invalid``,
    ``.version_unknown``, ``.content_type``, ``.too_large`` or ``.body_not_json``.
    """
    _check_body(properties, body, max_body)
    headers = properties.headers or {}
    version = _text(headers, "cloudEvents:specversion")
    if version != SPECVERSION:
        raise RecordError(
            "message.version_unknown",
            f"the message is of an unknown CloudEvents version; known is {SPECVERSION}",
        )
    identity = _text(headers, "cloudEvents:id")
    if properties.message_id != identity:
        raise _invalid("message_id", "equal to cloudEvents:id")
    return Envelope(
        id=identity,
        source=_text(headers, "cloudEvents:source"),
        type=_text(headers, "cloudEvents:type"),
        time=_time(headers),
        subject=_optional(headers, SUBJECT, str),
        epoch=_optional(headers, "x-epoch", int),
        sequence=_optional(headers, "x-sequence", int),
        correlation_id=properties.correlation_id,
        reply_to=properties.reply_to,
        expiration=_milliseconds(properties.expiration),
        deadline=_optional(headers, DEADLINE, int),
        traceparent=_optional(headers, TRACEPARENT, str),
        idempotency_key=_optional(headers, "x-idempotency-key", str),
        origin=_optional(headers, "x-origin", str),
        persistent=properties.delivery_mode == _PERSISTENT,
    )


def decode(body: bytes, type_: type[T]) -> T:
    """Return the body as ``type_``.

    Raises RecordError ``message.body_not_json`` or ``message.body_invalid``; the latter names
    the place in the body, never the value found there.
    """
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError as error:
        raise RecordError(
            "message.body_invalid",
            f"the body is no valid {type_.__name__}: see {place_of(error)}",
        ) from None
    except msgspec.DecodeError:
        raise _not_json() from None


def place_of(error: msgspec.ValidationError) -> str:
    """Return the JSON path of a validation error; its own text may quote the value."""
    text = str(error)
    found = _PLACE.search(text)
    field = re.search(r"(?:required|unknown) field `([^`]*)`", text)
    path = found[1] if found else "$"
    return f"{path}.{field[1]}" if field else path


def _check_body(properties: BasicProperties, body: bytes, max_body: int) -> None:
    if len(body) > max_body:
        raise RecordError(
            "message.too_large",
            f"the body has {len(body)} bytes, more than the {max_body} allowed",
            remedy="Send less at once, or a reference to the data",
        )
    if properties.content_type != CONTENT_TYPE:
        raise RecordError("message.content_type", f"the content type is not {CONTENT_TYPE}")
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except msgspec.DecodeError:
        raise _not_json() from None


def _not_json() -> RecordError:
    return RecordError("message.body_not_json", "the body is no JSON")


def _text(headers: Mapping[str, Any], name: str) -> str:
    value = _optional(headers, name, str)
    if not value:
        raise RecordError("message.header_missing", f"the header {name} is missing or empty")
    return value


def _optional(headers: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    value = headers.get(name)
    if value is None:
        return None
    # pika reads large integers as a subclass of int; a boolean is one too, and is refused.
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _invalid(name, f"of type {kind.__name__}")
    return value


def _time(headers: Mapping[str, Any]) -> datetime:
    text = _text(headers, "cloudEvents:time")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _invalid("cloudEvents:time", "an RFC 3339 time") from None
    if moment.tzinfo is None:
        raise _invalid("cloudEvents:time", "a time with its zone")
    return moment


def _milliseconds(expiration: str | None) -> int | None:
    if expiration is None:
        return None
    if not expiration.isdecimal():
        raise _invalid("expiration", "a whole number of milliseconds")
    return int(expiration)


def _invalid(name: str, wanted: str) -> RecordError:
    return RecordError("message.header_invalid", f"{name} is not {wanted}")
