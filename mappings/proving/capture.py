"""Chooses rows that cover a mapping, and masks what is personal in them.

Guarantee: every masked row goes the way of the row it was made of: the same branches, the same
fields filled, the same refusal. One that cannot be masked so is left out and counted, never
captured as it is.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from typing import Any

from mappings.proving.disclosure import Disclosure, at_place, put_at
from mappings.proving.goldens import MAX_LINE, GoldenRow, written
from mappings.proving.masks import Masker
from mappings.proving.outcomes import Outcome, outcome_of, outcomes_of
from mappings.proving.shapes import Shape, Shapes, end_of
from mappings.proving.spelling import spelling
from mappings.translation import CompiledMapping

TRIES = 3
"""Rows of one shape that are tried before it is given up."""


@dataclass(frozen=True, slots=True)
class Capture:
    """Chosen rows; ``shapes`` is how many were met, ``given_up`` how many could not be masked.

    ``left_out`` are shapes beyond the wanted number of rows.
    """

    rows: tuple[GoldenRow, ...]
    shapes: int
    given_up: int
    left_out: int


@dataclass(frozen=True, slots=True)
class _Way:
    """All that decides which way a row goes."""

    shape: Shape
    end: Shape

    def marks(self) -> Iterator[tuple[int, Any]]:
        """Yield each thing that is true of a row of this way."""
        yield from enumerate((self.end, *self.shape))


def capture(
    compiled: CompiledMapping, rows: Sequence[Dict[str, Any]], key: bytes, most: int
) -> Capture:
    """Return at most ``most`` rows, masked, that take every branch which ``rows`` take."""
    camera = _Camera(compiled, key)
    ways: dict[_Way, list[int]] = {}
    for index, way in enumerate(camera.ways(rows)):
        ways.setdefault(way, []).append(index)
    order = _covering(ways)
    found: dict[int, GoldenRow] = {}
    given_up = 0
    for way in order:
        if len(found) >= most:
            break
        taken = camera.first_masked(((at, rows[at]) for at in ways[way][:TRIES]), way)
        if taken is None:
            given_up += 1
        else:
            found[taken[0]] = taken[1]
    captured = tuple(found[at] for at in sorted(found))
    return Capture(captured, len(ways), given_up, len(ways) - given_up - len(captured))


def _covering(ways: Iterable[_Way]) -> list[_Way]:
    """Return the ways, those that show most of what no earlier one shows first."""
    left = {way: set(way.marks()) for way in ways}
    order: list[_Way] = []
    while left:
        best = max(left, key=lambda way: len(left[way]))
        shown = left.pop(best)
        order.append(best)
        for marks in left.values():
            marks -= shown
        if not shown:
            order += left
            break
    return order


class _Camera:
    """Looks at rows as a mapping does."""

    def __init__(self, compiled: CompiledMapping, key: bytes) -> None:
        self._compiled = compiled
        self._shapes = Shapes(compiled)
        self._disclosure = Disclosure(compiled.mapping)
        self._masker = Masker(key)

    def ways(self, rows: Sequence[Dict[str, Any]]) -> list[_Way]:
        """Return the way that each row goes."""
        sources = self._compiled.sources
        values = [tuple(row.get(column) for column in sources) for row in rows]
        done = self._compiled.translate(sources, values)
        ends = outcomes_of(done, len(rows), self._compiled.entity.field_names)
        shapes = self._shapes.of(values)
        return [_Way(shape, end_of(end)) for shape, end in zip(shapes, ends, strict=True)]

    def first_masked(
        self, rows: Iterable[tuple[int, Dict[str, Any]]], way: _Way
    ) -> tuple[int, GoldenRow] | None:
        """Return the first row that can be masked and still goes its way."""
        for index, row in rows:
            masked = self._masked(row, way)
            if masked is not None:
                return index, masked
        return None

    def _masked(self, row: Dict[str, Any], way: _Way) -> GoldenRow | None:
        kept, places = self._disclosure.cut(row)
        for place in places:
            if not self._replaced(kept, place, way):
                return None
        end = _without_message(outcome_of(self._compiled, kept))
        golden = GoldenRow(kept, end)
        try:
            fits = self.ways([kept]) == [way] and len(spelling(written(golden))) <= MAX_LINE
        except TypeError:
            return None
        return golden if fits else None

    def _replaced(self, row: dict[str, Any], place: tuple[str | int, ...], way: _Way) -> bool:
        """Put a stand-in at a place; whether there is one that keeps the row on its way."""
        value = at_place(row, place)
        if value is None or value == "" or isinstance(value, bool):
            return True
        for stand_in in self._masker.stand_ins(value):
            put_at(row, place, stand_in)
            if self.ways([row]) == [way]:
                return True
        return False


def _without_message(outcome: Outcome) -> Outcome:
    return replace(outcome, message="")
