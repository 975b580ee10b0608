"""A mapping as data: one expression for each canonical field, nothing executable.

Expressions nest. Each gives a value of one kind, or of a kind only the row knows
(``kind_of`` returns None). The empty text is a missing value everywhere.
"""

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any, Literal

from config.tree import Node
from mappings.converters.numbers import Rounding
from mappings.converters.registry import Converter
from mappings.paths import Path
from shared_services.contracts.entities import EntityType, FieldKind

Operator = Literal["add", "subtract", "multiply", "divide"]


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
class Lookup:
    """A code replaced by a table's value; an unknown code refuses the row."""

    of: "Expression"
    file: str
    table: Dict[str, Any]
    kind: FieldKind


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


Expression = Read | Constant | Coalesce | Concat | Choose | Convert | Lookup | Default | Arithmetic


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
    """Whether the value at a path equals one of ``values``."""

    path: Path
    values: tuple[str | int | bool | Decimal, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """Whether nothing, or the empty text, stands at a path."""

    path: Path


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


Condition = OneOf | Missing | Not | All | Some


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
    """

    name: str
    file: FilePath
    entity: EntityType
    source: str
    fields: Dict[str, FieldExpression]
    filters: tuple[Filter, ...] = ()
    checks: Dict[str, Expression] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    examples: tuple[Example, ...] = ()


def kind_of(expression: FieldExpression) -> FieldKind | None:
    """Return the kind of value an expression gives; None when only the row knows."""
    match expression:
        case Constant(kind=kind) | Lookup(kind=kind):
            return kind
        case Convert(converter=converter):
            return converter.gives
        case Concat():
            return "string"
        case Arithmetic():
            return "decimal"
        case Coalesce(options=options):
            return _common(options)
        case Choose(cases=cases, otherwise=otherwise):
            return _common((*(case.value for case in cases), otherwise))
        case Default(of=of) | Guarded(of=of):
            return kind_of(of)
        case Read():
            return None


def _common(expressions: tuple[Expression, ...]) -> FieldKind | None:
    """Return the kind that all branches share; a branch that is always missing fits any."""
    kinds = {kind_of(one) for one in expressions if one != NOTHING}
    return kinds.pop() if len(kinds) == 1 else None


NOTHING = Constant(None, "string")


def is_settled(expression: Expression) -> bool:
    """Return whether its texts are canonical by construction and need no cleaning."""
    match expression:
        case Constant() | Lookup():
            return True
        case Convert(converter=converter):
            return converter.settled
        case Coalesce(options=options):
            return all(map(is_settled, options))
        case Choose(cases=cases, otherwise=otherwise):
            return is_settled(otherwise) and all(is_settled(case.value) for case in cases)
        case Default(of=of):
            return is_settled(of)
        case _:
            return False


def paths_of(item: FieldExpression | Condition | Case | Filter) -> tuple[Path, ...]:
    """Return every path that an expression or condition reads, in reading order."""
    match item:
        case Read(path=path) | OneOf(path=path) | Missing(path=path):
            return (path,)
        case Convert(of=of, arguments=arguments):
            return (*paths_of(of), *(path for path in arguments if path is not None))
        case Lookup(of=of) | Default(of=of) | Guarded(of=of):
            return paths_of(of)
        case Not(condition=condition) | Filter(condition=condition):
            return paths_of(condition)
        case Case(condition=condition, value=value):
            return (*paths_of(condition), *paths_of(value))
        case Coalesce(options=many) | Concat(parts=many) | Arithmetic(parts=many):
            return _all_paths(many)
        case All(conditions=many) | Some(conditions=many):
            return _all_paths(many)
        case Choose(cases=cases, otherwise=otherwise):
            return (*_all_paths(cases), *paths_of(otherwise))
        case Constant():
            return ()


def _all_paths(items: tuple[Any, ...]) -> tuple[Path, ...]:
    return tuple(path for item in items for path in paths_of(item))
