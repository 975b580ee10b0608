"""A legacy record on its way: values put at paths, records and lists made as they are needed.

Guarantee: a place holds one value; two that differ are refused. Reading a finished record at
a path that was written gives what was put there.
"""

from typing import Any

from mappings.paths import Member, Path, Select, Step, spelt
from mappings.values import Refused

_WORDS = {"true": True, "false": False}


class Draft:
    """One record; within a list's items ``result`` may be a bare value."""

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}
        self._put: dict[Path, Any] = {}

    @property
    def result(self) -> Any:
        """Return what was put together."""
        return self._root.get("", self._root)

    def get(self, path: Path) -> Any:
        """Return what was put at a path, None where nothing was."""
        return self._put.get(path)

    def put(self, path: Path, value: Any) -> None:
        """Put a value at a path; Refused ``mapping.reverse.conflict`` where another stands."""
        if path in self._put and self._put[path] != value:
            raise Refused(
                "mapping.reverse.conflict", "two fields put different values at one place"
            )
        self._put[path] = value
        holder: Any = self._root
        key: Any = path.column
        for step in path.steps:
            holder, key = _entered(holder, key, step)
        _set(holder, key, value)


def _entered(holder: Any, key: Any, step: Step) -> tuple[Any, Any]:
    """Step into what stands in ``holder`` at ``key``; return its holder and key."""
    wanted: Any = {} if isinstance(step, Member) else []
    found = _get(holder, key)
    if found is None:
        found = wanted
        _set(holder, key, found)
    if type(found) is not type(wanted):
        raise Refused("mapping.reverse.conflict", "one place is both a record and a list")
    if isinstance(step, Member):
        return found, step.name
    if isinstance(step, Select):
        return found, _selected(found, step)
    return found, 0 if not found or step.index == 0 else len(found) - 1


def _selected(records: list[Any], step: Select) -> int:
    """Return the place of the record that a selection names; append it where it is not there."""
    for place, one in enumerate(records):
        if isinstance(one, dict) and spelt(one.get(step.name)) in step.values:
            return place
    word = step.values[0]
    records.append({step.name: _WORDS.get(word, word)})
    return len(records) - 1


def _get(holder: Any, key: Any) -> Any:
    if isinstance(holder, dict):
        return holder.get(key)
    return holder[key] if key < len(holder) else None


def _set(holder: Any, key: Any, value: Any) -> None:
    if isinstance(holder, list) and key >= len(holder):
        holder.append(value)
    else:
        holder[key] = value
