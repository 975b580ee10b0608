"""Reads paths and conditions from a mapping file's tree, and reports what is wrong.

A condition is ``{path, equals}``, ``{path, in}``, ``{path, missing: true}``, ``{all: [...]}``,
``{any: [...]}`` or ``{not: ...}``. Booleans and numbers are compared as such, texts exactly.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

from config.binding import nearest
from config.tree import Node
from mappings.model import All, Condition, Missing, Not, OneOf, Some
from mappings.paths import Path, PathError, parse_path
from midspan.kernel.errors import Problem

T = TypeVar("T")

_TESTS = ("equals", "in", "missing")
_SCALARS = (str, bool, int, float)


class ConditionReader:
    """Reads conditions of one file; a method that returns None has added a problem."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems

    def condition(self, node: Node) -> Condition | None:
        """Return the condition at ``node``."""
        for key, group in (("all", All), ("any", Some)):
            if node.get(key) is not None:
                if self._unknown_keys(node, (key,)):
                    return None
                parts: tuple[Condition, ...] | None = self._each(node.value[key], self.condition)
                return None if parts is None else group(parts)
        inner = node.get("not")
        if inner is not None:
            found = None if self._unknown_keys(node, ("not",)) else self.condition(inner)
            return None if found is None else Not(found)
        return self._test(node)

    def _test(self, node: Node) -> Condition | None:
        tests = [key for key in _TESTS if node.get(key) is not None]
        place = node.get("path")
        if place is None or len(tests) != 1:
            message = "a condition is {path: ...} with one of equals, in, missing"
            self._refuse(node, "mapping.condition", message, "or all, any, not")
            return None
        path = self.path(place)
        if self._unknown_keys(node, ("path", tests[0])) or path is None:
            return None
        value = node.value[tests[0]]
        if tests[0] == "missing":
            if not isinstance(value.value, bool):
                self._refuse(value, "mapping.condition", "missing is true or false")
                return None
            return Missing(path) if value.value else Not(Missing(path))
        values = [value] if tests[0] == "equals" else value.value
        if not isinstance(values, list):
            self._refuse(value, "mapping.condition", "in holds a list of values")
            return None
        return self._one_of(path, values)

    def _one_of(self, path: Path, values: Sequence[Node]) -> Condition | None:
        for value in values:
            if not isinstance(value.value, _SCALARS):
                self._refuse(
                    value, "mapping.condition", "a value is compared with texts, numbers, booleans"
                )
                return None
        plain = [one.value for one in values]
        return OneOf(path, tuple(Decimal(str(one)) if type(one) is float else one for one in plain))

    def path(self, node: Node) -> Path | None:
        """Return the path at ``node``."""
        if not isinstance(node.value, str):
            self._refuse(node, "mapping.path_syntax", "a path is a text")
            return None
        try:
            return parse_path(node.value)
        except PathError as error:
            message = f"'{node.value}' is no path: at character {error.offset + 1}, {error.message}"
            self._refuse(node, "mapping.path_syntax", message)
            return None

    def _each(self, node: Node, read: Callable[[Node], T | None]) -> tuple[T, ...] | None:
        """Return what ``read`` makes of each item of a list, which is not empty."""
        if not isinstance(node.value, list) or not node.value:
            self._refuse(node, "mapping.expression", "a list with something in it is needed")
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
