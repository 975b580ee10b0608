"""What a mapping loses on purpose: named, so that nobody is surprised."""

from collections.abc import Callable, Iterator
from typing import Any

from config.tree import Node
from mappings.analysis import way_back
from mappings.lint.findings import Lint, Placement
from mappings.lint.places import placed
from mappings.lint.presence import column_of
from mappings.model import Arithmetic, Convert, Guarded, Lookup, Read
from mappings.paths import Position, Select
from midspan.kernel.catalog import CatalogField

_CLOCK = ("%H", "%I", "%M", "%S", "%f", "%p", "%X", "%c", "%T")
_MOST_CODES = 5
_MEANT = "Nothing to do if that is meant"

_BY_OPTIONS: dict[str, Callable[[Any], str]] = {
    "round": lambda options: f"rounded to {options.places} places ({options.rounding})",
    "date": lambda options: (
        "the time of day is dropped" if any(one in options.format for one in _CLOCK) else ""
    ),
}
"""What a converter loses by its options; of the others the registry says what they lose."""


def lint_losses(lint: Lint) -> None:
    """Name each conversion, rounding, lookup and filter that loses something."""
    for one in lint.fields():
        for part, node in placed(one.expression, one.node):
            for lost in filter(None, _lost(part, one)):
                message = f"{one.name}: {lost}"
                lint.notice(node, "lint.lossy", message, _MEANT, one.name)
            if isinstance(part, Lookup):
                _many_to_one(lint, part, node, one)
    for rule in lint.filters():
        message = f"left out: {rule.rule.reason}"
        lint.notice(rule.node, "lint.filtered", message, _MEANT)


def _lost(part: Any, one: Placement) -> Iterator[str]:
    match part:
        case Convert(converter=converter, options=options, of=of):
            told = _BY_OPTIONS.get(converter.name)
            yield told(options) if told else converter.loses and f"loses {converter.loses}"
            yield _between(column_of(of, one.facts), converter.gives)
        case Arithmetic(places=int() as places, rounding=rounding):
            yield f"rounded to {places} places ({rounding})"
        case Guarded():
            yield "a value that is refused is given up"
        case Lookup(unknown="missing"):
            yield "a code that the table lacks is dropped"
        case Read(path=path) if any(isinstance(step, Position | Select) for step in path.steps):
            yield "one item of the list is taken, the others are dropped"


def _between(column: CatalogField | None, kind: str) -> str:
    """Return what is lost between a column's own type and a converter's."""
    if column is None:
        return ""
    if (column.type, kind) == ("datetime", "date"):
        return "the time of day is dropped"
    if column.type == "float" and kind in ("decimal", "integer"):
        return "a floating-point number is read by its shortest spelling"
    return ""


def _many_to_one(lint: Lint, lookup: Lookup, node: Node, one: Placement) -> None:
    for value, codes in way_back(lookup).ambiguous.items():
        shown = ", ".join(codes[:_MOST_CODES]) + (", …" if len(codes) > _MOST_CODES else "")
        message = f"{one.name}: the codes {shown} all become '{value}'"
        remedy = "Mark the one to write back in the table's column preferred"
        lint.notice(node, "lint.many_to_one", message, remedy, one.name)
