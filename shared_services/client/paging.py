"""Long lists in pages, and long requests in slices, of the sizes that the contracts allow."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, TypeVar

MOST_IDS: Final = 500

T = TypeVar("T")
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


def pages(fetch: Callable[[int], Page[T]]) -> Iterator[T]:
    """Yield the records of each page that ``fetch(after)`` returns, from the beginning."""
    after: int | None = 0
    while after is not None:
        page = fetch(after)
        yield from page.items
        after = page.next


def slices(ids: Sequence[int]) -> Iterator[list[int]]:
    """Yield ``ids`` in parts of at most ``MOST_IDS``."""
    for start in range(0, len(ids), MOST_IDS):
        yield list(ids[start : start + MOST_IDS])
