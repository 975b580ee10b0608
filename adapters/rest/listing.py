"""One call of one stream that lists records: asked page by page, in the style that is configured.

Guarantee: every record of the list is yielded at least once or the reading raises, whatever
moves meanwhile (see ``adapters.pages``, ``walks``, ``drift``). Memory is bounded by a page.
"""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from operator import itemgetter
from typing import Any
from urllib.parse import urlsplit

import xxhash
from requests.utils import parse_header_links

from adapters.base import BoundStream
from adapters.http import Reply, describe
from adapters.pages import OffsetWalk, Page, PageWalk, Walked
from adapters.rest.bound import bound_of
from adapters.rest.calls import Call, Request, strip_query
from adapters.rest.client import RestClient
from adapters.rest.drift import HealingWalk, Walk, short_list
from adapters.rest.order import Order
from adapters.rest.replies import HEADER, Document, Records, take
from adapters.rest.shape import Shape
from adapters.rest.span import Marks, Span
from adapters.rest.spec import ListingSpec, PagingSpec, SinceSpec
from adapters.rest.walks import ChainWalk, Fetched, KeysetWalk
from adapters.templates import as_text
from config.binding import nearest
from config.model import CursorConfig
from midspan.kernel.errors import DriftError, MidspanError, ProtocolError
from midspan.kernel.stream import Position, Reject, Row

_NAMES = ("lower", "page", "offset", "page_size", "cursor", "after")
_NEEDS = {"page": "page", "offset": "offset", "cursor": "cursor"}
_WHOLE = PagingSpec("none")
_BEYOND = (400, 404, 410, 416, 422)
_TRUE = frozenset({"true", "1", "yes", "y"})


