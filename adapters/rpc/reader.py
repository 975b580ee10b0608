"""Reads one stream page by page, each page beginning behind the last one's key.

Guarantee: a record that exists from the first page to the last is delivered, whatever is
inserted, changed or deleted meanwhile, since nothing counts rows from the front. The end is
an empty page, never a short one: servers cap pages. A page that is out of order, or that
begins again at the front, raises instead of losing rows or running for ever.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from adapters.base import BoundStream
from adapters.rpc.client import Call, RpcClient, decode_count
from adapters.rpc.spec import CallSpec, RpcSpec, RpcStreamSpec
from adapters.rpc.values import unwrap
from adapters.templates import Template, compile_template
from config.model import CursorConfig
from midspan.kernel.errors import DriftError, MidspanError, ProtocolError, RecordError
from midspan.kernel.stream import Batch, Key, Position, Reject, Row

_PAGE_NAMES = frozenset({"model", "filter", "limit", "fields"})


class StreamReader:
    """Asks for a stream's pages and makes batches of them."""

    def __init__(self, client: RpcClient, spec: RpcSpec, stream: BoundStream) -> None:
        options: RpcStreamSpec = stream.options
        read = spec.read
        if len(stream.primary_key) != 1:
            raise MidspanError(
                "rpc.primary_key",
                f"the stream '{stream.name}' has a key of several fields",
                remedy="An rpc stream needs one key field",
            )
        self._client = client
        self._stream = stream
        self._tag = spec.type_tag
        self._read = read
        self._model = options.model
        self._fields = _asked_fields(stream, read.key)
        # A key or stamp that stands in a related record is a column under its whole name.
        cursor = stream.cursor.fields if stream.cursor else ()
        self._nested = [name for name in (*stream.primary_key, *cursor) if "." in name]
        roots = [field.split(".")[0] for field in self._fields]
        self.columns = tuple(dict.fromkeys([*roots, *self._nested]))
        known = client.names | _PAGE_NAMES
        self._page_call = Call(CallSpec(read.method, read.params), known)
        self._count_call = Call(spec.count, known) if spec.count else None
        self._where = _piece(options.where, frozenset())
        self._after = _piece(read.filter.after, frozenset({"after"}))
        self._since = _piece(options.since or read.filter.since, frozenset({"lower"}))
        self._keys = _piece(read.filter.keys, frozenset({"keys"}))
        self._key_index = self.columns.index(stream.primary_key[0])

    def slice(self, lower: str | None, position: Position | None) -> Iterator[Batch]:
        """Yield what changed since ``lower``, everything when None, behind ``position``."""
        after, page = (position["after"], position["page"]) if position else (None, 0)
        pieces = self._since_pieces(lower)
        while rows := self._page(pieces, after):
            page += 1
            after = self._last_key(rows, after)
            yield self._batch(rows, {"after": after, "page": page}, page)

    def records(self, keys: Sequence[Key], position: Position | None) -> Iterator[Batch]:
        """Yield the records that ``keys`` name, as far as they exist, behind ``position``."""
        template = self._need(self._keys, "read.filter.keys", "a record by its key")
        done, page = (position["done"], position["page"]) if position else (0, 0)
        while done < len(keys):
            wanted = [key[0] for key in keys[done : done + self._read.limit]]
            rows = self._call([template.render({"keys": wanted})], self._read.limit, self._fields)
            done, page = done + len(wanted), page + 1
            batch = self._batch(rows, {"done": done, "page": page}, page)
            self._refuse_strangers(batch, wanted)
            yield batch

    def keys(self) -> Iterator[Sequence[Key]]:
        """Yield every key; raise when fewer came than the system counts."""
        fields = list(dict.fromkeys([self._stream.primary_key[0], self._read.key]))
        before = self._count()
        after: Any = None
        listed = 0
        while rows := self._page([], after, fields):
            after = self._last_key(rows, after)
            listed += len(rows)
            yield [(self._decode(row)[fields[0]],) for row in rows]
        # Rows may come and go during the listing: only fewer than at both ends is a loss.
        announced = min(before, self._count()) if before else before
        if listed < announced:
            raise ProtocolError(
                "adapter.silent_loss",
                f"the listing of '{self._stream.name}' ended after {listed} of {announced} keys",
                remedy="Run it again; if it stays so, lower read.limit",
            )

    def try_one(self) -> None:
        """Read one row, to see whether it can be done."""
        self._batch(self._call([], 1, self._fields), {}, 1)

    def _since_pieces(self, lower: str | None) -> list[Any]:
        if lower is None:
            return []
        template = self._need(self._since, "read.filter.since", "changes")
        return [template.render({"lower": _typed_lower(lower, self._stream.cursor, self._tag)})]

    def _page(
        self, pieces: Sequence[Any], after: Any, fields: Sequence[str] | None = None
    ) -> Sequence[bytes]:
        if after is not None and self._after is not None:
            pieces = [*pieces, self._after.render({"after": after})]
        return self._call(pieces, self._read.limit, fields or self._fields)

    def _call(self, pieces: Sequence[Any], limit: int, fields: Sequence[str]) -> Sequence[bytes]:
        values = self._values(pieces) | {"limit": limit, "fields": list(fields)}
        result = self._client.call(self._page_call, values, f"reading '{self._model}'")
        return self._client.wire.rows(result, self._read.rows)

    def _count(self) -> int:
        if self._count_call is None:
            return 0
        values = self._values([]) | {"limit": None, "fields": []}
        result = self._client.call(self._count_call, values, f"counting '{self._model}'")
        return decode_count(self._client.wire, result)

    def _values(self, pieces: Sequence[Any]) -> dict[str, Any]:
        fixed = [self._where.render({})] if self._where else []
        return {"model": self._model, "filter": _joined([*fixed, *pieces])}

    def _last_key(self, rows: Sequence[bytes], after: Any) -> Any:
        """Return the key that the next page begins behind; refuse a page that lost order."""
        found = [self._decode(row).get(self._read.key) for row in rows]
        if found[-1] is None:
            raise ProtocolError(
                "rpc.key",
                f"a row of '{self._model}' has no '{self._read.key}', by which pages go on",
                remedy="Correct read.key",
            )
        # Texts are ordered by the server's collation, which is not ours; numbers are numbers.
        numbers = isinstance(found[-1], int)
        if after in found or (numbers and not _ascends([after, *found])):
            raise ProtocolError(
                "rpc.order",
                f"the pages of '{self._model}' do not go on behind the last '{self._read.key}'",
                remedy="Check that read.params hold {filter} and sort by that field, lowest first",
            )
        return found[-1]

    def _decode(self, row: bytes) -> dict[str, Any]:
        """Return a row's plain members, also of a row whose text is damaged."""
        try:
            value = self._client.wire.decode(row)
        except RecordError:
            value = self._client.wire.decode(bytes(row).decode("utf-8", "replace").encode())
        if not isinstance(value, dict):
            raise ProtocolError("rpc.rows", "a row is no record", remedy="Correct read.rows")
        return value

    def _batch(self, raws: Sequence[bytes], position: Position, page: int) -> Batch:
        rows: list[Row] = []
        kept: list[tuple[bytes, str]] = []
        rejects: list[Reject] = []
        seen: set[str] = set()
        for number, raw in enumerate(raws, 1):
            place = f"page {page}, record {number}"
            try:
                record = self._record(raw)
            except RecordError as error:
                rejects.append(Reject(error.code, error.message, bytes(raw), place))
                continue
            seen.update(record)
            rows.append(tuple(map(record.get, self.columns)))
            kept.append((raw, place))
        if rows:
            self._refuse_missing(seen)
        return Batch(self.columns, rows, position, rejects, lambda row: _origin(kept[row]))

    def _record(self, raw: bytes) -> dict[str, Any]:
        record = unwrap(self._client.wire.decode(raw), self._tag)
        if not isinstance(record, dict):
            raise ProtocolError("rpc.rows", "a row is no record", remedy="Correct read.rows")
        for name in self._nested:
            record[name] = _inside(record, name)
        return record

    def _refuse_missing(self, seen: set[str]) -> None:
        missing = [column for column in self.columns if column not in seen]
        if missing:
            raise DriftError(
                "adapter.field_missing",
                f"no row of '{self._model}' holds {', '.join(missing)}",
                remedy="Correct the stream's fields, or the mapping that uses them",
                stream=self._stream.name,
            )

    def _refuse_strangers(self, batch: Batch, wanted: Sequence[Any]) -> None:
        known = set(wanted)
        if any(row[self._key_index] not in known for row in batch.rows):
            raise ProtocolError(
                "rpc.filter_ignored",
                f"'{self._model}' answered with records that were not asked for",
                remedy="Check read.filter.keys, and that read.params hold {filter}",
            )

    def _need(self, template: Template | None, key: str, what: str) -> Template:
        if template is not None:
            return template
        raise MidspanError(
            "rpc.filter_missing",
            f"the system does not say how to ask for {what}",
            remedy=f"Add {key}",
            stream=self._stream.name,
        )


