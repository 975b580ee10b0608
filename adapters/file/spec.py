"""The keys that a file system and its streams add to their YAML.

The connection names the place: ``file:///srv/drop/prices`` or ``sftp://user:password@host/drop``;
``path`` in its extra comes first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from config.tree import Node

FormatName = Literal["fixed", "csv", "tsv", "jsonl", "json", "xml"]


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A folder. A file counts as written when it has not changed for ``stable_for``.

    ``encoding`` is any codec that Python knows; a byte order mark comes before it, and so does
    what an XML file declares. A batch holds at most ``rows_per_batch``.
    """

    encoding: str = "utf-8"
    stable_for: timedelta = timedelta(seconds=10)
    rows_per_batch: int = 5_000


@dataclass(frozen=True, slots=True)
class RecordSpec:
    """A kind of record, known by what stands at ``at`` (a column, or a field's number, from 1).

    ``fields`` are columns ``from-to`` by name, counted in characters from 1, both included; in
    a delimited file they are numbers of fields. Blanks around a value are cut off; nothing but
    blanks is null. A record with a ``parent`` becomes a member of the list that bears its name
    in the last such parent before it.
    """

    prefix: str = ""
    fields: Mapping[str, Node] = field(default_factory=dict)
    at: int = 1
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class TrailerSpec:
    """The record that ends a whole file; ``count`` is where its number of details stands."""

    prefix: str
    count: Node | None = None
    at: int = 1


@dataclass(frozen=True, slots=True)
class DelimitedSpec:
    """How the lines of a delimited file are cut.

    ``columns`` name the fields of a file without a header row; where it has one besides, the
    two must agree. ``quote: ""`` reads quotes as plain characters. ``escape`` makes the next
    character plain; without it a quote inside of quotes is doubled. ``skip`` lines precede the
    header. ``fill``: a line that lacks its last fields has nulls there.
    """

    delimiter: str | None = None
    quote: str = '"'
    escape: str | None = None
    columns: tuple[str, ...] = ()
    header_row: bool | None = None
    skip: int = 0
    fill: bool = False


@dataclass(frozen=True, slots=True)
class ManifestSpec:
    """The file that says that a data file is whole.

    ``file`` is its name; ``{name}`` stands for the data file's, ``{stem}`` for the same without
    its ending, and a pattern (``MANIFEST_*.csv``) finds lists. ``style`` is what it holds:
    nothing that matters (``mark``), lines as ``md5sum`` and its like write them (``sums``), a
    table with a header row, or JSON. The other keys name the columns or members that hold a
    file's name, size in bytes, number of records and checksum.
    """

    file: str
    style: Literal["mark", "sums", "table", "json"] = "mark"
    name: str = "name"
    size: str | None = None
    count: str | None = None
    checksum: str | None = None


@dataclass(frozen=True, slots=True)
class FileStreamSpec:
    """A stream of files.

    ``files`` is a pattern (``prices_*.txt``) within ``folder``. ``order`` is that of their
    content: by ``name``, by name with its numbers compared as numbers (``number``), or by when
    they were written (``time``). ``length`` is what every detail must measure in characters;
    without it, a detail must reach the end of its last field. The header's fields stand in
    every row. ``line_ends`` are those that end a line (``crlf``, ``lf``, ``cr``, ``nel``, or any
    other text), all of the encoding's where none is said; ``none`` cuts every ``length`` bytes.
    ``rows`` is the path of the records in JSON or XML, without its root.
    """

    files: str
    format: FormatName = "fixed"
    folder: str = ""
    exclude: tuple[str, ...] = (".*", "*.tmp", "*.part", "*.filepart")
    order: Literal["name", "number", "time"] = "name"
    late: Literal["tell", "halt"] = "tell"
    archive: str | None = None
    manifest: ManifestSpec | None = None
    allow_empty: bool = False
    encoding: str | None = None
    line_ends: tuple[str, ...] = ()
    packed: Literal["auto", "no"] = "auto"
    member: str = "*"
    max_ratio: int = 200
    delimited: DelimitedSpec = field(default_factory=DelimitedSpec)
    nulls: tuple[str, ...] = ("",)
    detail: RecordSpec | None = None
    records: Mapping[str, RecordSpec] = field(default_factory=dict)
    header: RecordSpec | None = None
    trailer: TrailerSpec | None = None
    ignore: tuple[str, ...] = ()
    length: int | None = None
    rows: str = ""
    lists: tuple[str, ...] = ()
    sparse: bool = False
