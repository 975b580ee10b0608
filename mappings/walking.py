"""Walks the parts of an expression or condition, whichever kinds the language has.

A part is found by what it is made of, so that a new kind of expression is walked into as soon
as it is declared. What stands in another scope (the fields of a list's items) is not walked
into: its paths begin at an item and not at the row.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args

from mappings.model import Case, Condition, FieldExpression

CONDITIONS: tuple[type, ...] = get_args(Condition)
_PARTS: tuple[type, ...] = (*get_args(FieldExpression), *CONDITIONS, Case)


def parts_of(item: Any) -> Iterator[Any]:
    """Yield an expression and those inside it, or a condition and those inside it.

    The cases of a choice are yielded with their values, but not their conditions.
    """
    yield item
    for child in children_of(item):
        if isinstance(item, CONDITIONS) or not isinstance(child, CONDITIONS):
            yield from parts_of(child)


def conditions_in(expression: Any) -> Iterator[Any]:
    """Yield the condition of each case of an expression."""
    for part in parts_of(expression):
        for child in children_of(part):
            if isinstance(child, CONDITIONS):
                yield child


def children_of(item: Any) -> Iterator[Any]:
    """Yield the expressions, conditions and cases that an item is directly made of."""
    if not is_dataclass(item):
        return
    for spec in fields(item):
        value = getattr(item, spec.name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, _PARTS):
                yield one
