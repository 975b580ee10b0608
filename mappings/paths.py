"""Paths into a source row: a column, then members, list positions and selections.

``addresses[0].country.code`` and ``contact_mechanisms[type=phone|mobile].value`` are paths;
the latter takes the first record of either type, and spells booleans true and false. A name
with a dot or a bracket in it is quoted: ``['unit price.net']``. Following a path is safe: a
missing member, a position past the end and a selection without a match are missing values.
A step into something that is neither record nor list refuses the row, since its source has
changed shape.

Within the items of a list a path begins at the item: ``@`` is the item itself, ``^.LAND`` a
member of the record around it, and ``$.LAND`` a column of the row.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from mappings.values import MAX_DIGITS, Refused, describe, refuse


@dataclass(frozen=True, slots=True)
class Member:
    """Step into a record."""

    name: str


@dataclass(frozen=True, slots=True)
class Position:
    """Step into a list; negative positions count from the end."""

    index: int


@dataclass(frozen=True, slots=True)
class Select:
    """First record of a list whose ``name`` is spelt like one of ``values``."""

    name: str
    values: tuple[str, ...]


Step = Member | Position | Select


@dataclass(frozen=True, slots=True)
class Path:
    """A column and the steps from there.

    Within an item of a list ``column`` is a member of the item, or empty for the item itself;
    ``up`` says how many records further out the path begins.
    """

    column: str
    steps: tuple[Step, ...] = ()
    up: int = field(default=0, metadata={"added": True})


class PathError(ValueError):
    """A path is not well formed; ``offset`` is the place in its text, from 0."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message


MAX_LENGTH = 400
_NAME = r"[^\s.\[\]'\"=](?:[^.\[\]'\"=]*[^\s.\[\]'\"=])?"
_TOKENS = re.compile(
    rf"""
    \['(?P<quoted>[^']+)'\]
    | \[(?P<index>-?\d{{1,6}})\]
    | \[(?P<key>{_NAME})=(?:'(?P<exact>[^']*)'|(?P<bare>{_NAME}))\]
    | (?P<dot>\.)?(?P<name>{_NAME})
    """,
    re.VERBOSE,
)


_ROW = re.compile(r"\$(?:\.|(?=\[))")
_OUTWARDS = re.compile(r"(?:\^\.)+")
_ITEM = re.compile(r"@(?=$|[.\[])")


def parse_path(text: str, depth: int = 0) -> Path:
    """Return the path that ``text`` spells; PathError says where it goes wrong.

    ``depth`` is how many lists' items it stands within.
    """
    item = _ITEM.match(text) if depth else None
    if item:
        return Path("", tuple(_steps(text, item.end(), at_start=False)))
    row, outwards = _ROW.match(text), _OUTWARDS.match(text)
    up = depth if row else outwards.end() // 2 if outwards else 0
    if up > depth:
        raise PathError(0, "there is no record around this one")
    start = row or outwards
    steps = list(_steps(text, start.end() if start else 0))
    if not steps or not isinstance(steps[0], Member):
        raise PathError(0, "a path begins with the name of a column")
    return Path(steps[0].name, tuple(steps[1:]), up)


def _steps(text: str, start: int, *, at_start: bool = True) -> Iterator[Step]:
    offset = start
    if len(text) > MAX_LENGTH:
        raise PathError(MAX_LENGTH, f"a path has at most {MAX_LENGTH} characters")
    while offset < len(text):
        match = _TOKENS.match(text, offset)
        if match is None:
            raise PathError(offset, _complaint(text, offset))
        if match["name"] is not None and bool(match["dot"]) == (at_start and offset == start):
            raise PathError(offset, "members are separated by one dot")
        yield _step(match)
        offset = match.end()


def _complaint(text: str, offset: int) -> str:
    if text[offset] == "[":
        return "brackets hold a position [0], a selection [name=value] or a quoted ['name']"
    if text[offset] == ".":
        return "a name is missing after the dot"
    return f"'{text[offset]}' cannot stand here"


def _step(match: re.Match[str]) -> Step:
    if match["index"] is not None:
        return Position(int(match["index"]))
    if match["key"] is not None:
        exact = match["exact"]
        return Select(match["key"], tuple(match["bare"].split("|")) if exact is None else (exact,))
    return Member(match["quoted"] or match["name"])


def member(value: Any, name: str) -> Any:
    """Return a record's member; None when value or member is missing."""
    if value.__class__ is dict:
        return value.get(name)
    if value is None:
        return None
    if isinstance(value, dict):
        return value.get(name)
    raise Refused("mapping.path", f"{describe(value)} stands where a record is needed")


def position(value: Any, index: int) -> Any:
    """Return a list's item; None when the list is missing or too short."""
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise Refused("mapping.path", f"{describe(value)} stands where a list is needed")
    return value[index] if -len(value) <= index < len(value) else None


def select(value: Any, name: str, wanted: tuple[str, ...]) -> Any:
    """Return a list's first record whose ``name`` is spelt like one of ``wanted``, else None."""
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise Refused("mapping.path", f"{describe(value)} stands where a list is needed")
    for item in value:
        found = member(item, name)
        if found is not None and spelt(found) in wanted:
            return item
    return None


def is_writable(path: Path) -> bool:
    """Return whether a value can be put at a path: its lists' first or last item, or selected."""
    places = [step.index for step in path.steps if isinstance(step, Position)]
    return all(place in (0, -1) for place in places)


def items(value: Any) -> Any:
    """Return a list's items, None for a missing list; a single record is a list of one.

    That is how sources that come from XML write it.
    """
    if value.__class__ is list or value is None:
        return value
    if isinstance(value, dict):
        return (value,)
    if isinstance(value, list | tuple):
        return value
    if value == "":
        return None
    raise Refused("mapping.path", f"{describe(value)} stands where a list is needed")


def record(value: Any) -> dict[str, Any]:
    """Return an item that is a record; an empty one where nothing stands."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused("mapping.path", f"{describe(value)} stands where a record is needed")
    return value


def inside(error: Refused, index: int, names: tuple[str, ...], at: int) -> Refused:
    """Return a refusal that names the item, and the field in it if any, where it came about."""
    field = f".{names[at]}" if names[at] else ""
    return Refused(error.code, error.message, f"[{index}]{field}{error.place}")


def spelt(value: Any) -> str:
    """Return a scalar as project files spell it, a number without exponent.

    Raises Refused ``mapping.integer.invalid`` for one of thousands of digits.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= MAX_DIGITS:
        return f"{value:f}"
    try:
        return str(value)
    except ValueError:
        refuse("integer", value, "number that can be spelt")
