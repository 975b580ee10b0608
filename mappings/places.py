"""A path written out again, and what stands there in one row: for people who look at it.

Spelling and ``parse_path`` are each other's inverse.
"""

from collections.abc import Mapping
from typing import Any

from mappings.paths import Member, Path, Position, Step, member, position, select
from mappings.values import Refused

_MARKS = frozenset(".[]'\"=")


def spell(path: Path) -> str:
    """Return a path as mappings write it."""
    return "".join(map(_spell, (Member(path.column), *path.steps))).removeprefix(".")


def found_at(path: Path, row: Mapping[str, Any]) -> Any:
    """Return what stands at a path; None also where the row has another shape."""
    value = row.get(path.column)
    try:
        for step in path.steps:
            value = _into(value, step)
    except Refused:
        return None
    return value


def _spell(step: Step) -> str:
    if isinstance(step, Member):
        plain = step.name.strip() == step.name and _MARKS.isdisjoint(step.name)
        return f".{step.name}" if plain else f"['{step.name}']"
    if isinstance(step, Position):
        return f"[{step.index}]"
    return f"[{step.name}={'|'.join(map(_word, step.values))}]"


def _word(text: str) -> str:
    plain = text and text.strip() == text and not ({*text} & (_MARKS | {"|"}))
    return text if plain else f"'{text}'"


def _into(value: Any, step: Step) -> Any:
    if isinstance(step, Member):
        return member(value, step.name)
    if isinstance(step, Position):
        return position(value, step.index)
    return select(value, step.name, step.values)
