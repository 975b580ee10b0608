"""Walks a list whose next page is asked for behind the last record of the one before.

Guarantee: every record of a list that is sorted by the field is yielded at least once, whether
or not the filter includes its bound, or the walk raises. Behind the primary key the walk goes
on at the last value; behind any other field at the last but one, for more records may share the
last. A page that one such value fills raises ``adapter.silent_loss``.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from adapters.base import BoundStream
from adapters.pages import Walked
from adapters.soap.listing import Found, Listing
from adapters.soap.reading import Reply
from adapters.soap.spec_lists import PagingSpec
from midspan.kernel.errors import ProtocolError
from midspan.kernel.stream import Position

More = Callable[[PagingSpec, Reply], bool | None]


class KeysetWalk:
    """One walk over one list, by ``paging.field``; ``more`` tells whether a reply says so."""

    def __init__(
        self, listing: Listing, paging: PagingSpec, stream: BoundStream, field: str, more: More
    ) -> None:
        self._listing = listing
        self._paging = paging
        self._stream = stream
        self._field = field
        self._more = more
        self._unique = stream.primary_key == (field,)
        self._granted = 0

    def run(self, lower: str | None, position: Position | None) -> Iterator[Walked[list[Found]]]:
        """Yield the records from ``lower``, or behind ``position``, a page at a time.

        A list by another field than the cursor's begins without a bound.
        """
        cursor = self._stream.cursor
        bounded = cursor is None or self._field in cursor.fields
        at = position or {"after": lower if bounded else None, "reach": 0, "ended": False}
        after, reach, ended = at["after"], at["reach"], at["ended"]
        known: dict[str, str] = {}
        while not ended:
            values = {"lower": lower, "cursor": after, "page_size": self._paging.size}
            reply = self._listing.ask(values)
            found = self._listing.found(reply, f"page behind record {reach}")
            texts = [self._text(one) for one in found]
            fresh = [
                one
                for one, text in zip(found, texts, strict=True)
                if text not in known.values() or self._listing.mark(one) not in known
            ]
            self._refuse_a_filled(texts)
            ended = self._ended(reply, after, texts, fresh)
            reach += len(fresh)
            if texts:
                after = self._behind(texts) if fresh else texts[-1]
                known = self._known(found, texts)
            yield Walked(fresh, {"after": after, "reach": reach, "ended": ended})

    def _ended(self, reply: Reply, after: str | None, texts: list[str], fresh: list[Found]) -> bool:
        more = self._more(self._paging, reply)
        if more is not None:
            if more and not fresh and (not texts or texts[-1] == after):
                raise self._loss("the list announces that it goes on, and brings nothing new")
            return not more
        if self._paging.until == "short_page" and len(texts) < self._paging.size:
            return True
        return not fresh and (not texts or texts[-1] == after)

    def _refuse_a_filled(self, texts: list[str]) -> None:
        """Raise where a page holds one value that more records may have than it shows."""
        several, count = len(set(texts)) > 1, len(texts)
        full = count >= self._paging.size or 0 < self._granted <= count
        if full and not several and not self._unique:
            raise self._loss(f"{count} records share one '{self._field}': there may be more")
        if several:
            # A system that grants less than was asked for shows it by its pages.
            self._granted = max(self._granted, count)

    def _behind(self, texts: list[str]) -> str:
        if self._unique:
            return texts[-1]
        return next((text for text in reversed(texts) if text != texts[-1]), texts[-1])

    def _known(self, found: list[Found], texts: list[str]) -> dict[str, str]:
        """Return mark → value of the records that the next page may show again."""
        again = {texts[-1], self._behind(texts)}
        return {
            self._listing.mark(one): text
            for one, text in zip(found, texts, strict=True)
            if text in again
        }

    def _text(self, found: Found) -> str:
        """Return a record's value of the field, as it goes into a request."""
        value: Any = (self._listing.read(found) or {}).get(self._field)
        if value is None:
            raise ProtocolError(
                "soap.path",
                f"a record of '{self._stream.name}' holds no '{self._field}' ({found.place})",
                remedy="Correct the name under paging.field: the list must be sorted by it",
            )
        cursor = self._stream.cursor
        if cursor is not None and self._field in cursor.fields:
            return str(cursor.codec.render(cursor.codec.parse(value)))
        return value.isoformat() if isinstance(value, datetime | date) else str(value)

    def _loss(self, told: str) -> ProtocolError:
        return ProtocolError(
            "adapter.silent_loss",
            f"{told} ('{self._stream.name}')",
            remedy="Ask for larger pages, or page by a field that tells records apart",
        )
