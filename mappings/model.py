"""A mapping as data: one expression for each canonical field, nothing executable.

Expressions nest. Each gives a value of one kind, or of a kind only the row knows
(``mappings.analysis.kind_of`` returns None). The empty text is a missing value everywhere.

A field that was ``added`` to one of these classes later is part of a mapping's version only
where it is not the default, so that an unchanged file keeps its version.
"""

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any, Literal

from config.tree import Node
from mappings.converters.numbers import Rounding
from mappings.converters.registry import Converter
from mappings.paths import Path
from shared_services.contracts.entities import EntityType, FieldKind, FieldType

Operator = Literal["add", "subtract", "multiply", "divide"]
Unknown = Literal["refuse", "keep", "missing"]
TextTest = Literal["starts_with", "ends_with", "contains", "matches"]

ADDED = {"added": True}
UNSPOKEN = {"unspoken": True}
"""Marks what is no part of a mapping's meaning."""


@dataclass(frozen=True, slots=True)
class Read:
    """The value at a path of the source row."""

    path: Path


@dataclass(frozen=True, slots=True)
class Constant:
    """The same canonical value for every row."""

    value: Any
    kind: FieldKind


@dataclass(frozen=True, slots=True)
class Coalesce:
    """The first value that is not missing."""

    options: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Concat:
    """The texts that are not missing, joined."""

    parts: tuple["Expression", ...]
    separator: str


@dataclass(frozen=True, slots=True)
class Format:
    """Values spelt between ``texts``, which are one more; missing when one of them is."""

    texts: tuple[str, ...]
    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Choose:
    """The value of the first case whose condition holds, else ``otherwise``."""

    cases: tuple["Case", ...]
    otherwise: "Expression"


@dataclass(frozen=True, slots=True)
class Case:
    """A condition and the value it leads to."""

    condition: "Condition"
    value: "Expression"


@dataclass(frozen=True, slots=True)
class Convert:
    """A value passed through a converter; a missing one passes by it.

    ``arguments`` are the values of the options that name paths, in the converter's order.
    """

    of: "Expression"
    converter: Converter
    options: Any
    arguments: tuple[Path | None, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """What a code means from the day ``first`` to the day ``last``, both included."""

    first: date
    last: date
    value: Any


@dataclass(frozen=True, slots=True)
class Lookup:
    """A code replaced by a table's value.

    ``table`` holds what each code means; a table whose codes change their meaning in time has
    ``spans`` in its place, and ``at`` gives the day. A code the table lacks refuses the row, or
    is kept, or is missing, as ``unknown`` says. With ``trim`` and ``fold`` white space at its
    ends and its case are nothing to it; the table's codes are folded already. ``preferred`` are
    the codes that the way back takes where several mean the same, and ``spelling`` the codes
    before they were folded.
    """

    of: "Expression"
    file: str = field(metadata=UNSPOKEN)
    table: Dict[str, Any]
    kind: FieldKind
    spans: Dict[str, tuple[Span, ...]] = field(default_factory=dict, metadata=ADDED)
    at: "Expression | None" = field(default=None, metadata=ADDED)
    unknown: Unknown = field(default="refuse", metadata=ADDED)
    trim: bool = field(default=False, metadata=ADDED)
    fold: bool = field(default=False, metadata=ADDED)
    preferred: frozenset[str] = field(default=frozenset(), metadata=UNSPOKEN)
    spelling: Dict[str, str] = field(default_factory=dict, metadata=UNSPOKEN)


@dataclass(frozen=True, slots=True)
class Default:
    """A value, or a constant where it is missing."""

    of: "Expression"
    value: Constant


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Decimal numbers, calculated exactly; missing when one of them is.

    ``places`` and ``rounding`` say how the result is rounded; without them it never is.
    """

    operator: Operator
    parts: tuple["Expression", ...]
    places: int | None = None
    rounding: Rounding = "half_up"


@dataclass(frozen=True, slots=True)
class Ordinal:
    """The place of the item under way in its list; the first is ``start``."""

    start: int


@dataclass(frozen=True, slots=True)
class Each:
    """A record for each item of the list that ``of`` gives; missing when the list is.

    Paths in ``fields`` and ``filters`` begin at the item; those that go ``up`` begin so many
    records further out. ``specs`` are the fields of a record, in their order; a record is a
    dictionary that holds them all. Items that a filter names are left out.
    """

    of: "Expression"
    specs: tuple[FieldType, ...]
    fields: Dict[str, "FieldExpression"]
    filters: tuple["Filter", ...] = ()


Expression = (
    Read
    | Constant
    | Coalesce
    | Concat
    | Format
    | Choose
    | Convert
    | Lookup
    | Default
    | Arithmetic
    | Ordinal
    | Each
)


@dataclass(frozen=True, slots=True)
class Guarded:
    """A field's expression whose refusal costs the field and not the row.

    ``fallback`` is what the field holds then.
    """

    of: Expression
    fallback: Constant


FieldExpression = Expression | Guarded


@dataclass(frozen=True, slots=True)
class OneOf:
    """Whether a value equals one of ``values``.

    ``alike`` holds, for each of them, the same in another type, which counts as well.
    """

    of: Expression
    values: tuple[str | int | bool | Decimal | date, ...]
    alike: tuple[tuple[Any, ...], ...] = field(default=(), metadata={"added": True})

    @property
    def accepted(self) -> tuple[Any, ...]:
        """Return all that is taken for one of the values."""
        return (*self.values, *(one for some in self.alike for one in some))


@dataclass(frozen=True, slots=True)
class Missing:
    """Whether a value is missing."""

    of: Expression


@dataclass(frozen=True, slots=True)
class Within:
    """Whether a number, date or instant lies within bounds; a missing value does not.

    A bound that is None is none.
    """

    of: Expression
    kind: FieldKind
    above: Any = None
    at_least: Any = None
    below: Any = None
    at_most: Any = None


@dataclass(frozen=True, slots=True)
class Spelt:
    """Whether a text is spelt like one of ``values``; a missing one is not.

    ``matches`` holds regular expressions of RE2, each for the whole text.
    """

    of: Expression
    test: TextTest
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Whether a condition does not hold."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class All:
    """Whether all conditions hold."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """Whether at least one condition holds."""

    conditions: tuple["Condition", ...]


Condition = OneOf | Missing | Within | Spelt | Not | All | Some


@dataclass(frozen=True, slots=True)
class Filter:
    """Rows left out on purpose, and why."""

    condition: Condition
    reason: str


@dataclass(frozen=True, slots=True)
class Example:
    """A source row and what must become of it: ``out`` or ``refused`` or ``filtered``.

    ``out`` names some fields and their canonical values.
    """

    node: Node
    row: Dict[str, Any]
    out: Dict[str, Any] | None = None
    refused: str | None = None
    filtered: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """A checked mapping. ``fields`` stand in the entity's order, unmapped ones are absent.

    ``checks`` are expressions whose value nobody takes: they refuse a row that has none.
    ``personal`` are the source columns that the file marks; ``mappings.analysis`` adds those
    that lead to a personal field. ``reverse`` says of places in the source's record what is
    written there: expressions over the canonical fields.
    """

    name: str
    file: FilePath
    entity: EntityType
    source: str
    fields: Dict[str, FieldExpression]
    filters: tuple[Filter, ...] = ()
    checks: Dict[str, Expression] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()
    examples: tuple[Example, ...] = ()
    reverse: Dict[Path, Expression] = field(default_factory=dict)


NOTHING = Constant(None, "string")
