"""Turns expressions and conditions into statements of Python's syntax tree.

Each statement leaves a canonical value, or None, in one local variable, or raises ``Refused``
with the reason. Everything of a mapping file enters as a constant or as a bound object.
"""

import ast
from collections.abc import Callable, Sequence
from typing import Any

from mappings import syntax
from mappings.fields import FROM_SOURCE, matcher, missing, restriction
from mappings.model import (
    All,
    Arithmetic,
    Case,
    Choose,
    Coalesce,
    Concat,
    Condition,
    Constant,
    Convert,
    Default,
    Expression,
    FieldExpression,
    Guarded,
    Lookup,
    Missing,
    Not,
    OneOf,
    Read,
    Some,
    is_settled,
    kind_of,
)
from mappings.operations import calculator, finder, joiner
from mappings.paths import Member, Path, Position, Select, member, position, select
from mappings.values import Refused, clean_text, empty_text, expect, plain_decimal
from shared_services.contracts.entities import FieldType

_HELPERS: dict[str, Any] = {
    "clean_text": clean_text,
    "empty_text": empty_text,
    "enumerate": enumerate,
    "expect": expect,
    "len": len,
    "member": member,
    "missing": missing,
    "plain_decimal": plain_decimal,
    "position": position,
    "select": select,
    "str": str,
    "Refused": Refused,
}


