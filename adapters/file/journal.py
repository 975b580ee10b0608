"""Which files of a stream were read whole, and the putting away of those that were applied.

Guarantee: a file is moved only when it was handed out to its end, the saved cursor has passed
it (so that what it held is committed), and the sync's own lane asks. It is moved, never deleted,
and never over another one. The journal is written before; where it is lost, the files
of before stay where they are.

The journal stands in the archive, for every machine to see; without one, in the cache.
"""

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from adapters.file.arrivals import FoundFile
from adapters.file.folder import Folder, joined

_log = logging.getLogger(__name__)
_LIMIT = 16 * 1024 * 1024


class Journal:
    """The identities of the files of one stream: those read to their end, and those assumed so.

    A file is assumed to be read that stood behind the cursor when the journal began, and was
    written no later than the file that the cursor names. It is not told as late, and stays
    where it is.
    """

    def __init__(self, folder: Folder, name: str, archive: str | None, cache: Path) -> None:
        self._folder = folder
        self._archive = archive
        self._path = joined(archive, f".midspan.{name}.json") if archive is not None else ""
        self._local = cache / f"files.{name}.json"
        self._read: set[str] = set()
        self._assumed: set[str] = set()
        self._loaded = False

    def known(self, files: Sequence[FoundFile], lower: str) -> frozenset[str]:
        """Return the identities that count as read, of the files that are there."""
        if not self._load():
            until = max((one.entry.written for one in files if one.identity == lower), default=None)
            self._assumed = {
                one.identity
                for one in files
                if one.identity <= lower and (until is None or one.entry.written <= until)
            }
            self._save()
        return frozenset(self._read | self._assumed)

    def add(self, file: FoundFile, files: Sequence[FoundFile]) -> None:
        """Keep that a file was handed out to its end; forget those that are gone."""
        self._load()
        if file.identity not in self._read:
            present = {one.identity for one in files}
            self._read = (self._read & present) | {file.identity}
            self._assumed &= present
            self._save()

    def passed_by(self, files: Sequence[FoundFile]) -> list[str]:
        """Return the names of files that stand before the last one that was read."""
        if not self._load() or not self._read:
            return []
        last, known = max(self._read), self._read | self._assumed
        return [one.name for one in files if one.identity < last and one.identity not in known]

    def put_away(
        self,
        files: Sequence[FoundFile],
        lower: str,
        companion: Callable[[FoundFile], str | None] | None,
    ) -> None:
        """Move what was read and applied into the archive.

        A file's own manifest goes first: alone, it would vouch for the next file of that name.
        """
        if self._archive is None or not self._load():
            return
        for file in files:
            if not file.archived and file.identity <= lower and file.identity in self._read:
                beside = companion(file) if companion else None
                if beside is not None and self._folder.entry(beside) is not None:
                    self._folder.move(beside, self._free(PurePosixPath(beside).name))
                self._folder.move(file.entry.path, self._free(file.name))
                _log.info("%s was applied and is put away", file.name)

    def _free(self, name: str) -> str:
        """Return a path in the archive that nothing stands at."""
        target = joined(self._archive or "", name)
        number = 1
        while self._folder.entry(target) is not None:
            number += 1
            target = joined(self._archive or "", f"{name}.{number}")
        return target

    def _load(self) -> bool:
        """Load the journal once; False where there is none yet."""
        if not self._loaded:
            data = self._folder.fetch(self._path, _LIMIT) if self._path else self._read_local()
            try:
                found = json.loads(data) if data else None
            except ValueError:
                found = None
            if isinstance(found, dict):
                self._read = set(map(str, found.get("read") or ()))
                self._assumed = set(map(str, found.get("assumed") or ()))
                self._loaded = True
        return self._loaded

    def _save(self) -> None:
        self._loaded = True
        data = json.dumps({"read": sorted(self._read), "assumed": sorted(self._assumed)}).encode()
        if self._path:
            self._folder.store(self._path, data)
            return
        self._local.parent.mkdir(parents=True, exist_ok=True)
        new = self._local.with_suffix(".new")
        new.write_bytes(data)
        new.replace(self._local)

    def _read_local(self) -> bytes | None:
        try:
            return self._local.read_bytes()
        except OSError:
            return None
