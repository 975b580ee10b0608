"""XML files: the records at a path, one by one; no document type, no entity, no network.

Guarantee: memory is bounded by one record. A document that is not well-formed, or that declares
a document type, is refused. Each record has its own bytes.

An element with children is a record, one without is its text; one that stands there more than
once is a list. An attribute is ``@name``; the text beside attributes is ``#text``. Names are
local names, an empty or nil element is None.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.parsers import expat

from adapters.file.codec import Codec, codec_of
from adapters.file.errors import malformed, too_large
from adapters.file.formats.base import MAX_RECORD, Item, Place
from adapters.file.formats.elements import Builder, local
from adapters.file.packing import Content
from adapters.file.spec import FileStreamSpec
from adapters.file.transcoded import Transcoded
from midspan.kernel.errors import ProtocolError

CHUNK = 64 * 1024
MAX_DEPTH = 200

_TAG = re.compile(rb"<[^>\"']*+(?:\"[^\"]*+\"|'[^']*+'|[^>\"']++)*+>")
_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})")
_OWN = {
    "utf-8": "utf-8",
    "iso-8859-1": "iso-8859-1",
    "iso8859-1": "iso-8859-1",
    "ascii": "us-ascii",
    "us-ascii": "us-ascii",
}


class _Found(NamedTuple):
    record: dict[str, Any]
    raw: bytes
    line: int
    offset: int


class Xml:
    """One XML file, opened."""

    columns: tuple[str, ...] | None = None

    def __init__(self, content: Content, spec: FileStreamSpec, encoding: str) -> None:
        self._content = content
        self._steps = tuple(spec.rows.split(".")) if spec.rows else ()
        self._lists = frozenset(spec.lists)
        self._sparse = spec.sparse
        self._encoding, self._transcode = _encodings(content.head, encoding)

    def verify(self) -> int:
        """Read it through and return the number of records."""
        walk = _Walk(self._content.name, self._steps, self._lists, build=False)
        for _found in self._run(walk):
            pass
        if not walk.reached and not self._sparse:
            raise ProtocolError(
                "file.no_rows",
                f"{self._content.name} holds nothing at '{'.'.join(self._steps)}'",
                remedy="Correct 'rows'; where it may be missing, say sparse: true",
                file=self._content.name,
            )
        return walk.count

    def items(self, place: Place) -> Iterator[Item]:
        """Yield the records behind a place; those before it are passed over."""
        walk = _Walk(self._content.name, self._steps, self._lists, build=True)
        for number, found in enumerate(self._run(walk), 1):
            if number > place.record:
                end = Place(found.line, found.offset + len(found.raw), number)
                yield Item(found.raw, found.line, found.offset, end, found.record)

    def _run(self, walk: "_Walk") -> Iterator[_Found]:
        with self._content.open() as file:
            source: Any = file
            if self._transcode is not None:
                source = Transcoded(file, self._transcode, self._content.name)
            parser = walk.parser(self._encoding)
            while chunk := source.read(CHUNK):
                yield from walk.feed(parser, chunk)
            walk.end(parser)


class _Walk:
    """Follows the parser's events to the records."""

    def __init__(
        self, name: str, steps: tuple[str, ...], lists: frozenset[str], *, build: bool
    ) -> None:
        self.count = 0
        self.reached = False
        self._name = name
        self._steps = steps
        self._builder = Builder(lists) if build else None
        self._path: list[str] = []
        self._inside = 0
        self._begin = (0, 0)
        self._held = b""
        self._base = 0
        self._found: list[_Found] = []
        self._parser: Any = None

    def parser(self, encoding: str | None) -> Any:
        """Return a parser that tells this walk what it meets."""
        parser = expat.ParserCreate(encoding)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype
        if self._builder is not None:
            parser.CharacterDataHandler = self._text
        self._parser = parser
        return parser

    def feed(self, parser: Any, chunk: bytes) -> list[_Found]:
        """Parse a chunk; return the records that end in it."""
        self._held += chunk
        self._parse(parser, chunk, final=False)
        keep = self._begin[0] if self._inside else parser.CurrentByteIndex
        if self._inside and len(self._held) - (keep - self._base) > MAX_RECORD:
            raise too_large(
                self._name,
                f"the record in line {self._begin[1]} has more than {MAX_RECORD} bytes",
            )
        # The parser may tell an event later than it was given its bytes.
        keep = max(min(keep, self._base + len(self._held)), self._base)
        self._held, self._base = self._held[keep - self._base :], keep
        found, self._found = self._found, []
        return found

    def end(self, parser: Any) -> None:
        """Tell the parser that nothing more comes."""
        self._parse(parser, b"", final=True)

    def _parse(self, parser: Any, chunk: bytes, *, final: bool) -> None:
        try:
            parser.Parse(chunk, final)
        except expat.ExpatError as error:
            if final:
                raise malformed(self._name, "it is no XML, or ends in the middle") from None
            reason = f"line {error.lineno}, byte {parser.ErrorByteIndex} is no well-formed XML"
            raise malformed(self._name, f"{reason} ({expat.ErrorString(error.code)})") from None
        except (ValueError, LookupError):  # an encoding that the parser cannot take
            raise malformed(self._name, "its encoding is not one that XML can be read in") from None

    def _doctype(self, *_declared: object) -> None:
        raise ProtocolError(
            "file.doctype",
            f"{self._name} declares a document type, which is never read",
            remedy="Entities could reach for files or memory; ask the system's owner what changed",
            file=self._name,
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(local(name))
        if len(self._path) > MAX_DEPTH:
            raise malformed(self._name, f"it is nested deeper than {MAX_DEPTH} levels")
        if not self._inside and len(self._path) == len(self._steps) + 1:
            if tuple(self._path[1:]) != self._steps:
                return
            self.reached = True
            self._inside = len(self._path)
            self._begin = (self._parser.CurrentByteIndex, self._parser.CurrentLineNumber)
        elif not self._inside:
            self.reached = self.reached or tuple(self._path[1:]) == self._steps[:-1]
        if self._inside and self._builder is not None:
            self._builder.start(self._path[-1], attributes)

    def _text(self, text: str) -> None:
        if self._inside and self._builder is not None:
            self._builder.text(text)

    def _end(self, _name: str) -> None:
        if self._inside:
            done = self._builder.end() if self._builder is not None else None
            if len(self._path) == self._inside:
                self._finish(done)
        self._path.pop()

    def _finish(self, value: Any) -> None:
        self.count += 1
        if self._builder is not None:
            record = value if isinstance(value, dict) else {}
            if value is not None and not isinstance(value, dict):
                record = {self._path[-1]: value}
            raw = self._raw(self._begin[0], self._parser.CurrentByteIndex)
            self._found.append(_Found(record, raw, self._begin[1], self._begin[0]))
        self._inside = 0

    def _raw(self, begin: int, end: int) -> bytes:
        """Return a record's bytes; ``end`` is where its last tag begins, or an empty one ends."""
        begin, end = begin - self._base, end - self._base
        first = _TAG.match(self._held, begin)
        if first is not None and first.end() == end:
            return self._held[begin:end]
        last = _TAG.match(self._held, end)
        return self._held[begin : last.end() if last else end]


def _encodings(head: bytes, configured: str) -> tuple[str | None, Codec | None]:
    """Return what to tell the parser, and the codec to make UTF-8 of where it cannot read it."""
    codec = codec_of(configured, head)
    declared = _DECLARED.match(head[codec.mark :])
    told = None if codec.mark or declared is None else declared[1].decode("ascii").lower()
    name = told or codec.name
    if name in _OWN:
        return (None if codec.mark or declared else _OWN[name]), None
    try:
        given = Codec(codecs.lookup(name).name, codec.mark)
    except LookupError:
        return name, None
    return (name, None) if given.ascii_based else ("utf-8", given)
