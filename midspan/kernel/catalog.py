"""What a legacy system holds, as it was discovered: streams, fields, keys, cursor candidates.

A catalog holds names, types and counts, never a value of a record: it is kept, shown and
sent around. What was concluded rather than read from the system's own description carries its
evidence, in words a person can check.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from midspan.kernel.cursor import CursorKind

FieldType = Literal[
    "string",
    "integer",
    "decimal",
    "float",
    "boolean",
    "date",
    "datetime",
    "time",
    "bytes",
    "record",
    "list",
    "unknown",
]


@dataclass(frozen=True, slots=True)
class CatalogField:
    """A field of a stream.

    ``type`` is what its values are; ``native`` is the source's own word for its type, empty
    where it has none. ``size`` is the greatest length in characters or bytes, or the digits of
    a number, where the source bounds it. ``label`` is the source's name for people,
    ``refers_to`` the stream whose key it holds.
    """

    name: str
    type: FieldType
    nullable: bool = True
    native: str = ""
    size: int | None = None
    label: str = ""
    refers_to: str = ""


@dataclass(frozen=True, slots=True)
class CursorCandidate:
    """Fields that may order a stream's changes; ``score`` is from 0 to 1, by the evidence.

    ``empty`` are values that stand for no stamp and that the cursor has to declare.
    """

    fields: tuple[str, ...]
    type: CursorKind
    score: float
    evidence: tuple[str, ...]
    format: str | None = None
    empty: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogStream:
    """A table, model, list or file pattern of a system.

    ``kind`` is the source's word (table, view, model, list, files). ``rows`` is an estimate,
    None where none can be had cheaply. ``cursors`` come best first. ``config`` is what a
    stream that reads this would say in the system's YAML, the adapter's own keys alone;
    ``configured`` names the streams that already read it.
    """

    name: str
    kind: str
    fields: tuple[CatalogField, ...]
    primary_key: tuple[str, ...] = ()
    key_evidence: str = ""
    cursors: tuple[CursorCandidate, ...] = ()
    rows: int | None = None
    label: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    configured: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that was discovered of a system; ``remarks`` say what could not be looked into."""

    streams: tuple[CatalogStream, ...]
    at: datetime
    remarks: tuple[str, ...] = ()
