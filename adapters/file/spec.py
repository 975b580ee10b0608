"""The keys that a file system and its streams add to their YAML.

The connection names the folder: ``file:///srv/drop/prices``, or ``path`` in its extra.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from config.tree import Node


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A folder. A file counts as written when it has not changed for ``stable_for``."""

    encoding: str = "utf-8"
    stable_for: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class RecordSpec:
    """A kind of record, known by how its line begins.

    ``fields`` are columns ``from-to`` by name, counted in characters from 1, both included.
    Blanks around a value are cut off; nothing but blanks is null.
    """

    prefix: str = ""
    fields: Mapping[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrailerSpec:
    """The record that ends a whole file; ``count`` are the columns of its number of details."""

    prefix: str
    count: Node | None = None


@dataclass(frozen=True, slots=True)
class FileStreamSpec:
    """A stream of fixed-width files.

    ``files`` is a pattern (``prices_*.txt``) whose names sort in the order of their content.
    ``length`` is what every detail must measure in characters; without it, a detail must
    reach the end of its last field. The header's fields stand in every row.
    """

    files: str
    detail: RecordSpec
    header: RecordSpec | None = None
    trailer: TrailerSpec | None = None
    length: int | None = None