def _origin(kept: tuple[bytes, str]) -> tuple[bytes, str]:
    return bytes(kept[0]), kept[1]


def _piece(source: Any, known: frozenset[str]) -> Template | None:
    return None if source is None else compile_template(source, known)


def _asked_fields(stream: BoundStream, key: str) -> tuple[str, ...]:
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


def _joined(pieces: Sequence[Any]) -> Any:
    """Return the pieces of a filter as one: lists joined, mappings merged."""
    if pieces and all(isinstance(piece, Mapping) for piece in pieces):
        return {name: value for piece in pieces for name, value in piece.items()}
    return [term for piece in pieces for term in piece]


def _ascends(keys: Sequence[Any]) -> bool:
    numbers = [key for key in keys if isinstance(key, int)]
    return all(earlier < later for earlier, later in pairwise(numbers))


def _typed_lower(lower: str, cursor: CursorConfig | None, tag: str | None) -> Any:
    """Return the slice's lower bound as the system takes it.

    A system that marks its types gets a typed value, any other the text as it is, except
    that ids are numbers everywhere.
    """
    kind = cursor.type if cursor else "string"
    if kind == "integer":
        return int(lower)
    if tag is None or kind == "string":
        return lower
    if kind == "date":
        return date.fromisoformat(lower)
    if cursor is None or cursor.format is None:
        return datetime.fromisoformat(lower)
    return datetime.strptime(lower, cursor.format)  # noqa: DTZ007 in the source's local form
