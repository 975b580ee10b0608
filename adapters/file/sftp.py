"""A folder on a server that speaks SFTP.

Guarantee: a server whose host key is not among the connection's known ones is refused before
any password is sent. A file is copied chunk by chunk, each behind the gate and within its
timeouts, into a nameless temporary file, and read from there: once over the line, whole, as it
was listed. A connection that breaks is made anew, and the copy goes on where it stood.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, BinaryIO, TypeVar, cast

import paramiko

from adapters.file.errors import changed, denied, missing_folder, unreachable
from adapters.file.folder import CHUNK, Calls, Entry, joined
from adapters.file.ssh import FAILURES, Session, open_session
from config.connections import Connection
from midspan.kernel.errors import MidspanError
from midspan.kernel.gate import Timeouts

T = TypeVar("T")

PIECE = 32 * 1024
AT_ONCE = 64


class SftpFolder:
    """See ``adapters.file.folder.Folder``."""

    # No server tells its clock; one that runs in the wrong zone is off by up to 14 hours.
    clock_error = 26 * 3600.0

    def __init__(self, connection: Connection, call: Calls, spool: Path) -> None:
        schema = connection.schema.lstrip("/")
        self._root = str(connection.extra.get("path") or "") or (f"/{schema}" if schema else ".")
        self._connection = connection
        self._call = call
        self._spool = spool
        self._session: Session | None = None
        self._beginning: Session | None = None
        self._closed = False

    def list(self, folder: str) -> Sequence[Entry] | None:
        """Return what stands in a folder; None where there is no such folder."""

        def operation(client: paramiko.SFTPClient) -> Sequence[Entry] | None:
            try:
                found = client.listdir_attr(self._path(folder))
            except FileNotFoundError:
                if folder and _is_folder(client, self._root):
                    return None
                raise missing_folder(self._connection.conn_id) from None
            return [self._stated(client, joined(folder, one.filename), one) for one in found]

        return self._asked(folder or self._root, operation)

    def entry(self, path: str) -> Entry | None:
        """Return a file as it stands now; None where there is none."""

        def operation(client: paramiko.SFTPClient) -> Entry | None:
            try:
                return _entry(path, client.stat(self._path(path)))
            except FileNotFoundError:
                return None

        return self._asked(path, operation)

    @contextmanager
    def open(self, entry: Entry) -> Iterator[BinaryIO]:
        """Copy a file as it was listed, and open the copy."""
        self._spool.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._spool) as copy:
            for offset in range(0, entry.size, CHUNK):
                copy.write(self._chunk(entry, offset, min(CHUNK, entry.size - offset)))
            if self.entry(entry.path) != entry:
                raise changed(entry.name)
            copy.seek(0)
            yield cast("BinaryIO", copy)

    def fetch(self, path: str, limit: int) -> bytes | None:
        """Return a small file; None where there is none."""

        def operation(client: paramiko.SFTPClient) -> bytes | None:
            try:
                with client.open(self._path(path), "rb") as file:
                    return file.read(limit)
            except FileNotFoundError:
                return None

        return self._asked(path, operation)

    def store(self, path: str, data: bytes) -> None:
        """Write a small file, whole or not at all; makes its folder."""

        def operation(client: paramiko.SFTPClient) -> None:
            target = self._path(path)
            _make_folder(client, target)
            new = f"{target}.new"
            with client.open(new, "wb") as file:
                file.write(data)
            try:
                client.posix_rename(new, target)
            except OSError:  # a server without OpenSSH's extension
                with suppress(FileNotFoundError):
                    client.remove(target)
                client.rename(new, target)

        self._asked(path, operation, "write")

    def move(self, path: str, to: str) -> None:
        """Move a file within the server; its date stays, and nothing is overwritten."""

        def operation(client: paramiko.SFTPClient) -> None:
            source, target = self._path(path), self._path(to)
            _make_folder(client, target)
            if _exists(client, target):
                if not _exists(client, source):
                    return  # it was moved before, and the answer was lost
                raise denied(to, "write")
            client.rename(source, target)

        self._asked(path, operation, "write")

    def remove(self, path: str) -> None:
        """Remove a small file of our own."""

        def operation(client: paramiko.SFTPClient) -> None:
            with suppress(FileNotFoundError):
                client.remove(self._path(path))

        self._asked(path, operation, "write")

    def close(self) -> None:
        """Give the connection back, from any thread; never raises."""
        self._closed = True
        self._end_session()
        if self._beginning is not None:
            self._beginning.close()

    def _begun(self, session: Session) -> None:
        """Know a session that is being opened, so that it can be ended as well."""
        self._beginning = session

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _chunk(self, entry: Entry, offset: int, size: int) -> bytes:
        pieces = [
            (at, min(PIECE, offset + size - at)) for at in range(offset, offset + size, PIECE)
        ]

        def operation(client: paramiko.SFTPClient) -> bytes:
            try:
                with client.open(self._path(entry.path), "rb") as file:
                    data = b"".join(file.readv(pieces, max_concurrent_prefetch_requests=AT_ONCE))
            except FileNotFoundError:
                raise changed(entry.name) from None
            if len(data) != size:
                raise changed(entry.name)
            return data

        return self._asked(entry.name, operation)

    def _asked(
        self, name: str, operation: Callable[[paramiko.SFTPClient], T], right: str = "read"
    ) -> T:
        """Run an operation with a session that stands; one that breaks is not used again."""

        def call(timeouts: Timeouts) -> T:
            if self._closed:
                raise _given_back()
            if self._session is None or not self._session.alive:
                self._end_session()
                self._session = open_session(self._connection, timeouts, self._begun)
            try:
                with self._session.bounded(timeouts) as client:
                    return operation(client)
            except PermissionError:
                raise denied(name, right) from None
            except FAILURES as error:
                self._end_session()
                if self._closed:
                    raise _given_back() from None
                reason = getattr(error, "strerror", None) or type(error).__name__
                raise unreachable(name, reason) from None

        return self._call(call)

    def _path(self, path: str) -> str:
        return joined(self._root, path)

    def _stated(self, client: paramiko.SFTPClient, path: str, found: Any) -> Entry:
        """Return an entry of a listing; a link is what it leads to."""
        entry = _entry(path, found)
        if entry.is_file or S_ISDIR(found.st_mode or 0):
            return entry
        try:
            return _entry(path, client.stat(self._path(path)))
        except OSError:  # a link that leads nowhere
            return entry


def _given_back() -> MidspanError:
    return MidspanError("file.closed", "the reading was cancelled")


def _entry(path: str, found: Any) -> Entry:
    written = float(found.st_mtime or 0)
    return Entry(path, int(found.st_size or 0), written, written, S_ISREG(found.st_mode or 0))


def _is_folder(client: paramiko.SFTPClient, path: str) -> bool:
    try:
        return S_ISDIR(client.stat(path).st_mode or 0)
    except FileNotFoundError:
        return False


def _exists(client: paramiko.SFTPClient, path: str) -> bool:
    try:
        client.stat(path)
    except FileNotFoundError:
        return False
    return True


def _make_folder(client: paramiko.SFTPClient, target: str) -> None:
    parent = target.rpartition("/")[0]
    if parent and not _exists(client, parent):
        _make_folder(client, parent)
        client.mkdir(parent)
