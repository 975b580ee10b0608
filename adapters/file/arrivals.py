"""Which files are there to be read, in which order, and which came too late for it.

Guarantee: files come in the order of their identities, and none comes before an earlier one
that is still being written or waits for its manifest: a cursor never passes an unread file.
What stands in the archive is a file of the stream as before: a full reading reads it too.

A file's *identity* is its name and when it was written (the other way round in the order of
time). One that is written again under its name is a new file. One that appears behind the
cursor was missed by the order; it is told, by the journal of those that were read.
"""

import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from adapters.file.folder import Entry, Folder, joined
from adapters.file.spec import FileStreamSpec
from midspan.kernel.errors import ProtocolError

_log = logging.getLogger(__name__)
_DIGITS = re.compile(r"\d+")
_WIDTH = 20


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a stream; ``archived`` says that it was put away."""

    entry: Entry
    identity: str
    archived: bool = False

    @property
    def name(self) -> str:
        """Its name without folders."""
        return self.entry.name


class Arrivals:
    """The files of one stream."""

    def __init__(self, folder: Folder, spec: FileStreamSpec, stable_for: float) -> None:
        self._folder = folder
        self._spec = spec
        self._stable_for = stable_for
        self._listed_at = 0.0

    def present(self, *, archive: bool = False) -> list[FoundFile]:
        """Return the files of the folder, and of the archive, in the order of identities."""
        spec = self._spec
        self._listed_at = time.monotonic()
        found = self._found(spec.folder, archived=False)
        away = archive_of(spec)
        if archive and away is not None:
            known = {file.identity for file in found}
            put_away = self._found(away, archived=True)
            found += [file for file in put_away if file.identity not in known]
        return sorted(found, key=lambda file: file.identity)

    def passed_over(self) -> list[str]:
        """Return the names of folders that the pattern finds."""
        entries = self._folder.list(self._spec.folder) or ()
        return sorted(
            entry.name for entry in entries if not entry.is_file and self._fits(entry.name)
        )

    def settled(self, file: FoundFile) -> bool:
        """Wait until a file has been at rest for long enough; False when it goes on changing."""
        if file.archived:
            return True
        wait = self._wait(file.entry)
        if wait > 0:
            time.sleep(wait)
        now = self._folder.entry(file.entry.path)
        if now == file.entry:
            return True
        _log.info("%s is still being written and is left for the next run", file.name)
        return False

    def late(self, files: Sequence[FoundFile], lower: str, read: frozenset[str]) -> list[str]:
        """Return the names of files behind the cursor that were not read."""
        names = [
            file.name
            for file in files
            if not file.archived and file.identity <= lower and file.identity not in read
        ]
        if names and self._spec.late == "halt":
            raise ProtocolError(
                "file.late",
                f"{names[0]} came after later files were read, and was not read itself",
                remedy="Have it sent again under a later name, or take it out of the folder",
                file=names[0],
            )
        for name in names:
            _log.warning(
                "%s came after later files were read, and is not read; have it sent again "
                "under a later name",
                name,
            )
        return names

    def _wait(self, entry: Entry) -> float:
        """Return for how long to wait until a file counts as written, by the clock that is sure."""
        age = time.time() - entry.touched
        if self._folder.clock_error == 0:
            return min(self._stable_for - age, self._stable_for)
        if age > self._stable_for + self._folder.clock_error:
            return 0
        return self._stable_for - (time.monotonic() - self._listed_at)

    def _found(self, folder: str, *, archived: bool) -> list[FoundFile]:
        entries = self._folder.list(folder)
        if entries is None and not archived:
            raise ProtocolError(
                "file.folder",
                f"the folder '{folder}' is not there",
                remedy="Correct 'folder', which leads from the connection's folder on",
            )
        return [
            FoundFile(entry, identity_of(entry, self._spec.order), archived)
            for entry in entries or ()
            if entry.is_file and self._fits(entry.name)
        ]

    def _fits(self, name: str) -> bool:
        spec = self._spec
        if not fnmatchcase(name, spec.files):
            return False
        excluded = list(spec.exclude)
        if spec.manifest is not None:
            excluded.append(spec.manifest.file.replace("{name}", "*").replace("{stem}", "*"))
        return not any(fnmatchcase(name, pattern) for pattern in excluded)


def identity_of(entry: Entry, order: str) -> str:
    """Return what names a file, and sorts as its content follows on another's."""
    written = datetime.fromtimestamp(entry.written, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if order == "time":
        return f"{written}@{entry.name}"
    name = entry.name
    if order == "number":
        name = _DIGITS.sub(lambda digits: digits[0].zfill(_WIDTH), name)
    return f"{name}@{written}"


def archive_of(spec: FileStreamSpec) -> str | None:
    """Return the path of a stream's archive, which leads from the stream's folder on."""
    return joined(spec.folder, spec.archive) if spec.archive is not None else None
