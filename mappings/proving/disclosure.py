"""What of a source row a golden file may hold: what the mapping reads, and of that what is mild.

Guarantee: a column, or a member of a record, that the mapping does not read is left out. Of what
it reads, a value is masked that feeds a personal canonical field, stands in a column marked
``personal``, or is asked for nothing but whether it is there. Words that stand in the mapping or
in its tables (codes, the words of a condition or selection) are no secret and stay.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from typing import Any

from mappings.model import Convert, Lookup, Mapping, Missing, OneOf, Read
from mappings.paths import Member, Path, Position, Step, spelt
from mappings.walking import conditions_in, parts_of

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
        return not (is_code and len(value) <= _LONGEST_CODE) and spelt(value) not in self.words

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
        self._marked: frozenset[str] = frozenset(getattr(mapping, "personal", ()))
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
    for one in parts_of(expression):
        if isinstance(one, Read):
            yield one.path, _Use(shown=True, personal=personal)
        elif isinstance(one, Convert):
            # What another column says about a value (its country, its zone) is not the value.
            yield from ((path, _Use(shown=True)) for path in one.arguments if path is not None)
        elif isinstance(one, Lookup) and isinstance(one.of, Read):
            yield one.of.path, _Use(words=set(one.table))
    yield from _tested(*conditions_in(expression))


def _tested(*conditions: Any) -> Iterator[tuple[Path, _Use]]:
    for condition in conditions:
        for test in parts_of(condition):
            if isinstance(test, Missing):
                yield test.path, _Use()
            elif isinstance(test, OneOf):
                yield test.path, _Use(code=True, words={spelt(value) for value in test.values})
            else:
                yield from _compared(test)


def _compared(test: Any) -> Iterator[tuple[Path, _Use]]:
    path = getattr(test, "path", None)
    if isinstance(path, Path):
        yield path, _Use(shown=True)


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
