"""Files that are packed: gzip, and members of a zip. What they are is told by their first bytes.

Guarantee: a packed file is read through to its checksum before its first record is handed out;
one that is cut or corrupt is not whole. What unpacks to far more than it measures is refused.
"""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, BinaryIO, cast

from adapters.file.errors import incomplete, too_large
from adapters.file.spec import FileStreamSpec
from midspan.kernel.errors import ProtocolError

HEAD = 4096
BUFFER = 256 * 1024
ALLOWED = 64 * 1024 * 1024
"""What any file may unpack to, however small it is."""

_BROKEN = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError)
_NO_ZIP = (*_BROKEN, struct.error, ValueError)


@dataclass(frozen=True, slots=True)
class Content:
    """One text: a file's own, or that of a member of a zip.

    ``name`` is shown to people; ``member`` is empty but for a zip. ``opener`` opens it anew.
    """

    name: str
    member: str
    packed: bool
    head: bytes
    opener: Callable[[], BinaryIO]

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open it at its beginning."""
        file = self.opener()
        try:
            yield file
        finally:
            file.close()

    def drain(self) -> None:
        """Read it to its end, where its checksum is."""
        with self.open() as file:
            while file.read(BUFFER):
                pass


def contents(file: BinaryIO, name: str, size: int, spec: FileStreamSpec) -> list[Content]:
    """Return the texts in a file, whose bytes can be sought in."""
    head = file.read(4)
    bound = max(ALLOWED, spec.max_ratio * size)
    if spec.packed == "no" or not head.startswith((b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06")):
        return [
            _content(
                name, "", False, lambda: cast("BinaryIO", io.BufferedReader(_View(file), BUFFER))
            )
        ]
    if head.startswith(b"\x1f\x8b"):
        return [_content(name, "", True, lambda: _minded(_gunzip(file), name, bound))]
    return _members(file, name, bound, spec.member)


def _members(file: BinaryIO, name: str, bound: int, pattern: str) -> list[Content]:
    try:
        archive = zipfile.ZipFile(file)
    except _NO_ZIP:
        raise incomplete(name, "it is no whole zip file") from None
    found = sorted(
        (
            info
            for info in archive.infolist()
            if not info.is_dir()
            and (fnmatchcase(info.filename, pattern) or fnmatchcase(_last(info), pattern))
        ),
        key=lambda info: info.filename,
    )
    if not found:
        raise ProtocolError(
            "file.no_member",
            f"{name} holds no member like '{pattern}'",
            remedy="Correct 'member'",
            file=name,
        )
    if any(info.flag_bits & 1 for info in found):
        raise ProtocolError(
            "file.encrypted", f"{name} is encrypted", remedy="Have it sent without a password"
        )
    return [
        _content(
            f"{name}/{info.filename}",
            info.filename,
            True,
            partial(_unzipped, archive, info, name, bound),
        )
        for info in found
    ]


def _unzipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, bound: int) -> BinaryIO:
    try:
        member = cast("BinaryIO", archive.open(info))
    except _NO_ZIP:
        raise incomplete(name, f"its member {info.filename} cannot be unpacked") from None
    return _minded(member, name, bound)


def _last(info: zipfile.ZipInfo) -> str:
    return info.filename.rpartition("/")[2]


def _gunzip(file: BinaryIO) -> BinaryIO:
    view = io.BufferedReader(_View(file), BUFFER)
    return cast("BinaryIO", gzip.GzipFile(fileobj=view, mode="rb"))


def _minded(file: BinaryIO, name: str, bound: int) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Minded(file, name, bound), BUFFER))


def _content(name: str, member: str, packed: bool, opener: Callable[[], BinaryIO]) -> Content:
    with opener() as file:
        head = file.read(HEAD)
    return Content(name, member, packed, head, opener)


class _View(io.RawIOBase):
    """Reads a file from a place of its own, so that several may read the same one."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
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
        if whence == io.SEEK_CUR:
            offset += self._at
        self._at = self._file.seek(offset, io.SEEK_END if whence == io.SEEK_END else io.SEEK_SET)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer."""
        self._file.seek(self._at)
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Minded(io.RawIOBase):
    """Unpacks a file; says so when it is broken, and stops where it grows too large."""

    def __init__(self, file: BinaryIO, name: str, bound: int) -> None:
        self._file = file
        self._name = name
        self._bound = bound

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return where reading stands."""
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, by reading up to it."""
        with self._told():
            return self._file.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer."""
        with self._told():
            data = self._file.read(len(buffer))
        if self._file.tell() > self._bound:
            raise too_large(
                self._name,
                f"it unpacks to more than {self._bound} bytes; raise 'max_ratio' if that is right",
            )
        buffer[: len(data)] = data
        return len(data)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except _BROKEN:
            raise incomplete(self._name, "it is cut or corrupt and cannot be unpacked") from None
