"""Columns: read but not there, there but not read, ignored for nothing."""

from config.binding import nearest
from config.tree import Node
from mappings.analysis import paths_of
from mappings.conditions import list_of
from mappings.lint.findings import Lint, Placement
from mappings.lint.places import placed
from mappings.model import Read

_DISCOVER = (
    "Name the mapping in config/syncs/ and run midspan discover for the stream; with --sample N "
    "lint reads some rows itself"
)


def lint_columns(lint: Lint) -> None:
    """Compare the columns that the mapping names with those that the source has."""
    known = _known(lint)
    if not known:
        message = "columns are not compared: no sync uses it for a stream that was discovered"
        lint.notice(lint.key("source"), "lint.no_catalog", message, _DISCOVER)
        return
    _gone(lint, known)
    _unmapped(lint, known)
    _ignored(lint, known)


def _known(lint: Lint) -> set[str]:
    """Return the source's columns; members of records are fields of a catalog, but no columns."""
    names = lint.facts.fields.keys()
    records = {name for name, one in lint.facts.fields.items() if one.type in ("record", "list")}
    found = {one for one in names if not any(one.startswith(f"{whole}.") for whole in records)}
    return found.union(*(row.keys() for row in lint.facts.rows or ()))


def _gone(lint: Lint, known: set[str]) -> None:
    there = known | lint.facts.used
    for rule in lint.filters():
        if rule.facts is lint.facts:
            for path in paths_of(rule.rule):
                if path.column not in there:
                    there.add(path.column)
                    _tell(lint, rule.node, path.column, known, "")
    for one in lint.expressions():
        for path in paths_of(one.expression) if one.of_row else ():
            if path.column not in there:
                there.add(path.column)
                _tell(lint, _place(one, path.column), path.column, known, one.name)


def _tell(lint: Lint, node: Node, column: str, known: set[str], name: str) -> None:
    message = f"the source has no column '{column}'"
    lint.error(node, "lint.column_gone", message, nearest(column, sorted(known)), name)


def _place(one: Placement, column: str) -> Node:
    parts = placed(one.expression, one.node)
    found = (node for part, node in parts if isinstance(part, Read) and part.path.column == column)
    return next(found, one.node)


def _unmapped(lint: Lint, known: set[str]) -> None:
    left = [name for name in lint.compiled.unmapped(sorted(known)) if name not in lint.facts.used]
    if left:
        message = f"neither mapped nor ignored: {', '.join(left)}"
        remedy = "Map them, or add them to ignore"
        lint.warning(lint.key("fields"), "lint.unmapped", message, remedy)


def _ignored(lint: Lint, known: set[str]) -> None:
    # A sync reads no more than it needs, so that sampled rows lack what is ignored.
    for node in list_of(lint.tree.get("ignore")) if lint.facts.fields else ():
        name = node.written() or ""
        if name not in known | lint.facts.used:
            message = f"'{name}' is ignored, but the source has no such column"
            remedy = nearest(name, sorted(known))
            lint.warning(node, "lint.ignored_unknown", message, remedy)
