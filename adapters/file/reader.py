"""Reads one stream of files: whole files only, in batches, from any position on.

Guarantee: see ``arrivals`` for which files, ``whole`` for which of them are whole. A position
holds the file's identity and where its next record begins; a file that was replaced since
begins again.
"""

import logging
from collections.abc import Iterator, Sequence

from adapters.base import AdapterContext, BoundStream
from adapters.file.arrivals import Arrivals, FoundFile, archive_of
from adapters.file.batches import Batches, needed_columns
from adapters.file.errors import misconfigured
from adapters.file.folder import Folder
from adapters.file.formats.base import PLACE_COLUMNS, Place
from adapters.file.formats.opening import Opener
from adapters.file.journal import Journal
from adapters.file.manifest import Claim, Manifests
from adapters.file.spec import FileSpec, FileStreamSpec
from adapters.file.whole import whole
from config.binding import nearest
from midspan.kernel.errors import MidspanError, ProtocolError
from midspan.kernel.gate import Lane
from midspan.kernel.stream import Batch, Key, Position, Slice

_log = logging.getLogger(__name__)
FILE_COLUMN = PLACE_COLUMNS[0]


class StreamReader:
    """One stream of files."""

    def __init__(self, context: AdapterContext, folder: Folder, stream: BoundStream) -> None:
        options: FileSpec = context.options
        self.spec: FileStreamSpec = stream.options
        self.stream = stream
        self.opener = Opener(stream.name, self.spec, options.encoding)
        self.arrivals = Arrivals(folder, self.spec, options.stable_for.total_seconds())
        self._folder = folder
        self._batches = Batches(stream, self.spec, options.rows_per_batch)
        self._keeps_journal = context.lane is Lane.SYNC
        name = f"{context.system}.{stream.name}"
        self._journal = Journal(folder, name, archive_of(self.spec), context.cache)
        # By files, a cursor says which were read; by a field of theirs, each is read every time.
        self.by_file = stream.cursor is not None and stream.cursor.fields == (FILE_COLUMN,)
        self._refuse_unsound()

    def slice(self, part: Slice, position: Position | None) -> Iterator[Batch]:
        """Yield the rows of every whole file behind ``part.lower``."""
        lower = part.lower if self.by_file else None
        if lower is None:
            present = self.arrivals.present(archive=True)
            files = present
        else:
            present = self.arrivals.present()
            self._settle_past(present, lower)
            files = [file for file in present if file.identity > lower]
        if position is not None:
            files = [file for file in files if file.identity >= position["file"]]
        bound = part.lower if not self.by_file else None
        yield from self._read(present, files, position, bound)

    def records(self, keys: Sequence[Key]) -> Iterator[Batch]:
        """Yield the rows with these keys from every file, the newest last."""
        present = self.arrivals.present(archive=True)
        wanted = frozenset(keys)
        for file, claim in self._ready(present, present):
            with whole(self._folder, file, self.spec, self.opener, claim) as texts:
                for text in texts:
                    for batch in self._batches.of(file, text, Place()):
                        found = self._batches.only(batch, wanted)
                        if found.rows or found.rejects:
                            yield found

    def keys(self) -> Iterator[Sequence[Key]]:
        """Yield the keys in the newest file; raises when there is none or it has rejects."""
        newest = self.newest()
        if newest is None:
            raise ProtocolError("file.none", "there is no file to list", stream=self.stream.name)
        file, claim = newest
        with whole(self._folder, file, self.spec, self.opener, claim) as texts:
            for text in texts:
                for batch in self._batches.of(file, text, Place()):
                    yield self._keys_of(file.name, batch)

    def newest(self) -> tuple[FoundFile, Claim] | None:
        """Return the newest file that has come to rest; None where there is none."""
        manifests = self._manifests()
        for file in reversed(self.arrivals.present(archive=True)):
            if self.arrivals.settled(file):
                claim = self._claim(manifests, file)
                if claim is not None:
                    return file, claim
        return None

    def first(self, found: tuple[FoundFile, Claim], *, through: bool) -> Batch | None:
        """Return the first batch of a file; ``through`` reads all the others as well."""
        first: Batch | None = None
        with whole(self._folder, found[0], self.spec, self.opener, found[1]) as texts:
            for text in texts:
                for batch in self._batches.of(found[0], text, Place()):
                    first = first or batch
                    if not through:
                        return first
        return first

    def remarks(self) -> Iterator[str]:
        """Yield what is odd about the folder and loses nothing by itself."""
        present = self.arrivals.present()
        if not present:
            yield f"no file like '{self.spec.files}' is there"
        for name in self.arrivals.passed_over():
            yield f"{name} is a folder, and is passed over"
        for name in self._journal.passed_by(present) if self.by_file else ():
            yield f"{name} came after later files were read, and is not read"
        manifests = self._manifests()
        for file in present:
            if manifests is not None and manifests.claim(file) is None:
                yield f"{file.name} waits for its manifest, and so does every later file"
                return

    def _read(
        self,
        present: Sequence[FoundFile],
        files: Sequence[FoundFile],
        position: Position | None,
        bound: str | None,
    ) -> Iterator[Batch]:
        for file, claim in self._ready(present, files):
            here = position if position and position["file"] == file.identity else None
            with whole(self._folder, file, self.spec, self.opener, claim) as texts:
                for text in texts:
                    if here and text.member < here["member"]:
                        continue
                    for batch in self._batches.of(file, text, _place(here, text.member)):
                        yield self._batches.since(batch, bound)
            if self._keeps_journal and self.by_file:
                self._journal.add(file, present)

    def _ready(
        self, present: Sequence[FoundFile], files: Sequence[FoundFile]
    ) -> Iterator[tuple[FoundFile, Claim]]:
        """Yield the files that have come to rest, up to the first that has not."""
        if not files:
            return
        manifests = self._manifests()
        if manifests is not None:
            read = [one.entry.written for one in present if one not in files]
            names = frozenset(one.name for one in present)
            manifests.refuse_missing(names, max(read, default=None))
        for file in files:
            if not self.arrivals.settled(file):
                return
            claim = self._claim(manifests, file)
            if claim is None:
                return
            yield file, claim

    def _manifests(self) -> Manifests | None:
        if self.spec.manifest is None:
            return None
        return Manifests(self._folder, self.spec.manifest, self.spec.folder)

    def _claim(self, manifests: Manifests | None, file: FoundFile) -> Claim | None:
        if manifests is None or file.archived:
            return Claim()
        claim = manifests.claim(file)
        if claim is None:
            _log.warning("%s waits for its manifest, and so does every later file", file.name)
        return claim

    def _settle_past(self, present: Sequence[FoundFile], lower: str) -> None:
        """Tell what came late, and put away what was applied."""
        if not self._keeps_journal:
            return
        self.arrivals.late(present, lower, self._journal.known(present, lower))
        companion = self._manifests()
        self._journal.put_away(present, lower, companion.own if companion else None)

    def _keys_of(self, name: str, batch: Batch) -> Sequence[Key]:
        if batch.rejects:
            raise ProtocolError(
                "file.unreadable_keys",
                f"{name} holds lines whose keys cannot be read: {batch.rejects[0].where}",
                remedy="Have the file corrected: an unread key would count as deleted",
                stream=self.stream.name,
            )
        return [self._batches.key(batch.columns, row) for row in batch.rows]

    def _refuse_unsound(self) -> None:
        known = self.opener.columns()
        for name in PLACE_COLUMNS:
            if known is not None and name in known:
                raise misconfigured(self.stream.name, f"has a field '{name}', which is ours")
        for name in needed_columns(self.stream):
            if known is not None and name not in (*known, *PLACE_COLUMNS):
                raise MidspanError(
                    "file.column",
                    f"the stream '{self.stream.name}' has no column '{name}'",
                    remedy=nearest(name, (*known, *PLACE_COLUMNS)),
                )
        if self.spec.archive is not None and not self.by_file:
            raise misconfigured(
                self.stream.name,
                "puts files away that its cursor does not name",
                f"Use the cursor {{fields: {FILE_COLUMN}, type: string}}, or leave 'archive' out",
            )


def _place(position: Position | None, member: str) -> Place:
    if position is None or position["member"] != member:
        return Place()
    return Place(position["line"], position["offset"], position["record"])
