"""Files of several kinds of lines: a header, details that may nest, a trailer that counts.

Guarantee: a row is refused whole when one of its own lines cannot be read, so that no order
arrives without one of its lines; nothing is dropped in silence. A detail's place behind it is
where the next one begins, so that reading never resumes inside of a group.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from adapters.file.errors import incomplete
from adapters.file.formats.base import MAX_RECORD, Item, Place
from adapters.file.formats.kinds import Cutter, Kind, Kinds
from adapters.file.formats.text import Source, Unit
from midspan.kernel.errors import ProtocolError, RecordError

KIND_COLUMN = "_record"


@dataclass(slots=True)
class _Group:
    """The lines that make one row, and the records into which children still go."""

    units: list[Unit]
    row: dict[str, Any]
    kind: str
    open: dict[str, dict[str, Any]]
    size: int = 0
    error: RecordError | None = field(default=None)


class Records:
    """One file with kinds of lines, opened."""

    columns: tuple[str, ...]

    def __init__(self, source: Source, kinds: Kinds, cutter: Cutter) -> None:
        self._source = source
        self._kinds = kinds
        self._cutter = cutter
        self._nested = any(kind.parent for kind in kinds.details.values())
        self._header: tuple[Any, ...] | None = None
        self._own = _own_columns(kinds)
        self._lists = {name: kinds.lists(kind) for name, kind in kinds.details.items()}
        self._below = {name: kinds.below(kind) for name, kind in kinds.details.items()}
        self.columns = self.columns_of(kinds)

    @staticmethod
    def columns_of(kinds: Kinds) -> tuple[str, ...]:
        """Return the columns of rows: the header's fields, the roots', lists, and the kind."""
        return (*(kinds.header.fields if kinds.header else ()), *_own_columns(kinds))

    def verify(self) -> int:
        """Read it through, from header to trailer, and return the number of details."""
        name, details = self._source.content.name, 0
        header: Unit | None = None
        trailer: Unit | None = None
        for unit in self._units(Place()):
            kind = self._kinds.of(unit, self._source.codec)
            role = kind.role if kind else None
            if role == "ignored":
                continue
            if trailer is not None:
                raise incomplete(name, f"it goes on in line {unit.line}, after its trailer")
            if self._kinds.header and header is None and role != "header":
                raise incomplete(name, "it does not begin with its header")
            if role == "header":
                header = _only(name, header, unit)
            elif role == "trailer":
                trailer = unit
            else:
                details += role == "detail"
        if self._kinds.header and header is None:
            raise incomplete(name, "it is empty, and its header is missing")
        self._verify_end(name, trailer, details)
        return details

    def items(self, place: Place) -> Iterator[Item]:
        """Yield the rows behind a place."""
        if self._header is None:
            self._header = self._read_header()
        group: _Group | None = None
        for unit in self._units(place):
            kind = self._kinds.of(unit, self._source.codec)
            if kind is not None and kind.role != "detail":
                continue
            if group is not None and (kind is None or kind.parent is not None):
                self._add(group, kind, unit)
                continue
            if group is not None:
                yield self._item(group)
            group = self._begin(kind, unit)
            if not self._nested:
                yield self._item(group)
                group = None
        if group is not None:
            yield self._item(group)

    def _units(self, place: Place) -> Iterator[Unit]:
        for unit in self._cutter.units(self._source, place):
            if not self._kinds.blank(unit):
                yield unit

    def _begin(self, kind: Kind | None, unit: Unit) -> _Group:
        group = _Group([unit], {}, kind.name if kind else "", {}, len(unit.raw))
        if kind is None:
            group.error = _unknown()
        elif kind.parent is not None:
            group.error = _orphan(kind)
        else:
            self._read(group, kind, unit)
        return group

    def _add(self, group: _Group, kind: Kind | None, unit: Unit) -> None:
        group.size += len(unit.raw)
        if group.size <= MAX_RECORD:
            group.units.append(unit)
        elif group.error is None:
            group.error = RecordError("file.endless", "the record has no end that could be kept")
        if kind is None:
            group.error = group.error or _at(unit, _unknown())
        elif kind.parent not in group.open:
            group.error = group.error or _at(unit, _orphan(kind))
        else:
            self._read(group, kind, unit)

    def _read(self, group: _Group, kind: Kind, unit: Unit) -> None:
        """Read a line into its group; what belonged to an earlier one of its kind is closed."""
        try:
            values = self._kinds.values(kind, unit)
        except RecordError as error:
            group.error = group.error or (_at(unit, error) if kind.parent else error)
            values = {}
        for name in self._lists[kind.name]:
            values[name] = []
        if kind.parent is None:
            group.row = values
        else:
            group.open[kind.parent][kind.name].append(values)
        for name in self._below[kind.name]:
            group.open.pop(name, None)
        group.open[kind.name] = values

    def _item(self, group: _Group) -> Item:
        first, last = group.units[0], group.units[-1]
        raw = first.raw
        if first is not last:
            raw = b"".join([*(unit.raw + unit.tail for unit in group.units[:-1]), last.raw])
        value: tuple[Any, ...] | RecordError
        if group.error is not None:
            value = group.error
        else:
            row = {**group.row, KIND_COLUMN: group.kind}
            value = (*(self._header or ()), *map(row.get, self._own))
        return Item(raw, first.line, first.offset, last.end, value)

    def _read_header(self) -> tuple[Any, ...]:
        if self._kinds.header is None:
            return ()
        for unit in self._units(Place()):
            kind = self._kinds.of(unit, self._source.codec)
            if kind is not None and kind.role == "header":
                return self._header_values(kind, unit)
        return ()

    def _header_values(self, kind: Kind, unit: Unit) -> tuple[Any, ...]:
        try:
            return tuple(self._kinds.values(kind, unit).values())
        except (RecordError, IndexError) as error:
            reason = error.message if isinstance(error, RecordError) else "it lacks fields"
            raise ProtocolError(
                "file.header",
                f"the header of {self._source.content.name}: {reason}",
                remedy="Have it sent again, or correct the header's fields",
            ) from None

    def _verify_end(self, name: str, trailer: Unit | None, details: int) -> None:
        if self._kinds.trailer is None:
            return
        if trailer is None:
            raise incomplete(name, "its trailer is missing")
        try:
            announced = self._kinds.announced(trailer)
        except RecordError as error:
            raise incomplete(name, error.message) from None
        if announced is not None and announced != details:
            raise incomplete(name, f"its trailer counts {announced} details, it holds {details}")


def _own_columns(kinds: Kinds) -> tuple[str, ...]:
    own = [name for kind in kinds.roots for name in (*kind.fields, *kinds.lists(kind))]
    named = [KIND_COLUMN] if len(kinds.roots) > 1 else []
    return tuple(dict.fromkeys([*own, *named]))


def _only(name: str, header: Unit | None, unit: Unit) -> Unit:
    if header is not None:
        raise incomplete(name, f"a second header stands in line {unit.line}")
    return unit


def _unknown() -> RecordError:
    return RecordError("file.record_type", "the line begins like no known record")


def _orphan(kind: Kind) -> RecordError:
    return RecordError(
        "file.orphan", f"a record '{kind.name}' stands without its '{kind.parent}' before it"
    )


def _at(unit: Unit, error: RecordError) -> RecordError:
    return RecordError(error.code, f"line {unit.line}: {error.message}", remedy=error.remedy)
