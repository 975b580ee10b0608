"""Changes records of one rpc system, by the templates under ``writes``.

Guarantee: a change is sent once. A create counts when its record is found by our reference; an
answer that is lost or cannot be read leaves as UncertainWrite, to be settled by ``lookup``.
"""

from adapters.base import BoundStream
from adapters.rpc.client import RpcClient, walk
from adapters.rpc.query import Query
from adapters.rpc.reader import StreamReader
from adapters.rpc.spec import RpcSpec
from adapters.rpc.wire import Result
from adapters.writing import CAPABILITY_OF, carried, confirmed, no_record, only_one, require
from midspan.kernel.errors import ProtocolError, RecordError, UncertainWrite
from midspan.kernel.writing import Capability, Record, WriteKind, WriteOperation, WriteResult


class StreamWriter:
    """Writes one stream's records and finds them again."""

    def __init__(
        self, client: RpcClient, query: Query, spec: RpcSpec, reader: StreamReader
    ) -> None:
        writes = spec.writes
        self._client = client
        self._reader = reader
        self._stream: BoundStream = reader.stream
        self._by_keys = query.by_keys
        self._key_path = writes.create.key if writes.create else ""
        names = ("model", "values", "key")
        specs = {"create": writes.create, "update": writes.update, "delete": writes.delete}
        self._calls = {
            kind: client.compiled(call, *names[: 2 if kind == "create" else 3])
            for kind, call in specs.items()
            if call is not None
        }
        self.capabilities = self._offered(query)

    def write(self, operation: WriteOperation, reference: str) -> WriteResult:
        """Make one change; see ``Adapter.write`` for its errors."""
        require(self.capabilities, self._stream.name, operation)
        if operation.key is not None and self._by_keys:
            self._refuse_gone(operation)
        values = {"model": self._reader.model, "values": dict(self._carried(operation, reference))}
        if operation.key is not None:
            values["key"] = operation.key[0]
        subject = f"the {operation.kind} of a record of '{self._reader.model}'"
        call = self._calls[operation.kind]
        result = self._client.change(call, values, subject, self._stream.name)
        self._refuse_no(result, operation.kind)
        if operation.kind == "create":
            return self._made(result, reference)
        return WriteResult(operation.key or ())

    def lookup(self, reference: str) -> Record | None:
        """Return the record that carries ``reference``."""
        field = self._stream.write.reference if self._stream.write else None
        if field is None:
            return None
        return only_one(self._stream.name, self._reader.found(field, reference))

    def _offered(self, query: Query) -> frozenset[Capability]:
        config = self._stream.write
        searchable = config is not None and config.reference is not None and query.by_reference
        offered = {Capability.LOOKUP} if searchable else set()
        for kind in config.operations if config else ():
            if kind in self._calls and (kind != "create" or searchable):
                offered.add(CAPABILITY_OF[kind])
        return frozenset(offered)

    def _refuse_gone(self, operation: WriteOperation) -> None:
        """Refuse a key that names no record: many systems call such a change done."""
        found = [
            row for batch in self._reader.records([operation.key or ()], None) for row in batch.rows
        ]
        if not found:
            raise no_record(self._stream.name, operation.kind)

    def _carried(self, operation: WriteOperation, reference: str) -> Record:
        return carried(self._stream, operation, reference)

    def _made(self, result: Result, reference: str) -> WriteResult:
        """Return the key of the record that was made, which has to be found."""
        stream = self._stream
        made = confirmed(stream, reference, lambda _name, known: self.lookup(known))
        try:
            told = walk(result.value(), self._key_path, "writes.create.key")
        except (ProtocolError, RecordError):
            return made
        if isinstance(told, int | str) and not isinstance(told, bool) and (told,) != made.key:
            raise UncertainWrite(
                "adapter.write_unseen",
                f"'{stream.name}' reports another record than the one that carries the reference",
                remedy="Check writes.create.key, and that 'reference' is ours alone",
                stream=stream.name,
            )
        return made

    def _refuse_no(self, result: Result, kind: WriteKind) -> None:
        try:
            answer = result.value()
        except RecordError:
            return
        if answer is False:
            raise RecordError(
                "adapter.write_refused",
                f"the {kind} of a record of '{self._reader.model}' was answered with false",
                remedy="See the system's log",
                stream=self._stream.name,
            )
