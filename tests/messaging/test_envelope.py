"""The envelope travels whole, and a malformed one is refused with a stable code."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from pika import BasicProperties
from pika.exceptions import ShortStringTooLong

from midspan.kernel.errors import RecordError
from shared_services.messaging import envelope as envelopes
from shared_services.messaging import properties
from shared_services.messaging.encoding import encode
from shared_services.messaging.envelope import Envelope

FULL = Envelope(
    id="0190-1",
    source="midspan/user_center",
    type="customer.updated.v1",
    time=datetime(2026, 3, 1, 12, 30, 0, 250000, tzinfo=UTC),
    subject="customer/42",
    epoch=1,
    sequence=2**40,
    correlation_id="c-1",
    reply_to="amq.rabbitmq.reply-to.x",
    expiration=5000,
    deadline=1_772_368_200_000,
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    idempotency_key="order-7",
    origin="erp",
    persistent=False,
)


def over_the_wire(sent: BasicProperties) -> BasicProperties:
    """Encode and decode as pika does between two peers."""
    received = BasicProperties()
    received.decode(b"".join(sent.encode()))
    return received


def test_an_envelope_arrives_as_it_was_sent() -> None:
    """Every attribute survives the wire, integers beyond 32 bits too."""
    received = over_the_wire(FULL.properties())

    assert envelopes.parse(received, b"{}") == FULL


def test_what_is_not_set_does_not_travel() -> None:
    """An envelope of the four needed attributes carries no empty headers."""
    small = Envelope(id="1", source="s", type="t.u.v1", time=FULL.time)

    assert envelopes.parse(over_the_wire(small.properties()), b"{}") == small
    assert "x-epoch" not in small.properties().headers


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"subject": None},
        {"epoch": None, "sequence": -(2**40)},
        {"traceparent": None, "persistent": True},
        {
            "source": "m\N{LATIN SMALL LETTER A WITH DIAERESIS}nner",
            "subject": "kunde/\N{EURO SIGN}",
        },
        {"time": datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))},
        {"correlation_id": "c-1"},
        {"deadline": 1_772_368_200_000},
    ],
)
def test_the_short_way_of_an_event_writes_what_the_general_one_writes(
    changes: dict[str, Any],
) -> None:
    """Events are encoded on a way of their own, and no receiver can tell."""
    several = {"correlation_id", "reply_to", "expiration", "deadline", "idempotency_key", "origin"}
    event = replace(FULL, **(dict.fromkeys(several) | changes))

    assert encode(event) == properties.encode(event.properties())


def test_an_id_that_amqp_cannot_carry_is_refused() -> None:
    """Its length is one byte on the wire."""
    with pytest.raises(ShortStringTooLong):
        encode(Envelope(id="x" * 256, source="s", type="t.u.v1", time=FULL.time))


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("cloudEvents:specversion", None, "message.header_missing"),
        ("cloudEvents:specversion", "2.0", "message.version_unknown"),
        ("cloudEvents:id", None, "message.header_missing"),
        ("cloudEvents:id", "another", "message.header_invalid"),
        ("cloudEvents:source", "", "message.header_missing"),
        ("cloudEvents:type", 7, "message.header_invalid"),
        ("cloudEvents:time", "yesterday", "message.header_invalid"),
        ("cloudEvents:time", "2026-03-01T12:00:00", "message.header_invalid"),
        ("cloudEvents:subject", 42, "message.header_invalid"),
        ("x-sequence", "12", "message.header_invalid"),
        ("x-epoch", True, "message.header_invalid"),
        ("x-deadline", 1.5, "message.header_invalid"),
    ],
)
def test_a_wrong_header_is_refused(header: str, value: object, code: str) -> None:
    """Each wrong header gives the code that a dead letter will carry."""
    properties = FULL.properties()
    properties.headers[header] = value

    with pytest.raises(RecordError) as caught:
        envelopes.parse(properties, b"{}")

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"{", "application/json", "message.body_not_json"),
        (b"", "application/json", "message.body_not_json"),
        (b"{}", "text/plain", "message.content_type"),
        (b"{}", None, "message.content_type"),
        (b'"' + b"x" * 100 + b'"', "application/json", "message.too_large"),
    ],
)
def test_a_wrong_body_is_refused(body: bytes, content_type: str | None, code: str) -> None:
    """Size, content type and JSON syntax are checked before any handler sees the body."""
    properties = FULL.properties()
    properties.content_type = content_type

    with pytest.raises(RecordError) as caught:
        envelopes.parse(properties, body, max_body=64)

    assert caught.value.code == code


def test_a_wrong_expiration_is_refused() -> None:
    """An expiration that is no number is named."""
    properties = FULL.properties()
    properties.expiration = "soon"

    with pytest.raises(RecordError, match="expiration"):
        envelopes.parse(properties, b"{}")


class Person(msgspec.Struct):
    """A body for the tests below."""

    name: str
    age: int


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"name": "Ann", "age": "secret"}', "$.age"),
        (b'{"name": "secret"}', "$.age"),
        (b'"secret"', "$"),
    ],
)
def test_a_body_of_the_wrong_shape_is_told_by_place(body: bytes, place: str) -> None:
    """The error says where the body is wrong, never what stood there."""
    with pytest.raises(RecordError) as caught:
        envelopes.decode(body, Person)

    assert caught.value.code == "message.body_invalid"
    assert caught.value.message.endswith(f"see {place}")
    assert "secret" not in str(caught.value)


def test_times_travel_in_utc() -> None:
    """A time of another zone arrives as the same instant, written in UTC."""
    zoned = replace(FULL, time=datetime.fromisoformat("2026-03-01T13:30:00+01:00"))

    assert zoned.properties().headers["cloudEvents:time"] == "2026-03-01T12:30:00Z"
