"""A plain interpreter of the mapping language: slow, obvious, and unlike the compiler.

It walks the mapping's tree for each row, and knows nothing of layouts, caches or inlining.
"""

import re
from datetime import date, datetime
from decimal import Decimal, localcontext
from fractions import Fraction
from operator import add, ge, gt, le, lt, mul, sub, truediv
from typing import Any

from mappings.analysis import paths_within
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
    Each,
    Expression,
    FieldExpression,
    Format,
    Guarded,
    Lookup,
    Mapping,
    Missing,
    Not,
    OneOf,
    Ordinal,
    Read,
    Spelt,
    Within,
)
from mappings.paths import Member, Path, Position, member, position, select, spelt
from mappings.values import Refused, clean_text, expect, plain_decimal
from shared_services.contracts.entities import FieldType

Row = dict[str, Any]

_OPERATIONS = {"add": add, "subtract": sub, "multiply": mul, "divide": truediv}


class _Inside:
    """A record of a list and its place; names that it lacks are missing."""

    def __init__(self, item: Any, index: int, around: "Row | _Inside") -> None:
        self.item, self.index, self.around = item, index, around


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
        return "refused", (at + refused.place, refused.code)
    return "row", tuple(values)


def _field(expression: FieldExpression | None, spec: FieldType, row: Any) -> Any:
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
    if spec.kind == "records":
        if not (spec.min_length or 0) <= len(value) <= (spec.max_length or len(value)):
            raise Refused("mapping.length", "")
        return value
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


def _value(expression: Expression, row: Any) -> Any:
    match expression:
        case Read(path=path):
            return _follow(path, row)
        case Constant(value=value):
            return value
        case Convert():
            return _converted(expression, row)
        case Lookup():
            return _looked_up(expression, row)
        case Default(of=of, value=default):
            value = _value(of, row)
            return default.value if _absent(value) else value
        case Coalesce(options=options):
            found = (value for one in options if not _absent(value := _value(one, row)))
            return next(found, None)
        case Choose(cases=cases, otherwise=otherwise):
            chosen = (case.value for case in cases if _holds(case.condition, row))
            return _value(next(chosen, otherwise), row)
        case Each():
            return _records(expression, row)
        case _:
            return _combined(expression, row)


def _combined(expression: Concat | Format | Arithmetic | Ordinal, row: Any) -> Any:
    match expression:
        case Concat(parts=parts, separator=separator):
            texts = [_value(part, row) for part in parts]
            return separator.join(expect(one, (str,)) for one in texts if not _absent(one))
        case Format(texts=texts, parts=parts):
            values = [_value(part, row) for part in parts]
            if any(map(_absent, values)):
                return None
            spelled = [_as_text(expect(one, (str, int, Decimal, bool))) for one in values]
            return texts[0] + "".join(map("".join, zip(spelled, texts[1:], strict=True)))
        case Ordinal(start=start):
            return row.index + start
        case Arithmetic():
            return _calculated(expression, [_value(part, row) for part in expression.parts])


def _converted(conversion: Convert, row: Any) -> Any:
    value = _value(conversion.of, row)
    # Only a boolean may have a word for nothing.
    if value is None or (value == "" and conversion.converter.name != "boolean"):
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
    mode = f"ROUND_{sum_.rounding.upper()}"
    return plain_decimal(_exact(result).quantize(Decimal(1).scaleb(-sum_.places), mode))


def _exact(number: Fraction) -> Decimal:
    with localcontext(prec=120):
        return Decimal(number.numerator) / Decimal(number.denominator)


def _records(each: Each, row: Any) -> tuple[Row, ...] | None:
    listed = _value(each.of, row)
    if _absent(listed):
        return None
    if isinstance(listed, dict):
        listed = [listed]
    if not isinstance(listed, list | tuple):
        raise Refused("mapping.path", "")
    found = []
    for index, item in enumerate(listed):
        at, inner = "", _Inside(item, index, row)
        try:
            if _reads_members(each):
                member(item, "")
            if any(_holds(rule.condition, inner) for rule in each.filters):
                continue
            record = {}
            for spec in each.specs:
                at = spec.name
                record[at] = _field(each.fields.get(at), spec, inner)
        except Refused as refused:
            raise Refused(refused.code, "", f"[{index}]{at and f'.{at}'}{refused.place}") from None
        found.append(record)
    return tuple(found)


def _reads_members(each: Each) -> bool:
    return any(path.column and not path.up for path in paths_within(each))


def _looked_up(lookup: Lookup, row: Any) -> Any:
    code = _value(lookup.of, row)
    if code is None:
        return None
    text = spelt(expect(code, (str, int, bool)))
    text = text.strip() if lookup.trim else text
    if lookup.spans:
        found = _on_day(lookup, text, row)
    else:
        found = lookup.table.get(text.casefold() if lookup.fold else text)
    if found is None and text and lookup.unknown == "refuse":
        raise Refused("mapping.lookup.unknown", "")
    return text if found is None and text and lookup.unknown == "keep" else found


def _on_day(lookup: Lookup, text: str, row: Any) -> Any:
    assert lookup.at is not None
    day = _value(lookup.at, row)
    if not text:
        return None
    if _absent(day):
        raise Refused("mapping.lookup.undated", "")
    expect(day, (date,))
    for span in lookup.spans.get(text.casefold() if lookup.fold else text, ()):
        if span.first <= day <= span.last:
            return span.value
    return None


def _holds(condition: Condition, row: Any) -> bool:
    match condition:
        case OneOf(of=of):
            return _value(of, row) in condition.accepted
        case Missing(of=of):
            return _absent(_value(of, row))
        case Within(of=of):
            return _lies_within(condition, _value(of, row))
        case Spelt(of=of):
            return _is_spelt(condition, _value(of, row))
        case Not(condition=inner):
            return not _holds(inner, row)
        case All(conditions=many):
            return all(_holds(one, row) for one in many)
        case _:
            return any(_holds(one, row) for one in condition.conditions)


def _lies_within(within: Within, value: Any) -> bool:
    if _absent(value):
        return False
    types = {"decimal": (int, Decimal), "date": (date,), "datetime": (datetime,)}
    value = expect(value, types[within.kind])
    if within.kind == "decimal":
        value = plain_decimal(value)
    bounds = [
        (within.above, gt),
        (within.at_least, ge),
        (within.below, lt),
        (within.at_most, le),
    ]
    return all(test(value, bound) for bound, test in bounds if bound is not None)


def _is_spelt(condition: Spelt, value: Any) -> bool:
    if _absent(value):
        return False
    text = expect(value, (str,))
    tests: dict[str, Any] = {
        "starts_with": lambda one: text[: len(one)] == one,
        "ends_with": lambda one: text[-len(one) :] == one,
        "contains": lambda one: text.find(one) >= 0,
        "matches": lambda one: re.fullmatch(one, text) is not None,
    }
    return any(map(tests[condition.test], condition.values))


def _follow(path: Path, row: Any) -> Any:
    for _ in range(path.up):
        row = row.around
    if not isinstance(row, _Inside):
        value = row.get(path.column)
    else:
        value = member(row.item, path.column) if path.column else row.item
    for step in path.steps:
        if isinstance(step, Member):
            value = member(value, step.name)
        elif isinstance(step, Position):
            value = position(value, step.index)
        else:
            value = select(value, step.name, step.values)
    return value


def _as_text(value: Any) -> str:
    return spelt(plain_decimal(value) if type(value) is Decimal else value)


def _absent(value: Any) -> bool:
    return value is None or value == ""
