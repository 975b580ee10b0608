"""One call of one stream that lists records: asked page by page, in the style that is configured.

Guarantee: every record of the list is yielded at least once or the reading raises, whatever
moves meanwhile (see ``adapters.pages``, ``walks``, ``drift``). Memory is bounded by a page.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from adapters.base import BoundStream
from adapters.http_replies import Reply
from adapters.pages import OffsetWalk, Page, PageWalk, Walked
from adapters.rest.bound import bound_of
from adapters.rest.calls import Call, Request
from adapters.rest.client import RestClient
from adapters.rest.drift import HealingWalk, Walk, short_list
from adapters.rest.heads import Head
from adapters.rest.identity import identities
from adapters.rest.order import Order, stamped
from adapters.rest.paging import by_cursor, check_paging
from adapters.rest.presence import Presence
from adapters.rest.replies import Document, Records
from adapters.rest.shape import Shape
from adapters.rest.span import Marks, Span
from adapters.rest.spec import ListingSpec, PagingSpec, SinceSpec
from adapters.rest.walks import ChainWalk, Fetched, KeysetWalk
from config.model import CursorConfig
from midspan.kernel.cursor import CursorCodec
from midspan.kernel.errors import ProtocolError
from midspan.kernel.stream import Position

_NAMES = ("lower", "now", "page", "offset", "row_from", "row_to", "page_size", "cursor", "after")
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
        self._head = Head(client, self.paging)
        self.shape = replace(shape, head=self._head.members)
        self._client = client
        self._stream = stream
        self._spec = spec
        self._strict = strict
        self._announced: int | None = None
        self._constants = {"schema": schema, **(constants or {})}
        self._presence = Presence(stream, shape)
        self._beginning = since.beginning if since else None
        self._bound = bound_of(stream.name, stream.cursor, since)
        known = (*_NAMES, *self._constants)
        self._full = client.compiled(spec, known, paging=self.paging)
        self._since = (
            client.compiled(spec, known, paging=self.paging, since=since) if since else self._full
        )
        self._marks = (*stream.primary_key, *(stream.cursor.fields if stream.cursor else ()))
        check_paging(stream, self.paging, self._full.names | self._since.names)

    @property
    def names(self) -> frozenset[str]:
        """The placeholders that the call uses."""
        return self._full.names

    @property
    def filters(self) -> bool:
        """Whether the call can be asked for changes alone."""
        return "lower" in self._since.names

    @property
    def always_bound(self) -> bool:
        """Whether the call wants a bound also where everything is asked for."""
        return self._beginning is not None

    def read(self, lower: str | None, position: Position | None = None) -> Iterator[Walked[Span]]:
        """Yield the list's records from ``position`` on, a page at a time."""
        lower = lower or self._beginning
        if self.paging.style == "keyset":
            yield from self._behind_keys(lower, position)
            return
        # One reply holds no pages between which a row could move.
        keys = self._identified if self.paging.style != "none" else _unknown
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
            request = self._request(lower, {}).at(url)
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
            lambda span: self._identified(span) or set(),
            unique=self._stream.primary_key == (self.paging.field,),
            grows="page_size" in self._call(lower or "any").names,
            grants=lambda: len(self.probe(size=2 * self.paging.size)) > self.paging.size,
        )

    @property
    def _by_cursor(self) -> bool:
        return by_cursor(self._stream, self.paging)

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
        if "offset" in values:
            start = values["offset"] + self.paging.first
            values = {"row_from": start, "row_to": start + values["page_size"] - 1, **values}
        if lower is not None and self._bound is not None and lower != self._beginning:
            lower = self._bound.written(lower)
        call = self._call(lower)
        if "now" in call.names:
            values = {"now": self._written_now(), **values}
        return call.request({**nothing, "lower": lower, **self._constants, **values})

    def _written_now(self) -> str:
        """Return the system's clock as bounds are written."""
        now = self._client.now() or datetime.now(UTC)
        if self._bound is not None:
            return self._bound.at(now)
        codec = self._stream.cursor.codec if self._stream.cursor else CursorCodec("datetime")
        text = codec.at(now)
        return now.replace(microsecond=0).isoformat() if text is None else codec.render(text)

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
        self._presence.refuse_missing(records)
        self._announced = self._head.total(document, reply)
        return Fetched(
            Span(((records, 0),)),
            Marks(records, self._marks if self._stream.cursor else ()),
            self._head.more(document, reply),
            self._announced,
            self._head.next(document, reply),
        )

    def _identified(self, span: Span) -> set[Any] | None:
        return identities(span, self._stream.primary_key)

    def _order(self, span: Span) -> Order:
        """Return the order of the records that hold the field that pages go on by."""
        field = self.paging.field or ""
        codec = self._cursor.codec if self._cursor and self._by_cursor else None
        values = stamped([one for one in span.column(field) if one is not None], codec)
        if not values:
            raise ProtocolError(
                "rest.order",
                f"no record of '{self._name}' holds '{field}', by which pages go on",
                remedy="Correct paging.field",
            )
        return Order(values, codec)


def _unknown(_span: Span) -> None:
    return None
