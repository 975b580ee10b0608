"""The kinds of lines of a file that has several: header, details, trailer, and what is ignored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from adapters.file.codec import PADDING, Codec
from adapters.file.errors import misconfigured
from adapters.file.formats.base import Place
from adapters.file.formats.text import Source, Unit
from adapters.file.spec import FileStreamSpec, RecordSpec
from config.tree import Node
from midspan.kernel.errors import RecordError

Role = Literal["header", "detail", "trailer", "ignored"]


class Cutter(Protocol):
    """Cuts a unit's cells into fields; what cells and places are is the cutter's own."""

    def units(self, source: Source, place: Place) -> Any:
        """Yield the units behind a place."""
        ...

    def place(self, node: Node) -> Any:
        """Return where a field stands."""
        ...

    def begins(self, cells: Any, prefix: str, at: int) -> bool:
        """Return whether a kind's mark stands where it should."""
        ...

    def blank(self, cells: Any, padding: str) -> bool:
        """Return whether a unit holds nothing."""
        ...

    def least(self, places: Sequence[Any]) -> int:
        """Return what a unit must measure to hold these fields."""
        ...

    def refuse_ragged(self, cells: Any, least: int) -> None:
        """Raise RecordError for a unit that does not measure what it should."""
        ...

    def value(self, cells: Any, place: Any) -> str | None:
        """Return a field."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of line; ``fields`` are places by name, ``parent`` is the kind it belongs to."""

    name: str
    role: Role
    prefix: str
    at: int = 1
    parent: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    least: int = 0


class Kinds:
    """The compiled kinds of one stream."""

    def __init__(self, name: str, spec: FileStreamSpec, cutter: Cutter) -> None:
        self._cutter = cutter
        self.header = _kind("header", "header", spec.header, cutter) if spec.header else None
        self.trailer = spec.trailer
        count = spec.trailer.count if spec.trailer else None
        self.count = None if count is None else cutter.place(count)
        single = {"": spec.detail} if spec.detail else {}
        self.details = {
            key: _kind(key, "detail", record, cutter)
            for key, record in (spec.records or single).items()
        }
        _refuse_unsound(name, spec, self.details)
        kinds = [*([self.header] if self.header else []), *self.details.values()]
        if spec.trailer:
            kinds.append(Kind("trailer", "trailer", spec.trailer.prefix, spec.trailer.at))
        kinds += [Kind("", "ignored", prefix) for prefix in spec.ignore]
        # Of two marks that fit, the longer one means more.
        self._all = sorted(kinds, key=lambda kind: -len(kind.prefix))

    @property
    def roots(self) -> list[Kind]:
        """The details that are rows."""
        return [kind for kind in self.details.values() if kind.parent is None]

    def blank(self, unit: Unit) -> bool:
        """Return whether a unit holds nothing."""
        return not isinstance(unit.cells, RecordError) and self._cutter.blank(unit.cells, PADDING)

    def of(self, unit: Unit, codec: Codec) -> Kind | None:
        """Return a unit's kind, None for one that is not known."""
        for kind in self._all:
            if isinstance(unit.cells, RecordError):
                if kind.at == 1 and unit.raw.startswith(kind.prefix.encode(codec.name, "replace")):
                    return kind
            elif self._cutter.begins(unit.cells, kind.prefix, kind.at):
                return kind
        return None

    def values(self, kind: Kind, unit: Unit) -> dict[str, Any]:
        """Return a unit's fields; raises RecordError."""
        if isinstance(unit.cells, RecordError):
            raise unit.cells
        if kind.role == "detail":
            self._cutter.refuse_ragged(unit.cells, kind.least)
        value, cells = self._cutter.value, unit.cells
        return {name: value(cells, place) for name, place in kind.fields.items()}

    def lists(self, kind: Kind) -> list[str]:
        """Return the kinds that belong to one: the names of its lists."""
        return [child.name for child in self.details.values() if child.parent == kind.name]

    def below(self, kind: Kind) -> list[str]:
        """Return the kinds that belong to one, and those that belong to these."""
        return [
            name for child in self.lists(kind) for name in (child, *self.below(self.details[child]))
        ]

    def announced(self, unit: Unit) -> int | None:
        """Return the number of details that a trailer names, None where it names none.

        Raises RecordError when it should and does not.
        """
        if self.count is None:
            return None
        digits: str | None = None
        if not isinstance(unit.cells, RecordError):
            try:
                digits = self._cutter.value(unit.cells, self.count)
            except (IndexError, RecordError):
                digits = None
        if not (digits and digits.isascii() and digits.isdigit()):
            raise RecordError("file.trailer", "the trailer's count is no number")
        return int(digits)


def _kind(name: str, role: Role, spec: RecordSpec, cutter: Cutter) -> Kind:
    places = {key: cutter.place(node) for key, node in spec.fields.items()}
    least = cutter.least(list(places.values()))
    return Kind(name, role, spec.prefix, spec.at, spec.parent, places, least)


def _refuse_unsound(name: str, spec: FileStreamSpec, details: Mapping[str, Kind]) -> None:
    if not details:
        raise misconfigured(
            name, "says of no line what it is", "Write 'detail', 'records', or another 'format'"
        )
    if spec.detail and spec.records:
        raise misconfigured(name, "has both 'detail' and 'records'", "Keep one of them")
    if spec.header and not spec.header.prefix:
        raise misconfigured(name, "has a header without a prefix", "Say how it begins")
    for kind in details.values():
        seen = {kind.name}
        parent = kind.parent
        while parent is not None:
            if parent not in details or parent in seen:
                raise misconfigured(
                    name,
                    f"has records '{kind.name}' whose parent '{kind.parent}' is none",
                    f"Known: {', '.join(details)}",
                )
            seen.add(parent)
            parent = details[parent].parent
