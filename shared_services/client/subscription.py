"""An app's subscription: which events it wants, and how they reach its function.

The queue ``{app}.{name}`` is durable: events wait while the app is down. They arrive at
least once and in order per entity; an event whose handler fails holds back the later ones of
the same record until it succeeds or is set aside as a dead letter. The function is called once
for each, as far as the subscription's positions remember. What it sends or calls goes on in the
event's trace.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, get_args

import msgspec

from midspan.kernel.errors import ProtocolError, RecordError
from shared_services.client.positions import Positions
from shared_services.contracts.entities import entity_types
from shared_services.contracts.events import EntityEvent, SnapshotReady, Verb
from shared_services.contracts.upcast import EVENT_UPCASTERS, Upcasters
from shared_services.messaging.consumer import Message
from shared_services.messaging.context import Work, working
from shared_services.messaging.envelope import Envelope

Event = EntityEvent | SnapshotReady
OnEvent = Callable[[Event, Envelope], object]

_NEWEST: Final = 1
_WORDS: Final = 2
_TYPE: Final = re.compile(r"^(?P<entity>[a-z_]+)\.(?P<verb>[a-z_]+)\.v(?P<version>\d{1,6})$")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A queue's name, its topics and what handles its events."""

    name: str
    patterns: tuple[str, ...]
    on_event: OnEvent
    workers: int
    delays: tuple[float, ...]
    positions: Positions

    def handle(self, message: Message) -> None:
        """Decode and hand over; raises RecordError for what this version cannot read."""
        event, envelope = read_event(message), message.envelope
        ends = envelope.deadline_seconds
        with working(Work(envelope.traceparent, ends, envelope.id, envelope.correlation_id)):
            if isinstance(event, SnapshotReady):
                self.on_event(event, envelope)
                return
            with self.positions.once(event) as newer:
                if newer:
                    self.on_event(event, envelope)


def read_event(message: Message, upcasters: Upcasters = EVENT_UPCASTERS) -> Event:
    """Return the typed event, an older version brought up to today's.

    Raises RecordError ``message.type_unknown`` and the like. Its entity and verb are those of
    the message's type, so that an app may rely on both.
    """
    found = _TYPE.match(message.envelope.type)
    if found is None:
        raise RecordError("message.type_unknown", "the event's type is not entity.verb.vN")
    type_: type[Event] = SnapshotReady if found["verb"] == "snapshot_ready" else EntityEvent
    event = _read(message, found, type_, upcasters)
    verb = event.verb if isinstance(event, EntityEvent) else "snapshot_ready"
    _require_same(found, event.entity, verb)
    return event


def _read(
    message: Message, found: re.Match[str], type_: type[Event], upcasters: Upcasters
) -> Event:
    name, version = f"{found['entity']}.{found['verb']}", int(found["version"])
    current = _version_of(found["entity"])
    if version == current:
        return message.decode(type_)
    body = upcasters.upcast(name, version, message.decode(dict), current)
    try:
        return msgspec.convert(body, type_)
    except msgspec.ValidationError:
        text = f"version {version} of {name} could not be brought up to version {current}"
        raise RecordError("message.body_invalid", text) from None


def _version_of(entity: str) -> int:
    known = entity_types().get(entity)
    return known.version if known else _NEWEST


def _require_same(type_: re.Match[str], entity: str, verb: str) -> None:
    if (entity, verb) != (type_["entity"], type_["verb"]):
        raise RecordError(
            "message.body_invalid", "the body tells of another entity or verb than its type"
        )


def topics(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the broker's patterns for ``customer.*`` or ``customer.updated``.

    Each stands for every version that can be read. Raises ProtocolError
    ``client.topic_unknown`` for an entity that does not exist.
    """
    return tuple(dict.fromkeys(topic for pattern in patterns for topic in _topics(pattern)))


def _topics(pattern: str) -> Iterator[str]:
    words = pattern.split(".")
    known = (*entity_types(), "*")
    if len(words) != _WORDS or words[0] not in known or not words[1]:
        entities = ", ".join(entity_types())
        raise ProtocolError(
            "client.topic_unknown",
            f"there is no topic {pattern!r}; known entities: {entities}",
            remedy="Write entity.verb, as in customer.updated, or entity.* for all its events",
        )
    verbs = get_args(Verb) if words[1] == "*" else (words[1],)
    for entity in entity_types().values() if words[0] == "*" else (entity_types()[words[0]],):
        for verb in verbs:
            for version in EVENT_UPCASTERS.versions(f"{entity.name}.{verb}", entity.version):
                yield f"{pattern}.v{version}"
