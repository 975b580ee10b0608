"""Turns expressions round: from what a field holds to what the source would have to hold.

A way back is exact or it is none: where a mapping forgets which of several sources a value
came from, ``Irreversible`` says so. A value that is the same for every row, or that comes from
outside an item, is not written; the proof in ``mappings.reverse.mapping`` sees to it that it
is right nevertheless.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mappings.analysis import way_back
from mappings.converters.numbers import WIDE
from mappings.model import (
    NOTHING,
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
    Missing,
    OneOf,
    Ordinal,
    Read,
)
from mappings.paths import Path, is_writable
from mappings.reverse.draft import Draft
from mappings.reverse.separating import separator
from mappings.values import Refused, plain_decimal

Put = Callable[[Any, Draft], None]


class Irreversible(Exception):
    """An expression has no way back; the reason is a sentence's end: ``it ...``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Way:
    """A way back: ``put`` writes a canonical value, None among them, at ``paths``.

    ``loses`` are words for what of the source's own spelling does not come back; ``needs`` are
    the paths that are read on the way, and must have been written before.
    """

    put: Put
    paths: tuple[Path, ...] = ()
    loses: tuple[str, ...] = ()
    needs: tuple[Path, ...] = ()


_NOWHERE = Way(lambda _value, _draft: None)


def way_of(expression: FieldExpression) -> Way:
    """Return an expression's way back; raises Irreversible with the reason there is none."""
    return _WAYS[type(expression)](expression)


def _read(read: Read) -> Way:
    path = read.path
    if path.up:
        return _NOWHERE
    if not is_writable(path):
        raise Irreversible("is read from a place in a list that cannot be written alone")
    return Way(lambda value, draft: draft.put(path, value), (path,))


def _coalesce(coalesce: Coalesce) -> Way:
    """Write to the first option; where nothing is to be, nothing is in any of them."""
    first, *others = coalesce.options
    ways = [way_of(first), *_possible(others)]

    def put(value: Any, draft: Draft) -> None:
        for way in ways if value is None else ways[:1]:
            way.put(value, draft)

    told = ("which of its sources it came from",) if ways[1:] else ()
    paths = tuple(path for way in ways for path in way.paths)
    return Way(put, paths, (*ways[0].loses, *told), ways[0].needs)


def _possible(options: Sequence[Expression]) -> list[Way]:
    ways = []
    for one in options:
        try:
            ways.append(way_of(one))
        except Irreversible:
            continue
    return ways


def _convert(conversion: Convert) -> Way:
    converter, options = conversion.converter, conversion.options
    if converter.reverse is None:
        raise Irreversible(f"goes through the converter '{converter.name}', which has no way back")
    back, inner = converter.reverse(options), way_of(conversion.of)
    # What a source writes where it has no date is its own way to say so.
    nothing = next(iter(getattr(options, "empty", ())), None)

    def put(value: Any, draft: Draft) -> None:
        if value is None:
            inner.put(nothing, draft)
            return
        others = [None if path is None else draft.get(path) for path in conversion.arguments]
        inner.put(back(value, *others), draft)

    needs = tuple(path for path in conversion.arguments if path is not None)
    loses = (converter.loses,) if converter.loses else ()
    return Way(put, inner.paths, (*inner.loses, *loses), (*inner.needs, *needs))


def _lookup(lookup: Lookup) -> Way:
    found, inner = way_back(lookup), way_of(lookup.of)
    if found.ambiguous:
        codes = " and ".join(f"'{code}'" for code in next(iter(found.ambiguous.values()))[:2])
        raise Irreversible(f"is looked up, and the codes {codes} of {lookup.file} mean the same")

    def put(value: Any, draft: Draft) -> None:
        if value is None or value in found.codes:
            inner.put(found.codes.get(value), draft)
        elif lookup.unknown == "keep":
            inner.put(value, draft)
        else:
            raise Refused("mapping.reverse.value", f"no code of {lookup.file} means this")

    loses = ("the spelling of the code",) if lookup.trim or lookup.fold else ()
    return Way(put, inner.paths, (*inner.loses, *loses), inner.needs)


def _concat(concat: Concat) -> Way:
    between = [concat.separator] * (len(concat.parts) - 1)
    return _joined(["", *between, ""], concat.parts)


def _format(template: Format) -> Way:
    return _joined(list(template.texts), template.parts)


def _joined(texts: list[str], parts: Sequence[Expression]) -> Way:
    """Take a text apart between its literals, which begin and end it; constants are among them."""
    literals, inner = texts[:1], list[Way]()
    for text, part in zip(texts[1:], parts, strict=True):
        if isinstance(part, Constant):
            literals[-1] += f"{part.value}{text}"
        else:
            inner.append(way_of(part))
            literals.append(text)
    try:
        separate = separator(literals)
    except ValueError as error:
        raise Irreversible(f"is put together, and {error}") from None

    def put(value: Any, draft: Draft) -> None:
        pieces = [None] * len(inner) if value is None else separate(value)
        for way, piece in zip(inner, pieces, strict=True):
            way.put(piece, draft)

    return _together(put, inner)


