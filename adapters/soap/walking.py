"""Walks a list to its end, however the system cuts it.

Guarantee: every record of the list is yielded at least once or the walk raises. Numbered
pages are walked as ``adapters.pages`` says; chains of tokens end where the system says so, and
one that comes back to where it was raises; a list of one reply is one reply.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.base import BoundStream
from adapters.pages import OffsetWalk, Page, PageWalk, Walked
from adapters.soap.keyset import KeysetWalk
from adapters.soap.listing import Found, Listing, Marks
from adapters.soap.reading import Reply
from adapters.soap.spec_lists import ListingSpec, PagingSpec
from adapters.soap.streaming import stream_records
from adapters.soap.windows import walk_windows
from adapters.templates import Template
from midspan.kernel.errors import ProtocolError
from midspan.kernel.stream import Position

_TRUE = frozenset({"true", "1", "yes", "y"})
_OFFSETS = frozenset({"offset", "row_from", "row_to"})

Walk = Iterator[Walked[list[Found]]]


@dataclass(frozen=True, slots=True)
class Cut:
    """A paging as ``adapters.pages`` knows it."""

    size: int
    more: str | None
    until: str | None
    overlap: int


class ListWalk:
    """Walks one list; ``now`` tells the source's time, ``follow`` are its operation's arguments."""

    def __init__(
        self,
        listing: Listing,
        spec: ListingSpec,
        stream: BoundStream,
        now: Callable[[], datetime | None],
        follow: Template | None,
    ) -> None:
        self._listing = listing
        self._spec = spec
        self._stream = stream
        self._now = now
        self._follow = follow
        self._pages: dict[int, list[str]] = {}
        self.total: int | None = None
        """How many records the list last said it has."""

    def run(self, lower: str | None, position: Position | None) -> Walk:
        """Yield the list's records from ``lower`` on, behind ``position``."""
        spec, lower = self._spec, lower if lower is not None else self._spec.beginning
        if spec.windows is not None:
            yield from walk_windows(
                self._listing, spec.windows, self._stream, lower, self._now, position
            )
        elif spec.paging is None:
            yield from self._whole(lower, position)
        elif spec.paging.next is not None:
            yield from self._chain(spec.paging, lower, position)
        elif spec.paging.field is not None:
            field, paging = spec.paging.field, spec.paging
            keyset = KeysetWalk(self._listing, paging, self._stream, field, self._more)
            yield from keyset.run(lower, position)
        else:
            yield from self._numbered(spec.paging, lower, position)

    def probe(self, lower: str | None = None) -> list[Found]:
        """Return a few records, with as little as the operation can return."""
        spec = self._spec
        lower = lower if lower is not None else spec.beginning
        keyset = spec.paging is not None and spec.paging.field is not None
        if spec.windows is not None or spec.streaming or keyset:
            return next(self.run(lower, None)).items
        if spec.paging is None:
            return self._listing.records({"lower": lower}, "reply")
        return list(self._page(spec.paging, lower, 0, 0, spec.paging.size).items)

    def _whole(self, lower: str | None, position: Position | None) -> Walk:
        if position is not None and position["read"]:
            return
        values = {"lower": lower}
        if self._spec.streaming:
            yield from stream_records(self._listing, values)
        else:
            yield Walked(self._listing.records(values, "reply"), {"read": True})

    def _numbered(self, paging: PagingSpec, lower: str | None, position: Position | None) -> Walk:
        cut = Cut(paging.size, paging.more or paging.done, paging.until, paging.overlap)
        names = self._listing.arguments.names
        if names & _OFFSETS:

            def at_offset(start: int, size: int) -> Page[list[Found]]:
                return self._page(paging, lower, start // size, start, size)

            yield from OffsetWalk(at_offset, cut).run(position)
            return

        def numbered(number: int, size: int) -> Page[list[Found]]:
            return self._page(paging, lower, number, number * size, size)

        yield from PageWalk(numbered, cut, sizes_free="page_size" in names).run(position)

    def _page(
        self, paging: PagingSpec, lower: str | None, number: int, start: int, size: int
    ) -> Page[list[Found]]:
        """Fetch one page; ``number`` and ``start`` count from 0, their place as the wire does."""
        wire = number + paging.first
        values = {
            "lower": lower,
            "page": wire,
            "page_size": size,
            "offset": start,
            "row_from": start + paging.first,
            "row_to": start + paging.first + size - 1,
        }
        reply = self._listing.ask(values)
        place = f"page {wire} of size {size}"
        found = self._listing.found(reply, place)
        total = self.total = self._listing.number(reply, paging.total, "total")
        if paging.total and total is None and number == 0:
            raise _missing(self._spec.operation, paging.total)
        if paging.until == "repeated_page" and self._repeats(start, found):
            return Page([], [], False, total)
        return Page(found, Marks(found, self._listing.mark), self._more(paging, reply), total)

    def _more(self, paging: PagingSpec, reply: Reply) -> bool | None:
        path = paging.more or paging.done
        if path is None:
            return None
        text = reply.text(path)
        if text is None:
            raise _missing(self._spec.operation, path)
        return (text.lower() in _TRUE) == bool(paging.more)

    def _repeats(self, start: int, found: list[Found]) -> bool:
        """Return whether a system shows an earlier page again, for it has no further one."""
        marks = list(Marks(found, self._listing.mark))
        earlier = any(marks == kept for at, kept in self._pages.items() if at < start)
        if not earlier:
            # One page is enough to know the list's end by, and its beginning.
            self._pages = {at: kept for at, kept in self._pages.items() if at == 0}
            self._pages[start] = marks
        return bool(marks) and earlier

    def _chain(self, paging: PagingSpec, lower: str | None, position: Position | None) -> Walk:
        at: Mapping[str, Any] = position or {"cursor": None, "reach": 0, "total": None}
        cursor, reach, total = at["cursor"], at["reach"], at["total"]
        if position is not None and cursor is None:
            return
        kept, wait, left = cursor, 1, 1
        while True:
            values = {"lower": lower, "cursor": cursor, "page_size": paging.size}
            reply = self._listing.ask(values, self._other(paging, cursor))
            found = self._listing.found(reply, f"page behind record {reach}")
            reach += len(found)
            told = self._listing.number(reply, paging.total, "total")
            total = told if total is None else total
            asked, cursor = cursor, self._next(paging, reply, found)
            if not found and cursor == asked and paging.more is None and paging.done is None:
                cursor = None  # an offset that nothing follows: the list's end, told that way
            if cursor is not None and cursor == kept:
                raise _loss(reach, "that it goes on, and comes back to where it was")
            if cursor is None and total is not None and reach < total:
                raise _loss(reach, f"{total} records")
            left -= 1
            if left == 0:
                wait, kept = wait * 2, cursor
                left = wait
            yield Walked(found, {"cursor": cursor, "reach": reach, "total": total})
            if cursor is None:
                return

    def _other(self, paging: PagingSpec, cursor: str | None) -> tuple[str, Template] | None:
        if cursor is None or paging.follow is None or self._follow is None:
            return None
        return paging.follow.operation, self._follow

    def _next(self, paging: PagingSpec, reply: Reply, found: list[Found]) -> str | None:
        more = self._more(paging, reply)
        if more is False:
            return None
        token = reply.text(paging.next or "")
        if token is None and more:
            raise _missing(self._spec.operation, paging.next or "")
        ends = paging.until == "short_page" and len(found) < paging.size and more is None
        return None if ends else token


def _missing(operation: str, path: str) -> ProtocolError:
    return ProtocolError(
        "soap.path",
        f"the reply of {operation} holds nothing at '{path}'",
        remedy="Correct the paths under paging",
    )


def _loss(reach: int, told: str) -> ProtocolError:
    return ProtocolError(
        "adapter.silent_loss",
        f"the list announces {told}, and delivers {reach}",
        remedy="Check the stream's paging against a reply of the system",
    )
