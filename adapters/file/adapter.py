"""Files that a system drops into a folder: fixed width, with header, details and trailer.

Guarantee: each file is read once, whole or not at all. The stream's cursor is the column
``_file`` as a string: the file's identity, its name and when it was written, for names sort
in the order of their content (a date in the name). A slice begins *behind* the file that its
lower bound names, since a cursor moves only past whole files; a file that is written again
under its name has a new identity, one that comes late under an earlier name is not seen.
Every row carries ``_file`` and ``_line``; a line that cannot be read travels as a reject.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, ClassVar, TypeVar

from adapters.base import AdapterContext, BoundStream
from adapters.file.folder import Folder, FoundFile, Line, lines, verify
from adapters.file.layout import Kind, Layout
from adapters.file.spec import FileSpec, FileStreamSpec
from config.binding import nearest
from midspan.kernel.errors import AccessDenied, MidspanError, ProtocolError, RecordError
from midspan.kernel.stream import (
    Batch,
    CheckReport,
    Key,
    Position,
    Reject,
    Row,
    Slice,
    StreamCheck,
)

BATCH_LINES = 5000
PLACE_COLUMNS = ("_file", "_line")

T = TypeVar("T")


class FileAdapter:
    """Reads one drop folder."""

    spec: ClassVar[type] = FileSpec
    stream_spec: ClassVar[type] = FileStreamSpec

    def __init__(self, context: AdapterContext) -> None:
        options: FileSpec = context.options
        self._context = context
        self._folder = Folder(context.connection, options.stable_for.total_seconds())
        self._streams = {
            name: _FileStream(stream, _known_encoding(options.encoding))
            for name, stream in context.streams.items()
        }

    def check(self, streams: Sequence[str] | None = None) -> CheckReport:
        """Look into the folder, and read each stream's newest file through."""
        names = [name for name in self._streams if streams is None or name in streams]
        return CheckReport(tuple(self._check(name) for name in names))

    def now(self) -> datetime | None:
        """Return None: a folder tells no time."""
        return None

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        """Yield the rows of every whole file behind ``part.lower``, in the order of names.

        Asked for keys, yields those rows of all files, the newest last.
        """
        source = self._stream(stream)
        keys = None if part.keys is None else frozenset(part.keys)
        for file in self._files(source, part.lower, position):
            if not self._folder.settle(file.name):
                return
            header = self._verified(source, file.name)
            yield from self._batches(source, file, header, position, keys)

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        """Yield the keys in the newest file; raises when there is none or it has rejects."""
        source = self._stream(stream)
        file = self._newest(source)
        if file is None:
            raise ProtocolError("file.none", "there is no file to list", stream=stream)
        header = self._verified(source, file.name)
        for batch in self._batches(source, file, header, None, None):
            if batch.rejects:
                raise ProtocolError(
                    "file.unreadable_keys",
                    f"{file.name} holds lines whose keys cannot be read: {batch.rejects[0].where}",
                    remedy="Have the file corrected: an unread key would count as deleted",
                    stream=stream,
                )
            yield [source.key(row) for row in batch.rows]

    def close(self) -> None:
        """Do nothing: no file stays open between two batches."""

    def _files(
        self, source: "_FileStream", lower: str | None, position: Position | None
    ) -> list[FoundFile]:
        files = self._gated(lambda: self._folder.files(source.pattern))
        if position is not None:
            return [file for file in files if file.identity >= position["file"]]
        return [file for file in files if lower is None or file.identity > lower]

    def _newest(self, source: "_FileStream") -> FoundFile | None:
        files = self._gated(lambda: self._folder.files(source.pattern))
        return next((file for file in reversed(files) if self._folder.settle(file.name)), None)

    def _verified(self, source: "_FileStream", name: str) -> tuple[Any, ...]:
        """Return the header's values of a file that is whole."""

        def operation() -> Line | None:
            with self._folder.open(name) as file:
                return verify(name, file, source.layout)

        header = self._gated(operation)
        return source.header(name, header) if header else ()

    def _batches(
        self,
        source: "_FileStream",
        file: FoundFile,
        header: tuple[Any, ...],
        position: Position | None,
        keys: frozenset[Key] | None,
    ) -> Iterator[Batch]:
        number, offset = 0, 0
        if position and position["file"] == file.identity:
            number, offset = position["line"], position["offset"]
        while chunk := self._chunk(file.name, number, offset):
            number, offset = chunk[-1].number, chunk[-1].next_offset
            place = {"file": file.identity, "line": number, "offset": offset}
            yield source.batch(file, header, chunk, place, keys)

    def _chunk(self, name: str, number: int, offset: int) -> list[Line]:
        def operation() -> list[Line]:
            with self._folder.open(name) as file:
                return list(islice(lines(file, number, offset), BATCH_LINES))

        return self._gated(operation)

    def _check(self, stream: str) -> StreamCheck:
        source = self._stream(stream)
        try:
            file = self._newest(source)
            if file is not None:
                self._verified(source, file.name)
        except (AccessDenied, ProtocolError) as error:
            return StreamCheck(stream, readable=False, problem=str(error))
        return StreamCheck(stream, readable=True)

    def _gated(self, operation: Callable[[], T]) -> T:
        return self._context.gate.call(self._context.lane, lambda _timeouts: operation())

    def _stream(self, stream: str) -> "_FileStream":
        if stream in self._streams:
            return self._streams[stream]
        raise MidspanError(
            "adapter.unknown_stream",
            f"there is no stream '{stream}'",
            remedy=nearest(stream, list(self._streams)),
        )


