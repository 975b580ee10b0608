"""Unreachable branches: filters, cases, options and defaults that can never be taken.

Guarantee: what is reported can never be taken by any row: the filters, which have left rows out
before, are tried together with the conditions.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from config.tree import Node
from mappings.lint.findings import FilterPlace, Lint, Placement
from mappings.lint.places import placed
from mappings.lint.presence import declared, never_missing
from mappings.lint.worlds import Worlds, words_in
from mappings.model import NOTHING, Choose, Coalesce, Default

_NUMBERS = (int, float, Decimal)
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": _NUMBERS,
    "decimal": _NUMBERS,
    "float": _NUMBERS,
    "boolean": (bool, int),
    "date": (date, datetime),
    "datetime": (datetime,),
}
_ORDER = "Remove it, or put it before what covers it"


def lint_branches(lint: Lint) -> None:
    """Report filters, cases, options and defaults that no row can reach."""
    for one in lint.filters():
        _filter(lint, one)
    for placement in lint.expressions():
        for part, node in placed(placement.expression, placement.node):
            _part(lint, part, node, placement)


def _filter(lint: Lint, one: FilterPlace) -> None:
    condition = one.rule.condition
    _impossible(lint, condition, one.node, one.facts, "")
    worlds = Worlds((*one.before, condition), one.facts)
    if worlds.never(lambda held: held[-1] and not any(held[:-1])):
        message = "nothing is left out by this: it never holds, or an earlier filter was first"
        lint.warning(one.node, "lint.unreachable", message, _ORDER)
    elif worlds.never(lambda held: not held[-1]):
        lint.error(one.node, "lint.all_filtered", "everything is left out by this", "Narrow it")


def _part(lint: Lint, part: Any, node: Node, one: Placement) -> None:
    if isinstance(part, Choose):
        _cases(lint, part, node, one)
    elif isinstance(part, Coalesce):
        _options(lint, part, node, one)
    elif isinstance(part, Default) and never_missing(part.of, one.facts):
        message = "what it stands in for is never missing"
        lint.warning(node, "lint.unused_default", message, "Remove the default", one.name)


def _cases(lint: Lint, choice: Choose, node: Node, one: Placement) -> None:
    conditions = tuple(case.condition for case in choice.cases)
    for at, place in enumerate(_places(node, "when", len(conditions))):
        _impossible(lint, conditions[at], place, one.facts, one.name)
        reason = _why_never(conditions, at, one)
        if reason:
            lint.warning(place, "lint.unreachable", reason, _ORDER, one.name)
    worlds = Worlds((*one.filters, *conditions), one.facts)
    if choice.otherwise != NOTHING and worlds.never(lambda held: not any(held)):
        message = "the cases take everything, so that nothing is left for else"
        place = node.get("else") or node
        lint.warning(place, "lint.unreachable", message, "Remove it", one.name)


def _why_never(conditions: Sequence[Any], at: int, one: Placement) -> str:
    if Worlds((conditions[at],), one.facts).never(lambda held: held[0]):
        return "this case can never hold"
    worlds = Worlds((*one.filters, *conditions[: at + 1]), one.facts)
    if worlds.never(lambda held: held[-1] and not any(held[:-1])):
        return "an earlier case or filter takes everything for which this case holds"
    return ""


def _options(lint: Lint, part: Coalesce, node: Node, one: Placement) -> None:
    places = _places(node, "coalesce", len(part.options))
    for before, place in zip(part.options, places[1:], strict=False):
        if never_missing(before, one.facts):
            message = "the option before this one is never missing"
            remedy = "Remove it, or put it first"
            lint.warning(place, "lint.unreachable", message, remedy, one.name)
            return


def _places(node: Node, key: str, count: int) -> list[Node]:
    found = node.get(key)
    return list(found.value) if found is not None else [node] * count


def _impossible(lint: Lint, condition: Any, node: Node, facts: Any, name: str) -> None:
    """Report words that a column can never equal, since the source declares another type."""
    for test in words_in(condition):
        field = declared(test.of, facts)
        types = _TYPES.get(field.type, ()) if field else ()
        others = test.alike or ((),) * len(test.values)
        wrong = [
            value
            for value, alike in zip(test.values, others, strict=True)
            if types and not any(type(one) in types for one in (value, *alike))
        ]
        if field and wrong:
            words = ", ".join(repr(value) for value in wrong)
            message = f"'{field.name}' is {field.type} ({field.native}) and never equals {words}"
            remedy = "Write the value as the source has it, or convert it with via"
            lint.warning(node, "lint.impossible_value", message, remedy, name)
