"""Turns conditions into tests of Python's syntax tree.

A test is one expression, so that what stands behind ``and`` and ``or`` is looked at only where
it counts; a value that takes statements to compute is computed by a function of its own.
"""

import ast
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from mappings import syntax
from mappings.bindings import Bindings
from mappings.model import (
    All,
    Condition,
    Expression,
    Missing,
    Not,
    OneOf,
    Read,
    Some,
    Spelt,
    Within,
)
from mappings.predicates import bounds, speller


class ConditionEmitter(Bindings):
    """Turns conditions into tests."""

    @abstractmethod
    def value(self, expression: Expression, into: str) -> list[ast.stmt]:
        """Return the statements that leave an expression's value in ``into``."""

    def condition(self, condition: Condition) -> ast.expr:
        """Return the test of a condition."""
        match condition:
            case OneOf(of=of):
                wanted = syntax.tuple_of(list(map(self.literal, condition.accepted)))
                return syntax.compare(self._subject(of), ast.In(), wanted)
            case Missing(of=of):
                return syntax.is_missing(self._subject(of))
            case Within(of=of):
                return self._tested(bounds(condition), of)
            case Spelt(of=of, test=test, values=texts):
                return self._tested(speller(test, texts), of)
            case Not(condition=inner):
                return syntax.negate(self.condition(inner))
            case All(conditions=many):
                return ast.BoolOp(ast.And(), [*map(self.condition, many), syntax.constant(True)])
            case Some(conditions=many):
                return ast.BoolOp(ast.Or(), [*map(self.condition, many), syntax.constant(False)])

    def _tested(self, test: Callable[[Any], bool], of: Expression) -> ast.expr:
        return syntax.call(self.bind("test", test), self._subject(of))

    def _subject(self, of: Expression) -> ast.expr:
        """Return the value that a condition is about."""
        if isinstance(of, Read):
            return self.path(of.path)
        arguments = self.variables_of(of)
        body = [*self.value(of, "tested"), ast.Return(syntax.load("tested"))]
        return syntax.call(self.define(arguments, body), *map(syntax.load, arguments))
