"""Reads one stream page by page, each page beginning behind the last one's key.

Guarantee: a record that exists from the first page to the last is delivered, whatever is
inserted, changed or deleted meanwhile, since nothing counts rows from the front. The end is
an empty page, never a short one: servers cap pages. A page that is out of order, that begins
again at the front, or that shows a filter ignored, raises instead of losing rows or running
for ever.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from adapters.base import BoundStream
from adapters.rpc.batches import Batches
from adapters.rpc.models import Models
from adapters.rpc.query import Query, need, piece
from adapters.rpc.shape import reference
from adapters.rpc.spec import RpcSpec, RpcStreamSpec
from adapters.rpc.wire import Rows
from config.model import CursorConfig
from midspan.kernel.errors import MidspanError, ProtocolError, RecordError
from midspan.kernel.stream import Batch, Key, Position
from midspan.kernel.writing import Record

_TOLERANCE = timedelta(days=1)


class StreamReader:
    """Asks for a stream's pages and makes batches of them."""

    def __init__(self, query: Query, models: Models, spec: RpcSpec, stream: BoundStream) -> None:
        options: RpcStreamSpec = stream.options
        if len(stream.primary_key) != 1:
            raise MidspanError(
                "rpc.primary_key",
                f"the stream '{stream.name}' has a key of several fields",
                remedy="An rpc stream needs one key field",
            )
        self.stream = stream
        self.model = options.model
        self._query = query
        self._batches = Batches(query, models, stream)
        self._where = piece(options.where)
        self._since = piece(options.since or spec.read.filter.since, "lower")
        self._own_since = options.since is not None
        typed = spec.values.typed
        self._typed = spec.type_tag is not None if typed is None else typed

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its batches."""
        return self._batches.columns

    @property
    def by_changes(self) -> bool:
        """Whether changes can be asked for."""
        return self.stream.cursor is not None and self._since is not None

    def slice(self, lower: str | None, position: Position | None) -> Iterator[Batch]:
        """Yield what changed since ``lower``, everything when None, behind ``position``."""
        after, page = (position["after"], position["page"]) if position else (None, 0)
        pieces = [] if lower is None else [self.since(lower)]
        while (rows := self._page(pieces, after)).values:
            page += 1
            after = self._last_key(rows, after)
            batch = self._batches.batch(rows, {"after": after, "page": page}, page)
            if lower is not None and page == 1:
                self._refuse_ignored(batch, lower)
            yield batch

    def records(self, keys: Sequence[Key], position: Position | None) -> Iterator[Batch]:
        """Yield the records that ``keys`` name, as far as they exist, behind ``position``."""
        done, page = (position["done"], position["page"]) if position else (0, 0)
        while done < len(keys):
            wanted = [key[0] for key in keys[done : done + self._query.limit]]
            done, page = done + len(wanted), page + 1
            rows = self._all(wanted)
            yield self._batches.batch(rows, {"done": done, "page": page}, page)

    def keys(self) -> Iterator[Sequence[Key]]:
        """Yield every key; raise when fewer came than the system counts."""
        key = self.stream.primary_key[0]
        fields = list(dict.fromkeys([key, self._query.key]))
        before = self._count()
        after: Any = None
        listed = 0
        while (rows := self._page([], after, fields)).values:
            after = self._last_key(rows, after)
            listed += len(rows.values)
            yield [(reference(row.get(key)),) for row in rows.values]
        # Rows may come and go during the listing: only fewer than at both ends is a loss.
        announced = min(before, self._count()) if before else before
        if listed < announced:
            raise ProtocolError(
                "adapter.silent_loss",
                f"the listing of '{self.stream.name}' ended after {listed} of {announced} keys",
                remedy="Run it again; if it stays so, lower read.limit",
            )

    def first(self, pieces: Sequence[Any] = (), limit: int = 1) -> Batch:
        """Return the first rows that the stream's filter and ``pieces`` find."""
        rows = self._query.rows(self.model, self.pieces(pieces), self._batches.asked, limit)
        return self._batches.batch(rows, {}, 1)

    def found(self, reference_field: str, value: str) -> list[Record]:
        """Return the records that carry our reference, two at most."""
        pieces = self.pieces([self._query.reference(reference_field, value)])
        fields = list(dict.fromkeys([*self._batches.asked, reference_field]))
        rows = self._query.rows(self.model, pieces, fields, 2)
        return self._batches.records(rows)

    def since(self, lower: str) -> Any:
        """Return the piece of the filter that asks for changes, in the cursor's own form."""
        template = need(self._since, "read.filter.since", "changes")
        return template.render({"lower": _typed_lower(lower, self.stream.cursor, self._typed)})

    def pieces(self, pieces: Sequence[Any]) -> list[Any]:
        """Return pieces of a filter behind those that always hold for the stream."""
        fixed = [self._where.render({})] if self._where else []
        return [*fixed, *pieces]

    def _all(self, wanted: Sequence[Any]) -> Rows:
        pieces = self.pieces([self._query.keys(wanted)])
        rows = self._query.rows(self.model, pieces, self._batches.asked)
        key, known = self.stream.primary_key[0], set(wanted)
        if "." not in key and any(
            isinstance(row, dict) and reference(row.get(key)) not in known for row in rows.values
        ):
            raise ProtocolError(
                "rpc.filter_ignored",
                f"'{self.model}' answered with records that were not asked for",
                remedy="Check read.filter.keys, and that read.params hold {filter}",
            )
        return rows

    def _page(self, pieces: Sequence[Any], after: Any, fields: Sequence[str] | None = None) -> Rows:
        behind = [] if after is None else [self._query.after(after)]
        asked = fields or self._batches.asked
        return self._query.rows(self.model, self.pieces([*pieces, *behind]), asked)

    def _count(self) -> int:
        return self._query.count(self.model, self.pieces([])) or 0

    def _last_key(self, rows: Rows, after: Any) -> Any:
        """Return the key that the next page begins behind; refuse a page that lost order."""
        if not all(isinstance(row, dict) for row in rows.values):
            raise ProtocolError("rpc.rows", "a row is no record", remedy="Correct read.rows")
        found = [reference(row.get(self._query.key)) for row in rows.values]
        if found[-1] is None:
            raise ProtocolError(
                "rpc.key",
                f"a row of '{self.model}' has no '{self._query.key}', by which pages go on",
                remedy="Correct read.key",
            )
        # Texts are ordered by the server's collation, which is not ours; numbers are numbers.
        numbers = isinstance(found[-1], int)
        if after in found or (numbers and not _ascends([after, *found])):
            raise ProtocolError(
                "rpc.order",
                f"the pages of '{self.model}' do not go on behind the last '{self._query.key}'",
                remedy="Check that read.params hold {filter} and sort by that field, lowest first",
            )
        return found[-1]

    def _refuse_ignored(self, batch: Batch, lower: str) -> None:
        """Refuse a full page of rows that are all much older than what was asked for.

        A stream's own ``since`` may mean more than its cursor, so that old rows are right.
        """
        if self._own_since or len(batch.rows) < self._query.limit:
            return
        cursor = self.stream.cursor
        if cursor is None or cursor.type not in ("datetime", "integer"):
            return
        oldest = cursor.codec.parse(lower)
        if cursor.type == "datetime":
            oldest = cursor.codec.shift(oldest, _TOLERANCE)
        stamps = self.stamps(batch)
        if stamps and all(stamp < oldest for stamp in stamps):
            raise ProtocolError(
                "rpc.filter_ignored",
                f"'{self.model}' was asked for changes and answered with old records only",
                remedy="Check read.filter.since, and that read.params hold {filter}",
            )

    def stamps(self, batch: Batch) -> list[str]:
        """Return the canonical stamps of a batch's rows, of those that have one."""
        cursor = self.stream.cursor
        if cursor is None:
            return []
        places = [batch.columns.index(name) for name in cursor.fields]
        found = []
        for row in batch.rows:
            value = next((row[at] for at in places if row[at] is not None), None)
            try:
                found += [] if value is None else [cursor.codec.parse(value)]
            except RecordError:
                continue
        return found


def _ascends(keys: Sequence[Any]) -> bool:
    numbers = [key for key in keys if isinstance(key, int)]
    return all(earlier < later for earlier, later in pairwise(numbers))


def _typed_lower(lower: str, cursor: CursorConfig | None, typed: bool) -> Any:
    """Return the slice's lower bound as the system takes it.

    A system that marks its types gets a typed value, any other the text as it is, except
    that ids are numbers everywhere.
    """
    kind = cursor.type if cursor else "string"
    if kind == "integer":
        return int(lower)
    if not typed or kind == "string":
        return lower
    if kind == "date":
        return date.fromisoformat(lower)
    if cursor is None or cursor.format is None:
        return datetime.fromisoformat(lower)
    return datetime.strptime(lower, cursor.format)  # noqa: DTZ007 in the source's local form
