"""An app's subscription: which events it wants, and how they reach its function.

The queue ``{app}.{name}`` is durable: events wait while the app is down. They arrive at
least once and in order per entity; an event whose handler fails holds back the later ones of
the same record until it succeeds or is set aside as a dead letter.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from midspan.kernel.errors import ProtocolError, RecordError
from shared_services.contracts.entities import entity_types
from shared_services.contracts.events import EntityEvent, SnapshotReady
from shared_services.messaging.consumer import Message
from shared_services.messaging.envelope import Envelope

Event = EntityEvent | SnapshotReady
OnEvent = Callable[[Event, Envelope], object]

_VERSION: Final = "v1"
_WORDS: Final = 2
_TYPE: Final = re.compile(r"^(?P<entity>[a-z_]+)\.(?P<verb>[a-z_]+)\.(?P<version>v\d+)$")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A queue's name, its topics and what handles its events."""

    name: str
    patterns: tuple[str, ...]
    on_event: OnEvent
    workers: int
    delays: tuple[float, ...]

    def handle(self, message: Message) -> None:
        """Decode and hand over; raises RecordError for what this version cannot read."""
        self.on_event(read_event(message), message.envelope)


def read_event(message: Message) -> Event:
    """Return the typed event; raises RecordError ``message.type_unknown`` and the like.

    Its entity and verb are those of the message's type, so that an app may rely on both.
    """
    found = _TYPE.match(message.envelope.type)
    if found is None or found["version"] != _VERSION:
        raise RecordError(
            "message.type_unknown",
            f"the event's type is not entity.verb.{_VERSION}",
            remedy="Update the client library",
        )
    if found["verb"] == "snapshot_ready":
        ready = message.decode(SnapshotReady)
        _require_same(found, ready.entity, "snapshot_ready")
        return ready
    event = message.decode(EntityEvent)
    _require_same(found, event.entity, event.verb)
    return event


def _require_same(type_: re.Match[str], entity: str, verb: str) -> None:
    if (entity, verb) != (type_["entity"], type_["verb"]):
        raise RecordError(
            "message.body_invalid", "the body tells of another entity or verb than its type"
        )


def topics(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the broker's patterns for ``customer.*`` or ``customer.updated``.

    Raises ProtocolError ``client.topic_unknown`` for an entity that does not exist.
    """
    return tuple(_topic(pattern) for pattern in patterns)


def _topic(pattern: str) -> str:
    words = pattern.split(".")
    known = (*entity_types(), "*")
    if len(words) != _WORDS or words[0] not in known or not words[1]:
        entities = ", ".join(entity_types())
        raise ProtocolError(
            "client.topic_unknown",
            f"there is no topic {pattern!r}; known entities: {entities}",
            remedy="Write entity.verb, as in customer.updated, or entity.* for all its events",
        )
    return f"{pattern}.{_VERSION}"
