"""JSON replies: decoded once, straight into the columns that are asked for.

A page is decoded by a compiled type, with its head in one go where its records stand in plain
objects. Its records are looked at one by one only when one of them cannot be read, or to show a
refused one's bytes, which are sought then and not before.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from adapters.rest.json_types import LIST, OBJECT, VALUE, RowReader, page_reader, row_reader
from adapters.rest.replies import Records, carried, no_rows
from adapters.rest.shape import Shape, inside
from config.binding import nearest
from midspan.kernel.errors import ProtocolError, RecordError, TransientError
from midspan.kernel.stream import Reject, Row

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NULL = b"null"

_HALF = re.compile(
    rb"(?<!\\)((?:\\\\)*)\\"
    rb"(u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\)u[dD][c-fC-F][0-9a-fA-F]{2})"
)
"""An escape that is one half of a character, without the other."""

_SPOILED = b"\xff"

Block = tuple[bytes, Mapping[str, Any]]
"""A list of records, undecoded, and what the records around it give to its rows."""


class JsonDocument:
    """A reply in JSON; see ``adapters.rest.replies.Document``."""

    def __init__(self, body: bytes, where: str) -> None:
        self._body = body
        self._where = where
        self._top: Mapping[str, bytes] | None = None
        self._head: Mapping[str, bytes] = {}
        self._known: frozenset[str] = frozenset()
        self._spoiled = False

    def value(self, path: str) -> Any:
        """Return the value at a path; None where there is none."""
        raw = self._find(self._body, path.split(".") if path else ())
        try:
            return None if raw is None else VALUE.decode(raw)
        except _UNREADABLE as error:
            raise self._unreadable(error) from None

    def text(self, path: str) -> str:
        """Return what stands at a path as text, to be searched for a pattern."""
        raw = self._find(self._body, path.split(".") if path else ())
        return "" if raw is None else bytes(raw).decode("utf-8", "replace")

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

    def _spoil_halves(self) -> bool:
        """Spoil halves of characters for their records alone; return whether there are any.

        A text that was cut inside of an emoji ends in one, and no part of its page could be read.
        """
        spoiled = _HALF.sub(lambda half: half[1] + _SPOILED + half[2], self._body)
        self._spoiled = spoiled != self._body
        self._body, self._top = spoiled, None
        return self._spoiled

    def _own(self, raw: bytes) -> bytes:
        """Return a record's bytes as they came."""
        whole = bytes(raw)
        return whole.replace(_SPOILED, b"\\") if self._spoiled else whole

    def _page(self, shape: Shape) -> list[Row] | None:
        """Return the rows of a page that is one list inside plain objects, decoded in one go."""
        if not shape.steps or not shape.roots or shape.given or shape.scalar or self._top:
            return None
        reader = page_reader(shape.steps, shape.roots, shape.head)
        try:
            rows, self._head = reader.read(self._body) if reader else (None, {})
        except _UNREADABLE:
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
            except _UNREADABLE:
                return None
            rows += _completed(found, shape, given) if given or shape.nested else found
        return rows

    @staticmethod
    def _decoded(reader: RowReader, raw: bytes, shape: Shape) -> list[Row]:
        if _begins(raw, b"["):
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
        except _UNREADABLE:
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
        if _begins(raw, b"["):
            for one in self._decode(LIST, raw):
                yield from self._blocks(one, shape, depth, given)
            return
        members = self._object(raw)
        if members is None or (steps[depth] not in members and not shape.sparse):
            known = nearest(steps[depth], list(members)) if members else ""
            raise no_rows(shape.rows, self._where, known)
        found = dict(
            carried(shape.carry, steps, depth, lambda path: self._given(raw, path)),
        )
        inner = members.get(steps[depth])
        if inner is not None and not _is_null(inner):
            yield from self._blocks(inner, shape, depth + 1, {**given, **found})

    def _checked(self, raw: bytes, shape: Shape) -> bytes:
        """Return what must be a list of records, or a single one."""
        if _is_null(raw):
            return b"[]"
        if not _begins(raw, b"[") and not _begins(raw, b"{"):
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
            if _begins(raw, b"["):
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
        except _UNREADABLE:
            return {}

    def _given(self, raw: bytes, path: Sequence[str]) -> Any:
        found = self._find(raw, path)
        return None if found is None else self._decode(VALUE, found)

    def _find(self, raw: bytes, path: Sequence[str]) -> bytes | None:
        found: bytes | None = raw
        if raw is self._body and path and path[0] in self._known:
            whole = ".".join(path)
            if whole in self._head:
                return self._head[whole]
            found, path = self._head.get(path[0]), path[1:]
        for at, step in enumerate(path):
            if found is None:
                return None
            if _begins(found, b"["):
                items = self._decode(LIST, found)
                found = items[int(step)] if step.isdecimal() and int(step) < len(items) else None
            else:
                members = self._object(found)
                # A member may itself have a dot in its name: ``@odata.nextLink``.
                whole = ".".join(path[at:])
                if members and whole in members:
                    return members[whole]
                found = members.get(step) if members else None
        return found

    def _object(self, raw: bytes) -> Mapping[str, bytes] | None:
        """Return an object's members; None for a value that is none."""
        if raw is self._body:
            if self._top is None:
                self._top = self._plain_object(raw)
            return self._top
        return self._plain_object(raw) if _begins(raw, b"{") else None

    def _plain_object(self, raw: bytes) -> Mapping[str, bytes]:
        if _begins(raw, b"{"):
            members: Mapping[str, bytes] = self._decode(OBJECT, raw)
            return members
        self._decode(VALUE, raw)
        return {}

    def _decode(self, decoder: msgspec.json.Decoder[Any], raw: bytes) -> Any:
        try:
            return decoder.decode(raw)
        except _UNREADABLE as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> ProtocolError | TransientError:
        body, what = self._body, f"the reply of {self._where}"
        if not body.strip():
            return ProtocolError("rest.not_json", f"{what} is empty", remedy="Check the path")
        if body.lstrip()[:1] == b"<":
            return ProtocolError(
                "rest.not_json",
                f"{what} is no JSON but a web page or XML",
                remedy="Check path and format; a proxy or a login page may answer there",
            )
        if "truncated" in str(error):
            return TransientError("rest.truncated", f"{what} ends in the middle")
        return ProtocolError(
            "rest.not_json", f"{what} is no JSON", remedy="Check path, format and encoding"
        )


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


def _begins(raw: bytes, mark: bytes) -> bool:
    # A view of a page has no strip, and only a whole body can begin with white space.
    head = bytes(memoryview(raw)[:1])
    if head in (b"[", b"{") or not head.isspace():
        return head == mark
    return bytes(raw).lstrip()[:1] == mark


def _is_null(raw: bytes) -> bool:
    return len(raw) < 64 and bytes(raw).strip() == _NULL
