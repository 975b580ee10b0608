"""Calls an operation that returns records, and turns what comes into batches.

Guarantee: a page's raw elements and its rows are the same in number and order; each row can
show its own bytes as long as its batch lives, and no page outlives its batch.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from adapters.pages import Page, PageWalk, Walked
from adapters.soap import xml
from adapters.soap.rows import Drift, RowReader
from adapters.soap.session import Session
from adapters.soap.spec import DetailSpec, ListingSpec, PagingSpec
from adapters.templates import Template
from midspan.kernel.errors import ProtocolError, RecordError
from midspan.kernel.stream import Batch, Position, Reject, Row

_TRUE = frozenset({"true", "1"})


@dataclass(frozen=True, slots=True)
class Found:
    """A raw record and where it stood."""

    element: etree._Element
    place: str

    @property
    def raw(self) -> bytes:
        """The record's bytes, with the name spaces it needs to stand alone."""
        return etree.tostring(self.element, encoding="utf-8", with_tail=False)


class Listing:
    """One operation of one stream, ready to be called."""

    def __init__(
        self,
        session: Session,
        spec: ListingSpec | DetailSpec,
        arguments: Template,
        stream: str,
        report: Callable[[Drift], None],
    ) -> None:
        self._session = session
        self._spec = spec
        self._arguments = arguments
        service = session.service
        service.prepare()
        declaration = service.payload_declaration(spec.operation)
        self.reader = RowReader(declaration, service.schema, spec.rows, stream, report)

    def records(self, values: Mapping[str, Any], place: str) -> list[Found]:
        """Return all records of one call."""
        payload = self._session.call(self._spec.operation, self._arguments, values)
        found = self.reader.find(payload)
        return [
            Found(element, f"{place}, record {at}") for at, element in enumerate(found, start=1)
        ]

    def walk(
        self, paging: PagingSpec | None, lower: str | None, position: Position | None
    ) -> Iterator[Walked[list[Found]]]:
        """Yield the list's records from ``position`` on."""
        if paging is None:
            if position is None:
                values = {"lower": lower, "page": None, "page_size": None}
                yield Walked(self.records(values, "reply"), {"read": True})
            return
        walk = PageWalk(
            lambda number, size: self.page(paging, lower, number, size),
            paging,
            sizes_free="page_size" in self._arguments.names,
        )
        yield from walk.run(position)

    def page(
        self, paging: PagingSpec, lower: str | None, number: int, size: int
    ) -> Page[list[Found]]:
        """Fetch one page; ``number`` counts from 0, its place in words as the wire does."""
        wire = number + paging.first
        values = {"lower": lower, "page": wire, "page_size": size}
        payload = self._session.call(self._spec.operation, self._arguments, values)
        place = f"page {wire} of size {size}"
        found = [
            Found(element, f"{place}, record {at}")
            for at, element in enumerate(self.reader.find(payload), start=1)
        ]
        marks = [hashlib.blake2b(one.raw, digest_size=8).hexdigest() for one in found]
        more = self._head(payload, paging.more, required=True)
        total = self._head(payload, paging.total, required=number == 0)
        return Page(found, marks, None if more is None else more in _TRUE, self._count(total))

    def batch(self, found: Sequence[Found], columns: tuple[str, ...], position: Position) -> Batch:
        """Read records into a batch; those that cannot be read are its rejects."""
        rows: list[Row] = []
        kept: list[Found] = []
        rejects: list[Reject] = []
        for one in found:
            try:
                values = self.reader.read(one.element)
            except RecordError as error:
                rejects.append(Reject(error.code, error.message, one.raw, one.place))
                continue
            rows.append(tuple(values.get(name) for name in columns))
            kept.append(one)
        return Batch(columns, rows, position, rejects, lambda row: (kept[row].raw, kept[row].place))

    def _head(self, payload: etree._Element, path: str | None, *, required: bool) -> str | None:
        text = xml.find_text(payload, path) if path else None
        if path and text is None and required:
            raise ProtocolError(
                "soap.path",
                f"the reply of {self._spec.operation} holds nothing at '{path}'",
                remedy="Correct the paths under paging",
            )
        return text

    def _count(self, text: str | None) -> int | None:
        if text is None:
            return None
        if not text.isdecimal():
            raise ProtocolError(
                "soap.path",
                f"the total in the reply of {self._spec.operation} is no number",
                remedy="Correct the path under paging.total",
            )
        return int(text)
