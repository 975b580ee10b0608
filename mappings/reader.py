"""Reads a mapping file into a checked ``Mapping``; every problem at once, each at its place.

The file names the canonical entity and version it was written for, gives every required
field, and only fields that exist, each of its kind::

    mapping: crm_customers
    entity: customer/1
    source: crm.customers
    filter:
      - {when: {path: DEL_FLAG, equals: X}, reason: archived}
    fields:
      name: {concat: [NAME2, NAME1], separator: " ", via: collapse}
      email: {path: MAIL, via: email}
    checks:
      CHG_TS: {path: CHG_TS, via: {datetime: {zone: Europe/Vienna}}}
    ignore: [CRT_TS]
    examples:
      - in: {NAME1: Weiß, MAIL: A@B.example}
        out: {name: Weiß, email: a@b.example}
"""

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from config.binding import bind, nearest
from config.tree import Node, read_tree
from mappings.analysis import columns_of, paths_of
from mappings.compiler import TOO_DEEP
from mappings.conditions import list_of
from mappings.converters.own import converters_of
from mappings.expressions import ExpressionReader
from mappings.literals import literal, typed
from mappings.model import Example, Expression, Mapping
from mappings.paths import Path as SourcePath
from mappings.paths import is_writable
from midspan.kernel.errors import ConfigurationError, Problem
from shared_services.contracts.entities import EntityType, FieldType

RESULTS = ("out", "refused", "filtered")


@dataclass(frozen=True, slots=True)
class MappingFile:
    """The top level of a mapping file; ``source`` and ``description`` are for readers."""

    mapping: str
    entity: str
    fields: Dict[str, Node]
    source: str = ""
    description: str = ""
    filter: tuple[Node, ...] = ()
    checks: Dict[str, Node] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    examples: tuple[Node, ...] = ()
    reverse: Dict[str, Node] = field(default_factory=dict)


def load_mapping(file: Path, entity: EntityType, problems: list[Problem]) -> Mapping | None:
    """Return the mapping in ``file``, checked against ``entity``.

    Returns None when the file has problems; all of them were added to ``problems``.
    """
    try:
        tree = read_tree(file)
    except ConfigurationError as error:
        problems.extend(error.problems)
        return None
    found: list[Problem] = []
    mapping = None
    try:
        mapping = _Loader(tree, entity, found).load()
    except RecursionError:
        found.append(tree.problem("mapping.expression", TOO_DEEP, "Split the mapping's fields"))
    # What is wrong with a file that several mappings use is told once.
    new = [one for one in found if one not in problems]
    problems.extend(sorted(new, key=lambda one: (str(one.file), one.line, one.column)))
    return None if found else mapping