class Listing:
    """A list of one stream, ready to be read.

    A status that ends a list may as well mean that there is none at all: where that matters
    (``strict``, and in a probe), it is an error at the list's very beginning.
    """

    def __init__(
        self,
        client: RestClient,
        stream: BoundStream,
        spec: ListingSpec,
        shape: Shape,
        schema: str,
        *,
        paging: PagingSpec | None = None,
        since: SinceSpec | None = None,
        constants: Mapping[str, Any] | None = None,
        strict: bool = False,
    ) -> None:
        self.paging = spec.paging or paging or _WHOLE
        self.shape = replace(shape, head=_head(self.paging))
        self._client = client
        self._stream = stream
        self._spec = spec
        self._strict = strict
        self._announced: int | None = None
        self._constants = {"schema": schema, **(constants or {})}
        self._present = {*shape.given, *shape.nested}
        self._beginning = since.beginning if since else None
        self._bound = bound_of(stream.name, stream.cursor, since)
        known = (*_NAMES, *self._constants)
        self._full = Call(spec, client.base, known, paging=self.paging)
        self._since = (
            Call(spec, client.base, known, paging=self.paging, since=since) if since else self._full
        )
        self._marks = (*stream.primary_key, *self._cursor_fields)
        self._check_names()

    @property
    def names(self) -> frozenset[str]:
        """The placeholders that the call uses."""
        return self._full.names

    @property
    def filters(self) -> bool:
        """Whether the call can be asked for changes alone."""
        return "lower" in self._since.names

    def read(self, lower: str | None, position: Position | None = None) -> Iterator[Walked[Span]]:
        """Yield the list's records from ``position`` on, a page at a time."""
        lower = lower or self._beginning
        if self.paging.style == "keyset":
            yield from self._behind_keys(lower, position)
            return
        # One reply holds no pages between which a row could move.
        keys = self._keys if self.paging.style != "none" else _unknown
        walk = HealingWalk(lambda number: self._pass(number, lower), keys, self._name)
        yield from walk.run(position)

    def sample(self, lower: str | None = None) -> tuple[Span, int | None]:
        """Read the first page; return it with how many records the list announces or is."""
        page = self._first(lower, self.paging.size)
        whole = self.paging.style == "none" and page.total is None
        return page.items, len(page.items) if whole else page.total

    def probe(self, lower: str | None = None, size: int = 1) -> Span:
        """Read as little as the list can return: its first page, of one record if it may."""
        return self._first(lower, size, strict=True).items

    def _first(self, lower: str | None, size: int, *, strict: bool = False) -> Fetched:
        style = self.paging.style
        after = lower if style == "keyset" and self._by_cursor else None
        first = self.paging.first
        values = {"page": first, "offset": 0, "page_size": size, "after": after}
        return self._fetch(lower or self._beginning, "page 1", values, strict=strict)

    def _behind_keys(self, lower: str | None, position: Position | None) -> Iterator[Walked[Span]]:
        head: Mapping[str, Any] = position or {}
        walk = self._keyset(lower)
        for walked in walk.run(lower if self._by_cursor else None, position):
            head = walked.position
            yield walked
        total = head.get("total")
        if total is not None and head["reach"] < total:
            # Records may have been deleted meanwhile: what is announced now counts as well.
            again = self._first(lower, 1).total
            if head["reach"] < min(total, total if again is None else again):
                raise short_list(total, head["reach"])

    def _pass(self, number: int, lower: str | None) -> Walk:
        """Return the walk of a pass: the first one minds moving rows, later ones just count."""
        style, size = self.paging.style, self.paging.size
        if number == 0 and style == "page":
            return PageWalk(
                lambda page, rows: self._numbered(lower, page, rows),
                self.paging,
                sizes_free="page_size" in self._call(lower).names,
            )
        if number == 0 and style == "offset":
            return OffsetWalk(lambda start, rows: self._at(lower, start, rows), self.paging)
        if style == "page":
            return self._counting(lambda at: self._numbered(lower, at or 0, size), 1)
        if style == "offset":
            return self._counting(lambda at: self._at(lower, at or 0, size), None)
        return ChainWalk(lambda at, page: self._linked(lower, at, page), self.paging)

    def _counting(self, fetch: Any, step: int | None) -> ChainWalk:
        """Return a plain walk over numbered pages, which go on at the next number or row."""

        def following(at: int | None, _page: int) -> Fetched:
            page: Page[Span] = fetch(at)
            ahead = (at or 0) + (len(page.items) if step is None else step)
            return Fetched(
                page.items, page.marks, page.more, page.total, ahead, nothing=not len(page.items)
            )

        return ChainWalk(following, self.paging)

    def _numbered(self, lower: str | None, number: int, size: int) -> Page[Span]:
        wire = number + self.paging.first
        values = {"page": wire, "page_size": size}
        found = self._fetch(lower, f"page {wire} of size {size}", values)
        return Page(found.items, found.marks, found.more, found.total)

    def _at(self, lower: str | None, start: int, size: int) -> Page[Span]:
        values = {"offset": start, "page_size": size}
        found = self._fetch(lower, f"offset {start}", values)
        return Page(found.items, found.marks, found.more, found.total)

    def _linked(self, lower: str | None, at: Any, number: int) -> Fetched:
        place = f"page {number + 1}"
        if at is not None and self.paging.style in ("next", "link"):
            base = urlsplit(self._client.base)
            url = f"{base.scheme}://{base.netloc}{at}"
            request = self._request(lower, {})
            request = Request(request.method, url, request.headers, request.body)
            return self._ask(request, place, self.paging.end_status)
        values = {"cursor": at, "page_size": self.paging.size}
        return self._fetch(lower, place, values)

    def _keyset(self, lower: str | None) -> KeysetWalk:
        def fetch(after: Any, size: int, number: int) -> Fetched:
            bound = after if self._by_cursor else lower
            values = {"after": after, "page_size": size}
            return self._fetch(bound, f"page {number + 1}", values)

        return KeysetWalk(
            fetch,
            self.paging,
            self._order,
            lambda span: self._keys(span) or set(),
            unique=self._stream.primary_key == (self.paging.field,),
            grows="page_size" in self._call(lower or "any").names,
            grants=lambda: len(self.probe(size=2 * self.paging.size)) > self.paging.size,
        )

    @property
    def _by_cursor(self) -> bool:
        cursor = self._stream.cursor
        return cursor is not None and self.paging.field in cursor.fields

    @property
    def _cursor(self) -> CursorConfig | None:
        return self._stream.cursor

    @property
    def _name(self) -> str:
        return self._stream.name

    def _call(self, lower: str | None) -> Call:
        return self._full if lower is None else self._since

    def _fetch(
        self, lower: str | None, place: str, values: Mapping[str, Any], *, strict: bool = False
    ) -> Fetched:
        first = {"page": self.paging.first, "offset": 0}
        whole = lower in (None, self._beginning)
        begins = whole and all(
            values.get(name) in (None, first.get(name))
            for name in ("page", "offset", "cursor", "after")
        )
        ends = () if begins and (strict or self._strict) else self.paging.end_status
        if self._is_beyond(values):
            ends = (*ends, *_BEYOND)
        return self._ask(self._request(lower, values), place, ends)

    def _is_beyond(self, values: Mapping[str, Any]) -> bool:
        """Return whether a page is asked for that only exists if the announced total lies."""
        size = self.paging.size
        at = values.get("offset", (values.get("page", 0) - self.paging.first) * size)
        return self._announced is not None and 0 < self._announced <= at

    def _request(self, lower: str | None, values: Mapping[str, Any]) -> Request:
        nothing = dict.fromkeys(_NAMES)
        if lower is not None and self._bound is not None and lower != self._beginning:
            lower = self._bound.written(lower)
        return self._call(lower).request({**nothing, "lower": lower, **self._constants, **values})

    def _ask(self, request: Request, place: str, ends: Collection[int]) -> Fetched:
        found = self._client.fetch(
            request,
            lambda document, reply: self._page(document, reply, place),
            form=self._spec.format,
            empty=ends,
        )
        if found is None:
            empty = Records(self.shape.columns(()), (), True, place, lambda _at: b"", set)
            return Fetched(Span(), Marks(empty, ()), more=False, nothing=True)
        return found

    def _page(self, document: Document, reply: Reply, place: str) -> Fetched:
        records = document.records(self.shape, place)
        self._refuse_missing(records)
        paging = self.paging
        more = self._head(document, reply, paging.more)
        told = self._head(document, reply, paging.total)
        total = None if told is None else _count(told, describe(reply.url))
        self._announced = total
        return Fetched(
            Span(((records, 0),)),
            Marks(records, self._marks if self._stream.cursor else ()),
            None if more is None else as_text(more).lower() in _TRUE,
            total,
            self._next(document, reply),
        )

    def _next(self, document: Document, reply: Reply) -> Any:
        """Return what names the next page; an address loses its host and its credentials."""
        style = self.paging.style
        linked = _link(reply)
        if style == "none" and linked:
            raise ProtocolError(
                "adapter.silent_loss",
                f"{describe(reply.url)} announces a next page, and no paging is configured",
                remedy="Configure paging for the stream, with style link",
            )
        if style == "cursor" and self.paging.next:
            return _plain(take(document, reply, self.paging.next))
        if style not in ("next", "link"):
            return None
        told = linked if style == "link" else take(document, reply, self.paging.next or "")
        if not told:
            return None
        parts = urlsplit(self._client.own(as_text(told), reply.url))
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return strip_query(path, self._client.auth.query_names)

    def _head(self, document: Document, reply: Reply, path: str | None) -> Any:
        if path is None:
            return None
        value = take(document, reply, path)
        if value is None:
            raise ProtocolError(
                "rest.path",
                f"the reply of {describe(reply.url)} holds nothing at '{path}'",
                remedy="Correct the paths under paging",
            )
        return value

    def _refuse_missing(self, records: Records) -> None:
        """Raise when no record has a column that is asked for; a stamp that is null is there."""
        if not records.items or not self.shape.roots:
            return
        rows: Sequence[Any] = records.items if records.clean else Span(((records, 0),)).rows()
        key = [name.partition(".")[0] for name in self._stream.primary_key]
        needed = {
            name
            for at, name in enumerate(records.columns)
            if name not in self._present and (name in key or not self.shape.sparse)
            if all(row[at] is None for row in rows)
        }
        gone = sorted(needed - records.names()) if rows and needed else []
        # What was there once need not be sought in each page.
        self._present.update(records.columns if rows else ())
        if gone:
            raise DriftError(
                "adapter.field_missing",
                f"no record of '{self._name}' holds {', '.join(gone)}",
                remedy="Correct the stream or its mapping; where the system leaves out what is "
                "empty, say 'sparse: true'",
                stream=self._name,
            )

    def _keys(self, span: Span) -> set[Any] | None:
        """Return what identifies the records of a span; None where their key is not read."""
        found: set[Any] = set()
        for records, start in span.parts:
            if not records.items:
                continue
            places = [_index(records.columns, name) for name in self._stream.primary_key]
            if None in places:
                return None
            items = records.items[start:] if start else records.items
            found.update(_identities(items, [at for at in places if at is not None]))
        return found

    def _order(self, span: Span) -> Order:
        """Return the order of the records that hold the field that pages go on by."""
        field = self.paging.field or ""
        values = [value for value in span.column(field) if value is not None]
        if not values:
            raise ProtocolError(
                "rest.order",
                f"no record of '{self._name}' holds '{field}', by which pages go on",
                remedy="Correct paging.field",
            )
        return Order(values, self._cursor.codec if self._cursor and self._by_cursor else None)

    def _check_names(self) -> None:
        paging, names = self.paging, self._full.names | self._since.names
        needed = _NEEDS.get(paging.style)
        if paging.style == "keyset" and not names & self._keyset_names:
            needed = "after"
        if needed is not None and needed not in names:
            raise self._wrong(f"its call has no placeholder '{{{needed}}}'", "Add it to the query")
        if paging.style in ("cursor", "next") and not paging.next:
            raise self._wrong("it does not say where the next page is named", "Add paging.next")
        known = [*self._stream.primary_key[:1], *self._cursor_fields]
        if paging.style == "keyset" and paging.field not in known:
            raise self._wrong(
                "paging.field is neither its key nor its cursor", nearest(paging.field or "", known)
            )

    @property
    def _keyset_names(self) -> frozenset[str]:
        return frozenset({"after", "lower"} if self._by_cursor else {"after"})

    @property
    def _cursor_fields(self) -> tuple[str, ...]:
        return self._stream.cursor.fields if self._stream.cursor else ()

    def _wrong(self, what: str, remedy: str) -> MidspanError:
        return MidspanError(
            "rest.paging",
            f"the stream '{self._name}' cannot be paged by {self.paging.style}: {what}",
            remedy=remedy,
        )


