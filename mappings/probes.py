"""Evaluates conditions and expressions of a mapping on rows, beside what the mapping does.

Guarantee: a probe is judged by the mapping language itself: it becomes a field of a second
mapping, so that nothing else has to know what a condition or converter means. What would refuse
a row is missing in a probe's value.
"""

from collections.abc import Sequence
from typing import Any

from mappings.converters import converters
from mappings.model import (
    Case,
    Choose,
    Constant,
    Convert,
    Expression,
    FieldExpression,
    Guarded,
    Mapping,
)
from mappings.translation import compile_mapping
from shared_services.contracts.entities import EntityType, FieldKind, FieldType

Probe = tuple[Expression, FieldKind]


class Probes:
    """Some probes of one mapping, compiled; ``sources`` are the columns that they read."""

    def __init__(self, mapping: Mapping, probes: Sequence[Probe]) -> None:
        self._compiled = compile_mapping(_probing(mapping, probes))
        self.sources = self._compiled.sources

    def values(
        self, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> list[tuple[Any, ...]]:
        """Return each row's values, in the order of the probes."""
        done = self._compiled.translate(tuple(columns), rows)
        found = dict(zip(done.indexes, done.rows, strict=True))
        return [found[index] for index in range(len(rows))]


def whether(condition: Any) -> Probe:
    """Return the probe that is true where a condition holds, and false where it does not."""
    case = Case(condition, Constant(True, "boolean"))
    return Choose((case,), Constant(False, "boolean")), "boolean"


def spelt_out(expression: Expression) -> Probe:
    """Return the probe of an expression's value as text."""
    text = converters()["text"]
    return Convert(expression, text, text.options(), ()), "string"


def _probing(mapping: Mapping, probes: Sequence[Probe]) -> Mapping:
    names = [f"probe_{number}" for number in range(len(probes))]
    kinds = [kind for _, kind in probes]
    fields = tuple(
        FieldType(name, kind, required=False, nullable=True, personal=False)
        for name, kind in zip(names, kinds, strict=True)
    )
    entity = EntityType("probe", 1, mapping.entity.data, mapping.entity.golden, fields)
    guarded: dict[str, FieldExpression] = {
        name: Guarded(expression, Constant(None, kind))
        for name, (expression, kind) in zip(names, probes, strict=True)
    }
    return Mapping(mapping.name, mapping.file, entity, mapping.source, guarded)
