"""How a row goes through a mapping: which conditions hold, what is missing, which codes it has.

Guarantee: two rows of one shape take the same branch everywhere in the mapping.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Dict
from typing import Any

from mappings.analysis import all_paths
from mappings.model import Lookup, Mapping, Missing, Read
from mappings.probes import Probe, Probes, spelt_out, whether
from mappings.proving.outcomes import Outcome
from mappings.translation import CompiledMapping
from mappings.walking import conditions_in, parts_of

Shape = tuple[Any, ...]


class Shapes:
    """Tells the shapes of a mapping's rows."""

    def __init__(self, compiled: CompiledMapping) -> None:
        self._sources = compiled.sources
        self._probes = Probes(compiled.mapping, list(_probes(compiled.mapping)))

    def of(self, rows: Sequence[tuple[Any, ...]]) -> list[Shape]:
        """Return the shape of each row, whose values stand as the mapping's sources do."""
        return self._probes.values(self._sources, rows)


def end_of(outcome: Outcome) -> Shape:
    """Return how a row ended: refused and where, left out and why, or which fields it fills."""
    if outcome.values is None:
        return (outcome.code, outcome.field, outcome.filtered)
    return tuple(map(_filled, outcome.values.values()))


def _filled(value: Any) -> Any:
    """Return whether there is a value, and which if it is one of two; in records, of each field."""
    if isinstance(value, list | tuple):
        return tuple(_filled(item) for item in value)
    if isinstance(value, Dict):
        return tuple(map(_filled, value.values()))
    return value if isinstance(value, bool) else (value is not None,)


def _probes(mapping: Mapping) -> Iterator[Probe]:
    for rule in mapping.filters:
        yield whether(rule.condition)
    for path in dict.fromkeys(all_paths(mapping)):
        yield whether(Missing(Read(path)))
    for expression in (*mapping.fields.values(), *mapping.checks.values()):
        yield from map(whether, conditions_in(expression))
        for part in parts_of(expression):
            if isinstance(part, Lookup):
                yield spelt_out(part.of)