def _identities(items: Sequence[Row | Reject], places: Sequence[int]) -> set[Any]:
    key: Callable[[Any], Any] = itemgetter(*places)
    try:
        # Plain rows with plain keys are the rule: all of it runs without a step of ours.
        return set(map(key, items))
    except TypeError:
        return {_identity(item, key) for item in items}


def _identity(item: Row | Reject, key: Callable[[Any], Any]) -> Any:
    if isinstance(item, Reject):
        return xxhash.xxh3_64_intdigest(item.raw)
    value = key(item)
    return value if isinstance(value, Hashable) else repr(value)


def _head(paging: PagingSpec) -> frozenset[str]:
    """Return the outermost members of a reply that tell how its list goes on."""
    told = (paging.next, paging.more, paging.total)
    paths = [path for path in told if path and not path.startswith(HEADER)]
    return frozenset([*paths, *(path.partition(".")[0] for path in paths)])


def _unknown(_span: Span) -> None:
    return None


def _index(columns: tuple[str, ...], name: str) -> int | None:
    return columns.index(name) if name in columns else None


def _plain(value: Any) -> Any:
    """Return a value as a position may hold it."""
    return str(value) if isinstance(value, Decimal) else value


def _count(value: Any, where: str) -> int:
    text = as_text(value)
    if not text.isdecimal():
        raise ProtocolError(
            "rest.path",
            f"the total in the reply of {where} is no number",
            remedy="Correct the path under paging.total",
        )
    return int(text)


def _link(reply: Reply) -> str | None:
    """Return the address that a Link header calls next."""
    links = parse_header_links(reply.headers.get("Link") or "")
    found = (link.get("url") for link in links if "next" in link.get("rel", "").lower().split())
    return next(found, None)
