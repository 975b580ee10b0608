"""Messages that the tests send."""

from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from shared_services.messaging.envelope import Envelope
from shared_services.messaging.publisher import Outgoing
from shared_services.messaging.topology import Topology

TYPE = "customer.updated.v1"


def identity(message: Outgoing) -> str:
    """Return the message's id."""
    assert isinstance(message.envelope, Envelope)
    return message.envelope.id


def event(
    topology: Topology, subject: str = "customer/1", body: bytes = b"{}", *, type_: str = TYPE
) -> Outgoing:
    """Return an event, ready to publish."""
    envelope = Envelope(
        id=uuid4().hex,
        source="midspan/test",
        type=type_,
        time=datetime.now(UTC),
        subject=subject,
    )
    return Outgoing(topology.events.name, type_, envelope, body)


def with_deadline(message: Outgoing, milliseconds: int) -> Outgoing:
    """Return the message with a deadline, in unix time."""
    assert isinstance(message.envelope, Envelope)
    envelope = msgspec.structs.replace(message.envelope, deadline=milliseconds)
    return Outgoing(message.exchange, message.routing_key, envelope, message.body)
