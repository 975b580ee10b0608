"""Reads one stream: all of it, what changed, the records of some keys, the keys alone.

Guarantee: what ``adapters.rpc.walks`` says of its pages; beside it, a filter that the system
ignores or misreads is told, and a key listing that ends early is none.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from adapters.base import BoundStream
from adapters.rpc.batches import Batches
from adapters.rpc.models import Models
from adapters.rpc.query import Place, Query, need, piece
from adapters.rpc.shape import reference
from adapters.rpc.spec import RpcSpec, RpcStreamSpec
from adapters.rpc.walks import Walker, joined
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
        self._walker = Walker(query, spec.read, options.model)
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
        asked = self._since is not None or self._query.places("lower")
        return self.stream.cursor is not None and asked

    def slice(self, lower: str | None, position: Position | None) -> Iterator[Batch]:
        """Yield what changed since ``lower``, everything when None, behind ``position``."""
        page, place = (position["page"], position["place"]) if position else (0, None)
        pieces = self.pieces([] if lower is None else [self.since(lower)])
        for rows, behind in self._walker.pages(pieces, self._batches.asked, place):
            page += 1
            batch = self._batches.batch(rows, {"place": behind, "page": page}, page)
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
        listed = 0
        for rows, _place in self._walker.pages(self.pieces([]), fields):
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
        bound = _typed_lower(lower, self.stream.cursor, self._typed)
        if self._since is None and self._query.places("lower"):
            return Place("lower", bound)
        return need(self._since, "read.filter.since", "changes").render({"lower": bound})

    def pieces(self, pieces: Sequence[Any]) -> list[Any]:
        """Return pieces of a filter behind those that always hold for the stream."""
        fixed = [self._where.render({})] if self._where else []
        return [*fixed, *pieces]

    def _all(self, wanted: Sequence[Any]) -> Rows:
        """Return the records of some keys; those that did not come are asked for again.

        They may be gone; or the server holds less in a page than what was asked for.
        """
        pages: list[Rows] = []
        left = list(wanted)
        while left:
            rows = self._asked(left)
            pages.append(rows)
            key = self.stream.primary_key[0]
            got = {reference(row.get(key)) for row in rows.values if isinstance(row, dict)}
            if "." in key or not got.intersection(left):
                break
            left = [one for one in left if one not in got]
        return joined([(rows, at) for rows in pages for at in range(len(rows.values))])

    def _asked(self, wanted: Sequence[Any]) -> Rows:
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

    def _count(self) -> int:
        return self._query.count(self.model, self.pieces([])) or 0

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
        codec, found = cursor.codec, list[str]()
        places = [batch.columns.index(name) for name in cursor.fields]
        for row in batch.rows:
            with suppress(RecordError):
                stamp = codec.first(row[at] for at in places)
                found += [] if stamp is None else [stamp]
        return found


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
