"""Decides which conditions can hold at the same time, by trying what they can tell apart.

Guarantee: what is said to be impossible is. Each value that conditions speak of takes every word
and bound they name, values between the bounds, another value, and nothing; a test whose truth is
not decided by these is tried as true and as false. What is too much to try is held for possible.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise, product
from math import prod
from typing import Any

from mappings.lint.findings import Facts
from mappings.lint.presence import declared
from mappings.model import All, Missing, Not, OneOf, Some, Spelt, Within
from mappings.walking import parts_of

_MOST = 20_000
_GONE = "nothing"
_OTHER = "another value"
_BOUNDS = ("above", "at_least", "below", "at_most")

World = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Exact:
    """A value with its type: the text 1 is not the number 1, but 1 is 1.0."""

    type: type
    value: Any


class Worlds:
    """All that can be true of some conditions, one after the other."""

    def __init__(self, conditions: Sequence[Any], facts: Facts) -> None:
        self._conditions = conditions
        self._domains: dict[str, tuple[Any, ...]] = {}
        for test in _tests(conditions):
            if isinstance(test, OneOf | Missing | Within | Spelt):
                self._add(repr(test.of), _told_apart(test), test, facts)
            if isinstance(test, Spelt) or not isinstance(test, OneOf | Missing | Within):
                self._domains[repr(test)] = (True, False)

    def never(self, wanted: Callable[[list[bool]], bool]) -> bool:
        """Return whether nothing makes ``wanted`` true of the conditions' truth values."""
        if prod(map(len, self._domains.values())) > _MOST:
            return False
        return not any(map(wanted, self._possible()))

    def _add(self, name: str, values: list[_Exact], test: Any, facts: Facts) -> None:
        field = declared(test.of, facts)
        is_there = field is not None and not field.nullable and field.type != "string"
        nothing = () if is_there else (_GONE,)
        known = [one for one in self._domains.get(name, ()) if isinstance(one, _Exact)]
        self._domains[name] = (*_with_between({*known, *values}), _OTHER, *nothing)

    def _possible(self) -> Iterator[list[bool]]:
        names = list(self._domains)
        for values in product(*self._domains.values()):
            world = dict(zip(names, values, strict=True))
            yield [_holds(condition, world) for condition in self._conditions]


def _tests(conditions: Iterable[Any]) -> Iterator[Any]:
    """Yield the conditions that hold no others."""
    for condition in conditions:
        if isinstance(condition, Not):
            yield from _tests((condition.condition,))
        elif isinstance(condition, All | Some):
            yield from _tests(condition.conditions)
        else:
            yield condition


def words_in(condition: Any) -> Iterator[OneOf]:
    """Yield the tests of a condition that compare with words."""
    return (test for test in parts_of(condition) if isinstance(test, OneOf))


def _told_apart(test: Any) -> list[_Exact]:
    if isinstance(test, OneOf):
        return [_exact(value) for value in test.accepted]
    if isinstance(test, Spelt):
        return [_exact(value) for value in test.values]
    if isinstance(test, Within):
        return [_exact(bound) for name in _BOUNDS if (bound := getattr(test, name)) is not None]
    return []


def _exact(value: Any) -> _Exact:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _Exact(Decimal, Decimal(str(value)))
    return _Exact(type(value), value)


def _with_between(values: set[_Exact]) -> list[_Exact]:
    """Return values in a settled order, with one between each two that have an order, and ends."""
    found = sorted(values, key=repr)
    for kind, step in ((Decimal, Decimal(1)), (date, timedelta(1)), (datetime, timedelta(1))):
        known = sorted(one.value for one in values if one.type is kind)
        if known:
            between = [low + (high - low) / 2 for low, high in pairwise(known)]
            ends = [known[0] - step, known[-1] + step]
            found += [_Exact(kind, one) for one in (*between, *ends)]
    return list(dict.fromkeys(found))


def _holds(condition: Any, world: World) -> bool:
    match condition:
        case OneOf(of=of):
            return world[repr(of)] in map(_exact, condition.accepted)
        case Missing(of=of):
            return world[repr(of)] in (_GONE, _Exact(str, ""))
        case Within(of=of):
            return _lies_within(condition, world[repr(of)])
        case Spelt(of=of):
            return _is_spelt(condition, world[repr(of)], world)
        case Not(condition=inner):
            return not _holds(inner, world)
        case All(conditions=many):
            return all(_holds(one, world) for one in many)
        case Some(conditions=many):
            return any(_holds(one, world) for one in many)
        case _:
            return bool(world[repr(condition)])


def _lies_within(test: Within, found: Any) -> bool:
    bounds = {name: _exact(getattr(test, name)) for name in _BOUNDS}
    given = {name: one for name, one in bounds.items() if one.value is not None}
    if not isinstance(found, _Exact) or any(one.type is not found.type for one in given.values()):
        return False
    value = found.value
    tests: dict[str, Callable[[Any], bool]] = {
        "above": lambda bound: value > bound,
        "at_least": lambda bound: value >= bound,
        "below": lambda bound: value < bound,
        "at_most": lambda bound: value <= bound,
    }
    return all(tests[name](bound.value) for name, bound in given.items())


def _is_spelt(test: Spelt, found: Any, world: World) -> bool:
    if found == _GONE:
        return False
    if not isinstance(found, _Exact) or found.type is not str or test.test == "matches":
        return bool(world[repr(test)])
    tests: dict[str, Callable[[str], bool]] = {
        "starts_with": found.value.startswith,
        "ends_with": found.value.endswith,
        "contains": lambda part: part in found.value,
    }
    return any(map(tests[test.test], test.values))
