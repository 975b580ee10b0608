"""Compiles a mapping into a function that is fast where rows are plainly well.

Guarantee: it gives exactly the rows that the exact function gives (``mappings.compiler``), or
hands a row over to it. It never decides that a row is refused, and it takes no value that the
exact function would refuse or change.

What makes it fast: a value that comes again is translated once (``Memo``), and the plain texts
of a row are checked together: joined, they are printable, in NFC and short, or the row is
handed over. All normalization forms are closed under substrings, so what holds for the whole
holds for each.
"""

import ast
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mappings import syntax
from mappings.analysis import paths_of
from mappings.compiler import RowFunction, filters, row_loop
from mappings.emitter import Emitter
from mappings.model import Convert, Expression, FieldExpression, Guarded, Mapping, Read
from mappings.values import CACHE_SIZE
from shared_services.contracts.entities import FieldType

ENOUGH_ROWS = 1_000
"""Fewer rows tell too little of their columns, and are not worth compiling for."""

_REPEATED = 0.5


class Memo(dict[Any, Any]):
    """What became of each text; any other value is made anew, for equal ones may differ in type."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, value: Any) -> Any:
        made = self._make(value)
        if value is None or value.__class__ is str:
            if len(self) >= CACHE_SIZE:
                self.clear()
            self[value] = made
        return made


def compile_quick(
    mapping: Mapping, columns: Sequence[str], sample: Sequence[Sequence[Any]]
) -> RowFunction:
    """Return the function for rows of ``columns``; ``sample`` tells which values come again.

    The function takes ``(rows, put, keep, careful, drop)``; ``careful(index, row)`` receives
    each row that it does not translate itself.
    """
    emitter = _QuickEmitter(columns, _repeating(columns, sample))
    definition = emitter.definition(mapping)
    # As in mappings.compiler: the tree was built node by node, nothing of the user's is code.
    exec(syntax.code_of(definition, f"<quick {mapping.name}>"), emitter.namespace)  # noqa: S102 see above
    made: RowFunction = emitter.namespace[definition.name]
    return made


def _repeating(columns: Sequence[str], sample: Sequence[Sequence[Any]]) -> frozenset[str]:
    """Return the columns whose values are texts that come again."""
    found = []
    for name, values in zip(columns, zip(*sample, strict=True), strict=True):
        texts = [value for value in values if value is None or value.__class__ is str]
        if len(texts) == len(values) and len(set(texts)) < _REPEATED * len(values):
            found.append(name)
    return frozenset(found)


@dataclass(slots=True)
class _Texts:
    """The plain texts of a row: their variables, and the most characters each may have."""

    names: list[str] = field(default_factory=list)
    required: list[str] = field(default_factory=list)
    bounds: dict[str, int] = field(default_factory=dict)


class _QuickEmitter(Emitter):
    """Emits fields in their fastest form; what raises hands its row over."""

    def __init__(self, columns: Sequence[str], repeating: frozenset[str]) -> None:
        super().__init__(columns)
        self.namespace |= {"Exception": Exception, "is_normalized": unicodedata.is_normalized}
        self._columns = columns
        self._repeating = repeating
        self._texts = _Texts()

    def definition(self, mapping: Mapping) -> ast.FunctionDef:
        """Return the whole function."""
        body = filters(self, mapping)
        values = []
        for at, spec in enumerate(mapping.entity.fields, start=1):
            expression = mapping.fields.get(spec.name)
            if expression is None:
                values.append(self.literal(spec.default))
                continue
            statements, value = self._quick_field(expression, spec, f"f{at}")
            body += statements
            values.append(value)
        for check in mapping.checks.values():
            body += self._check(check)
        body += self._check_texts()
        body.append(syntax.assign("made", syntax.tuple_of(values)))
        handler = ast.ExceptHandler(syntax.load("Exception"), None, _hand_over())
        return row_loop(self, ("rows", "put", "keep", "careful", "drop"), body, handler)

    def _quick_field(
        self, expression: FieldExpression, spec: FieldType, into: str
    ) -> tuple[list[ast.stmt], ast.expr]:
        """Return the statements for a field, and its value afterwards."""
        # What a field does on an error is the exact function's to do, and to tell.
        of = expression.of if isinstance(expression, Guarded) else expression
        column = self._memoised(of)
        if column is not None:
            return [self._from_memo(into, column, self.field(of, spec, into))], syntax.load(into)
        plain = self._plain_text(of, spec, into)
        if plain is not None:
            return plain, ast.BoolOp(ast.Or(), [syntax.load(into), syntax.constant(None)])
        return self.field(of, spec, into), syntax.load(into)

    def guarded(self, guarded: Guarded, spec: FieldType, into: str) -> list[ast.stmt]:
        """Return the statements without a way out: the exact function falls back, and tells."""
        return self.valid(guarded.of, spec, into)

    def _check(self, check: Expression) -> list[ast.stmt]:
        column = self._memoised(check)
        statements = self.value(check, "checked")
        return statements if column is None else [self._from_memo("checked", column, statements)]

    def _memoised(self, expression: Expression) -> str | None:
        """Return the one column that an expression is a function of, if its texts come again."""
        paths = paths_of(expression)
        names = {path.column for path in paths}
        if len(names) != 1 or any(path.steps for path in paths) or not names <= self._repeating:
            return None
        return names.pop()

    def _from_memo(self, into: str, column: str, statements: list[ast.stmt]) -> ast.stmt:
        """Return ``into = memo[column]``; the memo makes a value by ``statements``."""
        body = [*statements, ast.Return(syntax.load(into))]
        definition = syntax.function(self.fresh("make"), [self.column[column]], body)
        exec(syntax.code_of(definition, "<memo>"), self.namespace)  # noqa: S102 as above
        memo = self.bind("memo", Memo(self.namespace[definition.name]))
        looked_up = ast.Subscript(syntax.load(memo), syntax.load(self.column[column]), ast.Load())
        return syntax.assign(into, looked_up)

    def _plain_text(
        self, expression: Expression, spec: FieldType, into: str
    ) -> list[ast.stmt] | None:
        """Return the statements for a column's text passed through text methods, or None."""
        if spec.kind != "string" or spec.choices or spec.pattern or (spec.min_length or 0) > 1:
            return None
        methods: list[str] = []
        while isinstance(expression, Convert) and expression.converter.method:
            methods.append(expression.converter.method)
            expression = expression.of
        if not isinstance(expression, Read):
            return None
        self._texts.names.append(into)
        if not spec.nullable:
            self._texts.required.append(into)
        if spec.max_length is not None:
            self._texts.bounds[into] = spec.max_length
        value: ast.expr = self.path(expression.path)
        body: list[ast.stmt] = []
        if expression.path.steps:
            body, value = [syntax.assign(into, value)], syntax.load(into)
        text = value
        for method in reversed(methods):
            text = ast.Call(ast.Attribute(text, method, ast.Load()), [], [])
        present = syntax.compare(value, ast.IsNot(), syntax.constant(None))
        return [*body, syntax.assign(into, ast.IfExp(present, text, syntax.constant("")))]

    def _check_texts(self) -> list[ast.stmt]:
        """Return the one check of all plain texts."""
        texts = self._texts
        if not texts.names:
            return []
        parts = syntax.tuple_of([syntax.load(name) for name in texts.names])
        join = ast.Call(ast.Attribute(syntax.constant(""), "join", ast.Load()), [parts], [])
        unclean = ast.BoolOp(
            ast.Or(),
            [
                syntax.negate(syntax.method("texts", "isprintable")),
                ast.BoolOp(
                    ast.And(),
                    [
                        syntax.negate(syntax.method("texts", "isascii")),
                        syntax.negate(
                            syntax.call(
                                "is_normalized", syntax.constant("NFC"), syntax.load("texts")
                            )
                        ),
                    ],
                ),
            ],
        )
        missing = [syntax.negate(syntax.load(name)) for name in texts.required]
        return [
            syntax.assign("texts", join),
            syntax.branch(_any([*missing, unclean, *self._too_long()]), _hand_over()),
        ]

    def _too_long(self) -> list[ast.expr]:
        """Return the test of the bounds: all at once, and one by one where that fails."""
        bounds = self._texts.bounds
        unbounded = len(bounds) < len(self._texts.names)
        if not bounds:
            return []
        each = [_longer(name, most) for name, most in bounds.items()]
        if unbounded or len(bounds) == 1:
            return each
        shortest = min(bounds.values())
        return [ast.BoolOp(ast.And(), [_longer("texts", shortest), _any(each)])]


def _longer(name: str, most: int) -> ast.expr:
    length = syntax.call("len", syntax.load(name))
    return syntax.compare(length, ast.Gt(), syntax.constant(most))


def _any(tests: list[ast.expr]) -> ast.expr:
    return tests[0] if len(tests) == 1 else ast.BoolOp(ast.Or(), tests)


def _hand_over() -> list[ast.stmt]:
    told = syntax.call("careful", syntax.load("index"), syntax.load("row"))
    return [syntax.statement(told), ast.Continue()]
