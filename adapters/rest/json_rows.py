"""JSON replies: decoded once, straight into the columns that are asked for.

A page is decoded by a compiled type; its records are looked at one by one only when one of
them cannot be read, or to show a refused one's bytes, which are sought then and not before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec

from adapters.rest.replies import Records, carried, no_rows
from adapters.rest.shape import Shape, inside
from config.binding import nearest
from midspan.kernel.errors import ProtocolError, RecordError, TransientError
from midspan.kernel.stream import Reject, Row

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NULL = b"null"

_VALUE = msgspec.json.Decoder(float_hook=Decimal)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])

Block = tuple[bytes, Mapping[str, Any]]
"""A list of records, undecoded, and what the records around it give to its rows."""


class JsonDocument:
    """A reply in JSON; see ``adapters.rest.replies.Document``."""

    def __init__(self, body: bytes, where: str) -> None:
        self._body = body
        self._where = where
        self._top: Mapping[str, bytes] | None = None

    def value(self, path: str) -> Any:
        """Return the value at a path; None where there is none."""
        raw = self._find(self._body, path.split(".") if path else ())
        try:
            return None if raw is None else _VALUE.decode(raw)
        except _UNREADABLE as error:
            raise self._unreadable(error) from None

    def text(self, path: str) -> str:
        """Return what stands at a path as text, to be searched for a pattern."""
        raw = self._find(self._body, path.split(".") if path else ())
        return "" if raw is None else bytes(raw).decode("utf-8", "replace")

    def records(self, shape: Shape, place: str) -> Records:
        """Return the records at the shape's path."""
        blocks = list(self._blocks(self._body, shape, 0, {}))
        fast = self._fast(blocks, shape) if shape.roots and not shape.scalar else None
        columns: tuple[str, ...] = shape.columns(())
        items: Sequence[Row | Reject] = fast or ()
        if fast is None:
            columns, items = self._slow(blocks, shape, place)
        clean = fast is not None or not any(isinstance(one, Reject) for one in items)
        return Records(
            columns,
            items,
            clean,
            place,
            lambda at: bytes(self._raws(blocks, shape)[at][0]),
            lambda: {
                name for raw, _, _ in self._raws(blocks, shape) for name in self._members(raw)
            },
        )

    def _fast(self, blocks: Sequence[Block], shape: Shape) -> list[Row] | None:
        """Return the rows by the compiled type; None when a record is not to be read."""
        reader = _reader(shape.roots)
        rows: list[Row] = []
        for raw, given in blocks:
            try:
                found = reader.rows(raw, shape.keyed_by)
            except _UNREADABLE:
                return None
            rows += _completed(found, shape, given) if given or shape.nested else found
        return rows

    def _slow(
        self, blocks: Sequence[Block], shape: Shape, place: str
    ) -> tuple[tuple[str, ...], list[Row | Reject]]:
        found: list[dict[str, Any] | Reject] = []
        for at, (raw, name, given) in enumerate(self._raws(blocks, shape)):
            where = f"{place}, record {at + 1}"
            try:
                found.append(self._record(raw, name, given, shape))
            except RecordError as error:
                found.append(Reject(error.code, error.message, bytes(raw), where))
        columns = shape.columns([one for one in found if isinstance(one, dict)])
        return columns, [
            one if isinstance(one, Reject) else tuple(map(one.get, columns)) for one in found
        ]

    def _record(
        self, raw: bytes, name: str | None, given: Mapping[str, Any], shape: Shape
    ) -> dict[str, Any]:
        try:
            record = _VALUE.decode(raw)
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
            for one in self._decode(_LIST, raw):
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
            self._decode(_VALUE, raw)
            raise no_rows(shape.rows, self._where, "")
        return raw

    def _raws(
        self, blocks: Sequence[Block], shape: Shape
    ) -> list[tuple[bytes, str | None, Mapping[str, Any]]]:
        """Return each record's bytes, its name where it has one, and what is given to it."""
        found: list[tuple[bytes, str | None, Mapping[str, Any]]] = []
        for raw, given in blocks:
            if _begins(raw, b"["):
                found += [(one, None, given) for one in self._decode(_LIST, raw)]
            elif shape.keyed_by:
                found += [(one, name, given) for name, one in self._decode(_OBJECT, raw).items()]
            else:
                self._decode(_OBJECT, raw)
                found.append((raw, None, given))
        return found

    def _members(self, raw: bytes) -> Mapping[str, Any]:
        try:
            return _OBJECT.decode(raw)
        except _UNREADABLE:
            return {}

    def _given(self, raw: bytes, path: Sequence[str]) -> Any:
        found = self._find(raw, path)
        return None if found is None else self._decode(_VALUE, found)

    def _find(self, raw: bytes, path: Sequence[str]) -> bytes | None:
        found: bytes | None = raw
        for step in path:
            if found is None:
                return None
            if _begins(found, b"["):
                items = self._decode(_LIST, found)
                found = items[int(step)] if step.isdecimal() and int(step) < len(items) else None
            else:
                members = self._object(found)
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
            members: Mapping[str, bytes] = self._decode(_OBJECT, raw)
            return members
        self._decode(_VALUE, raw)
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


class _Reader:
    """Decodes objects into tuples of some members; one that is missing is None."""

    def __init__(self, names: Sequence[str]) -> None:
        fields = [f"f{at}" for at in range(len(names))]
        record = msgspec.defstruct(
            "Record",
            [(name, Any, None) for name in fields],
            rename=dict(zip(fields, names, strict=True)),
        )
        self._names = tuple(names)
        self._list = msgspec.json.Decoder(list[record], float_hook=Decimal)  # type: ignore[valid-type]  # made at run time
        self._dict = msgspec.json.Decoder(dict[str, record], float_hook=Decimal)  # type: ignore[valid-type]  # made at run time
        self._one = msgspec.json.Decoder(record, float_hook=Decimal)
        self._row: Callable[[Any], Row] = (
            attrgetter(*fields) if len(fields) > 1 else lambda one: (one.f0,)
        )

    def rows(self, raw: bytes, keyed_by: str | None) -> list[Row]:
        """Return the rows of a list of objects, of an object of objects, or of one object."""
        if _begins(raw, b"["):
            return list(map(self._row, self._list.decode(raw)))
        if keyed_by is None:
            return [self._row(self._one.decode(raw))]
        named = self._dict.decode(raw)
        if keyed_by not in self._names:
            return list(map(self._row, named.values()))
        at = self._names.index(keyed_by)
        return [_replaced(self._row(one), at, name) for name, one in named.items()]


@cache
def _reader(names: tuple[str, ...]) -> _Reader:
    return _Reader(names)


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


def _replaced(row: Row, at: int, value: Any) -> Row:
    return (*row[:at], value, *row[at + 1 :])


def _begins(raw: bytes, mark: bytes) -> bool:
    # A view of a page has no strip, and only a whole body can begin with white space.
    head = bytes(memoryview(raw)[:1])
    if head in (b"[", b"{") or not head.isspace():
        return head == mark
    return bytes(raw).lstrip()[:1] == mark


def _is_null(raw: bytes) -> bool:
    return len(raw) < 64 and bytes(raw).strip() == _NULL
