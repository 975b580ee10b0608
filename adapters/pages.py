"""Walks a list that is cut into numbered pages and may move while it is read.

Guarantee: every record that was in the list all the while is yielded at least once. A list
sorted by its changes moves: an edited record leaves its place, all behind it slide forward,
and the first record of the next page would never be seen. Each page therefore begins with
records that were read before (an overlap, gained by choosing the page size). Where the
overlap is not found, the walk steps back until it meets a record that it has read and that
has not changed; all behind that one is new. Records may come twice, never not at all. This
holds for any stable order in which records change their place only when they change
themselves. Where the page size cannot be chosen, the page before is read again instead.

A list that announces n records and ends earlier is ``adapter.silent_loss``, after a second
look at the announcement. One that announces too few is read on while its pages are full.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, Self, TypeVar, overload

from midspan.kernel.errors import ProtocolError, TransientError


class Items(Protocol):
    """A run of records, in order; a list is one."""

    def __len__(self) -> int:
        """Return how many records there are."""
        ...

    def __getitem__(self, at: slice, /) -> Self:
        """Return the records from ``at.start`` on."""
        ...

    def __add__(self, other: Self, /) -> Self:
        """Return these records and the other ones behind them."""
        ...


class Paging(Protocol):
    """How a list is cut. ``more`` and ``total`` say whether a page's head tells these."""

    @property
    def size(self) -> int:
        """The records of a page."""
        ...

    @property
    def more(self) -> object:
        """What tells whether the list goes on; None when nothing does."""
        ...

    @property
    def until(self) -> str | None:
        """``short_page`` where a page that is not full is the last."""
        ...

    @property
    def overlap(self) -> int:
        """The records that a page shows again."""
        ...


T = TypeVar("T", bound=Items)

MAX_RESTARTS = 3
MAX_BARREN = 2
MAX_STUCK = 100
TAIL = 8


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """What one call brought: items, a mark that identifies each item's content, the head."""

    items: T
    marks: Sequence[str]
    more: bool | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Walked(Generic[T]):
    """New items, and the walk's position after them."""

    items: T
    position: Mapping[str, Any]


Fetch = Callable[[int, int], Page[T]]
"""Fetches a page by its number (from 0, whatever the wire counts from) and its size."""


@dataclass(frozen=True, slots=True)
class _State:
    """How far the walk is.

    The first ``reach`` places of the list are read, ``tail`` marks the last of them.
    ``delivered`` counts what was yielded, ``size`` is what the server grants, ``total`` what
    it announced at first.
    """

    reach: int
    delivered: int
    tail: tuple[str, ...]
    size: int
    total: int | None

    def position(self) -> Mapping[str, Any]:
        return {
            "reach": self.reach,
            "delivered": self.delivered,
            "tail": list(self.tail),
            "size": self.size,
            "total": self.total,
        }


@dataclass(frozen=True, slots=True)
class _Window(Generic[T]):
    """A run of records; ``start`` is its first one's place, ``room`` what was asked for."""

    start: int
    room: int
    page: Page[T]


class PageWalk(Generic[T]):
    """One walk over one list; ``sizes_free`` says whether a page's size may be chosen."""

    def __init__(self, fetch: Fetch[T], paging: Paging, *, sizes_free: bool = True) -> None:
        self._fetch = fetch
        self._paging = paging
        self._sizes_free = sizes_free

    def run(self, position: Mapping[str, Any] | None = None) -> Iterator[Walked[T]]:
        """Yield the list's items from ``position`` on; at least once, even if empty.

        Raises ProtocolError ``adapter.silent_loss`` when less comes than was announced, and
        TransientError ``adapter.list_unstable`` when the list never holds still.
        """
        state = self._restore(position)
        restarts = barren = stuck = furthest = 0
        while True:
            window = self._window(state)
            found = _last_known(window, state)
            if state.tail and found < 0 and window.start > 0:
                window = self._step_back(window.start, state)
                found = _last_known(window, state)
            state = self._learn(state, window)
            restarts = _count(restarts, MAX_RESTARTS, lost=bool(state.tail) and found < 0)
            fresh = window.page.items[found + 1 :]
            state, ended = self._advance(state, window, len(fresh))
            # An announced record may have come after the last page: then there is one more.
            ended = ended and not self._falls_short(state)
            barren = 0 if fresh or ended else barren + 1
            if barren > MAX_BARREN:
                raise _loss(state)
            yield Walked(fresh, state.position())
            if ended:
                return
            # Where ties come in another order each time, the walk would go back for ever.
            stuck = 0 if state.reach > furthest else _count(stuck, MAX_STUCK, lost=True)
            furthest = max(furthest, state.reach)

    def _restore(self, position: Mapping[str, Any] | None) -> _State:
        if position is None:
            return _State(0, 0, (), self._paging.size, None)
        return _State(**{**position, "tail": tuple(position["tail"])})

    def _window(self, state: _State) -> _Window[T]:
        """Fetch what begins with records already read and goes beyond them."""
        target = max(state.reach - max(self._paging.overlap, 1), 0)
        size = _page_size(target, state.size) if self._sizes_free else state.size
        number = target // size
        if (number + 1) * size > state.reach:
            return self._single(number, size)
        # The page behind is read first: what slides away from it shows in the one before,
        # and then only that one counts.
        behind = self._single(number + 1, size)
        before = self._single(number, size)
        if not before.page.marks or before.page.marks[-1] not in state.tail:
            return before
        return _Window(before.start, 2 * size, _joined(before.page, behind.page))

    def _single(self, number: int, size: int) -> _Window[T]:
        return _Window(number * size, size, self._fetch(number, size))

    def _step_back(self, start: int, state: _State) -> _Window[T]:
        """Read backwards from ``start``, page by page, to a record that was read before."""
        number = (start - 1) // state.size
        while True:
            window = self._single(number, state.size)
            if number == 0 or _last_known(window, state) >= 0:
                return window
            number -= 1

    def _learn(self, state: _State, window: _Window[T]) -> _State:
        """Take the announced total, and the page size that the server really grants."""
        page, got = window.page, len(window.page.items)
        total = page.total if state.total is None else state.total
        goes_on = self._goes_on(page, total)
        granted = got if window.start == 0 and goes_on and 0 < got < window.room else state.size
        return replace(state, total=total, size=min(granted, state.size))

    def _goes_on(self, page: Page[T], total: int | None) -> bool:
        """Return whether a first page that is short was cut by the server."""
        if self._paging.more:
            return bool(page.more)
        if total is not None:
            return len(page.items) < total
        return self._paging.until != "short_page"

    def _advance(self, state: _State, window: _Window[T], new: int) -> tuple[_State, bool]:
        page = window.page
        reach = window.start + len(page.items)
        short = len(page.items) < window.room
        if self._paging.more:
            ended = not page.more
        elif state.total is not None:
            # A total may count too few (one that is capped at 10,000): a full page goes on.
            reached = reach >= (page.total or state.total)
            ended = (short and (reached or not new)) or (reached and not new)
        elif self._paging.until == "short_page":
            ended = short
        else:
            ended = short and not new
        count = len(page.marks)
        tail = tuple(page.marks[at] for at in range(max(count - TAIL, 0), count)) or state.tail
        return replace(state, reach=reach, delivered=state.delivered + new, tail=tail), ended

    def _falls_short(self, state: _State) -> bool:
        """Return whether less came than was announced, then and at a second look."""
        if state.total is None or state.delivered >= state.total:
            return False
        again = self._fetch(0, state.size).total
        return state.delivered < min(state.total, state.total if again is None else again)


