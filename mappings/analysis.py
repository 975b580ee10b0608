"""What can be told of expressions without a row: kinds, paths, columns, personal data.

Answers hold for every row: a kind is given only when all branches share it, and no path is
left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, get_args

from mappings.model import (
    NOTHING,
    Arithmetic,
    Case,
    Choose,
    Coalesce,
    Concat,
    Condition,
    Constant,
    Convert,
    Default,
    Each,
    Expression,
    FieldExpression,
    Filter,
    Format,
    Guarded,
    Lookup,
    Mapping,
    Ordinal,
)
from mappings.paths import Path
from shared_services.contracts.entities import FieldKind


def kind_of(expression: FieldExpression) -> FieldKind | None:
    """Return the kind of value an expression gives; None when only the row knows."""
    match expression:
        case Constant(kind=kind) | Lookup(kind=kind):
            return kind
        case Convert(converter=converter):
            return converter.gives
        case Coalesce(options=options):
            return _common(options)
        case Choose(cases=cases, otherwise=otherwise):
            return _common((*(case.value for case in cases), otherwise))
        case Default(of=of) | Guarded(of=of):
            return kind_of(of)
        case _:
            return _KINDS.get(type(expression))


_KINDS: dict[type, FieldKind] = {
    Concat: "string",
    Format: "string",
    Arithmetic: "decimal",
    Ordinal: "integer",
    Each: "records",
}


def _common(expressions: tuple[Expression, ...]) -> FieldKind | None:
    """Return the kind that all branches share; a branch that is always missing fits any."""
    kinds = {kind_of(one) for one in expressions if one != NOTHING}
    return kinds.pop() if len(kinds) == 1 else None


def is_settled(expression: Expression) -> bool:
    """Return whether its texts are canonical by construction and need no cleaning."""
    match expression:
        case Constant():
            return True
        case Lookup(unknown=unknown):
            return unknown != "keep"
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


_HOLDERS = (*get_args(Expression), *get_args(Condition), Guarded, Case, Filter)


def paths_of(item: Any) -> tuple[Path, ...]:
    """Return every path that an expression or condition reads, or several do, in reading order.

    They begin where the expression stands: of the paths within an ``each`` those that leave its
    items are among them.
    """
    if isinstance(item, Path):
        return (item,)
    if isinstance(item, tuple):
        return tuple(path for one in item for path in paths_of(one))
    if isinstance(item, Each):
        return (*paths_of(item.of), *_from_outside(item))
    if isinstance(item, _HOLDERS):
        return tuple(path for spec in fields(item) for path in paths_of(getattr(item, spec.name)))
    return ()


def paths_within(each: Each) -> tuple[Path, ...]:
    """Return every path of an ``each`` beside its list's own, as it begins at an item."""
    return paths_of((*each.filters, *each.fields.values()))


def _from_outside(each: Each) -> tuple[Path, ...]:
    return tuple(replace(path, up=path.up - 1) for path in paths_within(each) if path.up)


def all_paths(mapping: Mapping) -> tuple[Path, ...]:
    """Return every path of a mapping: the filters' first, then the fields', then the checks'."""
    items = (*mapping.filters, *mapping.fields.values(), *mapping.checks.values())
    return paths_of(items)


def columns_of(mapping: Mapping) -> frozenset[str]:
    """Return every top-level source column that a mapping reads."""
    return frozenset(path.column for path in all_paths(mapping))


def personal_columns(mapping: Mapping) -> frozenset[str]:
    """Return the source columns to mask: the marked ones, and what leads to a personal field."""
    return mapping.personal.union(
        path.column
        for spec in mapping.entity.fields
        if spec.name in mapping.fields and spec.personal
        for path in paths_of(mapping.fields[spec.name])
    )


@dataclass(frozen=True, slots=True)
class WayBack:
    """The one code of each meaning of a lookup table.

    ``ambiguous`` are the meanings of several codes of which not just one is preferred.
    """

    codes: dict[Any, str]
    ambiguous: dict[Any, tuple[str, ...]]


def way_back(lookup: Lookup, day: date | None = None) -> WayBack:
    """Return a table's way back, on a day; without one the last meaning of each code counts."""
    found: dict[Any, list[str]] = {}
    for code, value in _meanings(lookup, day):
        found.setdefault(value, []).append(code)
    codes: dict[Any, str] = {}
    ambiguous: dict[Any, tuple[str, ...]] = {}
    for value, some in found.items():
        chosen = some if len(some) == 1 else [code for code in some if code in lookup.preferred]
        if len(chosen) == 1:
            codes[value] = lookup.spelling.get(chosen[0], chosen[0])
        else:
            ambiguous[value] = tuple(lookup.spelling.get(code, code) for code in some)
    return WayBack(codes, ambiguous)


def _meanings(lookup: Lookup, day: date | None) -> Iterator[tuple[str, Any]]:
    yield from lookup.table.items()
    for code, spans in lookup.spans.items():
        last = max(spans, key=lambda span: span.last)
        valid = [span for span in spans if day is not None and span.first <= day <= span.last]
        for span in valid if day is not None else [last]:
            yield code, span.value
