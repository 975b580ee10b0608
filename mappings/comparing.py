"""What two versions of a mapping make of the same rows, and where they differ.

Guarantee: every row is counted once, by its end with the one and with the other; two values are
the same exactly when golden files spell them the same.
"""

from collections import Counter
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mappings.proving.outcomes import Difference, Outcome, differences, outcomes_of
from mappings.translation import CompiledMapping

MOST_EXAMPLES = 3

End = Literal["translated", "refused", "filtered"]


@dataclass(slots=True)
class FieldChange:
    """A canonical field that becomes another in ``rows`` rows; a few of them are kept."""

    name: str
    personal: bool
    rows: int = 0
    examples: list[Difference] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Turn:
    """How a row ended by the old mapping, and how by the new one, where that is another end.

    ``code`` and ``field`` are those of the refusal that is new, or is no more.
    """

    before: End
    after: End
    code: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of ``rows`` rows: the same of ``same``; another end, or other values.

    ``unknown`` are columns that the new mapping reads and no row has.
    """

    rows: int
    same: int
    fields: tuple[FieldChange, ...]
    turns: Dict[Turn, int]
    unknown: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether any row comes out otherwise."""
        return self.same < self.rows


def compare(
    old: CompiledMapping, new: CompiledMapping, rows: Sequence[Dict[str, Any]]
) -> Comparison:
    """Translate rows by both mappings, which are of one entity, and tell the differences.

    A column that a row leaves out is missing.
    """
    changes = {one.name: FieldChange(one.name, one.personal) for one in new.entity.fields}
    turns: Counter[Turn] = Counter()
    same = 0
    for before, after in zip(_ends(old, rows), _ends(new, rows), strict=True):
        if before.values is not None and after.values is not None:
            found = differences(before.values, after.values)
            same += not found
            for one in found:
                _note(changes[one.field], one)
        elif _told(before) == _told(after):
            same += 1
        else:
            turns[_turn(before, after)] += 1
    known = {column for row in rows for column in row}
    unknown = tuple(column for column in new.sources if rows and column not in known)
    changed = tuple(one for one in changes.values() if one.rows)
    return Comparison(len(rows), same, changed, turns, unknown)


def _ends(compiled: CompiledMapping, rows: Sequence[Dict[str, Any]]) -> list[Outcome]:
    columns = compiled.sources
    values = [tuple(row.get(column) for column in columns) for row in rows]
    return outcomes_of(compiled.translate(columns, values), len(rows), compiled.entity.field_names)


def _note(change: FieldChange, one: Difference) -> None:
    change.rows += 1
    if len(change.examples) < MOST_EXAMPLES and one not in change.examples:
        change.examples.append(one)


def _told(end: Outcome) -> tuple[str, str, str]:
    return end.code, end.field, end.filtered or ""


def _end(end: Outcome) -> End:
    if end.code:
        return "refused"
    return "translated" if end.filtered is None else "filtered"


def _turn(before: Outcome, after: Outcome) -> Turn:
    told = after if after.code else before
    return Turn(_end(before), _end(after), told.code, told.field)
