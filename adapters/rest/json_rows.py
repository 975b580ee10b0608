"""JSON replies: decoded once, straight into the columns that are asked for.

A page is decoded by a compiled type, with its head in one go where its records stand in plain
objects. Its records are looked at one by one only when one of them cannot be read, or to show a
refused one's bytes, which are sought then and not before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from adapters.rest.json_tree import JsonTree, begins, is_null
from adapters.rest.json_types import (
    LIST,
    OBJECT,
    UNREADABLE,
    VALUE,
    RowReader,
    page_reader,
    row_reader,
)
from adapters.rest.replies import Records, carried, no_rows
from adapters.rest.shape import Shape, inside
from config.binding import nearest
from midspan.kernel.errors import ProtocolError, RecordError
from midspan.kernel.stream import Reject, Row

Block = tuple[bytes, Mapping[str, Any]]
"""A list of records, undecoded, and what the records around it give to its rows."""


class JsonDocument(JsonTree):
    """A reply in JSON; see ``adapters.rest.replies.Document``."""

    def records(self, shape: Shape, place: str) -> Records:
        """Return the records at the shape's path."""
        rows = self._page(shape)
        if rows is None:
            try:
                return self._looked_at(shape, place)
            except ProtocolError:
                if not self._spoil_halves():
                    raise
            return self._looked_at(shape, place)
        return self._records(
            shape.columns(()), rows, True, place, cache(lambda: list(self._lists(shape))), shape
        )

    def _page(self, shape: Shape) -> list[Row] | None:
        """Return the rows of a page that is one list inside plain objects, decoded in one go."""
        if not shape.steps or not shape.roots or shape.given or shape.scalar or self._top:
            return None
        reader = page_reader(shape.steps, shape.roots, shape.head)
        try:
            rows, self._head = reader.read(self._body) if reader else (None, {})
        except UNREADABLE:
            return None
        self._known = shape.head - {shape.steps[0]} if reader else frozenset()
        return rows if rows is None or not shape.nested else _completed(rows, shape, {})

    def _looked_at(self, shape: Shape, place: str) -> Records:
        """Return the records of any other reply."""
        blocks = list(self._lists(shape))
        reader = row_reader(shape.roots) if shape.roots and not shape.scalar else None
        items: Sequence[Row | Reject] | None = self._fast(reader, blocks, shape) if reader else None
        if items is not None:
            return self._records(shape.columns(()), items, True, place, lambda: blocks, shape)
        columns, items = self._slow(blocks, shape, place)
        clean = not any(isinstance(one, Reject) for one in items)
        return self._records(columns, items, clean, place, lambda: blocks, shape)

    def _records(
        self,
        columns: tuple[str, ...],
        items: Sequence[Row | Reject],
        clean: bool,
        place: str,
        blocks: Callable[[], Sequence[Block]],
        shape: Shape,
    ) -> Records:
        raws = cache(lambda: [raw for raw, _, _ in self._raws(blocks(), shape)])
        return Records(
            columns,
            items,
            clean,
            place,
            lambda at: self._own(raws()[at]),
            lambda: {name for raw in raws() for name in self._members(raw)},
        )

    def _lists(self, shape: Shape) -> Iterator[Block]:
        return self._blocks(self._body, shape, 0, {})

    def _fast(self, reader: RowReader, blocks: Sequence[Block], shape: Shape) -> list[Row] | None:
        """Return the rows by the compiled type; None when a record is not to be read."""
        rows: list[Row] = []
        for raw, given in blocks:
            try:
                found = self._decoded(reader, raw, shape)
            except UNREADABLE:
                return None
            rows += _completed(found, shape, given) if given or shape.nested else found
        return rows

    @staticmethod
    def _decoded(reader: RowReader, raw: bytes, shape: Shape) -> list[Row]:
        if begins(raw, b"["):
            return reader.listed(raw)
        return reader.named(raw, shape.keyed_by) if shape.keyed_by else reader.single(raw)

    def _slow(
        self, blocks: Sequence[Block], shape: Shape, place: str
    ) -> tuple[tuple[str, ...], list[Row | Reject]]:
        found: list[dict[str, Any] | Reject] = []
        for at, (raw, name, given) in enumerate(self._raws(blocks, shape)):
            where = f"{place}, record {at + 1}"
            try:
                found.append(self._record(raw, name, given, shape))
            except RecordError as error:
                found.append(Reject(error.code, error.message, self._own(raw), where))
        columns = shape.columns([one for one in found if isinstance(one, dict)])
        return columns, [
            one if isinstance(one, Reject) else tuple(map(one.get, columns)) for one in found
        ]

    def _record(
        self, raw: bytes, name: str | None, given: Mapping[str, Any], shape: Shape
    ) -> dict[str, Any]:
        try:
            record = VALUE.decode(raw)
        except UNREADABLE:
            raise RecordError(
                "rest.row", "the record's text cannot be read", remedy="Correct it in the source"
            ) from None
        if not isinstance(record, dict):
            if shape.scalar is None or isinstance(record, list):
                raise RecordError("rest.row", "the record is no object")
            record = {shape.scalar: record}
        key = {shape.keyed_by: name} if shape.keyed_by and name is not None else {}
        return {**record, **given, **key, **{one: inside(record, one) for one in shape.nested}}

    def _blocks(
        self, raw: bytes, shape: Shape, depth: int, given: Mapping[str, Any]
    ) -> Iterator[Block]:
        """Follow the rows path through objects and lists to each list of records."""
        steps = shape.steps
        if depth == len(steps):
            yield self._checked(raw, shape), given
            return
        if begins(raw, b"["):
            for one in self._decode(LIST, raw):
                yield from self._blocks(one, shape, depth, given)
            return
        members = self._object(raw)
        if members is None or (steps[depth] not in members and not shape.sparse):
            known = nearest(steps[depth], list(members)) if members else ""
            raise no_rows(shape.rows, self._where, known)
        found = dict(
            carried(shape.carry, steps, depth, lambda path: self.within(raw, path)),
        )
        inner = members.get(steps[depth])
        if inner is not None and not is_null(inner):
            yield from self._blocks(inner, shape, depth + 1, {**given, **found})

    def _checked(self, raw: bytes, shape: Shape) -> bytes:
        """Return what must be a list of records, or a single one."""
        if is_null(raw):
            return b"[]"
        if not begins(raw, b"[") and not begins(raw, b"{"):
            # What is no JSON at all is told first.
            self._decode(VALUE, raw)
            raise no_rows(shape.rows, self._where, "")
        return raw

    def _raws(
        self, blocks: Sequence[Block], shape: Shape
    ) -> list[tuple[bytes, str | None, Mapping[str, Any]]]:
        """Return each record's bytes, its name where it has one, and what is given to it."""
        found: list[tuple[bytes, str | None, Mapping[str, Any]]] = []
        for raw, given in blocks:
            if begins(raw, b"["):
                found += [(one, None, given) for one in self._decode(LIST, raw)]
            elif shape.keyed_by:
                found += [(one, name, given) for name, one in self._decode(OBJECT, raw).items()]
            else:
                self._decode(OBJECT, raw)
                found.append((raw, None, given))
        return found

    def _members(self, raw: bytes) -> Mapping[str, Any]:
        try:
            return OBJECT.decode(raw)
        except UNREADABLE:
            return {}


def _completed(rows: Sequence[Row], shape: Shape, given: Mapping[str, Any]) -> list[Row]:
    """Return rows with what is given to them, and with the nested columns at their end."""
    places = {shape.roots.index(name): given[name] for name in given if name in shape.roots}
    extra = [(shape.roots.index(name.partition(".")[0]), name) for name in shape.nested]
    done = []
    for row in rows:
        values = list(row)
        for at, value in places.items():
            values[at] = value
        values += [inside({shape.roots[at]: row[at]}, name) for at, name in extra]
        done.append(tuple(values))
    return done
