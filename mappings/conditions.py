"""Reads paths and conditions from a mapping file's tree, and reports what is wrong.

A condition is an expression and what is tested of its value (``equals``, ``in``, ``missing``,
``above``, ``at_least``, ``below``, ``at_most``, ``starts_with``, ``ends_with``, ``contains``,
``matches``), or ``{all: [...]}``, ``{any: [...]}``, ``{not: ...}``. Booleans and numbers are
compared with their like, whether the source writes them as text or not, other texts exactly, and
what a converter gives as values of its kind.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from config.binding import nearest
from config.tree import Node
from mappings.analysis import kind_of
from mappings.literals import alike, literal, typed
from mappings.model import (
    All,
    Condition,
    Expression,
    Missing,
    Not,
    OneOf,
    Some,
    Spelt,
    TextTest,
    Within,
)
from mappings.paths import Path, PathError, parse_path
from mappings.predicates import compiled
from midspan.kernel.errors import Problem
from shared_services.contracts.entities import FieldKind

T = TypeVar("T")

BOUNDS = ("above", "at_least", "below", "at_most")
TEXT_TESTS: tuple[TextTest, ...] = get_args(TextTest)
MAX_ITEMS = 200
"""How many expressions a list holds at most, and how many paths a format."""
TESTS = ("equals", "in", "missing", *BOUNDS, *TEXT_TESTS)
_SCALARS = (str, bool, int, float)
_ORDERED: tuple[FieldKind, ...] = ("decimal", "date", "datetime")


class ConditionReader:
    """Reads conditions of one file; a method that returns None has added a problem.

    ``depth`` is how many lists' items the reading stands within.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems
        self._depth = 0

    @abstractmethod
    def read(self, node: Node) -> Expression | None:
        """Return the expression at ``node``."""

    def condition(self, node: Node) -> Condition | None:
        """Return the condition at ``node``."""
        for key, group in (("all", All), ("any", Some)):
            if node.get(key) is not None:
                self._unknown_keys(node, (key,))
                parts: tuple[Condition, ...] | None = self._each(node.value[key], self.condition)
                return None if parts is None else group(parts)
        inner = node.get("not")
        if inner is not None:
            self._unknown_keys(node, ("not",))
            found = self.condition(inner)
            return None if found is None else Not(found)
        return self._test(node)

    def _test(self, node: Node) -> Condition | None:
        tests = [key for key in TESTS if node.get(key) is not None]
        if not tests and self._misspelt(node):
            # What else is wrong is told as well.
            self.read(without(node, [key for key in node.keys if _is_nearly_test(key)]))
            return None
        if not tests or (len(tests) > 1 and not set(tests) <= set(BOUNDS)):
            message = f"a condition is {{path: ...}} with one of {', '.join(TESTS)}"
            self._refuse(node, "mapping.condition", message, "or all, any, not")
            return None
        of = self.read(without(node, tests))
        if of is None:
            return None
        value = node.value[tests[0]]
        if tests[0] in BOUNDS:
            return self._within(of, {key: node.value[key] for key in tests})
        if tests[0] == "missing":
            return self._missing(of, value)
        if tests[0] in TEXT_TESTS:
            return self._spelt(of, tests[0], value)
        values = [value] if tests[0] == "equals" else value.value
        if not isinstance(values, list):
            self._refuse(value, "mapping.condition", "in holds a list of values")
            return None
        return self._one_of(of, values)

    def _misspelt(self, node: Node) -> bool:
        """Return whether a key is nearly a test; it was told of then."""
        others = [key for key in node.keys if not _is_nearly_test(key)]
        return self._unknown_keys(node, (*TESTS, *others))

    def _missing(self, of: Expression, value: Node) -> Condition | None:
        if not isinstance(value.value, bool):
            self._refuse(value, "mapping.condition", "missing is true or false")
            return None
        return Missing(of) if value.value else Not(Missing(of))

    def _one_of(self, of: Expression, values: Sequence[Node]) -> Condition | None:
        wanted = [self._compared(of, value) for value in values]
        complete = tuple(one for one in wanted if one is not None)
        if len(complete) < len(wanted):
            return None
        others = () if kind_of(of) else tuple(map(alike, values))
        return OneOf(of, complete, others if any(others) else ())

    def _compared(self, of: Expression, node: Node) -> Any:
        """Return what a value is compared with, in the kind that it is of; None for none."""
        if not isinstance(node.value, _SCALARS):
            message = "a value is compared with texts, numbers, booleans"
            self._refuse(node, "mapping.condition", message)
            return None
        kind = kind_of(of)
        if kind is None:
            return literal(node)
        return self._cast(node, kind)

    def _cast(self, node: Node, kind: FieldKind) -> Any:
        try:
            return typed(node, kind)
        except ValueError:
            told = node.written() or node.plain()
            self._refuse(node, "mapping.value", f"'{told}' is no {kind}")
            return None

    def _within(self, of: Expression, given: dict[str, Node]) -> Condition | None:
        kind = kind_of(of)
        first = next(iter(given.values()))
        kind = "decimal" if kind == "integer" else kind or _kind_of_bound(literal(first))
        if kind not in _ORDERED:
            message = "bounds are numbers, dates (2025-01-31), or instants with their offset"
            self._refuse(first, "mapping.condition", message, "Add a via that gives one of them")
            return None
        limits = {name: self._cast(node, kind) for name, node in given.items()}
        return None if None in limits.values() else Within(of, kind, **limits)

    def _spelt(self, of: Expression, test: str, value: Node) -> Condition | None:
        if kind_of(of) not in (None, "string"):
            message = f"texts are tested, but this gives {kind_of(of)}"
            self._refuse(value, "mapping.kind", message, "Add via: text")
            return None
        texts = []
        nodes = value.value if isinstance(value.value, list) else [value]
        for node in nodes or [value]:
            text = node.written()
            if not text:
                self._refuse(node, "mapping.condition", f"{test} holds a text, or several")
                return None
            if test == "matches" and not self._is_pattern(node, text):
                return None
            texts.append(text)
        name = next(one for one in TEXT_TESTS if one == test)
        return Spelt(of, name, tuple(texts))

    def _is_pattern(self, node: Node, text: str) -> bool:
        try:
            compiled(text)
        except ValueError as error:
            message = f"'{text}' is no regular expression: {error}"
            remedy = "Write it in RE2's syntax, which has no look-around and no back-references"
            self._refuse(node, "mapping.condition", message, remedy)
            return False
        return True

    def path(self, node: Node) -> Path | None:
        """Return the path at ``node``."""
        text = node.written()
        if text is None:
            remedy = "Put it in quotes if a column is called so" if node.value is None else ""
            self._refuse(node, "mapping.path_syntax", "a path is a text", remedy)
            return None
        try:
            return parse_path(text, self._depth)
        except PathError as error:
            message = f"'{text}' is no path: at character {error.offset + 1}, {error.message}"
            quoted = f"A name that holds dots or brackets is written ['{text}']"
            remedy = quoted if "'" not in text else ""
            self._refuse(node, "mapping.path_syntax", message, remedy)
            return None

    def _each(self, node: Node, read: Callable[[Node], T | None]) -> tuple[T, ...] | None:
        """Return what ``read`` makes of each item of a list, which is not empty."""
        if not isinstance(node.value, list) or not node.value:
            self._refuse(node, "mapping.expression", "a list with something in it is needed")
            return None
        if len(node.value) > MAX_ITEMS:
            message = f"a list holds at most {MAX_ITEMS} expressions, found {len(node.value)}"
            self._refuse(node, "mapping.expression", message, "Take a lookup table")
            return None
        found = [read(item) for item in node.value]
        complete = tuple(item for item in found if item is not None)
        return complete if len(complete) == len(found) else None

    def _unknown_keys(self, node: Node, known: Sequence[str]) -> bool:
        unknown = [key for key in node.keys if key not in known]
        for key in unknown:
            message = f"unknown key '{key}'"
            self._refuse(node.keys[key], "mapping.unknown_key", message, nearest(key, known))
        return bool(unknown)

    def _refuse(self, node: Node, code: str, message: str, remedy: str = "") -> None:
        self._problems.append(node.problem(code, message, remedy))


def list_of(node: Node | None) -> list[Node]:
    """Return a list's nodes; a single text is a list of one."""
    if node is None or node.value is None or isinstance(node.value, dict):
        return []
    return node.value if isinstance(node.value, list) else [node]


def _is_nearly_test(key: str) -> bool:
    return bool(get_close_matches(key, TESTS, n=1))


def without(node: Node, names: Sequence[str]) -> Node:
    """Return a node without some of its keys."""
    if not isinstance(node.value, dict):
        return node
    value = {name: child for name, child in node.value.items() if name not in names}
    keys = {name: place for name, place in node.keys.items() if name not in names}
    return replace(node, value=value, keys=keys)


def _kind_of_bound(value: Any) -> FieldKind | None:
    """Return the kind of a bound as it is written: a number, a day, an instant."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return "decimal"
    if not isinstance(value, str):
        return None
    for kind, read in (("date", date.fromisoformat), ("datetime", datetime.fromisoformat)):
        try:
            read(value)
        except ValueError:
            continue
        return "date" if kind == "date" else "datetime"
    return None
