"""Walks over lists that are not cut by number: chains of pages, and pages behind a key.

Guarantee: a walk ends where the list ends, and nowhere else. A chain that comes back to a page
it has been at, a list that says it goes on and does not, and a filter that does not move
raise, as does a value that more records share than a page can hold.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.pages import MAX_BARREN, Walked
from adapters.rest.order import Mark, Order
from adapters.rest.span import Span
from adapters.rest.spec import PagingSpec
from midspan.kernel.errors import ProtocolError

LARGEST_GROWTH = 64


@dataclass(frozen=True, slots=True)
class Fetched:
    """One page: its records, and what its head says; ``next`` is a token or an address."""

    items: Span
    marks: Sequence[str]
    more: bool | None = None
    total: int | None = None
    next: Any = None
    nothing: bool = False


class ChainWalk:
    """Follows pages of which each names the next one; ``fetch`` is given that name."""

    def __init__(self, fetch: Callable[[Any, int], Fetched], paging: PagingSpec) -> None:
        self._fetch = fetch
        self._paging = paging

    def run(self, position: Mapping[str, Any] | None = None) -> Iterator[Walked[Span]]:
        """Yield the list's records from ``position`` on, a page at a time."""
        at = position["next"] if position else None
        number, reach = (position["page"], position["reach"]) if position else (0, 0)
        total = position["total"] if position else None
        if position and position["ended"]:
            return
        cycle, barren = _Cycle(at), 0
        while True:
            page = self._fetch(at, number)
            number, reach = number + 1, reach + len(page.items)
            total = page.total if total is None else total
            ended = self._ended(page, at, reach, total)
            barren = barren + 1 if not len(page.items) and not ended else 0
            if barren > MAX_BARREN or (not ended and cycle.closes(page.next)):
                raise _goes_on(reach)
            at = page.next
            head = {"next": at, "page": number, "reach": reach, "total": total, "ended": ended}
            yield Walked(page.items, {**head, "length": reach if total is None else total})
            if ended:
                return

    def _ended(self, page: Fetched, at: Any, reach: int, total: int | None) -> bool:
        if page.nothing or (page.more is False):
            return True
        if page.next in (None, "", False):
            if page.more and self._paging.style != "none":
                raise _goes_on(reach)
            return True
        numbered = self._paging.style in ("page", "offset")
        until = self._paging.until or ("empty_page" if numbered else None)
        if not len(page.items) and (until == "empty_page" or page.next == at):
            return True
        short = len(page.items) < self._paging.size
        reached = numbered and total is not None and reach >= total
        return short and (reached or until == "short_page")


class _Cycle:
    """Notices a chain that comes back, however long its way, in bounded memory.

    It remembers one name, and takes a later one each time it has waited twice as long.
    """

    def __init__(self, first: Any) -> None:
        self._kept = first
        self._left = self._wait = 1

    def closes(self, name: Any) -> bool:
        if name == self._kept:
            return True
        self._left -= 1
        if self._left == 0:
            self._wait *= 2
            self._kept, self._left = name, self._wait
        return False


@dataclass(slots=True)
class _Place:
    """How far a keyset walk is; ``order`` is that of ``after``, where it is known."""

    after: Any
    size: int
    order: Any = None
    page: int = 0
    reach: int = 0
    largest: int = 0
    total: int | None = None
    ended: bool = False

    def position(self) -> Mapping[str, Any]:
        names = ("after", "size", "page", "reach", "total", "ended")
        return {name: getattr(self, name) for name in names}


