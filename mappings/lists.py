"""Reads ``each`` of an expression: a record for each item of a list.

``{of: positions, fields: {sku: article.no, quantity: {path: qty, via: decimal}}}``. Paths begin
at the item; ``^.DATE`` is a member of the record around it, ``$.DATE`` a column of the row.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path as FilePath

from config.binding import bind, nearest
from config.tree import Node
from mappings.analysis import kind_of
from mappings.conditions import list_of, without
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
        known = {spec.name: spec for spec in specs}
        for name in given:
            if node is not None and name not in known:
                message = f"{owner} has no field '{name}'"
                remedy = nearest(name, list(known))
                self._refuse(node.keys[name], "mapping.unknown_field", message, remedy)
                close = get_close_matches(name, [one for one in known if one not in given], n=1)
                self._misplaced(given[name], known[close[0]] if close else None)
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

    def _misplaced(self, node: Node, field: FieldType | None) -> None:
        """Tell what is wrong in an unknown field, too; ``field`` is what may be meant."""
        if field is not None:
            self.field(node, field)
        elif node.get("each") is None:
            self.read(without(node, ("on_error",)))

    def filters(self, nodes: tuple[Node, ...] | list[Node]) -> tuple[Filter, ...]:
        """Return the filters at ``nodes``; what is wrong with one was added."""
        found = []
        for node in nodes:
            entry = bind(node, FilterEntry, self._problems)
            when = node.get("when")
            condition = None if when is None else self.condition(when)
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
        place = node.get("of")
        of = None if place is None else self.read(place)
        if place is not None and of is not None and kind_of(of) is not None:
            self._refuse(place, "mapping.kind", f"of is a list, but this gives {kind_of(of)}")
        self._depth += 1
        fields = self.fields(
            node.get("fields"), field.fields, field.name, node.keys.get("fields") or node
        )
        filters = self.filters(list_of(node.get("filter")))
        self._depth -= 1
        if entry is None or of is None or len(self._problems) > before:
            return None
        return Each(of, field.fields, fields, filters)
