"""Whether a file's manifest says that it is whole, and what it says of it.

Guarantee: a file without its manifest waits; one that differs from what its manifest says
(size, checksum, number of records) is not read at all. A file that a newer list names and that
is not there is told.
"""

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import msgspec

from adapters.file.arrivals import FoundFile
from adapters.file.errors import incomplete
from adapters.file.folder import Folder, joined
from adapters.file.spec import ManifestSpec
from midspan.kernel.errors import ProtocolError, TransientError

_LIMIT = 16 * 1024 * 1024
_BUFFER = 1024 * 1024
_SUM = re.compile(r"^\\?([0-9A-Fa-f]{32,128})(?:\s+[*]?(.+))?$")
_TAGGED = re.compile(r"^\w[\w-]* ?\((.+)\) ?= ?([0-9A-Fa-f]{32,128})$")
_METHODS = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}


@dataclass(frozen=True, slots=True)
class Claim:
    """What a manifest says of a file; None for what it does not say."""

    size: int | None = None
    count: int | None = None
    checksum: str | None = None

    def verify(self, name: str, size: int, file: BinaryIO) -> None:
        """Raise ``file.incomplete`` where size or checksum differ."""
        if self.size is not None and self.size != size:
            raise incomplete(name, f"its manifest says {self.size} bytes, it has {size}")
        if self.checksum is None:
            return
        # Not for secrecy: it is the sender's own choice, to find what the transfer broke.
        digest = hashlib.new(_METHODS[len(self.checksum)], usedforsecurity=False)
        file.seek(0)
        while data := file.read(_BUFFER):
            digest.update(data)
        file.seek(0)
        if digest.hexdigest() != self.checksum:
            raise incomplete(name, "its checksum is not the one in its manifest")

    def verify_count(self, name: str, count: int) -> None:
        """Raise ``file.incomplete`` where the number of records differs."""
        if self.count is not None and self.count != count:
            raise incomplete(name, f"its manifest says {self.count} records, it holds {count}")


class Manifests:
    """The manifests of one stream, as they stand when a reading begins."""

    def __init__(self, folder: Folder, spec: ManifestSpec, where: str) -> None:
        self._folder = folder
        self._spec = spec
        self._where = where
        self._single = "{name}" in spec.file or "{stem}" in spec.file
        self._listed: dict[str, Claim] = {}
        self._since: dict[str, float] = {}
        if not self._single:
            self._read_lists()

    def own(self, file: FoundFile) -> str | None:
        """Return the path of the manifest that is a file's alone; None for lists."""
        if not self._single:
            return None
        stem = PurePosixPath(file.name).stem
        name = self._spec.file.replace("{name}", file.name).replace("{stem}", stem)
        return joined(self._where, name)

    def claim(self, file: FoundFile) -> Claim | None:
        """Return what is said of a file; None where nothing is said yet.

        A manifest that is older than its file speaks of one that stood there before.
        """
        path = self.own(file)
        if path is None:
            return self._listed.get(file.name)
        found = self._folder.entry(path)
        if found is None or int(found.written) < int(file.entry.written):
            return None
        data = self._folder.fetch(path, _LIMIT)
        claims = dict(self._claims(found.name, data or b"", file.name))
        if file.name not in claims:
            raise ProtocolError(
                "file.manifest",
                f"{found.name} says nothing of {file.name}",
                remedy="Check the manifest's keys in the stream",
                file=found.name,
            )
        return claims[file.name]

    def refuse_missing(self, present: frozenset[str], since: float | None) -> None:
        """Raise where a file is not there that a list names which was written after ``since``.

        Without ``since``, the newest list alone counts: what older ones name may be long gone.
        """
        bound = max(self._since.values(), default=0.0) if since is None else since
        for name, written in sorted(self._since.items()):
            if name not in present and (written > bound or (since is None and written == bound)):
                raise TransientError(
                    "file.missing",
                    f"a manifest names {name}, which is not there",
                    remedy="It may still be on its way; else have it sent again",
                    acted=False,
                    file=name,
                )

    def _read_lists(self) -> None:
        entries = sorted(self._folder.list(self._where) or (), key=lambda one: one.written)
        for entry in entries:
            if entry.is_file and fnmatchcase(entry.name, self._spec.file):
                data = self._folder.fetch(entry.path, _LIMIT) or b""
                for name, claim in self._claims(entry.name, data, ""):
                    self._listed[name] = claim
                    self._since[name] = entry.written

    def _claims(self, own: str, data: bytes, name: str) -> Iterator[tuple[str, Claim]]:
        """Yield what a manifest says; ``name`` is the only file it can mean, or empty."""
        if self._spec.style == "mark":
            yield name, Claim()
            return
        try:
            text = data.decode("utf-8-sig")
            if self._spec.style == "sums":
                yield from _sums(text, name)
                return
            rows = _json(text) if self._spec.style == "json" else _table(text)
            for row in rows:
                yield self._of(row, name), self._claim(row)
        except (UnicodeDecodeError, ValueError, KeyError, msgspec.DecodeError):
            raise ProtocolError(
                "file.manifest",
                f"{own} cannot be read as a manifest",
                remedy="Check the manifest's 'style' and keys in the stream, or have it sent again",
                file=own,
            ) from None

    def _of(self, row: Mapping[str, Any], name: str) -> str:
        told = row.get(self._spec.name)
        return name if name and told is None else PurePosixPath(str(row[self._spec.name])).name

    def _claim(self, row: Mapping[str, Any]) -> Claim:
        spec = self._spec
        checksum = str(row[spec.checksum]).strip().lower() if spec.checksum else None
        if checksum is not None and len(checksum) not in _METHODS:
            raise ValueError
        return Claim(
            int(row[spec.size]) if spec.size else None,
            int(row[spec.count]) if spec.count else None,
            checksum,
        )


def _sums(text: str, name: str) -> Iterator[tuple[str, Claim]]:
    for line in filter(None, map(str.strip, text.splitlines())):
        if found := _TAGGED.match(line):
            told, digest = found[1], found[2]
        elif found := _SUM.match(line):
            told, digest = found[2] or name, found[1]
        else:
            raise ValueError
        if not told or len(digest) not in _METHODS:
            raise ValueError
        yield PurePosixPath(told.replace("\\", "/")).name, Claim(checksum=digest.lower())


def _table(text: str) -> list[dict[str, str]]:
    head = text.partition("\n")[0]
    delimiter = max(",;\t|", key=head.count)
    return list(csv.DictReader(text.splitlines(), delimiter=delimiter))


def _json(text: str) -> list[Mapping[str, Any]]:
    found = msgspec.json.decode(text)
    if isinstance(found, dict):
        inner = [one for one in found.values() if isinstance(one, list)]
        found = inner[0] if len(inner) == 1 else [found]
    if not all(isinstance(one, dict) for one in found):
        raise ValueError
    return list(found)
