"""Counts what a walk delivers, and walks again where rows moved between its pages.

Guarantee: a list of n places that showed fewer than n different records has hidden some. It is
read again, page by page, until it has shown them all or shows nothing new any more. A list
that announces more than it ever shows is ``adapter.silent_loss``.

Memory is bounded: the last 200,000 keys are remembered. Rows move between neighbouring pages,
so that those further back need not be known.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from adapters.pages import Walked
from adapters.rest.span import Span
from midspan.kernel.errors import ProtocolError, TransientError

_LOG = logging.getLogger(__name__)
_GENERATION = 100_000
MAX_PASSES = 8
MAX_BARREN_PASSES = 2


class Walk(Protocol):
    """Anything that yields a list from a position on; the position tells how far it reached."""

    def run(self, position: Mapping[str, Any] | None = None) -> Iterator[Walked[Span]]:
        """Yield the list's records from ``position`` on."""
        ...


class Census:
    """Counts different records in bounded memory."""

    def __init__(self, distinct: int = 0) -> None:
        self.distinct = distinct
        self._young: set[Any] = set()
        self._old: set[Any] = set()

    def see(self, keys: set[Any]) -> set[Any]:
        """Count the records that are not among the remembered ones, and return them."""
        new = keys - self._young - self._old
        self.count(keys)
        return new

    def count(self, keys: set[Any]) -> None:
        """Count the records that are not among the remembered ones."""
        before = len(self._young)
        if self._old.isdisjoint(keys):
            self._young |= keys
            self.distinct += len(self._young) - before
        else:
            self.distinct += len(keys - self._young - self._old)
            self._young |= keys
        if len(self._young) >= _GENERATION:
            self._old, self._young = self._young, set()


class HealingWalk:
    """Walks a list as often as it takes; ``walk`` makes the walk of a pass, from 0.

    ``keys`` identifies the records of a span; None where the stream's key is not among them.
    """

    def __init__(
        self, walk: Callable[[int], Walk], keys: Callable[[Span], set[Any] | None], name: str
    ) -> None:
        self._walk = walk
        self._keys = keys
        self._name = name

    def run(self, position: Mapping[str, Any] | None = None) -> Iterator[Walked[Span]]:
        """Yield the list's records from ``position`` on; those that moved may come twice."""
        number, inner = (position["pass"], position["walk"]) if position else (0, None)
        census = Census(position["distinct"] if position else 0)
        barren = 0
        while True:
            before = census.distinct
            head: Mapping[str, Any] = inner or {}
            unstable = False
            try:
                for walked in self._walk(number).run(inner):
                    head = walked.position
                    self._count(census, walked.items, head["reach"])
                    yield Walked(walked.items, self._position(number, census, head))
            except TransientError as error:
                if error.code != "adapter.list_unstable":
                    raise
                unstable = True
            missing = _missing(head, census.distinct)
            if missing <= 0 and not unstable:
                return
            barren = barren + 1 if number and census.distinct == before else 0
            if barren >= MAX_BARREN_PASSES:
                self._give_up(head, census.distinct)
                return
            number, inner = number + 1, None
            if number > MAX_PASSES:
                raise _unstable()
            _LOG.warning(
                "%s: rows moved while their pages were read (%d not seen), reading again",
                self._name,
                missing,
            )

    def _count(self, census: Census, items: Span, reach: int) -> None:
        keys = self._keys(items)
        if keys is None:
            census.distinct = max(census.distinct, reach)
        else:
            census.count(keys)

    def _give_up(self, head: Mapping[str, Any], distinct: int) -> None:
        """Accept that keys stand there twice, unless the list announces more than it shows."""
        total = head.get("total")
        if total is not None and distinct < total:
            raise short_list(total, distinct)
        _LOG.warning("%s: the list holds keys more than once", self._name)

    @staticmethod
    def _position(number: int, census: Census, walk: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"pass": number, "distinct": census.distinct, "walk": walk}


def _missing(head: Mapping[str, Any], distinct: int) -> int:
    """Return how many records the list must still have, by its announcement or its places."""
    length: int = head.get("length", head.get("reach", 0))
    return length - distinct


def short_list(total: int, shown: int) -> ProtocolError:
    """Return the error for a list that never shows what it announces."""
    return ProtocolError(
        "adapter.silent_loss",
        f"the list announces {total} records and shows {shown} different ones",
        remedy="Check primary_key and 'rows'; if keys repeat, remove paging.total",
    )


def _unstable() -> TransientError:
    return TransientError(
        "adapter.list_unstable",
        "the list changes faster than it can be read",
        remedy="Read it at a quieter hour, in larger pages, or by keyset",
    )
