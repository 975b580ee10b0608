"""Names of a function that is built: its variables, what is bound to it, and paths.

Everything of a mapping file enters as a constant or as a bound object; every name is made here.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mappings import syntax
from mappings.analysis import paths_of
from mappings.fields import missing
from mappings.model import Expression
from mappings.paths import (
    Member,
    Path,
    Position,
    Select,
    inside,
    items,
    member,
    position,
    record,
    select,
)
from mappings.values import Refused, clean_text, empty_text, expect, plain_decimal

_HELPERS: dict[str, Any] = {
    "clean_text": clean_text,
    "empty_text": empty_text,
    "enumerate": enumerate,
    "expect": expect,
    "inside": inside,
    "items": items,
    "len": len,
    "member": member,
    "missing": missing,
    "plain_decimal": plain_decimal,
    "position": position,
    "record": record,
    "select": select,
    "str": str,
    "tuple": tuple,
    "Refused": Refused,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The variables of a list under way: its item, the item's place, its field, their names."""

    item: str
    index: str
    at: str
    names: str


class Bindings:
    """What the names of one function stand for; ``scopes`` are the lists under way, outer first."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.namespace = dict(_HELPERS) | {"__builtins__": {}}
        self.locals = [f"c{index}" for index in range(len(columns))]
        self.column = dict(zip(columns, self.locals, strict=True))
        self.scopes: list[Scope] = []
        self._count = 0

    def path(self, path: Path) -> ast.expr:
        """Return the expression that follows a path."""
        value = self._start(path)
        for step in path.steps:
            match step:
                case Member(name=name):
                    value = syntax.call("member", value, syntax.constant(name))
                case Position(index=index):
                    value = syntax.call("position", value, syntax.constant(index))
                case Select(name=name, values=wanted):
                    value = syntax.call(
                        "select", value, syntax.constant(name), syntax.constant(wanted)
                    )
        return value

    def _start(self, path: Path) -> ast.expr:
        depth = len(self.scopes) - path.up
        if not depth:
            return syntax.load(self.column[path.column])
        item = self.scopes[depth - 1].item
        return (
            syntax.method(item, "get", syntax.constant(path.column))
            if path.column
            else (syntax.load(item))
        )

    def variables_of(self, expression: Expression) -> list[str]:
        """Return the variables that an expression's value is made of."""
        depth = len(self.scopes)
        columns = [self.column[one.column] for one in paths_of(expression) if one.up == depth]
        within = [name for scope in self.scopes for name in (scope.item, scope.index)]
        return [*dict.fromkeys(columns), *within]

    def refusal(self) -> ast.expr:
        """Return the refusal under way, told by the items that it came about in."""
        error = syntax.load("error")
        for scope in reversed(self.scopes):
            names = map(syntax.load, (scope.index, scope.names, scope.at))
            error = syntax.call("inside", error, *names)
        return error

    def literal(self, value: Any) -> ast.expr:
        """Return a constant; one that Python has no literal for is bound to a name."""
        if value is None or type(value) in (str, int, bool):
            return syntax.constant(value)
        return syntax.load(self.bind("value", value))

    def bind(self, prefix: str, value: Any) -> str:
        """Return a new global name of the function that stands for ``value``."""
        name = self.fresh(prefix)
        self.namespace[name] = value
        return name

    def define(self, arguments: Sequence[str], body: list[ast.stmt]) -> str:
        """Return the name of a new function of ``arguments`` that may be called by it."""
        definition = syntax.function(self.fresh("made"), arguments, body)
        # The tree was built node by node: nothing of the user's is code in it.
        exec(syntax.code_of(definition, "<mapping>"), self.namespace)  # noqa: S102 as said above
        return definition.name

    def fresh(self, prefix: str) -> str:
        """Return a name that is not taken."""
        self._count += 1
        return f"{prefix}_{self._count}"