class _Loader:
    def __init__(self, tree: Node, entity: EntityType, problems: list[Problem]) -> None:
        self._tree = tree
        self._entity = entity
        self._problems = problems
        folder = tree.file.parent
        self._reader = ExpressionReader(folder, problems, converters_of(folder, problems))

    def load(self) -> Mapping | None:
        top = bind(self._tree, MappingFile, self._problems)
        # A problem at the top does not hide those further down.
        fields = self._reader.fields(
            self._tree.get("fields"), self._entity.fields, self._entity.name, self._key("fields")
        )
        checks = self._checks(self._tree.get("checks"))
        filters = self._reader.filters(list_of(self._tree.get("filter")))
        reverse = self._reverse(self._tree.get("reverse"))
        self._check_names()
        if top is None or self._problems:
            # Which columns are read is not known then.
            self._examples(None)
            return None
        mapping = Mapping(
            name=top.mapping,
            file=self._tree.file,
            entity=self._entity,
            source=top.source,
            fields=fields,
            filters=filters,
            checks=checks,
            ignored=frozenset(top.ignore),
            personal=frozenset(top.personal),
            reverse=reverse,
        )
        used = columns_of(mapping)
        self._check_ignored(used)
        self._check_personal(used | mapping.ignored)
        examples = self._examples(used | mapping.ignored)
        return replace(mapping, examples=examples)

    def _check_names(self) -> None:
        """Check the mapping's name and entity, where they are given."""
        name, entity = self._tree.get("mapping"), self._tree.get("entity")
        told = None if name is None else name.written()
        if name is not None and told and told != self._tree.file.stem:
            message = f"the mapping is called '{told}', its file '{self._tree.file.stem}'"
            self._report(name, "mapping.name", message, "Give both the same name")
        told = None if entity is None else entity.written()
        wanted = f"{self._entity.name}/{self._entity.version}"
        if entity is not None and told and told != wanted:
            message = f"the mapping is written for '{told}', but is used for '{wanted}'"
            self._report(entity, "mapping.entity", message, nearest(told, [wanted]))

    def _checks(self, node: Node | None) -> dict[str, Expression]:
        checks = {}
        for name, child in node.items() if node else ():
            expression = self._reader.read(child)
            if expression is not None:
                checks[name] = expression
        return checks

    def _reverse(self, node: Node | None) -> dict[SourcePath, Expression]:
        """Return what is written back, by place; its expressions read canonical fields."""
        entries = {}
        for name, child in node.items() if node else ():
            path = self._reader.path(replace(child, value=name))
            expression = self._reader.read(child)
            if path is None or expression is None:
                continue
            for one in paths_of(expression):
                if one.column not in self._entity.field_names:
                    message = f"{self._entity.name} has no field '{one.column}'"
                    remedy = nearest(one.column, self._entity.field_names)
                    self._report(child, "mapping.unknown_field", message, remedy)
            if not is_writable(path):
                message = "a list's first and last item can be written, and one that is selected"
                self._report(child, "mapping.reverse", message)
            entries[path] = expression
        return entries

    def _check_ignored(self, used: frozenset[str]) -> None:
        for child in list_of(self._tree.get("ignore")):
            if child.written() in used:
                message = f"the column '{child.written()}' is ignored, but the mapping reads it"
                self._report(child, "mapping.ignored_used", message, "Remove it from ignore")

    def _check_personal(self, known: frozenset[str]) -> None:
        for child in list_of(self._tree.get("personal")):
            name = child.written() or ""
            if name not in known:
                message = f"the mapping neither reads nor ignores a column '{name}'"
                remedy = nearest(name, sorted(known))
                self._report(child, "mapping.personal", message, remedy)

    def _examples(self, known: frozenset[str] | None) -> tuple[Example, ...]:
        """Return the examples; ``known`` are the columns there are, None when nobody knows."""
        nodes = list_of(self._tree.get("examples"))
        examples = (self._example(node, known) for node in nodes)
        return tuple(example for example in examples if example is not None)

    def _example(self, node: Node, known: frozenset[str] | None) -> Example | None:
        keys = ("in", *RESULTS)
        unknown = [one for one in node.keys if one not in keys]
        for key in unknown:
            message = f"unknown key '{key}'"
            self._report(node.keys[key], "mapping.example", message, nearest(key, keys))
        row, results = node.get("in"), [key for key in RESULTS if node.get(key) is not None]
        if row is None or not isinstance(row.value, dict) or len(results) != 1:
            if not unknown:
                message = f"an example holds 'in', a record, and one of: {', '.join(RESULTS)}"
                self._report(node, "mapping.example", message)
            return None
        for column, place in row.keys.items():
            if known is not None and column not in known:
                message = f"the mapping reads no column '{column}'"
                self._report(place, "mapping.example", message, nearest(column, sorted(known)))
        values = {column: literal(child) for column, child in row.items()}
        result = node.value[results[0]]
        if results[0] == "out":
            return Example(node, values, out=self._expected(result))
        if results[0] == "refused":
            return Example(node, values, refused=result.written() or "")
        return Example(node, values, filtered=result.written() or "")

    def _expected(self, node: Node) -> dict[str, Any]:
        expected: dict[str, Any] = {}
        known = self._entity.field_names
        for name, child in node.items():
            if name not in known:
                message = f"{self._entity.name} has no field '{name}'"
                self._report(node.keys[name], "mapping.example", message, nearest(name, known))
                continue
            expected[name] = self._cast(child, self._entity.field(name))
        return expected

    def _cast(self, node: Node, spec: FieldType) -> Any:
        """Return an example's canonical value; a record in a list holds all its fields."""
        if spec.kind == "records" and isinstance(node.value, list):
            return tuple(self._record(child, spec) for child in node.value)
        try:
            return None if node.value is None else typed(node, spec.kind)
        except ValueError:
            self._report(node, "mapping.example", f"'{node.plain()}' is no {spec.kind}")
            return None

    def _record(self, node: Node, spec: FieldType) -> dict[str, Any]:
        known = [one.name for one in spec.fields]
        for name, place in node.keys.items():
            if name not in known:
                message = f"{spec.name} has no field '{name}'"
                self._report(place, "mapping.example", message, nearest(name, known))
        found = {one.name: (node.get(one.name), one) for one in spec.fields}
        return {
            name: one.default if child is None else self._cast(child, one)
            for name, (child, one) in found.items()
        }

    def _key(self, key: str) -> Node:
        return self._tree.keys.get(key) or self._tree

    def _report(self, node: Node, code: str, message: str, remedy: str = "") -> None:
        self._problems.append(node.problem(code, message, remedy))