class _FileStream:
    """Makes batches of one stream's lines."""

    def __init__(self, stream: BoundStream, encoding: str) -> None:
        options: FileStreamSpec = stream.options
        self.pattern = options.files
        self.layout = Layout(options, encoding)
        self.columns = (*self.layout.columns, *PLACE_COLUMNS)
        needed = [*stream.primary_key, *(stream.cursor.fields if stream.cursor else ())]
        for name in needed:
            if name not in self.columns:
                raise MidspanError(
                    "file.column",
                    f"the stream '{stream.name}' has no column '{name}'",
                    remedy=nearest(name, self.columns),
                )
        self._key = [self.columns.index(name) for name in stream.primary_key]

    def key(self, row: Row) -> Key:
        """Return a row's primary key."""
        return tuple(row[index] for index in self._key)

    def header(self, name: str, line: Line) -> tuple[Any, ...]:
        """Return the values of a file's header."""
        try:
            return self.layout.header(line.content)
        except RecordError as error:
            raise ProtocolError(
                "file.header", f"the header of {name}: {error.message}", remedy=error.remedy
            ) from None

    def batch(
        self,
        file: FoundFile,
        header: tuple[Any, ...],
        chunk: Sequence[Line],
        position: Position,
        keys: frozenset[Key] | None,
    ) -> Batch:
        """Return the rows and rejects of a chunk of lines."""
        rows: list[Row] = []
        kept: list[Line] = []
        rejects: list[Reject] = []
        for line in chunk:
            try:
                values = self._values(line)
            except RecordError as error:
                rejects.append(
                    Reject(error.code, error.message, line.content, _where(file.name, line))
                )
                continue
            row = (*header, *values, file.identity, line.number) if values is not None else None
            if row is not None and (keys is None or self.key(row) in keys):
                rows.append(row)
                kept.append(line)
        return Batch(
            self.columns,
            rows,
            position,
            rejects,
            lambda index: (kept[index].content, _where(file.name, kept[index])),
        )

    def _values(self, line: Line) -> tuple[Any, ...] | None:
        kind = self.layout.kind(line.content)
        if kind is Kind.UNKNOWN:
            raise RecordError("file.record_type", "the line begins like no known record")
        return self.layout.detail(line.content) if kind is Kind.DETAIL else None


def _where(name: str, line: Line) -> str:
    return f"{name} line {line.number}, byte {line.offset}"


def _known_encoding(encoding: str) -> str:
    try:
        "".encode(encoding)
    except LookupError:
        raise MidspanError(
            "file.unknown_encoding",
            f"the encoding '{encoding}' is not known",
            remedy="Name a codec such as utf-8, cp1252 or cp850",
        ) from None
    return encoding
