"""Reads tables of dBase and FoxPro from a folder; it writes nothing and takes no lock.

Guarantee: a record that is there from first to last is yielded, also when the application
packs the table meanwhile, which moves records: a position holds the last record's fingerprint,
and where another record stands in its place, reading begins anew.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar, NoReturn, TypeVar

from adapters.base import AdapterContext, chosen, known_stream
from midspan.kernel.catalog import Catalog, CatalogStream
from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
)
from midspan.kernel.stream import Batch, CheckReport, Key, Position, Slice, StreamCheck
from midspan.kernel.writing import Capability, Record, WriteOperation, WriteResult
from midspan_dbase.folder import Folder
from midspan_dbase.reading import START, Selection, describe_table, read_page
from midspan_dbase.spec import DbaseSpec, DbaseStreamSpec
from midspan_dbase.table import Table

T = TypeVar("T")
_READS = frozenset({Capability.READ, Capability.BY_KEY, Capability.KEYS})


class DbaseAdapter:
    """The ``dbase`` adapter; see ``adapters.base.Adapter``."""

    spec: ClassVar[type] = DbaseSpec
    stream_spec: ClassVar[type] = DbaseStreamSpec

    def __init__(self, context: AdapterContext) -> None:
        self._context = context
        self._at_once: int = context.options.rows_per_batch
        self._folder = Folder(context.connection, context.options.encoding)

    def capabilities(self, stream: str) -> frozenset[Capability]:
        """Return that all can be read, and changes where the stream has a cursor."""
        cursor = known_stream(self._context.streams, stream).cursor
        return _READS | {Capability.CHANGES} if cursor else _READS

    def check(self, streams: Sequence[str] | None = None, *, deep: bool = False) -> CheckReport:
        """Open each table and look for its fields; ``deep`` reads all records."""
        self._call(self._folder.names)
        wanted = chosen(self._context.streams, streams)
        return CheckReport(tuple(self._check(name, deep=deep) for name in wanted))

    def discover(self, streams: Sequence[str] | None = None) -> Catalog:
        """Return the folder's tables, by the names of their files."""
        names = self._call(self._folder.names)
        found = [name for name in names if streams is None or name in streams]
        return Catalog(tuple(self._describe(name) for name in found), datetime.now(UTC))

    def now(self) -> datetime | None:
        """Return None: files tell no time."""
        return None

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        """Yield the slice's records in the order of the file."""
        bound = known_stream(self._context.streams, stream)
        at, more = position or START, True
        while more:
            page = partial(read_page, position=at, count=self._at_once, stream=bound)
            batch, more = self._on(bound.options.table, page)
            at = batch.position
            batch = Selection(bound, part, batch.columns).of(batch)
            if batch.rows or batch.rejects:
                yield batch

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        """Yield every key; a record that cannot be read ends the listing with an error."""
        bound = known_stream(self._context.streams, stream)
        for batch in self.read(stream, Slice()):
            for reject in batch.rejects:
                raise ProtocolError(reject.code, f"{reject.where}: {reject.message}", stream=stream)
            key = Selection(bound, Slice(), batch.columns).key
            yield [key(row) for row in batch.rows]

    def write(self, stream: str, operation: WriteOperation, reference: str) -> WriteResult:
        """Refuse: the tables and indexes of another program are not written."""
        del operation, reference
        self._refuse(stream)

    def lookup(self, stream: str, reference: str) -> Record | None:
        """Refuse, as nothing of ours is ever written."""
        del reference
        self._refuse(stream)

    def close(self) -> None:
        """Do nothing: no file stays open between two batches."""

    def _call(self, operation: Callable[[], T]) -> T:
        return self._context.gate.call(self._context.lane, lambda _timeouts: operation())

    def _on(self, name: str, operation: Callable[[Table], T]) -> T:
        def opened() -> T:
            with self._folder.open(name) as table:
                return operation(table)

        return self._call(opened)

    def _check(self, name: str, *, deep: bool) -> StreamCheck:
        bound = self._context.streams[name]
        try:
            left_out = self._on(bound.options.table, lambda table: table.require(bound))
            refused = sum(len(batch.rejects) for batch in self.read(name, Slice())) if deep else 0
        except (AccessDenied, DriftError, ProtocolError) as error:
            return StreamCheck(name, readable=False, problem=str(error))
        remarks = [f"{field} is kept in another file and not read" for field in left_out]
        remarks += [f"{refused} records cannot be read"] if refused else []
        return StreamCheck(name, readable=True, remarks=tuple(remarks))

    def _describe(self, name: str) -> CatalogStream:
        readers = self._context.streams.values()
        configured = tuple(each.name for each in readers if each.options.table == name)
        return replace(self._on(name, describe_table), configured=configured)

    def _refuse(self, stream: str) -> NoReturn:
        known_stream(self._context.streams, stream)
        raise MidspanError("adapter.not_writable", "tables are only read", stream=stream)
