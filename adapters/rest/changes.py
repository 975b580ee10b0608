"""What may be written into one stream, and by which calls.

Guarantee: what a stream's ``write`` names and no call serves is told when the adapter is made,
before anything is sent.
"""

from adapters.base import AdapterContext, BoundStream
from adapters.rest.client import RestClient
from adapters.rest.details import Details
from adapters.rest.finder import Finder
from adapters.rest.spec import StreamSpec
from adapters.rest.writer import Writer, created
from adapters.writing import CAPABILITY_OF
from midspan.kernel.errors import MidspanError
from midspan.kernel.writing import (
    Capability,
    Record,
    WriteKind,
    WriteOperation,
    WriteResult,
)


class Changes:
    """A stream's changes and its search by reference."""

    def __init__(
        self,
        client: RestClient,
        context: AdapterContext,
        stream: BoundStream,
        details: Details | None,
    ) -> None:
        options: StreamSpec = stream.options
        schema = context.connection.schema
        calls = {"create": options.create, "update": options.update, "delete": options.delete}
        self._stream = stream
        self._details = details
        self.writers: dict[WriteKind, Writer] = {}
        for kind in stream.write.operations if stream.write else ():
            spec = calls[kind]
            if spec is None:
                raise self._missing(kind, kind)
            self.writers[kind] = Writer(client, stream, kind, spec, schema)
        field = stream.write.reference if stream.write else None
        self.finder = (
            Finder(client, stream, options.find, field, details, schema)
            if options.find and field
            else None
        )
        if "create" in self.writers and self.finder is None:
            raise self._missing("create", "find" if field else "write.reference")

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What can be written and looked up."""
        found = {CAPABILITY_OF[kind] for kind in self.writers}
        return frozenset(found | ({Capability.LOOKUP} if self.finder else set()))

    def make(self, operation: WriteOperation, reference: str) -> WriteResult:
        """Make one change; a create is certain when its record is seen."""
        key = self.writers[operation.kind].change(operation, reference)
        if operation.kind != "create":
            return WriteResult(operation.key or ())
        by_key = self._details.by_key if self._details else None
        return created(self._stream, reference, key, self.lookup, by_key)

    def lookup(self, reference: str) -> Record | None:
        """Return the record that carries ``reference``; None when there is none."""
        if self.finder is None:
            raise MidspanError(
                "adapter.not_writable",
                f"records of '{self._stream.name}' cannot be found by reference",
                remedy="Configure 'find' for it, and write.reference",
                stream=self._stream.name,
            )
        return self.finder.find(reference)

    def _missing(self, kind: str, key: str) -> MidspanError:
        return MidspanError(
            "rest.write",
            f"'{self._stream.name}' may {kind} records, and its key '{key}' is missing",
            remedy=f"Configure '{key}' for it, or take {kind} out of write.operations",
            stream=self._stream.name,
        )
