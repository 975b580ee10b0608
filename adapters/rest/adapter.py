"""Reads a system with an HTTP interface of resources that is described in YAML alone.

Guarantee: every record of a slice is yielded at least once or the read raises: also when the
token ends between two pages, rows move while pages are read (see ``listing``), or the system
misreads the filter. Memory is bounded by one page. A position holds where the walk stands;
reading resumed there misses nothing, and it holds no credential.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from adapters.base import AdapterContext
from adapters.rest.client import RestClient
from adapters.rest.reader import StreamReader
from adapters.rest.spec import StreamSpec, SystemSpec
from config.binding import nearest
from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
    RecordError,
)
from midspan.kernel.stream import Batch, CheckReport, Key, Position, Slice, StreamCheck


class RestAdapter:
    """The ``rest`` adapter; see ``adapters.base.Adapter``."""

    spec: ClassVar[type] = SystemSpec
    stream_spec: ClassVar[type] = StreamSpec

    def __init__(self, context: AdapterContext) -> None:
        self._client = RestClient(context)
        self._streams = {
            name: StreamReader(self._client, context, stream)
            for name, stream in context.streams.items()
        }

    def check(self, streams: Sequence[str] | None = None) -> CheckReport:
        """Log in, read one record of each stream and its parts, and try the filter for changes.

        A filter that finds nothing is a problem. One that is ignored costs time but loses
        nothing: the stream is readable, and told.
        """
        self._client.enter()
        wanted = [
            name
            for name in self._streams
            if streams is None or name in streams or name.partition(".")[0] in streams
        ]
        return CheckReport(tuple(self._check(name) for name in wanted))

    def now(self) -> datetime | None:
        """Return the clock of the system's web server, in UTC; None when it tells none."""
        told = self._client.now()
        if told is None and self._streams:
            next(iter(self._streams.values())).listing.probe()
            told = self._client.now()
        return told

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        """Yield the slice's rows, page by page, or by key where the slice names keys."""
        source = self._stream(stream)
        if part.keys is not None:
            return source.records(part.keys, position)
        return source.slice(part.lower, position)

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        """Yield every key, from the key list where one is configured."""
        return self._stream(stream).keys()

    def close(self) -> None:
        """Log out where the system wants it, and close the connections; never raises."""
        self._client.close()

    def _check(self, name: str) -> StreamCheck:
        try:
            problem = self._streams[name].check(self.now() or datetime.now(UTC))
        except (AccessDenied, DriftError, ProtocolError, RecordError) as error:
            return StreamCheck(name, readable=False, problem=str(error))
        return StreamCheck(name, readable=True, problem=problem)

    def _stream(self, name: str) -> StreamReader:
        if name in self._streams:
            return self._streams[name]
        raise MidspanError(
            "adapter.unknown_stream",
            f"there is no stream '{name}'",
            remedy=nearest(name, list(self._streams)),
        )
