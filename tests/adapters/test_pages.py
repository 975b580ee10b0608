"""Walking a paged list that moves: what was there all the while is seen."""

import random
from collections.abc import Callable

import pytest

from adapters.pages import Page, PageWalk
from adapters.rest.spec import PagingSpec
from midspan.kernel.errors import ProtocolError, TransientError

MORE = PagingSpec("page", size=10, more="more", total="total")
TOTAL = PagingSpec("page", size=10, total="total")
EMPTY = PagingSpec("page", size=10)
SHORT = PagingSpec("page", size=10, until="short_page")


class MovingList:
    """A list sorted by change; ``disturb`` runs before each page is cut."""

    def __init__(self, length: int, paging: PagingSpec, cap: int = 1000) -> None:
        self.records = [(number, number) for number in range(length)]
        self.clock = length
        self.paging = paging
        self.cap = cap
        self.calls = 0
        self.disturb: Callable[[], None] = lambda: None

    def fetch(self, number: int, size: int) -> Page[list[int]]:
        self.calls += 1
        self.disturb()
        granted = min(size, self.cap)
        start = number * granted
        cut = self.records[start : start + granted]
        return Page(
            [key for key, _ in cut],
            [f"{key}@{stamp}" for key, stamp in cut],
            start + granted < len(self.records) if self.paging.more else None,
            len(self.records) if self.paging.total else None,
        )

    def edit(self, at: int) -> None:
        key, _ = self.records.pop(at)
        self.clock += 1
        self.records.append((key, self.clock))

    def walk(self, *, sizes_free: bool = True) -> PageWalk[list[int]]:
        return PageWalk(self.fetch, self.paging, sizes_free=sizes_free)


@pytest.mark.parametrize("sizes_free", [True, False])
@pytest.mark.parametrize("paging", [MORE, TOTAL, EMPTY, SHORT])
@pytest.mark.parametrize("length", [0, 1, 9, 10, 11, 20, 57, 100, 331])
def test_a_still_list_is_read_whole(length: int, paging: PagingSpec, sizes_free: bool) -> None:
    """Every record comes once, in order, whatever says where the end is."""
    source = MovingList(length, paging)

    read = [key for step in source.walk(sizes_free=sizes_free).run() for key in step.items]

    assert read == list(range(length))


@pytest.mark.parametrize("sizes_free", [True, False])
@pytest.mark.parametrize("seed", range(40))
def test_edits_and_deletes_between_pages_lose_nothing(seed: int, sizes_free: bool) -> None:
    """Records move behind, vanish and appear while the list is read; the rest is all seen."""
    chance = random.Random(seed)  # noqa: S311 a reproducible disturbance
    source = MovingList(180, MORE)
    deleted: set[int] = set()

    def disturb() -> None:
        for _ in range(chance.randrange(4)):
            action = chance.random()
            if action < 0.6:
                source.edit(chance.randrange(len(source.records)))
            elif action < 0.8:
                deleted.add(source.records.pop(chance.randrange(len(source.records)))[0])
            else:
                source.clock += 1
                source.records.append((1000 + source.clock, source.clock))

    source.disturb = disturb

    read = {key for step in source.walk(sizes_free=sizes_free).run() for key in step.items}

    assert set(range(180)) - deleted <= read


def test_a_delete_that_an_insert_hides_from_the_count_loses_nothing() -> None:
    """The announced count stays the same while a record slides under the page's edge."""
    source = MovingList(30, MORE)

    def disturb() -> None:
        if source.calls == 2:
            source.records.pop(0)
            source.records.append((99, 99))

    source.disturb = disturb

    read = {key for step in source.walk().run() for key in step.items}

    assert read >= set(range(1, 30))


@pytest.mark.parametrize("paging", [MORE, TOTAL, EMPTY])
def test_a_page_that_the_server_cuts_shorter_is_noticed(paging: PagingSpec) -> None:
    """A server that grants fewer records a page than asked for is read whole."""
    source = MovingList(57, paging, cap=7)

    read = [key for step in source.walk().run() for key in step.items]

    assert read == list(range(57))


@pytest.mark.parametrize("sizes_free", [True, False])
def test_resuming_at_any_position_yields_the_rest(sizes_free: bool) -> None:
    """What was yielded before a position and what comes after it are together the list."""
    source = MovingList(95, MORE)
    steps = list(source.walk(sizes_free=sizes_free).run())

    for at, step in enumerate(steps):
        before = [key for earlier in steps[: at + 1] for key in earlier.items]
        walk = source.walk(sizes_free=sizes_free)
        after = [key for later in walk.run(step.position) for key in later.items]
        assert before + after == list(range(95))


def test_resuming_after_the_list_has_moved_yields_the_rest() -> None:
    """All records that were read have changed since: the walk finds its way back."""
    source = MovingList(60, MORE)
    first = next(source.walk().run())
    for _ in range(12):
        source.edit(0)

    after = {key for step in source.walk().run(first.position) for key in step.items}

    assert set(first.items) | after == set(range(60))


def test_announced_but_not_delivered_is_an_error() -> None:
    """A list that says 50 and ends after 30 never passes."""
    source = MovingList(30, SHORT)

    def fetch(number: int, size: int) -> Page[list[int]]:
        page = source.fetch(number, size)
        return Page(page.items, page.marks, page.more, 50)

    with pytest.raises(ProtocolError, match="announces 50 records and delivers 30") as caught:
        list(PageWalk(fetch, TOTAL, sizes_free=True).run())

    assert caught.value.code == "adapter.silent_loss"


def test_a_list_that_goes_on_without_records_is_an_error() -> None:
    """A server that keeps saying 'more' and sends the same page does not loop for ever."""
    marks = [str(number) for number in range(10)]

    def fetch(number: int, size: int) -> Page[list[str]]:
        return Page(marks, marks, more=True)

    with pytest.raises(ProtocolError) as caught:
        list(PageWalk(fetch, MORE, sizes_free=True).run())

    assert caught.value.code == "adapter.silent_loss"


@pytest.mark.parametrize("total", [11, 20, 21, 35])
def test_a_server_that_ignores_the_page_is_noticed(total: int) -> None:
    """The first page again and again never counts as the rest."""
    marks = [str(number) for number in range(10)]

    def fetch(number: int, size: int) -> Page[list[str]]:
        return Page(marks, marks, total=total)

    with pytest.raises(ProtocolError) as caught:
        list(PageWalk(fetch, TOTAL, sizes_free=True).run())

    assert caught.value.code == "adapter.silent_loss"


def test_a_list_that_never_holds_still_is_given_up() -> None:
    """Where everything read has changed again and again, the walk ends and may be retried."""
    source = MovingList(40, MORE)

    def disturb() -> None:
        for _ in range(40):
            source.edit(0)

    source.disturb = disturb

    with pytest.raises(TransientError) as caught:
        list(source.walk().run())

    assert caught.value.code == "adapter.list_unstable"
