"""What a mapping file says of the way back itself, under ``reverse``.

Each entry names a place of the source's record and an expression over canonical fields, in the
same language as the way in::

    reverse:
      NAME1: name
      NAME2: {const: ""}
      DEL_FLAG: {when: [{if: {path: active, equals: false}, then: {const: J}}], else: {const: N}}

A field that stands here is written by these entries alone.
"""

from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import replace
from typing import Any

import msgspec

from mappings.analysis import kind_of, paths_of
from mappings.model import Expression, Mapping, Read
from mappings.paths import Path
from mappings.translation import CompiledMapping
from midspan.kernel.errors import RecordError
from shared_services.contracts.entities import EntityType, FieldType


class Declared:
    """The entries of one mapping; ``columns`` are the canonical fields that they read."""

    def __init__(self, mapping: Mapping) -> None:
        self._name = mapping.name
        self._entries = [
            (
                path,
                frozenset(one.column for one in paths_of(expression)),
                _compiled(mapping, expression),
            )
            for path, expression in mapping.reverse.items()
        ]
        self.columns = frozenset(name for _, names, _ in self._entries for name in names)

    def writes(self, values: Dict[str, Any]) -> Iterator[tuple[Path, Any]]:
        """Yield place and value of each entry that a field among ``values`` belongs to."""
        for path, names, compiled in self._entries:
            if names and names.isdisjoint(values):
                continue
            gone = sorted(names.difference(values))
            if gone:
                raise RecordError(
                    "mapping.reverse.incomplete",
                    f"what is written needs {', '.join(gone)} as well",
                    mapping=self._name,
                )
            row = tuple(values[column] for column in compiled.sources)
            done = compiled.translate(compiled.sources, (row,))
            for refusal in done.refusals:
                raise RecordError(refusal.code, refusal.message, mapping=self._name)
            yield path, done.rows[0][0]


def _compiled(mapping: Mapping, expression: Expression) -> CompiledMapping:
    """Return an entry as a mapping of its own: from a canonical row to one value."""
    entity = msgspec.structs.replace(mapping.entity, fields=(_spec(mapping.entity, expression),))
    return CompiledMapping(
        replace(
            mapping, entity=entity, fields={"value": expression}, filters=(), checks={}, examples=()
        )
    )


def _spec(entity: EntityType, expression: Expression) -> FieldType:
    if isinstance(expression, Read) and not expression.path.steps:
        field = entity.field(expression.path.column)
        return msgspec.structs.replace(field, name="value", required=False, nullable=True)
    return FieldType("value", kind_of(expression) or "string", False, True, False)
