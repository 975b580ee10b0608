"""Systems called by remote procedure (JSON-RPC over HTTP): Tryton, Odoo and their like.

Guarantee: nothing of a particular system is written here. How one logs in, how a page is
asked for and what an error means are templates and patterns in the system's YAML
(``adapters.rpc.spec``). Every call passes the gate, one page a call.

A position is the last key that was read, so that a slice goes on there even when rows before
it were inserted or deleted. Slices by key go on at the number of keys done.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar

from adapters.base import AdapterContext
from adapters.rpc.client import RpcClient
from adapters.rpc.reader import StreamReader
from adapters.rpc.spec import RpcSpec, RpcStreamSpec
from config.binding import nearest
from midspan.kernel.errors import AccessDenied, DriftError, MidspanError, ProtocolError
from midspan.kernel.stream import Batch, CheckReport, Key, Position, Slice, StreamCheck


class RpcAdapter:
    """Reads one rpc system."""

    spec: ClassVar[type] = RpcSpec
    stream_spec: ClassVar[type] = RpcStreamSpec

    def __init__(self, context: AdapterContext) -> None:
        self._client = RpcClient(context)
        self._readers = {
            name: StreamReader(self._client, context.options, stream)
            for name, stream in context.streams.items()
        }

    def check(self, streams: Sequence[str] | None = None) -> CheckReport:
        """Log in and read one row of each stream asked about and of its parts."""
        self._client.enter()
        wanted = [
            name
            for name in self._readers
            if streams is None or name in streams or name.partition(".")[0] in streams
        ]
        return CheckReport(tuple(self._check(name) for name in wanted))

    def now(self) -> datetime | None:
        """Return the clock of the system's web server, in UTC; None when it tells none."""
        told = self._client.now()
        if told is None and self._readers:
            next(iter(self._readers.values())).try_one()
            told = self._client.now()
        return told

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        """Yield the slice's rows in the order of their keys, a page a batch."""
        reader = self._reader(stream)
        if part.keys is not None:
            return reader.records(part.keys, position)
        return reader.slice(part.lower, position)

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        """Yield every key, counted against the system's own number where it has one."""
        return self._reader(stream).keys()

    def close(self) -> None:
        """Log out and close the connection; never raises."""
        self._client.close()

    def _check(self, name: str) -> StreamCheck:
        try:
            self._readers[name].try_one()
        except (AccessDenied, DriftError, ProtocolError) as error:
            return StreamCheck(name, readable=False, problem=str(error))
        return StreamCheck(name, readable=True)

    def _reader(self, stream: str) -> StreamReader:
        if stream in self._readers:
            return self._readers[stream]
        raise MidspanError(
            "adapter.unknown_stream",
            f"there is no stream '{stream}'",
            remedy=nearest(stream, list(self._readers)),
        )
