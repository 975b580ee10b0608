"""A mapping turned round: which fields have a way back, and a record that is proven.

Every record is translated forward again, field by field, before it is given out: what would be
read back as another value is refused, never written. No error holds a value.
"""

from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from mappings.model import FieldExpression, Mapping
from mappings.reverse.declared import Declared
from mappings.reverse.draft import Draft
from mappings.reverse.ways import Irreversible, Way, way_of
from mappings.translation import CompiledMapping
from mappings.values import Refused
from midspan.kernel.errors import RecordError
from shared_services.contracts.entities import FieldType

_NOT_MAPPED = "is not mapped"


@dataclass(frozen=True, slots=True)
class ReverseField:
    """A canonical field on its way back.

    ``way`` is ``written``, ``checked`` (nothing is written, since the source has no say: a
    constant) or ``none``; then ``reason`` says why: ``it ...``. ``loses`` are words for what of
    the source's own spelling does not come back.
    """

    name: str
    way: Literal["written", "checked", "none"]
    reason: str = ""
    loses: tuple[str, ...] = ()

    @property
    def reversible(self) -> bool:
        """Whether the field may be among those that are written."""
        return self.way != "none"


class ReverseMapping:
    """Writes canonical values as records of the source; ``fields`` stand in the entity's order.

    One instance serves one thread.
    """

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._declared = Declared(mapping)
        self._ways: dict[str, Way] = {}
        self._proofs: dict[str, CompiledMapping] = {}
        self.fields = tuple(self._field(spec) for spec in mapping.entity.fields)
        self._known = {field.name: field for field in self.fields}

    @property
    def reversible(self) -> tuple[str, ...]:
        """Return the names of the fields that may be given to ``write``."""
        return tuple(field.name for field in self.fields if field.reversible)

    def write(self, values: Dict[str, Any]) -> dict[str, Any]:
        """Return the source's record of some canonical values: of a whole row, or what changed.

        Records nest as the mapping's paths do; a list's record is told by the member that
        selects it. A None is written where the field is read from. Raises RecordError
        ``mapping.reverse.impossible`` for a field without a way back,
        ``mapping.reverse.incomplete`` where another field is needed as well,
        ``mapping.reverse.value`` for a value without one, ``mapping.reverse.conflict`` and
        ``mapping.reverse.differs`` where fields get in each other's way, or a value would not
        be read back as it is.
        """
        draft = Draft()
        for name in sorted(values, key=lambda one: bool(self._needs(one))):
            self._put(name, values[name], draft)
        for path, value in self._declared.writes(values):
            draft.put(path, value)
        record: dict[str, Any] = draft.result
        for name, value in values.items():
            self._prove(name, value, record)
        return record

    def _field(self, spec: FieldType) -> ReverseField:
        expression = self._mapping.fields.get(spec.name)
        if spec.name in self._declared.columns:
            return ReverseField(spec.name, "written")
        if expression is None:
            return ReverseField(spec.name, "none", _NOT_MAPPED)
        try:
            way = self._ways[spec.name] = way_of(expression)
        except Irreversible as error:
            return ReverseField(spec.name, "none", error.reason)
        loses = tuple(dict.fromkeys(way.loses))
        return ReverseField(spec.name, "written" if way.paths else "checked", loses=loses)

    def _needs(self, name: str) -> tuple[Any, ...]:
        way = self._ways.get(name)
        return way.needs if way else ()

    def _put(self, name: str, value: Any, draft: Draft) -> None:
        field = self._known.get(name)
        if field is None or not field.reversible:
            if field is not None and field.reason == _NOT_MAPPED and value == self._default(name):
                return
            reason = field.reason if field else f"is no field of {self._mapping.entity.name}"
            raise RecordError(
                "mapping.reverse.impossible",
                f"the field has no way back: it {reason}",
                remedy="Say under reverse: how it is written, or leave it out",
                mapping=self._mapping.name,
                field=name,
            )
        way = self._ways.get(name)
        if way is None:
            return
        try:
            way.put(value, draft)
        except Refused as error:
            raise self._refused(name, error) from None
        except (ValueError, ArithmeticError):
            raise RecordError(
                "mapping.reverse.value",
                "this value has no way back",
                mapping=self._mapping.name,
                field=name,
            ) from None

    def _default(self, name: str) -> Any:
        return self._mapping.entity.field(name).default

    def _prove(self, name: str, value: Any, record: Dict[str, Any]) -> None:
        expression = self._mapping.fields.get(name)
        if expression is None:
            return
        if name not in self._proofs:
            self._proofs[name] = self._proof(name, expression)
        proof = self._proofs[name]
        row = tuple(record.get(column) for column in proof.sources)
        done = proof.translate(proof.sources, (row,))
        # A list is canonical as a tuple, and comes as a list out of JSON.
        canonical = tuple(value) if isinstance(value, list) else value
        if not done.rows or done.rows[0][0] != canonical:
            raise RecordError(
                "mapping.reverse.differs",
                "the record would be read back as another value",
                remedy="Give the canonical value, or say under reverse: how it is written",
                mapping=self._mapping.name,
                field=name,
            )

    def _proof(self, name: str, expression: FieldExpression) -> CompiledMapping:
        """Return the mapping of one field alone, which may be missing there."""
        entity = self._mapping.entity
        spec = msgspec.structs.replace(entity.field(name), required=False, nullable=True)
        alone = msgspec.structs.replace(entity, fields=(spec,))
        return CompiledMapping(
            replace(
                self._mapping,
                entity=alone,
                fields={name: expression},
                filters=(),
                checks={},
                examples=(),
            )
        )

    def _refused(self, name: str, error: Refused) -> RecordError:
        # A converter's own refusals keep their code: they are documented under it.
        return RecordError(error.code, error.message, mapping=self._mapping.name, field=name)


def reverse_of(mapping: Mapping) -> ReverseMapping:
    """Return a mapping turned round."""
    return ReverseMapping(mapping)