class KeysetWalk:
    """Asks for what stands behind the last page's end, in the order of one field.

    ``marks`` gives the marks of a page's records, ``keys`` what identifies them. Behind a
    unique field the walk goes on at the last value. Else at the last but one: the records that
    share the last value are read again, whether or not the filter includes its bound. A page
    that one value fills is asked for again, larger, where ``grows``; ``grants`` tells whether
    the server gives more than the configured page at all.
    """

    def __init__(
        self,
        fetch: Callable[[Any, int, int], Fetched],
        paging: PagingSpec,
        marks: Callable[[Span], Order],
        keys: Callable[[Span], set[Any]],
        *,
        unique: bool,
        grows: bool,
        grants: Callable[[], bool],
    ) -> None:
        self._fetch = fetch
        self._paging = paging
        self._marks = marks
        self._keys = keys
        self._unique = unique
        self._grows = grows
        self._grants = grants

    def run(
        self, lower: str | None, position: Mapping[str, Any] | None = None
    ) -> Iterator[Walked[Span]]:
        """Yield the records from ``lower``, or behind ``position``, a page at a time."""
        place = _Place(**position) if position else _Place(lower, self._paging.size)
        known: set[Any] = set()
        while not place.ended:
            page = self._fetch(place.after, place.size, place.page)
            keys = self._keys(page.items)
            fresh = len(keys - known)
            known = keys if fresh else known | keys
            place.page, place.reach = place.page + 1, place.reach + fresh
            place.total = page.total if place.total is None else place.total
            place.ended = self._ended(page, place.size)
            if not place.ended:
                self._go_on(place, self._marks(page.items), len(page.items), fresh)
            place.largest = max(place.largest, len(page.items))
            yield Walked(page.items if fresh else Span(), place.position())

    def _ended(self, page: Fetched, size: int) -> bool:
        if not len(page.items) or page.more is False:
            return True
        return self._paging.until == "short_page" and len(page.items) < size

    def _go_on(self, place: _Place, marks: Order, got: int, fresh: int) -> None:
        """Move the place to where the next page begins, make the page larger, or end."""
        _refuse_disorder(marks)
        if not fresh:
            self._without_news(place, marks, got)
            return
        last = marks[-1]
        before = next((mark for mark in reversed(marks) if mark.order != last.order), None)
        full = got >= place.size or got >= place.largest > 0
        if self._unique:
            self._move(place, last)
        elif before is not None:
            self._move(place, before)
        elif full:
            self._grow(place)
        else:
            self._move(place, last)

    def _without_news(self, place: _Place, marks: Order, got: int) -> None:
        last = marks[-1]
        if place.order is not None and marks[0].order < place.order and got > 1:
            raise ProtocolError(
                "rest.filter_ignored",
                "the pages do not go on behind the value that is asked for",
                remedy="Check that the call filters and sorts by paging.field, lowest first",
            )
        if self._unique:
            place.ended = True
        elif place.size > self._paging.size:
            # A larger page that stays as small as before may be cut by the server.
            if got <= self._paging.size >= place.largest and not self._grants():
                raise _tie(self._paging)
            place.ended = got < place.size
            if not place.ended:
                self._grow(place)
        elif got >= place.size:
            self._grow(place)
        elif place.after != last.form and got >= place.largest:
            self._move(place, last)
        else:
            place.ended = True

    def _move(self, place: _Place, mark: Mark) -> None:
        if place.after != mark.form:
            place.size = self._paging.size
        place.after, place.order = mark.form, mark.order

    def _grow(self, place: _Place) -> None:
        if not self._grows or place.size >= self._paging.size * LARGEST_GROWTH:
            raise _tie(self._paging)
        place.size *= 2


def _refuse_disorder(marks: Order) -> None:
    if not marks.ascends:
        raise ProtocolError(
            "rest.order",
            "a page does not ascend by the field that pages go on by",
            remedy="Make the call sort by paging.field, lowest first",
        )


def _tie(paging: PagingSpec) -> ProtocolError:
    return ProtocolError(
        "rest.ties",
        f"more records share one '{paging.field}' than a page of {paging.size} holds",
        remedy="Raise paging.size, put {page_size} into the call, or page by the primary key",
    )


def _goes_on(reach: int) -> ProtocolError:
    return ProtocolError(
        "adapter.silent_loss",
        f"the list announces that it goes on, and ends or repeats itself after {reach} records",
        remedy="Check the stream's paging against a reply of the system",
    )
