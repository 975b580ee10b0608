"""A place where files are dropped, wherever it is: what can be asked of it.

Guarantee: two implementations, ``local`` and ``sftp``, behave alike. Each remote call passes
the gate, chunk by chunk; each error is translated where it enters. A file that was opened is
read as it stood when it was listed, or the read raises ``file.changed``.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, Protocol, TypeVar

from midspan.kernel.gate import Timeouts

T = TypeVar("T")

CHUNK = 4 * 1024 * 1024
"""Bytes that are read with one call through the gate."""


class Calls(Protocol):
    """Runs one remote call through the gate."""

    def __call__(self, operation: Callable[[Timeouts], T]) -> T:
        """Run it and return what it returns."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder as it stands in a listing.

    ``path`` leads to it from the connection's folder. ``written`` and ``touched`` are seconds
    since 1970: when its content, and when anything of it was last changed.
    """

    path: str
    size: int
    written: float
    touched: float
    is_file: bool = True

    @property
    def name(self) -> str:
        """Its name without folders."""
        return PurePosixPath(self.path).name


class Folder(Protocol):
    """Files at one place. Paths are relative to the connection's folder."""

    clock_error: float
    """By how many seconds the place's clock may differ from ours."""

    def list(self, folder: str) -> Sequence[Entry] | None:
        """Return what stands in a folder; None where there is no such folder."""
        ...

    def entry(self, path: str) -> Entry | None:
        """Return a file as it stands now; None where there is none."""
        ...

    def open(self, entry: Entry) -> AbstractContextManager[BinaryIO]:
        """Open a file as it was listed; bytes can be sought in it."""
        ...

    def fetch(self, path: str, limit: int) -> bytes | None:
        """Return a small file; None where there is none, at most ``limit`` bytes."""
        ...

    def store(self, path: str, data: bytes) -> None:
        """Write a small file, whole or not at all; makes its folder."""
        ...

    def move(self, path: str, to: str) -> None:
        """Move a file within the place, never over another one."""
        ...

    def remove(self, path: str) -> None:
        """Remove a small file of our own."""
        ...

    def close(self) -> None:
        """Give the connection back; never raises."""
        ...


def joined(folder: str, name: str) -> str:
    """Return the path of something in a folder."""
    return str(PurePosixPath(folder) / name)
