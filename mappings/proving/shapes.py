"""How a row goes through a mapping: which conditions hold, what is missing, which codes it has.

Guarantee: two rows of one shape take the same branch everywhere in the mapping. The shape is
told by the mapping language itself: each condition, path and code becomes a field of a second
mapping, so that nothing here has to know how a condition is judged.
"""

from collections.abc import Iterator, Sequence
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
    Lookup,
    Mapping,
    Missing,
)
from mappings.proving.outcomes import Outcome
from mappings.reader import all_paths
from mappings.translation import CompiledMapping, compile_mapping
from mappings.walking import conditions_in, parts_of
from shared_services.contracts.entities import EntityType, FieldType

Shape = tuple[Any, ...]


class Shapes:
    """Tells the shapes of a mapping's rows."""

    def __init__(self, compiled: CompiledMapping) -> None:
        self._sources = compiled.sources
        self._probe = compile_mapping(_probe_of(compiled.mapping))

    def of(self, rows: Sequence[tuple[Any, ...]]) -> list[Shape]:
        """Return the shape of each row, whose values stand as the mapping's sources do."""
        done = self._probe.translate(self._sources, rows)
        found = dict(zip(done.indexes, done.rows, strict=True))
        return [found[index] for index in range(len(rows))]


def end_of(outcome: Outcome) -> Shape:
    """Return how a row ended: refused and where, left out and why, or which fields it fills."""
    if outcome.values is None:
        return (outcome.code, outcome.field, outcome.filtered)
    return tuple(value is not None for value in outcome.values.values())


def _probe_of(mapping: Mapping) -> Mapping:
    probes = list(dict.fromkeys(_probes(mapping)))
    names = [f"probe_{number}" for number in range(len(probes))]
    kinds = [_kind(probe) for probe in probes]
    entity = EntityType(
        "probe",
        1,
        mapping.entity.data,
        mapping.entity.golden,
        tuple(
            FieldType(name, kind, required=False, nullable=True, personal=False)
            for name, kind in zip(names, kinds, strict=True)
        ),
    )
    fields: dict[str, FieldExpression] = {
        name: Guarded(probe, Constant(None, kind))
        for name, probe, kind in zip(names, probes, kinds, strict=True)
    }
    return Mapping(mapping.name, mapping.file, entity, mapping.source, fields)


def _kind(probe: Expression) -> Any:
    return "string" if isinstance(probe, Convert) else "boolean"


def _probes(mapping: Mapping) -> Iterator[Expression]:
    for rule in mapping.filters:
        yield _held(rule.condition)
    for path in dict.fromkeys(all_paths(mapping)):
        yield _held(Missing(path))
    for expression in (*mapping.fields.values(), *mapping.checks.values()):
        for condition in conditions_in(expression):
            yield _held(condition)
        for part in parts_of(expression):
            if isinstance(part, Lookup):
                yield _code_of(part)


def _held(condition: Any) -> Expression:
    """Return the expression that is true where a condition holds, and false where it does not."""
    return Choose((Case(condition, Constant(True, "boolean")),), Constant(False, "boolean"))


def _code_of(lookup: Lookup) -> Expression:
    text = converters()["text"]
    return Convert(lookup.of, text, text.options(), ())
