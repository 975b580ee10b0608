"""Makes batches of a stream's pages: columns, rows, rejects and origins.

Guarantee: a row that cannot be read, or whose related records do not come, travels beside the
others with its own bytes; a column that no row of a page holds is drift.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from adapters.base import BoundStream
from adapters.rpc.models import Models
from adapters.rpc.query import Query
from adapters.rpc.related import Relations, hole
from adapters.rpc.shape import Record, reference
from adapters.rpc.spec import RpcStreamSpec
from adapters.rpc.wire import Rows
from midspan.kernel.errors import DriftError, ProtocolError, RecordError
from midspan.kernel.stream import Batch, Position, Reject


class Batches:
    """One stream's batches.

    A stream that names no fields, and of which nobody maps any, is read with all that the
    system describes, save binary ones.
    """

    def __init__(self, query: Query, models: Models, stream: BoundStream) -> None:
        options: RpcStreamSpec = stream.options
        self._stream = stream
        self._query = query
        self._models = models
        self._model = options.model
        self._related = options.related
        # A key or stamp that stands in a related record is a column under its whole name.
        cursor = stream.cursor.fields if stream.cursor else ()
        self._nested = [name for name in (*stream.primary_key, *cursor) if "." in name]
        self._keys = [name for name in stream.primary_key if "." not in name]

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields that are read, related ones under their whole names."""
        options: RpcStreamSpec = self._stream.options
        fields = _wanted_fields(self._stream, self._query.key)
        if options.fields or self._stream.columns or "." in self._stream.name:
            return fields
        told = self._models.fields(self._model)
        return tuple(dict.fromkeys([*fields, *(one.name for one in told if one.type != "bytes")]))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of a batch."""
        roots = [field.split(".")[0] for field in self.fields]
        return tuple(dict.fromkeys([*roots, *self._nested]))

    @property
    def asked(self) -> tuple[str, ...]:
        """The fields that the model itself is asked for."""
        return self._relations.asked

    @cached_property
    def _relations(self) -> Relations:
        return Relations(self._query, self._models, self.fields, self._related)

    def batch(self, page: Rows, position: Position, number: int) -> Batch:
        """Return a page as a batch; ``number`` is the page's, from 1."""
        found, refused = self._read(page)
        if found:
            self._refuse_missing(found.values())
        rejects = [
            Reject(error.code, error.message, page.origin(at), _place(number, at))
            for at, error in sorted(refused.items())
        ]
        rows = [tuple(map(record.get, self.columns)) for record in found.values()]
        kept = list(found)
        return Batch(
            self.columns,
            rows,
            position,
            rejects,
            lambda row: (page.origin(kept[row]), _place(number, kept[row])),
        )

    def records(self, page: Rows) -> list[Mapping[str, Any]]:
        """Return a page's records; raise RecordError for one that cannot be read."""
        found, refused = self._read(page)
        for error in refused.values():
            raise error
        return list(found.values())

    def _read(self, page: Rows) -> tuple[dict[int, Record], dict[int, RecordError]]:
        """Return the records by their place in the page, and the errors of the other rows."""
        shaper = self._models.shaper(self._model)
        found: dict[int, Record] = {}
        refused: dict[int, RecordError] = dict(page.damaged)
        for at, row in enumerate(page.values):
            if at in refused:
                continue
            if not isinstance(row, dict):
                raise ProtocolError("rpc.rows", "a row is no record", remedy="Correct read.rows")
            try:
                found[at] = shaper.record(row)
            except RecordError as error:
                refused[at] = error
        kept = list(found)
        rows = [page.values[at] for at in kept]
        for index in self._relations.attach(rows, [found[at] for at in kept]):
            refused[kept[index]] = hole()
            del found[kept[index]]
        for record in found.values():
            self._settle(record)
        return found, refused

    def _settle(self, record: Record) -> None:
        """Make the key a plain value, and columns of what stands in related records."""
        for name in self._keys:
            if name in record:
                record[name] = reference(record[name])
        for name in self._nested:
            record[name] = _inside(record, name)

    def _refuse_missing(self, records: Any) -> None:
        seen: set[str] = set()
        for record in records:
            seen.update(record)
        missing = [column for column in self.columns if column not in seen]
        if missing:
            raise DriftError(
                "adapter.field_missing",
                f"no row of '{self._model}' holds {', '.join(missing)}",
                remedy="Correct the stream's fields, or the mapping that uses them",
                stream=self._stream.name,
            )


def _place(page: int, at: int) -> str:
    return f"page {page}, record {at + 1}"


def _wanted_fields(stream: BoundStream, key: str) -> tuple[str, ...]:
    """Return the fields to ask for: declared ones that are mapped, mapped ones undeclared."""
    options: RpcStreamSpec = stream.options
    cursor = stream.cursor.fields if stream.cursor else ()
    needed = [*stream.primary_key, key, *cursor]
    mapped = {column.split(".")[0] for column in stream.columns}
    declared = [field for field in options.fields if not mapped or field.split(".")[0] in mapped]
    covered = {field.split(".")[0] for field in declared}
    undeclared = [column for column in stream.columns if column.split(".")[0] not in covered]
    return tuple(dict.fromkeys([*needed, *declared, *undeclared]))


def _inside(record: Mapping[str, Any], name: str) -> Any:
    value: Any = record
    for step in name.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
