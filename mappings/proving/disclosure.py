"""What of a source row a golden file may hold: what the mapping reads, and of that what is mild.

Guarantee: a column, or a member of a record, that the mapping does not read is left out. Of what
it reads, a value is masked that feeds a personal canonical field, stands in a column marked
``personal``, or is asked for nothing but whether it is there. Words that stand in the mapping or
in its tables (codes, the words of a condition, a selection or a converter's option) are no secret
and stay.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, fields, replace
from typing import Any

from mappings.analysis import paths_of
from mappings.model import Convert, Each, Lookup, Mapping, Missing, OneOf, Read
from mappings.paths import Member, Path, Position, Step, spelt
from mappings.walking import CONDITIONS, children_of

Place = tuple[str | int, ...]

_LONGEST_CODE = 2


@dataclass(slots=True)
class _Use:
    """How a place is used: whether its value is ``shown`` or ``personal``, words that stay.

    ``code`` is a value that is compared with words: one of a letter or two tells nothing.
    """

    shown: bool = False
    personal: bool = False
    code: bool = False
    words: set[str] = field(default_factory=set)

    def masks(self, value: Any) -> bool:
        """Return whether a value that is used so is masked."""
        if self.shown and not self.personal:
            return False
        is_code = self.code and not self.personal and isinstance(value, str)
        word = spelt(value)
        known = word in self.words or word.strip().casefold() in self.words
        return not known and not (is_code and len(value) <= _LONGEST_CODE)

    def merge(self, other: "_Use") -> None:
        """Add another use of the same place."""
        self.shown |= other.shown
        self.personal |= other.personal
        self.code |= other.code
        self.words |= other.words


@dataclass(slots=True)
class _Need:
    """What is needed of a value: itself (``use``), members of it, or what its items hold."""

    use: _Use | None = None
    members: dict[str, "_Need"] = field(default_factory=dict)
    items: "_Need | None" = None


_NOTHING = _Need()


class Disclosure:
    """Cuts rows of a mapping down to what it needs, and says which values to mask."""

    def __init__(self, mapping: Mapping) -> None:
        self._needs = _Need()
        self._marked: frozenset[str] = mapping.personal
        for path, use in _uses(mapping):
            self._add(path, use)

    def cut(self, row: Dict[str, Any]) -> tuple[dict[str, Any], list[Place]]:
        """Return what is needed of a row, copied, and the places of values to mask in it."""
        places: list[Place] = []
        kept = _cut(row, self._needs, None, (), places)
        return kept, places

    def _add(self, path: Path, use: _Use) -> None:
        need = self._needs.members.setdefault(path.column, _Need())
        use.personal = use.personal or path.column in self._marked
        for step in path.steps:
            need = _entered(need, step)
        need.use = need.use or _Use()
        need.use.merge(use)


def _entered(need: _Need, step: Step) -> _Need:
    if isinstance(step, Member):
        return need.members.setdefault(step.name, _Need())
    need.items = need.items or _Need()
    if isinstance(step, Position):
        return need.items
    selecting = need.items.members.setdefault(step.name, _Need())
    selecting.use = selecting.use or _Use()
    selecting.use.words.update(step.values)
    return need.items


def _uses(mapping: Mapping) -> Iterator[tuple[Path, _Use]]:
    personal = {one.name for one in mapping.entity.fields if one.personal}
    for name, expression in mapping.fields.items():
        yield from _uses_in(expression, personal=name in personal)
    for expression in mapping.checks.values():
        yield from _uses_in(expression, personal=False)
    for rule in mapping.filters:
        yield from _tested(rule.condition)


def _uses_in(expression: Any, *, personal: bool) -> Iterator[tuple[Path, _Use]]:
    match expression:
        case Read(path=path):
            yield path, _Use(shown=True, personal=personal)
        case Lookup(of=of, at=at):
            yield from _uses_in(of, personal=personal)
            if isinstance(of, Read):
                yield of.path, _Use(words={*expression.table, *expression.spans})
            yield from _uses_in(at, personal=False)
        case Each(of=of):
            yield from ((path, _Use()) for path in paths_of(of))
            yield from _uses_of_items(expression)
        case _:
            # What another column says about a value (its country, its zone) is not the value.
            arguments = getattr(expression, "arguments", ())
            yield from ((path, _Use(shown=True)) for path in arguments if path is not None)
            if isinstance(expression, Convert):
                words = _option_words(expression.options)
                yield from ((path, _Use(words={*words})) for path in paths_of(expression.of))
            for child in children_of(expression):
                if isinstance(child, CONDITIONS):
                    yield from _tested(child)
                else:
                    yield from _uses_in(child, personal=personal)


def _option_words(options: Any) -> set[str]:
    """Return the words that a converter's options list: for nothing, for yes, for no date."""
    listed = (getattr(options, one.name) for one in fields(options))
    lists = (value for value in listed if isinstance(value, tuple))
    words = {word for value in lists for word in value if isinstance(word, str)}
    return words | {word.strip().casefold() for word in words}


def _uses_of_items(each: Each) -> Iterator[tuple[Path, _Use]]:
    """Yield the uses within a list's items, their paths beginning where the list's own does."""
    personal = {one.name for one in each.specs if one.personal}
    inner = [
        use
        for name, expression in each.fields.items()
        for use in _uses_in(expression, personal=name in personal)
    ]
    inner += [use for rule in each.filters for use in _tested(rule.condition)]
    for path, use in inner:
        if path.up:
            yield replace(path, up=path.up - 1), use
            continue
        for outer in paths_of(each.of):
            # Any position stands for them all.
            steps = (*outer.steps, Position(0), *([Member(path.column)] if path.column else []))
            yield replace(outer, steps=(*steps, *path.steps)), replace(use, words={*use.words})


def _tested(condition: Any) -> Iterator[tuple[Path, _Use]]:
    match condition:
        case Missing(of=of):
            yield from ((path, _Use()) for path in paths_of(of))
        case OneOf(of=Read(path=path), values=values):
            yield path, _Use(code=True, words={spelt(value) for value in values})
        case _:
            for child in children_of(condition):
                if isinstance(child, CONDITIONS):
                    yield from _tested(child)
                else:
                    yield from _uses_in(child, personal=False)


def _cut(value: Any, need: _Need, around: _Use | None, place: Place, places: list[Place]) -> Any:
    """Return what is needed of a value; ``around`` is how the whole that it stands in is used."""
    use = _both(need.use, around)
    whole = use if use is not None and (use.shown or use.words) else None
    if isinstance(value, Dict):
        wanted = value if whole else [name for name in need.members if name in value]
        return {
            name: _cut(value[name], need.members.get(name, _NOTHING), whole, (*place, name), places)
            for name in wanted
        }
    if isinstance(value, list | tuple):
        inner = need.items or _NOTHING
        return [_cut(item, inner, whole, (*place, at), places) for at, item in enumerate(value)]
    if use is None or use.masks(value):
        places.append(place)
    return value


def _both(use: _Use | None, around: _Use | None) -> _Use | None:
    if use is None or around is None:
        return use or around
    both = _Use()
    both.merge(use)
    both.merge(around)
    return both


def at_place(row: Any, place: Iterable[str | int]) -> Any:
    """Return what stands at a place of a row that was cut."""
    for step in place:
        row = row[step]
    return row


def put_at(row: Any, place: Place, value: Any) -> None:
    """Put a value at a place of a row that was cut."""
    at_place(row, place[:-1])[place[-1]] = value
