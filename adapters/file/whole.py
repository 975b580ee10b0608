"""A file that was opened and proven to be whole, before its first record is handed out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from adapters.file.arrivals import FoundFile
from adapters.file.errors import incomplete
from adapters.file.folder import Folder
from adapters.file.formats.base import Reading
from adapters.file.formats.opening import Opener
from adapters.file.manifest import Claim
from adapters.file.packing import contents
from adapters.file.spec import FileStreamSpec


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a whole file; ``name`` is shown, ``member`` is empty but for a zip."""

    name: str
    member: str
    reading: Reading


@contextmanager
def whole(
    folder: Folder, file: FoundFile, spec: FileStreamSpec, opener: Opener, claim: Claim
) -> Iterator[list[Text]]:
    """Open a file and return its texts; raises ``file.incomplete`` unless it is whole."""
    with folder.open(file.entry) as opened:
        size = file.entry.size
        claim.verify(file.name, size, opened)
        if not size:
            if not spec.allow_empty:
                raise incomplete(file.name, "it is empty")
            yield []
            return
        texts = []
        count = 0
        for content in contents(opened, file.name, size, spec):
            reading = opener.open(content)
            texts.append(Text(content.name, content.member, reading))
            if opener.counts or claim.count is not None:
                count += reading.verify()
            elif content.packed:
                content.drain()
        claim.verify_count(file.name, count)
        yield texts
