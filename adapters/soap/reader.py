"""Reads one stream: its list, its keys, its records by key.

Guarantee: every record of a slice is yielded at least once or the read raises. A field that
is wanted and that no row of a whole reading holds stops the stream, unless it is ``sparse``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from adapters.base import BoundStream
from adapters.pages import Walked
from adapters.soap.listing import Found, Listing
from adapters.soap.reading import Drift
from adapters.soap.session import Session
from adapters.soap.spec import StreamSpec
from adapters.soap.spec_lists import DetailSpec, ListingSpec
from adapters.soap.walking import ListWalk
from adapters.templates import Template
from midspan.kernel.errors import ProtocolError, RecordError
from midspan.kernel.stream import Batch, Key, Position, Slice

_KEYS_A_BATCH = 20

Report = Callable[[Drift], None]
Now = Callable[[], datetime | None]


class StreamReader:
    """One stream or part, ready to be read; ``templates`` are its arguments, compiled."""

    def __init__(
        self,
        session: Session,
        stream: BoundStream,
        templates: Mapping[str, Template],
        report: Report,
        now: Now,
    ) -> None:
        self._session = session
        self._stream = stream
        self._templates = templates
        self._report = report
        self._now = now
        self._options: StreamSpec = stream.options

    @cached_property
    def rows(self) -> ListWalk:
        """The walk over the list."""
        return self._walk(self._options, "rows")

    @cached_property
    def listing(self) -> Listing:
        """The operation that lists."""
        return self._listing(self._options, "rows")

    @cached_property
    def keys_walk(self) -> ListWalk:
        """The walk over the key list; over the list where there is none."""
        keys = self._options.keys
        return self._walk(keys, "keys") if keys else self.rows

    @cached_property
    def detail(self) -> Listing:
        """The operation that reads records by key; ``soap.no_detail`` without one."""
        if self._options.detail is None:
            raise ProtocolError(
                "soap.no_detail",
                f"the stream '{self._stream.name}' has no operation that reads one record",
                remedy="Configure 'detail' for it",
            )
        return self._listing(self._options.detail, "detail")

    @cached_property
    def finding(self) -> Listing | None:
        """The operation that finds records by our reference."""
        return self._listing(self._options.find, "find") if self._options.find else None

    def columns(self) -> tuple[str, ...]:
        """Return the columns of a batch; none where they are known only from the rows."""
        return self.source.reader.columns(self._stream.columns)

    @property
    def source(self) -> Listing:
        """The operation whose records the stream's rows are."""
        return self.detail if self._each else self.listing

    def read(self, part: Slice, position: Position | None) -> Iterator[Batch]:
        """Yield the slice's rows."""
        columns = self.columns()
        batches = (
            self._by_key(part.keys, columns, position)
            if part.keys is not None
            else self._listed(part.lower, columns, position)
        )
        yield from batches
        source = self.detail if part.keys is not None or self._each else self.listing
        if not self._options.sparse:
            source.require(columns)

    def keys(self) -> Iterator[Sequence[Key]]:
        """Yield every key, from the key list where one is configured."""
        keys = self._options.keys
        listing = self._listing(keys, "keys") if keys else self.listing
        for walked in self.keys_walk.run(None, None):
            found = ((one, listing.read(one)) for one in walked.items)
            yield [self._key(row, one) for one, row in found if row is not None]

    def sample(self, lower: str | None = None, *, everything: bool = False) -> Batch:
        """Return a few rows, as cheaply as they can be had; ``everything``: all their fields."""
        found = self.rows.probe(lower)
        columns = self.source.reader.columns(()) if everything else self.columns()
        if self._each:
            found = self._details(found[:_KEYS_A_BATCH])
        return self.source.batch(found, columns, {})

    def by_key(self, keys: Sequence[Key], place: str) -> list[Found]:
        """Return the records of some keys; those that the system no longer has are left out."""
        spec: Any = self._options.detail
        names = self._stream.primary_key
        found: list[Found] = []
        step = spec.many if spec is not None else 1
        for at in range(0, len(keys), step):
            chunk = keys[at : at + step]
            values = dict(zip(names, chunk[0], strict=True))
            values["keys"] = [key[0] for key in chunk]
            try:
                found += self._answered(self.detail.records(values, f"{place} {at + 1}"))
            except RecordError as error:
                if error.code != "soap.missing":
                    raise
        return found

    def _answered(self, found: list[Found]) -> list[Found]:
        """Return the records of a reply; many systems answer an empty one for a key they lack."""
        held = [one for one in found if not one.empty]
        alone = len(held) == 1 and (self._options.detail is None or self._options.detail.many == 1)
        return [] if alone and self.detail.blank(held[0]) else held

    @property
    def _each(self) -> bool:
        """Whether every listed record is read by its key."""
        return self._options.detail is not None and self._options.detail.each

    def _listed(
        self, lower: str | None, columns: tuple[str, ...], position: Position | None
    ) -> Iterator[Batch]:
        for walked in self.rows.run(lower, position):
            if self._each:
                yield from self._with_details(walked, columns)
            else:
                yield self.listing.batch(walked.items, columns, walked.position)

    def _with_details(
        self, walked: Walked[list[Found]], columns: tuple[str, ...]
    ) -> Iterator[Batch]:
        """Yield the records that a page lists; the page counts as read with the last of them."""
        yield self.detail.batch(self._details(walked.items), columns, walked.position)

    def _details(self, listed: Sequence[Found]) -> list[Found]:
        rows = ((one, self.listing.read(one)) for one in listed)
        keys = [self._key(row, one) for one, row in rows if row is not None]
        return self.by_key(keys, "listed key")

    def _by_key(
        self, keys: Sequence[Key], columns: tuple[str, ...], position: Position | None
    ) -> Iterator[Batch]:
        start = position["keys"] if position else 0
        listing = self.detail
        columns = columns or listing.reader.columns(self._stream.columns)
        size = max(_KEYS_A_BATCH, self._options.detail.many if self._options.detail else 1)
        for at in range(start, len(keys), size):
            found = self.by_key(keys[at : at + size], f"key {at} +")
            yield listing.batch(found, columns, {"keys": min(at + size, len(keys))})

    def _key(self, row: Mapping[str, Any], found: Found) -> Key:
        wanted = self._stream.primary_key
        names = wanted if set(wanted) <= set(row) else tuple(row)
        key = tuple(row[name] for name in names)
        if len(key) != len(wanted) or None in key:
            raise ProtocolError(
                "soap.no_key",
                f"the key list of '{self._stream.name}' holds no whole key at {found.place}",
                remedy="Point keys.rows at elements that hold the primary key",
            )
        return key

    def _walk(self, spec: ListingSpec, name: str) -> ListWalk:
        follow = self._templates.get(f"{name}.follow")
        listing = self.listing if name == "rows" else self._listing(spec, name)
        return ListWalk(listing, spec, self._stream, self._now, follow)

    def _listing(self, spec: ListingSpec | DetailSpec | Any, name: str) -> Listing:
        return Listing(self._session, spec, self._templates[name], self._stream.name, self._report)
