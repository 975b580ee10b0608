"""What a change of the published language does to those who still speak the last one.

A caller of yesterday must be understood (requests and commands may only become wider), and a
reader of yesterday must understand (replies and events may only become narrower or gain fields).
All else is breaking, and is told with the place of each change.

=========================  =======================  ========================
change                     request, command         reply, event
=========================  =======================  ========================
field added                fine, unless required    fine
field removed              breaking                 breaking
becomes required           breaking                 fine
becomes optional           fine                     breaking
type or choice added       fine                     breaking
type or choice removed     breaking                 fine
limit stricter             breaking                 fine
limit looser               fine                     breaking
pattern, format, default   breaking                 breaking (default: fine)
personal mark changed      breaking                 breaking
=========================  =======================  ========================
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared_services.contracts.schemas import PERSONAL, Schema

Messages = Mapping[str, Schema]

_PARTS: Final = {
    "request": True,
    "command": True,
    "reply": False,
    "selected": False,
    "event": False,
}
"""A message's parts, and whether the center is the one that reads them."""
_UPPER: Final = ("maxLength", "maximum", "maxItems")
_LOWER: Final = ("minLength", "minimum", "minItems")
_EXACT: Final = ("pattern", "format")
_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two sets of contracts."""

    place: str
    what: str
    breaking: bool


def changes(old: Messages, new: Messages) -> list[Change]:
    """Return every difference, in the order of the messages' names."""
    found: list[Change] = []
    for name in sorted({*old, *new}):
        if name not in new:
            found.append(Change(name, "removed", breaking=True))
        elif name not in old:
            found.append(Change(name, "added", breaking=False))
        else:
            found.extend(_message(name, old[name], new[name]))
    return found


def _message(name: str, old: Schema, new: Schema) -> Iterator[Change]:
    if old.get("center") != new.get("center"):
        yield Change(name, "answered by another center", breaking=True)
    for part, read in _PARTS.items():
        place = f"{name} {part}"
        if part in old and part in new:
            yield from _Side(old[part], new[part], read=read).compare(old[part], new[part], place)
        elif part in old:
            yield Change(place, "removed", breaking=True)
        elif part in new:
            yield Change(place, "added", breaking=False)


@dataclass(frozen=True, slots=True)
class _Side:
    """Compares one part of a message; ``read``: the center reads it, apps write it."""

    old_root: Schema
    new_root: Schema
    read: bool

    def compare(self, old: Schema, new: Schema, place: str) -> Iterator[Change]:
        old, new = _resolve(old, self.old_root), _resolve(new, self.new_root)
        if bool(old.get(PERSONAL)) != bool(new.get(PERSONAL)):
            word = "marked" if new.get(PERSONAL) else "no longer marked"
            yield Change(place, f"{word} as personal", breaking=True)
        before, after = _kinds(old, self.old_root), _kinds(new, self.new_root)
        yield from self._sets("type", set(before), set(after), place)
        for kind in sorted(before.keys() & after.keys()):
            yield from self._kind(before[kind], after[kind], place)

    def _kind(self, old: Schema, new: Schema, place: str) -> Iterator[Change]:
        yield from self._choices(old, new, place)
        yield from self._limits(old, new, place)
        for name in _EXACT:
            if old.get(name) != new.get(name):
                yield Change(place, f"{name} changed", breaking=True)
        if "items" in old and "items" in new:
            yield from self.compare(old["items"], new["items"], f"{place}[]")
        yield from self._properties(old, new, place)

    def _properties(self, old: Schema, new: Schema, place: str) -> Iterator[Change]:
        before, after = old.get("properties", {}), new.get("properties", {})
        was, becomes = set(old.get("required", ())), set(new.get("required", ()))
        for name in (*before, *(one for one in after if one not in before)):
            where = f"{place}.{name}"
            if name not in after:
                yield Change(where, "removed", breaking=True)
            elif name not in before:
                word = "added, required" if name in becomes else "added"
                yield Change(where, word, breaking=self.read and name in becomes)
            else:
                yield from self._presence(name in was, name in becomes, where)
                yield from self._default(before[name], after[name], where)
                yield from self.compare(before[name], after[name], where)

    def _presence(self, was: bool, becomes: bool, place: str) -> Iterator[Change]:
        if becomes and not was:
            yield Change(place, "became required", breaking=self.read)
        elif was and not becomes:
            yield Change(place, "became optional", breaking=not self.read)

    def _default(self, old: Schema, new: Schema, place: str) -> Iterator[Change]:
        both = (old.get("default", _MISSING), new.get("default", _MISSING))
        if _MISSING not in both and both[0] != both[1]:
            yield Change(place, "default changed", breaking=self.read)

    def _choices(self, old: Schema, new: Schema, place: str) -> Iterator[Change]:
        before, after = _choices(old), _choices(new)
        if before is not None and after is not None:
            yield from self._sets("choice", before, after, place)
        elif before is not None:
            yield Change(place, "choices lifted", breaking=not self.read)
        elif after is not None:
            yield Change(place, "choices imposed", breaking=self.read)

    def _sets(self, what: str, old: set[str], new: set[str], place: str) -> Iterator[Change]:
        for name in sorted(old - new):
            yield Change(place, f"{what} {name} removed", breaking=self.read)
        for name in sorted(new - old):
            yield Change(place, f"{what} {name} added", breaking=not self.read)

    def _limits(self, old: Schema, new: Schema, place: str) -> Iterator[Change]:
        for name in (*_UPPER, *_LOWER):
            sign = 1 if name in _UPPER else -1
            before, after = _limit(old, name, sign), _limit(new, name, sign)
            if after < before:
                yield Change(place, f"{name} stricter", breaking=self.read)
            elif after > before:
                yield Change(place, f"{name} looser", breaking=not self.read)


def _limit(schema: Schema, name: str, sign: int) -> float:
    return float(schema[name]) * sign if name in schema else float("inf")


def _choices(schema: Schema) -> set[str] | None:
    if "const" in schema:
        return {repr(schema["const"])}
    return {repr(one) for one in schema["enum"]} if "enum" in schema else None


def _kinds(schema: Schema, root: Schema) -> dict[str, Schema]:
    """Return the schema's alternatives by their type; objects of one type by their title."""
    arms = [_resolve(arm, root) for arm in schema.get("anyOf", [schema])]
    return {_kind_of(arm): arm for arm in arms}


def _kind_of(schema: Schema) -> str:
    if "enum" in schema or "const" in schema:
        return "string"
    return str(schema.get("type", "anything"))


def _resolve(schema: Schema, root: Schema) -> Schema:
    reference: Any = schema.get("$ref")
    if reference is None:
        return schema
    found: Schema = root["$defs"][reference.rsplit("/", 1)[1]]
    return {**found, **{name: value for name, value in schema.items() if name[0] != "$"}}
