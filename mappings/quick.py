"""Compiles a mapping into functions of whole columns, fast where rows are plainly well.

Guarantee: the plan gives exactly the rows that the exact function gives (``mappings.compiler``),
or hands a row over to it. It never decides that a row is refused, and it takes no value that
the exact function would refuse or change.

Each field becomes the fastest function that is sure of it: plain texts and numbers are made
for a column at once, what comes again is translated once, and everything else is the field's
own statements, one row after the other.
"""

import ast
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import fields, is_dataclass
from itertools import chain, islice
from typing import Any

from msgspec.structs import replace

from mappings import syntax
from mappings.analysis import paths_of, paths_within
from mappings.chunks import Part, Plan
from mappings.columnwise import (
    CONVERTED,
    ColumnFunction,
    Memo,
    defaulted,
    mapped,
    sparse,
    texts,
)
from mappings.emitter import Emitter
from mappings.listwise import Lists, counting
from mappings.model import (
    Constant,
    Convert,
    Default,
    Each,
    Expression,
    FieldExpression,
    Filter,
    Guarded,
    Mapping,
    Ordinal,
    Read,
)
from shared_services.contracts.entities import FieldType

ENOUGH_ROWS = 1_000
"""Fewer rows tell too little of their columns, and are not worth compiling for."""

_SAMPLE = 5_000
_REPEATED = 0.5
_FEW = ("boolean", "date")
"""Kinds of few values: what was read once will come again."""


def compile_quick(
    mapping: Mapping, columns: Sequence[str], sample: Sequence[Sequence[Any]]
) -> Plan:
    """Return the plan for rows of ``columns``; ``sample`` tells which values come again."""
    planner = _Planner(columns, sample[:_SAMPLE])
    parts = [planner.field_part(mapping.fields, spec) for spec in mapping.entity.fields]
    checks = [planner.check_part(check) for check in mapping.checks.values()]
    filters = planner.filters_part(mapping.filters) if mapping.filters else None
    return Plan(len(columns), filters, parts, checks)


