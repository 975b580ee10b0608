"""Walks a stream's pages: behind the last key, by offset, by number, or all at once.

Guarantee: a record that exists from the first page to the last is delivered, whatever is
inserted, changed or deleted meanwhile. Pages by key count nothing from the front; the end is
an empty page, never a short one, since servers cap pages. Lists that are counted overlap and
step back (``adapters.pages``). A page that is out of order, or that begins again at the
front, raises instead of losing rows or running for ever.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Any

from adapters.pages import OffsetWalk, Page, PageWalk
from adapters.rpc.query import Place, Query
from adapters.rpc.shape import reference
from adapters.rpc.spec import ReadSpec
from adapters.rpc.wire import Rows
from midspan.kernel.errors import MidspanError, ProtocolError
from midspan.kernel.stream import Position

Item = tuple[Rows, int]
Walked = tuple[Rows, Position]


@dataclass(frozen=True, slots=True)
class _Cut:
    """How a counted list is cut: nothing but an empty page tells its end."""

    size: int
    more: None = None
    until: None = None
    overlap: int = 1


class Walker:
    """Walks the pages of one model."""

    def __init__(self, query: Query, read: ReadSpec, model: str) -> None:
        self._query = query
        self._read = read
        self._model = model
        self._refuse_unplaced()

    def pages(
        self, pieces: Sequence[Any], fields: Sequence[str], position: Position | None = None
    ) -> Iterator[Walked]:
        """Yield the pages that hold rows, each with the position behind it."""
        if self._read.paging == "key":
            yield from self._by_key(pieces, fields, position)
        elif self._read.paging == "none":
            if position is None:
                yield self._rows(pieces, fields, None), {"whole": True}
        else:
            yield from self._counted(pieces, fields, position)

    def _by_key(
        self, pieces: Sequence[Any], fields: Sequence[str], position: Position | None
    ) -> Iterator[Walked]:
        after = position["after"] if position else None
        while True:
            behind = [] if after is None else [self._query.after(after)]
            rows = self._rows([*pieces, *behind], fields, None)
            if not rows.values:
                return
            after = self._last_key(rows, after)
            yield rows, {"after": after}

    def _counted(
        self, pieces: Sequence[Any], fields: Sequence[str], position: Position | None
    ) -> Iterator[Walked]:
        def fetch(name: str, value: int, size: int) -> Page[list[Item]]:
            asked = [*pieces, Place(name, value)]
            rows = self._rows(asked, fields, size)
            marks = [_mark(value) for value in rows.values]
            return Page([(rows, at) for at in range(len(marks))], marks)

        walk: PageWalk[list[Item]]
        cut, first = _Cut(self._read.limit), self._read.first_page
        if self._read.paging == "offset":
            walk = OffsetWalk(lambda start, size: fetch("offset", start, size), cut)
        else:
            walk = PageWalk(
                lambda number, size: fetch("page", first + number, size),
                cut,
                sizes_free=self._query.places("limit"),
            )
        for walked in walk.run(position):
            if walked.items:
                yield joined(walked.items), walked.position

    def _rows(self, pieces: Sequence[Any], fields: Sequence[str], size: int | None) -> Rows:
        rows = self._query.rows(self._model, pieces, fields, size)
        if not all(isinstance(row, dict) for row in rows.values):
            raise ProtocolError("rpc.rows", "a row is no record", remedy="Correct read.rows")
        return rows

    def _last_key(self, rows: Rows, after: Any) -> Any:
        """Return the key that the next page begins behind; refuse a page that lost order."""
        found = [reference(row.get(self._query.key)) for row in rows.values]
        if found[-1] is None:
            raise ProtocolError(
                "rpc.key",
                f"a row of '{self._model}' has no '{self._query.key}', by which pages go on",
                remedy="Correct read.key",
            )
        # Texts are ordered by the server's collation, which is not ours; numbers are numbers.
        numbers = isinstance(found[-1], int)
        if after in found or (numbers and not _ascends([after, *found])):
            raise ProtocolError(
                "rpc.order",
                f"the pages of '{self._model}' do not go on behind the last '{self._query.key}'",
                remedy="Check that read.params hold {filter} and sort by that field, lowest first",
            )
        return found[-1]

    def _refuse_unplaced(self) -> None:
        """Refuse a paging that its call cannot ask for: it would end after the first page."""
        paging = self._read.paging
        if paging == "none" or (paging == "key" and self._read.filter.after is not None):
            return
        name = "after" if paging == "key" else paging
        if not self._query.places(name):
            raise MidspanError(
                "rpc.paging",
                f"pages go by {paging}, and no call can say which page is meant",
                remedy=f"Put {{{name}}} into read.params"
                + (", or add read.filter.after" if paging == "key" else ""),
            )


def _mark(value: Any) -> str:
    return blake2b(repr(value).encode("utf-8", "replace"), digest_size=12).hexdigest()


def joined(items: Sequence[Item]) -> Rows:
    """Return rows of several pages as those of one."""
    damaged = {at: rows.damaged[own] for at, (rows, own) in enumerate(items) if own in rows.damaged}
    values = [rows.values[own] for rows, own in items]
    return Rows(values, lambda at: items[at][0].origin(items[at][1]), damaged)


def _ascends(keys: Sequence[Any]) -> bool:
    numbers = [key for key in keys if isinstance(key, int)]
    return all(earlier < later for earlier, later in pairwise(numbers))
