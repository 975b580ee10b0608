"""Systems called by remote procedure (JSON-RPC, XML-RPC, plain JSON): Tryton, Odoo, their like.

Guarantee: nothing of a particular system is written here. How one logs in, how a page is
asked for and what an error means are templates and patterns in the system's YAML
(``adapters.rpc.spec``). Every call passes the gate, one page a call.

A position is the place behind a page: the last key, or how far a counted list is walked.
Slices by key go on at the number of keys done.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar

from adapters.base import AdapterContext, chosen, known_stream
from adapters.rpc.check import Grants, StreamChecker
from adapters.rpc.client import RpcClient
from adapters.rpc.discover import Discovery
from adapters.rpc.models import Models
from adapters.rpc.query import Query
from adapters.rpc.reader import StreamReader
from adapters.rpc.spec import RpcSpec, RpcStreamSpec
from adapters.rpc.writer import StreamWriter
from midspan.kernel.catalog import Catalog
from midspan.kernel.errors import within
from midspan.kernel.stream import Batch, CheckReport, Key, Position, Slice
from midspan.kernel.writing import Capability, Record, WriteOperation, WriteResult


class RpcAdapter:
    """Reads and writes one rpc system."""

    spec: ClassVar[type] = RpcSpec
    stream_spec: ClassVar[type] = RpcStreamSpec

    def __init__(self, context: AdapterContext) -> None:
        spec: RpcSpec = context.options
        self._client = RpcClient(context)
        self._query = Query(self._client, spec)
        self._models = Models(self._client, spec)
        self._grants = Grants(self._client, spec)
        self._readers = {
            name: StreamReader(self._query, self._models, spec, stream)
            for name, stream in context.streams.items()
        }
        self._writers = {
            name: StreamWriter(self._client, self._query, spec, reader)
            for name, reader in self._readers.items()
        }

    def capabilities(self, stream: str) -> frozenset[Capability]:
        """Return what can be done with a stream as it is configured."""
        reader = known_stream(self._readers, stream)
        offered = {Capability.READ, Capability.KEYS}
        if reader.by_changes:
            offered.add(Capability.CHANGES)
        if self._query.by_keys:
            offered.add(Capability.BY_KEY)
        return frozenset(offered) | self._writers[stream].capabilities

    def check(self, streams: Sequence[str] | None = None, *, deep: bool = False) -> CheckReport:
        """Log in and read one row of each stream asked about and of its parts."""
        self._client.enter()
        names = chosen(self._readers, streams)
        return CheckReport(tuple(self._checker(name).check(deep=deep) for name in names))

    def discover(self, streams: Sequence[str] | None = None) -> Catalog:
        """Return the system's models (all when None), as the system describes them."""
        options = {name: reader.stream.options for name, reader in self._readers.items()}
        return Discovery(self._client, self._query, self._models, options).catalog(streams)

    def now(self) -> datetime | None:
        """Return the clock of the system's web server, in UTC; None when it tells none."""
        told = self._client.now()
        if told is None and self._readers:
            next(iter(self._readers.values())).first()
            told = self._client.now()
        return told

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        """Yield the slice's rows in the order of their keys, a page a batch."""
        reader = known_stream(self._readers, stream)
        if part.keys is not None:
            return reader.records(part.keys, position)
        return reader.slice(part.lower, position)

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        """Yield every key, counted against the system's own number where it has one."""
        return known_stream(self._readers, stream).keys()

    def write(self, stream: str, operation: WriteOperation, reference: str) -> WriteResult:
        """Make one change, sent once."""
        with within(stream=stream):
            return known_stream(self._writers, stream).write(operation, reference)

    def lookup(self, stream: str, reference: str) -> Record | None:
        """Return the record that carries ``reference``."""
        with within(stream=stream):
            return known_stream(self._writers, stream).lookup(reference)

    def close(self) -> None:
        """Log out and close the connection; never raises."""
        self._client.close()

    def _checker(self, name: str) -> StreamChecker:
        return StreamChecker(self._query, self._grants, self._readers[name], self._writers[name])
