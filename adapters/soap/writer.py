"""Writes one stream by its operations, and finds what was written by our reference.

Guarantee: a change is sent once, within a session; its lost answer is ``UncertainWrite``, and
a create counts only when the record is found by its reference.
"""

from collections.abc import Mapping
from typing import Any

from adapters.base import BoundStream
from adapters.soap.abilities import call_of, capabilities
from adapters.soap.listing import Found, Listing
from adapters.soap.pairs import as_pairs
from adapters.soap.reader import StreamReader
from adapters.soap.session import Session
from adapters.soap.spec import StreamSpec
from adapters.soap.spec_lists import PairsSpec
from adapters.templates import Template
from adapters.writing import carried, confirmed, once, only_one, require
from midspan.kernel.errors import MidspanError, ProtocolError, RecordError
from midspan.kernel.writing import Record, WriteOperation, WriteResult

_REFUSALS = frozenset({"soap.fault", "soap.result"})


class StreamWriter:
    """One stream, ready to be written."""

    def __init__(
        self,
        session: Session,
        stream: BoundStream,
        templates: Mapping[str, Template],
        reader: StreamReader,
    ) -> None:
        self._session = session
        self._stream = stream
        self._templates = templates
        self._reader = reader
        self._options: StreamSpec = stream.options

    def write(self, operation: WriteOperation, reference: str) -> WriteResult:
        """Make one change; see ``adapters.base.Adapter.write``."""
        name = self._stream.name
        require(capabilities(self._stream), name, operation)
        call: Any = call_of(self._options, operation.kind)
        template = self._templates[operation.kind]
        values = self._values(operation, reference)
        try:
            self._session.call(call.operation, template, values, lambda act: once(name, act))
        except MidspanError as error:
            raise _refusal(error, name) from None
        if operation.kind == "create" or operation.key is None:
            return confirmed(self._stream, reference, lambda _, wanted: self.lookup(wanted))
        return WriteResult(operation.key)

    def lookup(self, reference: str) -> Record | None:
        """Return the record that carries ``reference``, None when there is none."""
        listing = self._reader.finding
        if listing is None:
            raise ProtocolError(
                "soap.no_find",
                f"the stream '{self._stream.name}' has no operation that finds a reference",
                remedy="Configure 'find' for it",
            )
        try:
            found = listing.records({"reference": reference}, "found")
        except RecordError as error:
            if error.code != "soap.missing":
                raise
            return None
        return only_one(self._stream.name, self._carrying(listing, found, reference))

    def _carrying(self, listing: Listing, found: list[Found], reference: str) -> list[Record]:
        """Return the records that show the reference; a search may find more than equals it."""
        field = self._stream.write.reference if self._stream.write else None
        read = (listing.read(one) for one in found)
        rows = [row for row in read if row is not None]
        if field is None or not rows:
            return list(rows)
        carrying = [row for row in rows if str(row.get(field) or "").strip() == reference]
        if not carrying and any(row.get(field) is None for row in rows):
            raise ProtocolError(
                "soap.reference_hidden",
                f"the records that 'find' of '{self._stream.name}' returns do not show '{field}'",
                remedy="Let the operation return it: a search may find more than was asked for",
            )
        return list(carrying)

    def _values(self, operation: WriteOperation, reference: str) -> dict[str, Any]:
        record = carried(self._stream, operation, reference)
        values = {f"record.{name}": value for name, value in record.items()}
        if operation.key is not None:
            values |= dict(zip(self._stream.primary_key, operation.key, strict=True))
        pairs = self._options.pairs or PairsSpec()
        values |= {"record": dict(record), "pairs": as_pairs(record, pairs)}
        values["reference"] = reference
        return values


def _refusal(error: MidspanError, stream: str) -> MidspanError:
    """Return what an error means for a change: a refusal of these values is a record's."""
    if error.code == "soap.missing":
        return RecordError("adapter.no_record", error.message, stream=stream)
    if error.code in _REFUSALS:
        return RecordError(
            "adapter.write_refused",
            error.message,
            remedy="Correct the values; the system says why",
            stream=stream,
        )
    return error
