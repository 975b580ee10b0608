"""What files there are: each stream that is configured, and the others grouped by their names.

Guarantee: of a group only the newest file's beginning is read, and of that only names and
types are kept. A format that is guessed says so by its keys, ready to be put into the YAML.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

from adapters.base import AdapterContext, BoundStream, chosen
from adapters.discovery import SAMPLE, Described, describe
from adapters.file.arrivals import FoundFile, identity_of
from adapters.file.batches import Batches
from adapters.file.folder import Entry, Folder, joined
from adapters.file.formats.base import PLACE_COLUMNS, Place
from adapters.file.formats.opening import Opener
from adapters.file.packing import contents
from adapters.file.reader import StreamReader
from adapters.file.sniffing import sniff
from adapters.file.spec import DelimitedSpec, FileStreamSpec
from adapters.file.whole import Text
from midspan.kernel.catalog import Catalog, CatalogStream, CursorCandidate
from midspan.kernel.errors import AccessDenied, DriftError, ProtocolError
from midspan.kernel.stream import Batch

_DIGITS = re.compile(r"\d+")
_BY_FILE = CursorCandidate(
    ("_file",),
    "string",
    0.9,
    ("each file is read once, in the order of its name and of when it was written",),
)


def discover(
    context: AdapterContext,
    folder: Folder,
    readers: Mapping[str, StreamReader],
    streams: Sequence[str] | None,
) -> Catalog:
    """Return the catalog; ``streams`` are names of streams or of groups."""
    remarks: list[str] = []
    found = []
    for source, names in _sources(readers).items():
        if streams is not None and source not in streams and not chosen(names, streams):
            continue
        try:
            found.append(_configured(source, names, readers[names[0]]))
        except (AccessDenied, DriftError, ProtocolError) as error:
            remarks.append(f"{source}: {error}")
    for pattern, entries in _groups(folder, readers).items():
        if streams is not None and pattern not in streams:
            continue
        try:
            found.append(_group(context, folder, pattern, entries))
        except (AccessDenied, ProtocolError) as error:
            remarks.append(f"{pattern}: {error}")
    return Catalog(tuple(found), datetime.now(UTC), tuple(remarks))


def _sources(readers: Mapping[str, StreamReader]) -> dict[str, list[str]]:
    """Return the names of the streams that read each pattern."""
    found: dict[str, list[str]] = {}
    for name, reader in readers.items():
        found.setdefault(joined(reader.spec.folder, reader.spec.files), []).append(name)
    return found


def _configured(source: str, names: Sequence[str], reader: StreamReader) -> CatalogStream:
    newest = reader.newest()
    batch = reader.first(newest, through=False) if newest else None
    told = _described(batch, ())
    found = CatalogStream(source, "files", told.fields, told.primary_key, told.key_evidence)
    return replace(found, cursors=(_BY_FILE, *told.cursors), configured=tuple(names))


def _groups(folder: Folder, readers: Mapping[str, StreamReader]) -> dict[str, list[Entry]]:
    """Return the files that no stream reads, by a pattern that finds those like them."""
    found: dict[str, list[Entry]] = {}
    specs = [reader.spec for reader in readers.values()]
    for entry in folder.list("") or ():
        if not entry.is_file or entry.name.startswith(".") or _belongs(entry.name, specs):
            continue
        found.setdefault(_DIGITS.sub("*", entry.name), []).append(entry)
    return dict(sorted(found.items()))


def _belongs(name: str, specs: Sequence[FileStreamSpec]) -> bool:
    for spec in specs:
        patterns = [spec.files]
        if spec.manifest is not None:
            manifest = spec.manifest.file
            patterns.append(manifest.replace("{name}", "*").replace("{stem}", "*"))
        if not spec.folder and any(fnmatchcase(name, pattern) for pattern in patterns):
            return True
    return False


def _group(
    context: AdapterContext, folder: Folder, pattern: str, entries: Sequence[Entry]
) -> CatalogStream:
    newest = max(entries, key=lambda entry: entry.written)
    config: dict[str, Any] = {"files": pattern}
    batch = None
    if newest.size:
        with folder.open(newest) as opened:
            (first, *_others) = contents(opened, newest.name, newest.size, _spec(config))
            config |= sniff(first, context.options.encoding)
            if "format" in config:
                spec = _spec(config)
                stream = BoundStream(pattern, (), None, spec)
                reading = Opener(pattern, spec, context.options.encoding).open(first)
                text = Text(newest.name, first.member, reading)
                file = FoundFile(newest, identity_of(newest, "name"))
                batch = next(_sampled(Batches(stream, spec, SAMPLE), file, text), None)
    told = _described(batch, ())
    count = f"{len(entries)} {'file' if len(entries) == 1 else 'files'}"
    found = CatalogStream(pattern, "files", told.fields, told.primary_key, told.key_evidence)
    return replace(found, cursors=(_BY_FILE, *told.cursors), label=count, config=config)


def _sampled(batches: Batches, file: FoundFile, text: Text) -> Iterator[Batch]:
    items = list(islice(text.reading.items(Place()), SAMPLE))
    if items:
        yield batches.batch(file, text, items)


def _described(batch: Batch | None, key: Sequence[str]) -> Described:
    if batch is None:
        return describe((), ())
    wanted = [at for at, name in enumerate(batch.columns) if name not in PLACE_COLUMNS]
    columns = [batch.columns[at] for at in wanted]
    rows = [tuple(row[at] for at in wanted) for row in batch.rows[:SAMPLE]]
    return describe(columns, rows, key=key, now=datetime.now(UTC))


def _spec(config: Mapping[str, Any]) -> FileStreamSpec:
    """Return what a stream of these keys would be."""
    delimited = DelimitedSpec(**config.get("delimited", {}))
    return FileStreamSpec(**{**config, "delimited": delimited})
