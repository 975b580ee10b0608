"""A plain interpreter of the mapping language: slow, obvious, and unlike the compiler.

It walks the mapping's tree for each row, and knows nothing of layouts, caches or inlining.
"""

import re
from collections.abc import Mapping as Dict
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from operator import add, mul, sub, truediv
from typing import Any

from mappings.fields import FROM_SOURCE
from mappings.model import (
    All,
    Arithmetic,
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
    Mapping,
    Missing,
    Not,
    OneOf,
    Read,
)
from mappings.paths import Member, Path, Position, member, position, select, spelt
from mappings.values import Refused, clean_text, expect, plain_decimal
from shared_services.contracts.entities import FieldType

Row = dict[str, Any]

_OPERATIONS = {"add": add, "subtract": sub, "multiply": mul, "divide": truediv}


def interpret(mapping: Mapping, row: Row) -> tuple[str, Any]:
    """Return ('row', values), ('filtered', reason) or ('refused', (field, code))."""
    at = "filter"
    try:
        for rule in mapping.filters:
            if _holds(rule.condition, row):
                return "filtered", rule.reason
        values = []
        for spec in mapping.entity.fields:
            at = spec.name
            values.append(_field(mapping.fields.get(spec.name), spec, row))
        for name, check in mapping.checks.items():
            at = name
            _value(check, row)
    except Refused as refused:
        return "refused", (at, refused.code)
    return "row", tuple(values)


def _field(expression: FieldExpression | None, spec: FieldType, row: Row) -> Any:
    if expression is None:
        return spec.default
    try:
        of = expression.of if isinstance(expression, Guarded) else expression
        value = _valid(_value(of, row), spec)
    except Refused:
        if not isinstance(expression, Guarded):
            raise
        value = expression.fallback.value
    if value is None and not spec.nullable:
        raise Refused("mapping.required", "")
    return value


def _valid(value: Any, spec: FieldType) -> Any:
    if _absent(value):
        return None
    if spec.kind != "string":
        widened = plain_decimal(value) if spec.kind == "decimal" and type(value) is int else value
        return FROM_SOURCE[spec.kind](widened)
    text = clean_text(expect(value, (str,)))
    if spec.choices and text not in spec.choices:
        raise Refused("mapping.choice", "")
    if not (spec.min_length or 0) <= len(text) <= (spec.max_length or len(text)):
        raise Refused("mapping.length", "")
    if spec.pattern and not re.fullmatch(spec.pattern, text):
        raise Refused("mapping.pattern", "")
    return text


def _value(expression: Expression, row: Row) -> Any:
    match expression:
        case Read(path=path):
            return _follow(path, row)
        case Constant(value=value):
            return value
        case Convert():
            return _converted(expression, row)
        case Lookup(of=of, table=table):
            return _looked_up(_value(of, row), table)
        case Default(of=of, value=default):
            value = _value(of, row)
            return default.value if _absent(value) else value
        case Coalesce(options=options):
            found = [value for one in options if not _absent(value := _value(one, row))]
            return found[0] if found else None
        case Concat(parts=parts, separator=separator):
            texts = [_value(part, row) for part in parts]
            return separator.join(expect(one, (str,)) for one in texts if not _absent(one))
        case Arithmetic():
            return _calculated(expression, [_value(part, row) for part in expression.parts])
        case Choose(cases=cases, otherwise=otherwise):
            chosen = [case.value for case in cases if _holds(case.condition, row)]
            return _value(chosen[0] if chosen else otherwise, row)


def _converted(conversion: Convert, row: Row) -> Any:
    value = _value(conversion.of, row)
    if _absent(value):
        return None
    value = expect(value, conversion.converter.takes)
    others = [None if path is None else _follow(path, row) for path in conversion.arguments]
    return conversion.converter.make(conversion.options)(value, *others)


def _calculated(sum_: Arithmetic, values: list[Any]) -> Decimal | None:
    if any(map(_absent, values)):
        return None
    numbers = [Fraction(plain_decimal(expect(one, (Decimal, int)))) for one in values]
    result = numbers[0]
    for other in numbers[1:]:
        if sum_.operator == "divide" and not other:
            raise Refused("mapping.arithmetic", "")
        result = _OPERATIONS[sum_.operator](result, other)
    if sum_.places is None:
        return plain_decimal(_exact(result))
    # In a wide context the quotient keeps more digits than any rounding looks at.
    return plain_decimal(_exact(result).quantize(Decimal(1).scaleb(-sum_.places), ROUND_HALF_UP))


def _exact(number: Fraction) -> Decimal:
    with localcontext(prec=120):
        return Decimal(number.numerator) / Decimal(number.denominator)


def _looked_up(code: Any, table: Dict[str, Any]) -> Any:
    if code is None:
        return None
    text = spelt(expect(code, (str, int, bool)))
    if text and text not in table:
        raise Refused("mapping.lookup.unknown", "")
    return table.get(text)


def _holds(condition: Condition, row: Row) -> bool:
    match condition:
        case OneOf(path=path, values=values):
            return _follow(path, row) in values
        case Missing(path=path):
            return _absent(_follow(path, row))
        case Not(condition=inner):
            return not _holds(inner, row)
        case All(conditions=many):
            return all(_holds(one, row) for one in many)
        case _:
            return any(_holds(one, row) for one in condition.conditions)


def _follow(path: Path, row: Row) -> Any:
    value = row.get(path.column)
    for step in path.steps:
        if isinstance(step, Member):
            value = member(value, step.name)
        elif isinstance(step, Position):
            value = position(value, step.index)
        else:
            value = select(value, step.name, step.values)
    return value


def _absent(value: Any) -> bool:
    return value is None or value == ""
