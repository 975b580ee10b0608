"""What travels into a legacy system: one change of one record, under our own reference.

A change is sent once. Whoever sends it keeps its reference first, so that a change whose
outcome nobody knows (``UncertainWrite``) is looked up by that reference, never sent again blindly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from midspan.kernel.stream import Key

WriteKind = Literal["create", "update", "delete"]
Record = Mapping[str, Any]


class Capability(Enum):
    """What can be done with a stream as it is configured."""

    READ = "read"
    CHANGES = "changes"
    BY_KEY = "by_key"
    KEYS = "keys"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    LOOKUP = "lookup"


@dataclass(frozen=True, slots=True)
class WriteOperation:
    """A change in the source's own field names; ``key`` names the record, except to create."""

    kind: WriteKind
    values: Record = field(default_factory=dict)
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class WriteResult:
    """A change that is certain: the record's key, as the source gave it."""

    key: Key
