"""A folder that this machine sees: its own disk, or a share that is mounted."""

import errno
import io
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from adapters.file.errors import changed, denied, missing_folder, translated
from adapters.file.folder import CHUNK, Calls, Entry, joined
from config.connections import Connection


class LocalFolder:
    """See ``adapters.file.folder.Folder``."""

    clock_error = 0.0

    def __init__(self, connection: Connection, call: Calls) -> None:
        path = str(connection.extra.get("path") or "") or f"/{connection.schema.lstrip('/')}"
        self._root = Path(path)
        self._conn_id = connection.conn_id
        self._call = call

    def list(self, folder: str) -> Sequence[Entry] | None:
        """Return what stands in a folder; None where there is no such folder."""

        def operation(_timeouts: object) -> Sequence[Entry] | None:
            if not self._root.is_dir():
                raise missing_folder(self._conn_id)
            where = self._root / folder
            with translated(folder or self._root.name):
                if not where.is_dir():
                    return None
                with os.scandir(where) as found:
                    entries = [self._stat(joined(folder, one.name)) for one in found]
            return [entry for entry in entries if entry is not None]

        return self._call(operation)

    def entry(self, path: str) -> Entry | None:
        """Return a file as it stands now; None where there is none."""
        return self._call(lambda _timeouts: self._stat(path))

    @contextmanager
    def open(self, entry: Entry) -> Iterator[BinaryIO]:
        """Open a file as it was listed."""
        with io.BufferedReader(_Chunks(self, entry), CHUNK) as file:
            yield cast("BinaryIO", file)

    def read_at(self, entry: Entry, offset: int, size: int) -> bytes:
        """Return some bytes of a file that has not changed since it was listed."""

        def operation(_timeouts: object) -> bytes:
            with translated(entry.name):
                try:
                    file = (self._root / entry.path).open("rb")
                except FileNotFoundError:
                    raise changed(entry.name) from None
                with file:
                    stat = os.fstat(file.fileno())
                    if (stat.st_size, stat.st_mtime) != (entry.size, entry.written):
                        raise changed(entry.name)
                    file.seek(offset)
                    return file.read(size)

        return self._call(operation)

    def fetch(self, path: str, limit: int) -> bytes | None:
        """Return a small file; None where there is none."""

        def operation(_timeouts: object) -> bytes | None:
            with translated(path):
                try:
                    with (self._root / path).open("rb") as file:
                        return file.read(limit)
                except (FileNotFoundError, NotADirectoryError):
                    return None

        return self._call(operation)

    def store(self, path: str, data: bytes) -> None:
        """Write a small file, whole or not at all; makes its folder."""

        def operation(_timeouts: object) -> None:
            target = self._root / path
            with translated(path, "write"):
                target.parent.mkdir(parents=True, exist_ok=True)
                new = target.with_name(f".{target.name}.new")
                with new.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                new.replace(target)

        self._call(operation)

    def move(self, path: str, to: str) -> None:
        """Move a file, also to another disk; its date stays, and nothing is overwritten."""

        def operation(_timeouts: object) -> None:
            source, target = self._root / path, self._root / to
            with translated(path, "write"):
                target.parent.mkdir(parents=True, exist_ok=True)
                if target.exists():
                    raise denied(to, "write")
                try:
                    source.rename(target)
                except FileNotFoundError:
                    return  # it was moved before, and the answer was lost
                except OSError as error:
                    if not isinstance(error, PermissionError) and error.errno == _OTHER_DISK:
                        _copy(source, target)
                        return
                    raise

        self._call(operation)

    def remove(self, path: str) -> None:
        """Remove a small file of our own."""

        def operation(_timeouts: object) -> None:
            with translated(path, "write"):
                (self._root / path).unlink(missing_ok=True)

        self._call(operation)

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _stat(self, path: str) -> Entry | None:
        with translated(path):
            try:
                target = self._root / path
                stat = target.stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
            touched = max(stat.st_mtime, stat.st_ctime)
            return Entry(path, stat.st_size, stat.st_mtime, touched, target.is_file())


_OTHER_DISK = errno.EXDEV


def _copy(source: Path, target: Path) -> None:
    new = target.with_name(f".{target.name}.new")
    shutil.copy2(source, new)
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.replace(target)
    source.unlink()


class _Chunks(io.RawIOBase):
    """Reads a file chunk by chunk, each with a call of its own."""

    def __init__(self, folder: LocalFolder, entry: Entry) -> None:
        self._folder = folder
        self._entry = entry
        self._at = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return where reading stands."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._entry.size}[whence]
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer."""
        if self._at >= self._entry.size:
            return 0
        data = self._folder.read_at(self._entry, self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
