"""Reads ``each`` of an expression: a record for each item of a list.

``{of: positions, fields: {sku: article.no, quantity: {path: qty, via: decimal}}}``. Paths begin
at the item; ``^.DATE`` is a member of the record around it, ``$.DATE`` a column of the row.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath

from config.binding import bind, nearest
from config.tree import Node
from mappings.analysis import kind_of
from mappings.converters import Converter
from mappings.lookup_reader import LookupReader
from mappings.model import Each, FieldExpression, Filter
from midspan.kernel.errors import Problem
from shared_services.contracts.entities import FieldType


@dataclass(frozen=True, slots=True)
class EachEntry:
    """``of`` is the list, ``fields`` an expression for each field of its records.

    Items that ``filter`` names are left out on purpose.
    """

    of: Node
    fields: Mapping[str, Node]
    filter: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class FilterEntry:
    """What is left out on purpose, and why."""

    when: Node
    reason: str


class ListReader(LookupReader):
    """Reads the fields of an entity, and those of the records in its lists."""

    def __init__(
        self, folder: FilePath, problems: list[Problem], converters: Mapping[str, Converter]
    ) -> None:
        super().__init__(folder, problems)
        self._converters = converters

    @abstractmethod
    def field(self, node: Node, field: FieldType) -> FieldExpression | None:
        """Return a canonical field's expression, of the field's kind."""

    def fields(
        self, node: Node | None, specs: tuple[FieldType, ...], owner: str, place: Node
    ) -> dict[str, FieldExpression]:
        """Return an expression for each of ``specs`` that is given.

        What is missing of ``owner``, the entity or field they belong to, is told at ``place``.
        """
        given = dict(node.items()) if node else {}
        known = [spec.name for spec in specs]
        for name in given:
            if node is not None and name not in known:
                message = f"{owner} has no field '{name}'"
                self._refuse(
                    node.keys[name], "mapping.unknown_field", message, nearest(name, known)
                )
        found: dict[str, FieldExpression] = {}
        for spec in specs:
            if spec.name in given:
                expression = self.field(given[spec.name], spec)
                if expression is not None:
                    found[spec.name] = expression
            elif spec.required and node is not None:
                message = f"{owner} needs the field '{spec.name}'"
                remedy = f"Add {spec.name}: with the path of its source column"
                self._refuse(place, "mapping.missing_field", message, remedy)
        return found

    def filters(self, nodes: tuple[Node, ...] | list[Node]) -> tuple[Filter, ...]:
        """Return the filters at ``nodes``; what is wrong with one was added."""
        found = []
        for node in nodes:
            entry = bind(node, FilterEntry, self._problems)
            condition = None if entry is None else self.condition(entry.when)
            if entry is not None and condition is not None:
                found.append(Filter(condition, entry.reason))
        return tuple(found)

    def _list(self, node: Node, field: FieldType | None) -> Each | None:
        """Return the reading of ``each`` for a field of records."""
        if field is None or field.kind != "records":
            message = "each gives records, and no field of records stands here"
            self._refuse(node, "mapping.kind", message)
            return None
        before = len(self._problems)
        entry = bind(node, EachEntry, self._problems)
        if entry is None:
            return None
        of = self.read(entry.of)
        if of is not None and kind_of(of) is not None:
            self._refuse(entry.of, "mapping.kind", f"of is a list, but this gives {kind_of(of)}")
        self._depth += 1
        fields = self.fields(
            node.value["fields"], field.fields, field.name, node.keys.get("fields") or node
        )
        filters = self.filters(entry.filter)
        self._depth -= 1
        if of is None or len(self._problems) > before:
            return None
        return Each(of, field.fields, fields, filters)
