"""Turns ``each`` into a loop over the items of a list.

Invariant: a refusal inside it names the item, from 0, and the field of the item. An item that
is refused refuses its row: an order without one of its lines is another order.
"""

import ast
from abc import abstractmethod

from mappings import syntax
from mappings.analysis import paths_within
from mappings.bindings import Scope
from mappings.emit_conditions import ConditionEmitter
from mappings.model import Each, FieldExpression
from shared_services.contracts.entities import FieldType


class EachEmitter(ConditionEmitter):
    """Turns lists of records into loops."""

    @abstractmethod
    def field(self, expression: FieldExpression, spec: FieldType, into: str) -> list[ast.stmt]:
        """Return the statements that compute, check and keep a field."""

    def each(self, each: Each, into: str) -> list[ast.stmt]:
        """Return the statements that leave a tuple of records in ``into``, or None."""
        listed = syntax.assign(into, syntax.call("items", syntax.load(into)))
        scope, made = self._scope(each), self.fresh("made")
        loop = ast.For(
            syntax.unpacked([scope.index, scope.item]),
            syntax.call("enumerate", syntax.load(into)),
            self._item(each, scope, made),
            [],
        )
        raised = syntax.call(
            "inside", syntax.load("error"), *map(syntax.load, (scope.index, scope.names, scope.at))
        )
        handler = ast.ExceptHandler(
            syntax.load("Refused"), "error", [ast.Raise(raised, syntax.constant(None))]
        )
        body: list[ast.stmt] = [
            syntax.assign(made, ast.List([], ast.Load())),
            syntax.assign(scope.index, syntax.constant(0)),
            syntax.assign(scope.at, syntax.constant(0)),
            ast.Try([loop], [handler], [], []),
            syntax.assign(into, syntax.call("tuple", syntax.load(made))),
        ]
        present = syntax.branch(syntax.is_present(into), body)
        return [*self.value(each.of, into), listed, present]

    def _scope(self, each: Each) -> Scope:
        names = self.bind("names", ("", *(spec.name for spec in each.specs)))
        return Scope(self.fresh("item"), self.fresh("index"), self.fresh("at"), names)

    def _item(self, each: Each, scope: Scope, made: str) -> list[ast.stmt]:
        """Return the statements for one item, which end with its record being kept."""
        self.scopes.append(scope)
        body: list[ast.stmt] = [syntax.assign(scope.at, syntax.constant(0))]
        if any(path.column and not path.up for path in paths_within(each)):
            record = syntax.call("record", syntax.load(scope.item))
            body.append(syntax.assign(scope.item, record))
        tests = [self.condition(rule.condition) for rule in each.filters]
        body += [syntax.branch(test, [ast.Continue()]) for test in tests]
        values = []
        for at, spec in enumerate(each.specs, start=1):
            statements, value = self._inner(each, spec, at, scope)
            body += statements
            values.append(value)
        self.scopes.pop()
        names: list[ast.expr | None] = [syntax.constant(spec.name) for spec in each.specs]
        kept = syntax.method(made, "append", ast.Dict(names, values))
        return [*body, syntax.statement(kept)]

    def _inner(
        self, each: Each, spec: FieldType, at: int, scope: Scope
    ) -> tuple[list[ast.stmt], ast.expr]:
        """Return the statements for a field of an item, and its value afterwards."""
        expression = each.fields.get(spec.name)
        if expression is None:
            return [], self.literal(spec.default)
        into = self.fresh("inner")
        body = [
            syntax.assign(scope.at, syntax.constant(at)),
            *self.field(expression, spec, into),
        ]
        return body, syntax.load(into)
