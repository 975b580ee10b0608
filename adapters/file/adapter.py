"""Files that a system drops into a folder, on a disk or behind SFTP.

Guarantee: each file is read once, whole or not at all (``arrivals``, ``whole``). The stream's
cursor is the column ``_file`` as a string: the file's identity. A slice begins *behind* the
file that its lower bound names, since a cursor moves only past whole files. With a cursor that
is a field of the records, every file is read every time, and rows before the bound left out.
What cannot be read travels as a reject, with its bytes, file, line and byte offset. Nothing is
written, but for files that were applied and are put away (``journal``).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar

from adapters import writing
from adapters.base import AdapterContext, chosen, known_stream
from adapters.file.checking import check_stream
from adapters.file.folder import Calls, Folder
from adapters.file.local import LocalFolder
from adapters.file.reader import StreamReader
from adapters.file.spec import FileSpec, FileStreamSpec
from midspan.kernel.catalog import Catalog
from midspan.kernel.errors import MidspanError
from midspan.kernel.stream import Batch, CheckReport, Key, Position, Slice
from midspan.kernel.writing import Capability, Record, WriteOperation, WriteResult


class FileAdapter:
    """Reads one drop folder."""

    spec: ClassVar[type] = FileSpec
    stream_spec: ClassVar[type] = FileStreamSpec

    def __init__(self, context: AdapterContext) -> None:
        self._context = context
        self._folder = _folder(context)
        self._streams = {
            name: StreamReader(context, self._folder, stream)
            for name, stream in context.streams.items()
        }

    def capabilities(self, stream: str) -> frozenset[Capability]:
        """Return what can be done with a stream: everything but writing."""
        reader = known_stream(self._streams, stream)
        found = {Capability.READ, Capability.BY_KEY, Capability.KEYS}
        return frozenset(found | ({Capability.CHANGES} if reader.stream.cursor else set()))

    def check(self, streams: Sequence[str] | None = None, *, deep: bool = False) -> CheckReport:
        """Look into the folder, and read each stream's newest file (``deep``: to its end)."""
        self._folder.list("")
        return CheckReport(
            tuple(
                check_stream(self._streams[name], self._folder, deep=deep)
                for name in chosen(self._streams, streams)
            )
        )

    def discover(self, streams: Sequence[str] | None = None) -> Catalog:
        """Describe the configured streams, and group and describe the files of no stream."""
        from adapters.file.discover import discover

        return discover(self._context, self._folder, self._streams, streams)

    def now(self) -> datetime | None:
        """Return None: a folder tells no time."""
        return None

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        """Yield the rows of every whole file behind ``part.lower``, in the order of the files.

        Asked for keys, yields those rows of all files, the newest last.
        """
        reader = known_stream(self._streams, stream)
        return reader.slice(part, position) if part.keys is None else reader.records(part.keys)

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        """Yield the keys in the newest file; raises when there is none or it has rejects."""
        return known_stream(self._streams, stream).keys()

    def write(self, stream: str, operation: WriteOperation, reference: str) -> WriteResult:
        """Raise MidspanError ``adapter.not_writable``: nothing is written into a drop folder."""
        del reference
        writing.require(self.capabilities(stream), stream, operation)
        raise _not_writable(stream)

    def lookup(self, stream: str, reference: str) -> Record | None:
        """Raise MidspanError ``adapter.not_writable``: no record of ours can be there."""
        del reference
        known_stream(self._streams, stream)
        raise _not_writable(stream)

    def close(self) -> None:
        """Give the connection back; never raises."""
        self._folder.close()


def _folder(context: AdapterContext) -> Folder:
    call: Calls = lambda operation: context.gate.call(context.lane, operation)  # noqa: E731 typed
    if context.connection.scheme in ("sftp", "ssh"):
        try:
            # Loads an SSH library that folders on a disk do not need.
            from adapters.file.sftp import SftpFolder
        except ImportError:
            raise MidspanError(
                "file.no_ssh",
                "a folder behind SFTP needs the package 'paramiko', which is not installed",
                remedy="Install it: pip install 'midspan[sftp]'",
            ) from None

        return SftpFolder(context.connection, call, context.cache)
    return LocalFolder(context.connection, call)


def _not_writable(stream: str) -> MidspanError:
    return MidspanError(
        "adapter.not_writable",
        f"records of '{stream}' cannot be written or looked up: it is read from files",
        remedy="Let another system take the changes",
        stream=stream,
    )
