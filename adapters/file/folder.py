"""Which files of a folder are there to be read, and whether one is whole.

Guarantee: a file is read only after it stopped changing, and only when its header and its
trailer say that it is whole. Files come in the order of their identities, and none comes
before an earlier one that is still being written: a cursor never passes an unread file.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from adapters.file.layout import Kind, Layout
from config.connections import Connection
from midspan.kernel.errors import AccessDenied, ProtocolError, RecordError, TransientError

MAX_LINE = 1024 * 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end; ``number`` counts from 1, ``offset`` from 0 in bytes."""

    content: bytes
    number: int
    offset: int
    next_offset: int


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file; ``identity`` is its name and when it was last written, and sorts by both."""

    name: str
    identity: str


class Folder:
    """The drop folder of one connection."""

    def __init__(self, connection: Connection, stable_for: float) -> None:
        path = str(connection.extra.get("path") or "") or f"/{connection.schema.lstrip('/')}"
        self.path = Path(path)
        self._conn_id = connection.conn_id
        self._stable_for = stable_for

    def files(self, pattern: str) -> list[FoundFile]:
        """Return all files that fit the pattern, in the order of their identities."""
        with translated(self.path.name):
            if not self.path.is_dir():
                raise ProtocolError(
                    "file.folder",
                    f"the folder of the connection '{self._conn_id}' is not there",
                    remedy="Check its path, and that the share is mounted",
                )
            next(self.path.iterdir(), None)
            found = [_found(path) for path in self.path.glob(pattern) if path.is_file()]
            return sorted(found, key=lambda file: file.identity)

    def settle(self, name: str) -> bool:
        """Wait until a file has been at rest for long enough; False when it goes on changing."""
        with translated(name):
            before = self._state(name)
            # The change time too: a copy that keeps its original's date is no older than that.
            rest = time.time() - max(before[1:])
            if rest < self._stable_for:
                time.sleep(min(self._stable_for - rest, self._stable_for))
            settled = self._state(name) == before
        if not settled:
            _log.info("%s is still being written and is left for the next run", name)
        return settled

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a file; reading errors are translated too."""
        with translated(name), (self.path / name).open("rb") as file:
            yield file

    def _state(self, name: str) -> tuple[float, float, float]:
        stat = (self.path / name).stat()
        return stat.st_size, stat.st_mtime, stat.st_ctime


def _found(path: Path) -> FoundFile:
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return FoundFile(path.name, f"{path.name}@{written:%Y-%m-%dT%H:%M:%S.%fZ}")


def lines(file: BinaryIO, number: int = 0, offset: int = 0) -> Iterator[Line]:
    """Yield the lines from ``offset`` on, ended by CR LF, LF or the file's end."""
    file.seek(offset)
    while raw := file.readline(MAX_LINE):
        if len(raw) == MAX_LINE:
            raise ProtocolError(
                "file.no_lines",
                f"line {number + 1} is longer than {MAX_LINE} bytes",
                remedy="Check that the pattern finds text files only",
            )
        number += 1
        yield Line(raw.rstrip(b"\r\n"), number, offset, offset + len(raw))
        offset += len(raw)


def verify(name: str, file: BinaryIO, layout: Layout) -> Line | None:
    """Read a file through and return its header; raise ``file.incomplete`` unless whole."""
    header: Line | None = None
    trailer: Line | None = None
    details = 0
    for line in lines(file):
        kind = layout.kind(line.content)
        if kind is Kind.BLANK:
            continue
        if trailer is not None:
            raise _incomplete(name, f"it goes on in line {line.number}, after its trailer")
        if layout.has_header and header is None and kind is not Kind.HEADER:
            raise _incomplete(name, "it does not begin with its header")
        if kind is Kind.HEADER:
            header = _only(name, header, line)
        elif kind is Kind.TRAILER:
            trailer = line
        else:
            details += kind is Kind.DETAIL
    _verify_end(name, layout, trailer, details)
    if layout.has_header and header is None:
        raise _incomplete(name, "it is empty")
    return header


def _only(name: str, header: Line | None, line: Line) -> Line:
    if header is not None:
        raise _incomplete(name, f"a second header stands in line {line.number}")
    return line


def _verify_end(name: str, layout: Layout, trailer: Line | None, details: int) -> None:
    if not layout.has_trailer:
        return
    if trailer is None:
        raise _incomplete(name, "its trailer is missing")
    try:
        announced = layout.announced(trailer.content)
    except RecordError as error:
        raise _incomplete(name, error.message) from None
    if announced is not None and announced != details:
        raise _incomplete(name, f"its trailer counts {announced} details, it holds {details}")


def _incomplete(name: str, reason: str) -> ProtocolError:
    return ProtocolError(
        "file.incomplete",
        f"{name} is not whole: {reason}; nothing of it was read",
        remedy="Have it sent again, or take it out of the folder",
        file=name,
    )


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn the operating system's errors into ours."""
    try:
        yield
    except PermissionError:
        raise AccessDenied(
            "file.denied",
            f"{name} may not be read",
            remedy="Grant read to the user that runs Midspan",
        ) from None
    except OSError as error:
        raise TransientError(
            "file.unreachable", f"{name} cannot be read ({error.strerror or type(error).__name__})"
        ) from None