class OffsetWalk(PageWalk[T]):
    """A walk over a list whose pages may begin anywhere; ``fetch`` is given that place."""

    def _window(self, state: _State) -> _Window[T]:
        overlap = min(max(self._paging.overlap, 1), state.size - 1, state.reach)
        if overlap or not state.reach:
            return self._at(state.reach - overlap, state.size)
        # Pages of one record overlap with nothing: the one before is read as well, and last.
        behind = self._at(state.reach, state.size)
        before = self._at(state.reach - 1, state.size)
        return _Window(before.start, 2 * state.size, _joined(before.page, behind.page))

    def _step_back(self, start: int, state: _State) -> _Window[T]:
        while True:
            start = max(start - state.size, 0)
            window = self._at(start, state.size)
            if start == 0 or _last_known(window, state) >= 0:
                return window

    def _at(self, start: int, size: int) -> _Window[T]:
        return _Window(start, size, self._fetch(start, size))


def _page_size(target: int, largest: int) -> int:
    """Return the page size whose page around ``target`` reaches furthest beyond it."""
    return max(range(largest, 0, -1), key=lambda size: (target // size + 1) * size)


def _last_known(window: _Window[T], state: _State) -> int:
    """Return the place of the last of the first run of known records, -1 without any.

    A known record further back has new ones before it: those are rather read twice.
    """
    marks, known = window.page.marks, set(state.tail)
    if not known:
        return -1
    # In a list that stood still they are where they were: most pages need no search.
    where = max(state.reach - window.start - len(state.tail), 0)
    still = state.tail[-(state.reach - window.start) :] if window.start < state.reach else ()
    if still and tuple(marks[where : where + len(still)]) == still:
        found = where + len(still) - 1
    else:
        found = next((at for at in range(len(marks)) if marks[at] in known), -1)
    while 0 <= found < len(marks) - 1 and marks[found + 1] in known:
        found += 1
    return found


def _count(losses: int, most: int, *, lost: bool) -> int:
    if losses + lost > most:
        raise TransientError(
            "adapter.list_unstable",
            "the list changes faster than it can be read",
            remedy="Read it at a quieter hour, or in larger pages",
        )
    return losses + lost


def _joined(before: Page[T], behind: Page[T]) -> Page[T]:
    total = behind.total if before.total is None else before.total
    marks = _JoinedMarks(before.marks, behind.marks)
    return Page(before.items + behind.items, marks, behind.more, total)


class _JoinedMarks(Sequence[str]):
    """The marks of two pages; none is made before it is asked for."""

    def __init__(self, before: Sequence[str], behind: Sequence[str]) -> None:
        self._before = before
        self._behind = behind

    def __len__(self) -> int:
        return len(self._before) + len(self._behind)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        place = at + len(self) if at < 0 else at
        split = len(self._before)
        return self._before[place] if place < split else self._behind[place - split]


def _loss(state: _State) -> ProtocolError:
    told = "that it goes on" if state.total is None else f"{state.total} records"
    return ProtocolError(
        "adapter.silent_loss",
        f"the list announces {told} and delivers {state.delivered}",
        remedy="Check the stream's rows path and paging against a reply of the system",
    )
