"""Reads and writes a system with an HTTP interface of resources that is described in YAML alone.

Guarantee: every record of a slice is yielded at least once or the read raises: also when the
token ends between two pages, rows move while pages are read (see ``listing``), or the system
misreads the filter. Memory is bounded by one page. A position holds where the walk stands;
reading resumed there misses nothing, and it holds no credential. A change is sent once, and a
create counts when its record is seen (see ``writer``).
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import ClassVar

from adapters.base import AdapterContext, chosen, known_stream
from adapters.rest.changes import Changes
from adapters.rest.checks import StreamChecker
from adapters.rest.client import RestClient
from adapters.rest.discover import Discovery
from adapters.rest.reader import StreamReader
from adapters.rest.spec import StreamSpec, SystemSpec
from adapters.writing import require
from midspan.kernel.catalog import Catalog
from midspan.kernel.errors import AccessDenied, DriftError, ProtocolError, RecordError
from midspan.kernel.stream import Batch, CheckReport, Key, Position, Slice
from midspan.kernel.writing import Capability, Record, WriteOperation, WriteResult


class RestAdapter:
    """The ``rest`` adapter; see ``adapters.base.Adapter``."""

    spec: ClassVar[type] = SystemSpec
    stream_spec: ClassVar[type] = StreamSpec

    def __init__(self, context: AdapterContext) -> None:
        self._context = context
        self._client = RestClient(context)
        self._streams = {
            name: StreamReader(self._client, context, stream)
            for name, stream in context.streams.items()
        }
        self._changes = {
            name: Changes(self._client, context, reader.stream, reader.details)
            for name, reader in self._streams.items()
        }

    def capabilities(self, stream: str) -> frozenset[Capability]:
        """Return what can be done with a stream as it is configured."""
        reader = known_stream(self._streams, stream)
        found = {Capability.READ, Capability.KEYS}
        if reader.stream.cursor is not None and reader.listing.filters:
            found.add(Capability.CHANGES)
        if reader.details is not None:
            found.add(Capability.BY_KEY)
        return frozenset(found) | self._changes[stream].capabilities

    def check(self, streams: Sequence[str] | None = None, *, deep: bool = False) -> CheckReport:
        """Log in, and read one record of each stream and its parts.

        ``deep`` also tries the filter for changes, a record by its key, the list of keys, the
        search for a reference that nobody has, and the right to write where it can be told.
        A filter that is ignored costs time and loses nothing: that is a remark.
        """
        self._client.enter()
        schema = self._context.connection.schema
        return CheckReport(
            tuple(
                StreamChecker(self._client, self._streams[name], self._changes[name], schema).check(
                    deep=deep
                )
                for name in chosen(self._streams, streams)
            )
        )

    def discover(self, streams: Sequence[str] | None = None) -> Catalog:
        """Describe configured streams by their first page, and what the system describes.

        ``streams`` are paths, or names of configured streams.
        """
        self._client.enter()
        readers = list(self._streams.values())
        return Discovery(self._client, self._context.options).catalog(readers, streams)

    def now(self) -> datetime | None:
        """Return the clock of the system's web server, in UTC; None when it tells none."""
        if self._client.now() is None and self._streams:
            self._client.enter()
            # A refusal tells the time as well; whom it concerns will meet it.
            with suppress(AccessDenied, DriftError, ProtocolError, RecordError):
                next(iter(self._streams.values())).listing.probe()
        return self._client.now()

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        """Yield the slice's rows, page by page, or by key where the slice names keys."""
        source = known_stream(self._streams, stream)
        if part.keys is not None:
            return source.records(part.keys, position)
        return source.slice(part.lower, position)

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        """Yield every key, from the key list where one is configured."""
        return known_stream(self._streams, stream).keys()

    def write(self, stream: str, operation: WriteOperation, reference: str) -> WriteResult:
        """Make one change by the stream's call for it."""
        changes = known_stream(self._changes, stream)
        require(changes.capabilities, stream, operation)
        return changes.make(operation, reference)

    def lookup(self, stream: str, reference: str) -> Record | None:
        """Return the record that carries ``reference``, by the stream's call ``find``."""
        return known_stream(self._changes, stream).lookup(reference)

    def close(self) -> None:
        """Log out where the system wants it, and close the connections; never raises."""
        self._client.close()