def _together(put: Put, ways: Sequence[Way]) -> Way:
    return Way(
        put,
        tuple(path for way in ways for path in way.paths),
        tuple(word for way in ways for word in way.loses),
        tuple(path for way in ways for path in way.needs),
    )


def _choose(choose: Choose) -> Way:
    """Write what makes the case hold that gives the value; all look at the same source."""
    found: dict[Any, Any] = {}
    sources = []
    for case in choose.cases:
        of, wanted = _met_by(case.condition)
        if not isinstance(case.value, Constant):
            raise Irreversible("depends on a case, and which one it was cannot be told")
        found.setdefault(case.value.value, wanted)
        sources.append(of)
    if any(of != sources[0] for of in sources):
        raise Irreversible("depends on cases that look at different columns")
    if not isinstance(choose.otherwise, Constant):
        raise Irreversible("depends on a case, and which one it was cannot be told")
    if choose.otherwise.value not in found:
        if None in found.values() and choose.otherwise != NOTHING:
            raise Irreversible("needs a value that no case names")
        found[choose.otherwise.value] = None
    inner = way_of(sources[0])

    def put(value: Any, draft: Draft) -> None:
        if value not in found:
            raise Refused("mapping.reverse.value", "no case gives this value")
        inner.put(found[value], draft)

    return Way(put, inner.paths, (*inner.loses, "which of several values it was"), inner.needs)


def _met_by(condition: Condition) -> tuple[Expression, Any]:
    """Return what a condition looks at, and a value that makes it hold."""
    match condition:
        case OneOf(of=of, values=values):
            return of, values[0]
        case Missing(of=of):
            return of, None
        case _:
            raise Irreversible("depends on a condition that no single value makes hold")


def _arithmetic(sum_: Arithmetic) -> Way:
    parts = sum_.parts
    places = [place for place, part in enumerate(parts) if not isinstance(part, Constant)]
    if len(places) != 1:
        raise Irreversible("is calculated from several numbers")
    (place,) = places
    inner = way_of(parts[place])
    known = [Decimal(part.value) for part in parts if isinstance(part, Constant)]
    solve = _solver(sum_.operator, known, first=place == 0)

    def put(value: Any, draft: Draft) -> None:
        inner.put(None if value is None else plain_decimal(solve(Decimal(value))), draft)

    return Way(put, inner.paths, inner.loses, inner.needs)


def _solver(
    operator: str, known: Sequence[Decimal], *, first: bool
) -> Callable[[Decimal], Decimal]:
    """Return a function from a result to the one unknown number it was calculated from."""
    whole = known[0]
    for one in known[1:]:
        whole = WIDE.multiply(whole, one) if operator == "multiply" else WIDE.add(whole, one)
    ways: Mapping[str, Callable[[Decimal], Decimal]] = {
        "add": lambda result: WIDE.subtract(result, whole),
        "subtract": lambda result: (
            WIDE.add(result, whole) if first else WIDE.subtract(whole, result)
        ),
        "multiply": lambda result: WIDE.divide(result, whole),
        "divide": lambda result: (
            WIDE.multiply(result, whole) if first else WIDE.divide(whole, result)
        ),
    }
    return ways[operator]


def _each(each: Each) -> Way:
    if not isinstance(each.of, Read):
        raise Irreversible("is a list that is put together")
    inner = {}
    for name, expression in each.fields.items():
        try:
            inner[name] = way_of(expression)
        except Irreversible as error:
            raise Irreversible(f"is a list whose field {name} {error.reason}") from None
    outer = way_of(each.of)

    def put(value: Any, draft: Draft) -> None:
        outer.put(None if value is None else [_item(one, inner) for one in value], draft)

    loses = tuple(word for way in inner.values() for word in way.loses)
    return Way(put, outer.paths, loses, outer.needs)


def _item(value: Mapping[str, Any], ways: Mapping[str, Way]) -> Any:
    draft = Draft()
    for name, way in sorted(ways.items(), key=lambda one: bool(one[1].needs)):
        way.put(value.get(name), draft)
    return draft.result


_WAYS: Mapping[type, Callable[[Any], Way]] = {
    Read: _read,
    Constant: lambda _constant: _NOWHERE,
    Ordinal: lambda _ordinal: _NOWHERE,
    Guarded: lambda guarded: way_of(guarded.of),
    Default: lambda default: way_of(default.of),
    Coalesce: _coalesce,
    Convert: _convert,
    Lookup: _lookup,
    Concat: _concat,
    Format: _format,
    Choose: _choose,
    Arithmetic: _arithmetic,
    Each: _each,
}
