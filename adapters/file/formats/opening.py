"""Opens a file's text in its stream's format."""

from adapters.file.codec import known
from adapters.file.errors import misconfigured
from adapters.file.formats.base import Reading
from adapters.file.formats.delimited import DelimitedCutter
from adapters.file.formats.fixed import FixedCutter
from adapters.file.formats.json import Json
from adapters.file.formats.jsonlines import JsonLines
from adapters.file.formats.kinds import Cutter, Kinds
from adapters.file.formats.records import Records
from adapters.file.formats.table import Table
from adapters.file.formats.text import Source
from adapters.file.formats.xml import Xml
from adapters.file.packing import Content
from adapters.file.spec import FileStreamSpec


class Opener:
    """Knows one stream's format; made once, before any file is opened.

    Raises MidspanError or ConfigurationError where its keys do not go together.
    """

    def __init__(self, stream: str, spec: FileStreamSpec, encoding: str) -> None:
        self._spec = spec
        self._encoding = known(spec.encoding or encoding)
        self._cutter: Cutter | None = None
        self._kinds: Kinds | None = None
        if spec.line_ends == ("none",) and not spec.length:
            raise misconfigured(stream, "has no line ends and no length", "Say 'length'")
        kinds = bool(spec.detail or spec.records or spec.header or spec.trailer)
        if spec.format == "fixed" or (spec.format in ("csv", "tsv") and kinds):
            fixed = spec.format == "fixed"
            self._cutter = FixedCutter(spec) if fixed else DelimitedCutter(spec)
            self._kinds = Kinds(stream, spec, self._cutter)
        elif kinds:
            raise misconfigured(
                stream, f"has kinds of lines, and its format is {spec.format}", "Correct 'format'"
            )

    @property
    def counts(self) -> bool:
        """Whether only reading a file through tells that it is whole."""
        if self._kinds is not None:
            return self._kinds.header is not None or self._kinds.trailer is not None
        return self._spec.format in ("json", "xml")

    def columns(self) -> tuple[str, ...] | None:
        """Return the columns that are known without a file; None where a file tells them."""
        if self._kinds is not None and self._cutter is not None:
            return Records.columns_of(self._kinds)
        how = self._spec.delimited
        return how.columns or None if self._spec.format in ("csv", "tsv") else None

    def open(self, content: Content) -> Reading:
        """Open a text."""
        spec = self._spec
        if spec.format == "json":
            return Json(content, spec, self._encoding)
        if spec.format == "xml":
            return Xml(content, spec, self._encoding)
        source = Source(content, spec, self._encoding)
        if spec.format == "jsonl":
            return JsonLines(source, spec)
        if self._kinds is not None and self._cutter is not None:
            return Records(source, self._kinds, self._cutter)
        return Table(source, spec)