class Emitter:
    """Turns expressions into statements; ``into`` is the local variable that takes a value."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.namespace = dict(_HELPERS) | {"__builtins__": {}}
        self.locals = [f"c{index}" for index in range(len(columns))]
        self.column = dict(zip(columns, self.locals, strict=True))
        self._count = 0

    def field(self, expression: FieldExpression, spec: FieldType, into: str) -> list[ast.stmt]:
        """Return the statements that compute, check and keep a canonical field."""
        if isinstance(expression, Guarded):
            fall_back = syntax.assign(into, self.literal(expression.fallback.value))
            lost = on_refusal("lose", fall_back)
            body: list[ast.stmt] = [ast.Try(self.valid(expression.of, spec, into), [lost], [], [])]
        else:
            body = self.valid(expression, spec, into)
        if not spec.nullable:
            refuse = syntax.statement(syntax.call("missing"))
            body.append(syntax.branch(syntax.is_none(into), [refuse]))
        return body

    def valid(self, expression: Expression, spec: FieldType, into: str) -> list[ast.stmt]:
        """Return the statements that leave a value of the field's kind and bounds, or None."""
        body = self.value(expression, into)
        kind = kind_of(expression)
        if spec.kind == "string":
            body += self._text(expression, spec, into)
        elif kind is None:
            convert = self.bind("of_kind", FROM_SOURCE[spec.kind])
            converted = syntax.assign(into, syntax.call(convert, syntax.load(into)))
            body.append(syntax.branch(syntax.is_present(into), [converted]))
        elif kind != spec.kind:
            widened = syntax.assign(into, syntax.call("plain_decimal", syntax.load(into)))
            body.append(syntax.branch(syntax.is_present(into), [widened]))
        return body

    def _text(self, expression: Expression, spec: FieldType, into: str) -> list[ast.stmt]:
        known, body = kind_of(expression) == "string", list[ast.stmt]()
        if not known:
            body.append(self._expect(into, (str,)))
        if not is_settled(expression):
            plain = ast.BoolOp(
                ast.And(), [syntax.method(into, "isascii"), syntax.method(into, "isprintable")]
            )
            cleaned = syntax.assign(into, syntax.call("clean_text", syntax.load(into)))
            body.append(syntax.branch(syntax.negate(plain), [cleaned]))
        body += self._restrictions(spec, into)
        empty = syntax.constant(None) if known else syntax.call("empty_text", syntax.load(into))
        absent: list[ast.stmt] = [syntax.assign(into, empty)]
        if not known:
            absent = [syntax.branch(syntax.is_present(into), absent)]
        return [syntax.branch(syntax.load(into), body or [ast.Pass()], absent)]

    def _restrictions(self, spec: FieldType, into: str) -> list[ast.stmt]:
        """Return one quick test of all restrictions; the slow one names what is broken."""
        broken: list[ast.expr] = []
        length = syntax.call("len", syntax.load(into))
        if spec.choices:
            choices = self.bind("choices", frozenset(spec.choices))
            broken.append(syntax.compare(syntax.load(into), ast.NotIn(), syntax.load(choices)))
        if spec.max_length is not None:
            broken.append(syntax.compare(length, ast.Gt(), syntax.constant(spec.max_length)))
        if (spec.min_length or 0) > 1:
            broken.append(syntax.compare(length, ast.Lt(), syntax.constant(spec.min_length)))
        if spec.pattern:
            matches = self.bind("matches", matcher(spec.pattern))
            broken.append(syntax.negate(syntax.call(matches, syntax.load(into))))
        if not broken:
            return []
        restrict = self.bind("restrict", restriction(spec))
        refuse = syntax.statement(syntax.call(restrict, syntax.load(into)))
        test = broken[0] if len(broken) == 1 else ast.BoolOp(ast.Or(), broken)
        return [syntax.branch(test, [refuse])]

    def value(self, expression: Expression, into: str) -> list[ast.stmt]:
        """Return the statements that leave an expression's value in ``into``."""
        match expression:
            case Read(path=path):
                return [syntax.assign(into, self.path(path))]
            case Constant(value=value):
                return [syntax.assign(into, self.literal(value))]
            case Convert():
                return self._convert(expression, into)
            case Lookup():
                return self._lookup(expression, into)
            case Default(of=of, value=default):
                return [*self.value(of, into), self._or_else(into, self.value(default, into))]
            case Coalesce(options=options):
                return self._coalesce(options, into)
            case Concat(parts=parts, separator=separator):
                return self._joined(parts, joiner(separator), into)
            case Arithmetic(parts=parts):
                return self._joined(parts, calculator(expression), into)
            case Choose(cases=cases, otherwise=otherwise):
                return self._choose(cases, otherwise, into)

    def _or_else(self, into: str, other: list[ast.stmt]) -> ast.stmt:
        return syntax.branch(syntax.is_missing(syntax.load(into)), other)

    def _coalesce(self, options: tuple[Expression, ...], into: str) -> list[ast.stmt]:
        first, *others = options
        body = self.value(first, into)
        return [*body, self._or_else(into, self._coalesce(tuple(others), into))] if others else body

    def _joined(
        self, parts: tuple[Expression, ...], join: Callable[[tuple[Any, ...]], Any], into: str
    ) -> list[ast.stmt]:
        names = [self._fresh("part") for _ in parts]
        body = [
            one for part, name in zip(parts, names, strict=True) for one in self.value(part, name)
        ]
        joined = syntax.tuple_of([syntax.load(name) for name in names])
        return [
            *body,
            syntax.assign(into, syntax.call(self.bind("join", join), joined)),
        ]

    def _choose(self, cases: tuple[Case, ...], otherwise: Expression, into: str) -> list[ast.stmt]:
        body = self.value(otherwise, into)
        for case in reversed(cases):
            body = [
                syntax.branch(self.condition(case.condition), self.value(case.value, into), body)
            ]
        return body

    def _convert(self, conversion: Convert, into: str) -> list[ast.stmt]:
        converter, known = conversion.converter, kind_of(conversion.of) is not None
        apply: list[ast.stmt] = [] if known else [self._expect(into, converter.takes)]
        if converter.method:
            result = syntax.method(into, converter.method)
        else:
            function = self.bind("convert", converter.make(conversion.options))
            result = syntax.call(
                function, syntax.load(into), *map(self._argument, conversion.arguments)
            )
        apply.append(syntax.assign(into, result))
        body = self.value(conversion.of, into)
        if converter.takes != (str,):
            return [*body, syntax.branch(syntax.is_present(into), apply)]
        empty = syntax.assign(into, syntax.call("empty_text", syntax.load(into)))
        absent = [] if known else [syntax.branch(syntax.is_present(into), [empty])]
        return [*body, syntax.branch(syntax.load(into), apply, absent)]

    def _argument(self, path: Path | None) -> ast.expr:
        return syntax.constant(None) if path is None else self.path(path)

    def _expect(self, into: str, types: tuple[type, ...]) -> ast.stmt:
        """Return the check that a source value is of one of ``types``, quick for texts."""
        allowed = syntax.load(self.bind("types", types))
        slow = syntax.assign(into, syntax.call("expect", syntax.load(into), allowed))
        if str not in types:
            return slow
        return syntax.branch(syntax.negate(syntax.has_class(into, "str")), [slow])

    def _lookup(self, lookup: Lookup, into: str) -> list[ast.stmt]:
        """Return a dictionary's own lookup of a text, and the full one where that fails."""
        get = self.bind("get", lookup.table.get)
        find = self.bind("find", finder(lookup.table, lookup.file))
        found = self._fresh("found")
        quick = ast.IfExp(
            syntax.has_class(into, "str"),
            syntax.call(get, syntax.load(into)),
            syntax.constant(None),
        )
        slow = syntax.assign(found, syntax.call(find, syntax.load(into)))
        replace = [
            syntax.assign(found, quick),
            syntax.branch(syntax.is_none(found), [slow]),
            syntax.assign(into, syntax.load(found)),
        ]
        return [*self.value(lookup.of, into), syntax.branch(syntax.is_present(into), replace)]

    def condition(self, condition: Condition) -> ast.expr:
        """Return the test of a condition."""
        match condition:
            case OneOf(path=path, values=values):
                wanted = syntax.tuple_of([self.literal(value) for value in values])
                return syntax.compare(self.path(path), ast.In(), wanted)
            case Missing(path=path):
                return syntax.is_missing(self.path(path))
            case Not(condition=inner):
                return syntax.negate(self.condition(inner))
            case All(conditions=many):
                return ast.BoolOp(ast.And(), [*map(self.condition, many), syntax.constant(True)])
            case Some(conditions=many):
                return ast.BoolOp(ast.Or(), [*map(self.condition, many), syntax.constant(False)])

    def path(self, path: Path) -> ast.expr:
        """Return the expression that follows a path."""
        value = syntax.load(self.column[path.column])
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

    def literal(self, value: Any) -> ast.expr:
        """Return a constant; one that Python has no literal for is bound to a name."""
        if value is None or type(value) in (str, int, bool):
            return syntax.constant(value)
        return syntax.load(self.bind("value", value))

    def bind(self, prefix: str, value: Any) -> str:
        """Return a new global name of the function that stands for ``value``."""
        name = self._fresh(prefix)
        self.namespace[name] = value
        return name

    def _fresh(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_{self._count}"


def on_refusal(tell: str, then: ast.stmt) -> ast.ExceptHandler:
    """Return the handler that tells of a refusal at the field under way."""
    told = syntax.call(tell, *map(syntax.load, ("index", "at", "error")))
    return ast.ExceptHandler(syntax.load("Refused"), "error", [syntax.statement(told), then])
