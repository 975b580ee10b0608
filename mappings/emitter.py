"""Turns expressions into statements of Python's syntax tree.

Each statement leaves a canonical value, or None, in one local variable, or raises ``Refused``
with the reason. Everything of a mapping file enters as a constant or as a bound object.
"""

import ast
from collections.abc import Callable
from typing import Any

from mappings import syntax
from mappings.analysis import is_settled, kind_of
from mappings.emit_each import EachEmitter
from mappings.fields import FROM_SOURCE, counted, matcher, restriction
from mappings.model import (
    Arithmetic,
    Case,
    Choose,
    Coalesce,
    Concat,
    Constant,
    Convert,
    Default,
    Each,
    Expression,
    FieldExpression,
    Format,
    Guarded,
    Lookup,
    Ordinal,
    Read,
)
from mappings.operations import calculator, finder, formatter, joiner
from mappings.paths import Path
from shared_services.contracts.entities import FieldType


class Emitter(EachEmitter):
    """Turns expressions into statements; ``into`` is the local variable that takes a value."""

    def field(self, expression: FieldExpression, spec: FieldType, into: str) -> list[ast.stmt]:
        """Return the statements that compute, check and keep a canonical field."""
        if isinstance(expression, Guarded):
            body = self.guarded(expression, spec, into)
        else:
            body = self.valid(expression, spec, into)
        if not spec.nullable:
            refuse = syntax.statement(syntax.call("missing"))
            body.append(syntax.branch(syntax.is_none(into), [refuse]))
        return body

    def guarded(self, guarded: Guarded, spec: FieldType, into: str) -> list[ast.stmt]:
        """Return the statements that fall back, and tell of it, where a value is refused."""
        fall_back = syntax.assign(into, self.literal(guarded.fallback.value))
        lost = on_refusal("lose", fall_back, self.refusal())
        return [ast.Try(self.valid(guarded.of, spec, into), [lost], [], [])]

    def valid(self, expression: Expression, spec: FieldType, into: str) -> list[ast.stmt]:
        """Return the statements that leave a value of the field's kind and bounds, or None."""
        body = self.value(expression, into)
        kind = kind_of(expression)
        if spec.kind == "string":
            body += self._text(expression, spec, into)
        elif spec.kind == "records":
            body += self._counted(spec, into)
        elif kind is None:
            convert = self.bind("of_kind", FROM_SOURCE[spec.kind])
            converted = syntax.assign(into, syntax.call(convert, syntax.load(into)))
            body.append(syntax.branch(syntax.is_present(into), [converted]))
        elif kind != spec.kind:
            widened = syntax.assign(into, syntax.call("plain_decimal", syntax.load(into)))
            body.append(syntax.branch(syntax.is_present(into), [widened]))
        return body

    def _counted(self, spec: FieldType, into: str) -> list[ast.stmt]:
        if not spec.min_length and spec.max_length is None:
            return []
        count = self.bind("count", counted(spec))
        told = syntax.statement(syntax.call(count, syntax.load(into)))
        return [syntax.branch(syntax.is_present(into), [told])]

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
            case Read() | Constant() | Ordinal():
                return [syntax.assign(into, self._single(expression))]
            case Convert():
                return self._convert(expression, into)
            case Lookup():
                return self._lookup(expression, into)
            case Default(of=of, value=default):
                return [*self.value(of, into), self._or_else(into, self.value(default, into))]
            case Coalesce(options=options):
                return self._coalesce(options, into)
            case Concat() | Format() | Arithmetic():
                return self._joined(expression, into)
            case Choose(cases=cases, otherwise=otherwise):
                return self._choose(cases, otherwise, into)
            case Each():
                return self.each(expression, into)

    def _or_else(self, into: str, other: list[ast.stmt]) -> ast.stmt:
        return syntax.branch(syntax.is_missing(syntax.load(into)), other)

    def _coalesce(self, options: tuple[Expression, ...], into: str) -> list[ast.stmt]:
        first, *others = options
        body = self.value(first, into)
        return [*body, self._or_else(into, self._coalesce(tuple(others), into))] if others else body

    def _joined(self, joined: Concat | Format | Arithmetic, into: str) -> list[ast.stmt]:
        names = [self.fresh("part") for _ in joined.parts]
        parts = zip(joined.parts, names, strict=True)
        body = [one for part, name in parts for one in self.value(part, name)]
        values = syntax.tuple_of([syntax.load(name) for name in names])
        join = self.bind("join", _join(joined))
        return [*body, syntax.assign(into, syntax.call(join, values))]

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

    def _single(self, expression: Read | Constant | Ordinal) -> ast.expr:
        """Return a value that one expression gives."""
        match expression:
            case Read(path=path):
                return self.path(path)
            case Constant(value=value):
                return self.literal(value)
            case Ordinal(start=start):
                place = syntax.load(self.scopes[-1].index)
                return ast.BinOp(place, ast.Add(), syntax.constant(start))

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
        find, found = self.bind("find", finder(lookup)), self.fresh("found")
        body = self.value(lookup.of, into)
        if lookup.at is not None:
            day = self.fresh("day")
            looked_up = syntax.call(find, syntax.load(into), syntax.load(day))
            replace = [*self.value(lookup.at, day), syntax.assign(into, looked_up)]
            return [*body, syntax.branch(syntax.is_present(into), replace)]
        get = self.bind("get", lookup.table.get)
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
        return [*body, syntax.branch(syntax.is_present(into), replace)]


def _join(joined: Concat | Format | Arithmetic) -> Callable[[tuple[Any, ...]], Any]:
    """Return what makes one value of several."""
    match joined:
        case Concat(separator=separator):
            return joiner(separator)
        case Format(texts=texts):
            return formatter(texts)
        case Arithmetic():
            return calculator(joined)


def on_refusal(tell: str, then: ast.stmt, error: ast.expr) -> ast.ExceptHandler:
    """Return the handler that tells of a refusal at the field under way."""
    told = syntax.call(tell, syntax.load("index"), syntax.load("at"), error)
    return ast.ExceptHandler(syntax.load("Refused"), "error", [syntax.statement(told), then])