class _Planner(Emitter):
    """Makes the parts of a plan; what raises hands its row over."""

    def __init__(self, columns: Sequence[str], sample: Sequence[Sequence[Any]]) -> None:
        super().__init__(columns)
        self._place = {local: at for at, local in enumerate(self.locals)}
        self._sampled = dict(zip(columns, zip(*sample, strict=True), strict=True))
        texts_of = {name: _distinct_texts(values) for name, values in self._sampled.items()}
        self._texts = {name for name, count in texts_of.items() if count is not None}
        self._repeating = {
            name for name in self._texts if (texts_of[name] or 0) < _REPEATED * len(sample)
        }

    def guarded(self, guarded: Guarded, spec: FieldType, into: str) -> list[ast.stmt]:
        """Return the statements without a way out: the exact function falls back, and tells."""
        return self.valid(guarded.of, spec, into)

    def field_part(self, fields: Dict[str, FieldExpression], spec: FieldType) -> Part:
        """Return the part of a canonical field, or of an item's."""
        found = fields.get(spec.name)
        # What a field does on an error is the exact function's to do, and to tell.
        expression = found.of if isinstance(found, Guarded) else found
        if expression is None or isinstance(expression, Constant):
            value = spec.default if expression is None else expression.value
            return Part((0,), lambda column: [value] * len(column), lambda _value: value)
        body = [*self.field(expression, spec, "field"), ast.Return(syntax.load("field"))]
        few = spec.kind in _FEW
        return self._part(expression, body, few, lambda: self._whole(expression, spec))

    def check_part(self, check: Expression) -> Part:
        """Return the part of a check, whose values nobody takes."""
        return self._part(check, [*self.value(check, "checked"), ast.Return(syntax.constant(None))])

    def filters_part(self, filters: tuple[Filter, ...]) -> Part:
        """Return the part that gives the number of the filter a row falls to, or 0."""
        body = [
            syntax.branch(self.condition(rule.condition), [ast.Return(syntax.constant(number))])
            for number, rule in enumerate(filters, start=1)
        ]
        return self._part(filters, [*body, ast.Return(syntax.constant(0))])

    def _part(
        self,
        of: Any,
        body: list[ast.stmt],
        few: bool = False,
        whole: Callable[[], ColumnFunction | None] = lambda: None,
    ) -> Part:
        """Return the part that ``body`` makes of each row, in the fastest way there is."""
        names = dict.fromkeys(path.column for path in paths_of(of))
        arguments = [self.column[name] for name in names] or self.locals[:1]
        single = self.namespace[self.define(arguments, body)]
        places = tuple(self._place[argument] for argument in arguments)
        if len(names) == 1 and names.keys() <= (self._texts if few else self._repeating):
            single = Memo(single).__getitem__
            return Part(places, mapped(single), single)
        return Part(places, whole() or mapped(single), single)

    def _whole(self, expression: Expression, spec: FieldType) -> ColumnFunction | None:
        """Return the function of the whole column, if a column of texts is all that is read."""
        if isinstance(expression, Default):
            made = self._whole(expression.of, replace(spec, nullable=True))
            return made and defaulted(made, expression.value.value)
        if isinstance(expression, Each):
            return self._lists(expression, spec)
        methods, inner = _methods(expression)
        if self._is_text_column(inner):
            return _of_texts(methods, spec)
        if methods or not isinstance(inner, Convert) or inner.converter.gives != spec.kind:
            return None
        trimmed, source = _methods(inner.of)
        make = CONVERTED.get(inner.converter.name)
        if make is None or not self._is_text_column(source) or set(trimmed) - {"strip"}:
            return None
        made = make(inner.options)
        return made and sparse(made, required=not spec.nullable)

    def _lists(self, each: Each, spec: FieldType) -> ColumnFunction | None:
        """Return the function of a column of lists whose items are all that their fields need."""
        if not isinstance(each.of, Read) or each.of.path.steps or each.filters:
            return None
        inside = paths_within(each)
        members = tuple(dict.fromkeys(path.column for path in inside))
        leaves = any(path.up or not path.column for path in inside)
        if leaves or not members or _has_place(tuple(each.fields.values())):
            return None
        listed = self._sampled[each.of.path.column]
        items = islice(chain.from_iterable(one for one in listed if type(one) is list), _SAMPLE)
        sample = [tuple(map(item.get, members)) for item in items if type(item) is dict]
        if not sample:
            return None
        planner = _Planner(members, sample)
        parts = [planner.field_part(each.fields, inner) for inner in each.specs]
        return Lists(members, parts, planner.record_of(each.specs), counting(spec))

    def record_of(self, specs: Sequence[FieldType]) -> Callable[..., dict[str, Any]]:
        """Return the function from the fields' values to their record."""
        names = [f"value{at}" for at in range(len(specs))]
        keys: list[ast.expr | None] = [syntax.constant(spec.name) for spec in specs]
        made = ast.Return(ast.Dict(keys, [syntax.load(name) for name in names]))
        function: Callable[..., dict[str, Any]] = self.namespace[self.define(names, [made])]
        return function

    def _is_text_column(self, expression: Expression) -> bool:
        return (
            isinstance(expression, Read)
            and not expression.path.steps
            and expression.path.column in self._texts
        )


def _has_place(item: Any) -> bool:
    """Return whether an expression tells an item's place in its list, or goes into another one."""
    if isinstance(item, tuple):
        return any(map(_has_place, item))
    if isinstance(item, Ordinal | Each):
        return True
    return is_dataclass(item) and any(_has_place(getattr(item, one.name)) for one in fields(item))


def _distinct_texts(values: Sequence[Any]) -> int | None:
    """Return how many texts a column holds; None when it holds anything else."""
    kinds = set(map(type, values))
    return len(set(values)) if kinds <= {str, type(None)} else None


def _methods(expression: Expression) -> tuple[list[str], Expression]:
    """Return the methods of texts that an expression ends with, and what they are done to."""
    methods: list[str] = []
    while isinstance(expression, Convert) and expression.converter.method:
        methods.insert(0, expression.converter.method)
        expression = expression.of
    return methods, expression


def _of_texts(methods: Sequence[str], spec: FieldType) -> ColumnFunction | None:
    if spec.kind != "string" or spec.choices or spec.pattern or (spec.min_length or 0) > 1:
        return None
    return texts(methods, spec.max_length, required=not spec.nullable)
