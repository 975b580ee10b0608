"""What lint finds: each with a stable code, its place, and how grave it is.

An *error* refuses rows or shows personal data; a *warning* is most likely a mistake; a *notice*
names what is lost or left open on purpose.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from config.tree import Node
from mappings.model import Each, Filter, Mapping
from mappings.translation import CompiledMapping
from midspan.kernel.catalog import CatalogField
from midspan.kernel.errors import Problem

Severity = Literal["error", "warning", "notice"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding about a mapping; ``field`` is the canonical field it is about, if any."""

    severity: Severity
    mapping: str
    field: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a mapping's source, without which some rules stay silent.

    ``fields`` are the discovered ones by name, empty where nothing was discovered (``at`` is
    when). ``used`` are columns that the stream itself needs (key, cursor). ``rows`` are sampled;
    None where nobody asked for them.
    """

    fields: Dict[str, CatalogField] = field(default_factory=dict)
    at: datetime | None = None
    used: frozenset[str] = frozenset()
    rows: Sequence[Dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """A canonical field's expression and where it stands; ``name`` of an item: ``lines.price``.

    ``facts`` are those of the source for expressions over its rows, and none for the items of
    a list. ``filters`` have left rows or items out before.
    """

    name: str
    expression: Any
    node: Node
    facts: Facts
    filters: tuple[Any, ...]
    of_row: bool = True


@dataclass(frozen=True, slots=True)
class FilterPlace:
    """A filter, those before it, and where it stands."""

    rule: Filter
    before: tuple[Any, ...]
    node: Node
    facts: Facts


@dataclass(frozen=True, slots=True)
class Lint:
    """One mapping under examination: its file's ``tree``, its facts, and what was found so far."""

    compiled: CompiledMapping
    tree: Node
    facts: Facts
    found: list[Finding] = field(default_factory=list)

    @property
    def mapping(self) -> Mapping:
        """Return the mapping."""
        return self.compiled.mapping

    def key(self, name: str) -> Node:
        """Return the place of a key at the file's top, the top itself where it is not there."""
        return self.tree.keys.get(name) or self.tree

    def fields(self) -> Iterator[Placement]:
        """Yield the expression of each canonical field, and of each field of a list's items."""
        filters = tuple(rule.condition for rule in self.mapping.filters)
        node = self.tree.get("fields") or self.tree
        for name, expression in self.mapping.fields.items():
            yield from _nested(
                Placement(name, expression, node.get(name) or node, self.facts, filters)
            )

    def expressions(self) -> Iterator[Placement]:
        """Yield the expressions of the fields, and of the checks."""
        yield from self.fields()
        filters = tuple(rule.condition for rule in self.mapping.filters)
        node = self.tree.get("checks") or self.tree
        for name, expression in self.mapping.checks.items():
            yield Placement(name, expression, node.get(name) or node, self.facts, filters)

    def filters(self) -> Iterator[FilterPlace]:
        """Yield the mapping's filters, and those of its lists' items."""
        yield from _filters(self.mapping.filters, self.tree.get("filter"), self.facts)
        for one in self.fields():
            if isinstance(one.expression, Each):
                inner = one.node.get("each")
                place = inner.get("filter") if inner else None
                yield from _filters(one.expression.filters, place, Facts())

    def error(self, node: Node, code: str, message: str, remedy: str, name: str = "") -> None:
        """Add what refuses rows, or shows personal data."""
        self._add("error", name, node.problem(code, message, remedy))

    def warning(self, node: Node, code: str, message: str, remedy: str, name: str = "") -> None:
        """Add what is most likely a mistake."""
        self._add("warning", name, node.problem(code, message, remedy))

    def notice(self, node: Node, code: str, message: str, remedy: str, name: str = "") -> None:
        """Add what is lost, or left open, on purpose."""
        self._add("notice", name, node.problem(code, message, remedy))

    def _add(self, severity: Severity, name: str, problem: Problem) -> None:
        self.found.append(Finding(severity, self.compiled.name, name, problem))


def _nested(outer: Placement) -> Iterator[Placement]:
    yield outer
    each = outer.expression
    place = outer.node.get("each")
    if not isinstance(each, Each) or place is None:
        return
    filters = tuple(rule.condition for rule in each.filters)
    fields = place.get("fields") or place
    for name, expression in each.fields.items():
        node = fields.get(name) or fields
        inner = Placement(f"{outer.name}.{name}", expression, node, Facts(), filters, of_row=False)
        yield from _nested(inner)


def _filters(rules: Sequence[Filter], place: Node | None, facts: Facts) -> Iterator[FilterPlace]:
    nodes = place.value if place is not None and isinstance(place.value, list) else []
    conditions = tuple(rule.condition for rule in rules)
    for at, (rule, node) in enumerate(zip(rules, nodes, strict=True)):
        yield FilterPlace(rule, conditions[:at], node, facts)
