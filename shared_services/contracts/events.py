"""Events: what centers tell. One shape for every entity.

Routing key ``{entity}.{verb}.v{version}``; the envelope carries subject ``entity/id``, epoch
and sequence. A public event holds no personal value: it names the changed fields and gives
the values of those that are not personal; the others come from ``customer.get_many``.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""What every store can hold."""
Verb = Literal["created", "updated", "merged", "deleted", "snapshot_ready"]


class EntityEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something happened to one golden record.

    ``changed`` names the fields whose golden value changed (all that hold a value when
    created); ``values`` holds the new values of those that are not personal; ``into`` is,
    for ``merged``, the id that took this one over.
    """

    entity: str
    id: Number
    epoch: Number
    sequence: Number
    verb: Verb
    changed: tuple[str, ...] = ()
    values: dict[str, Any] = {}
    into: Number | None = None


class SnapshotReady(Struct, frozen=True, kw_only=True):
    """A center finished its first load; read it with the entity's ``find`` from the start.

    ``count`` is how many golden records the load left.
    """

    entity: str
    count: int


def routing_key(entity: str, verb: str, version: int = 1) -> str:
    """Return the topic of an entity's event."""
    return f"{entity}.{verb}.v{version}"
