"""Long lists in pages, and long requests in slices, of the sizes that the contracts allow.

A list is read page by page while it is used, never more than one page ahead of its reader, and
can be taken up again behind any record: ids rise, and ``position`` is the last one given out.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Generic, Protocol, TypeVar

MOST_IDS: Final = 500


class Identified(Protocol):
    """A record with a golden id."""

    @property
    def id(self) -> int:
        """Return the golden id."""
        ...


T = TypeVar("T", bound=Identified)
T_co = TypeVar("T_co", covariant=True)


class Page(Protocol[T_co]):
    """A page of a list; ``next`` is what the next page comes after, None at the end."""

    @property
    def items(self) -> Sequence[T_co]:
        """Return the page's records."""
        ...

    @property
    def next(self) -> int | None:
        """Return where the next page begins."""
        ...


class Stream(Generic[T]):
    """Iterates over the records of every page that ``fetch(after)`` returns, once.

    An error of a page passes through; iterating again goes on behind ``position``, the id of
    the last record given out, and so does a new stream that begins ``after`` it.
    """

    def __init__(self, fetch: Callable[[int], Page[T]], after: int) -> None:
        self.position = after
        self._fetch = fetch
        self._page: Iterator[T] = iter(())
        self._next: int | None = after

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        for record in self._page:
            self.position = record.id
            return record
        if self._next is None:
            raise StopIteration
        page = self._fetch(self._next)
        self._page, self._next = iter(page.items), page.next
        return next(self)


def slices(ids: Sequence[int]) -> Iterator[list[int]]:
    """Yield ``ids`` in parts of at most ``MOST_IDS``."""
    for start in range(0, len(ids), MOST_IDS):
        yield list(ids[start : start + MOST_IDS])
