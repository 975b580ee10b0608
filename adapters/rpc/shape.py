"""What values mean that say something else than they are: empty ones, references, relations.

Guarantee: a field that is a boolean keeps its False, whatever stands for an empty value; no
other value is changed but by the system's own ``values``.
"""

from collections.abc import Collection, Mapping
from typing import Any

from adapters.rpc.spec import ValuesSpec
from adapters.rpc.values import unwrap

Record = dict[str, Any]


class Shaper:
    """Makes plain records of a model's rows; ``booleans`` are the model's boolean fields."""

    def __init__(self, spec: ValuesSpec, tag: str | None, booleans: Collection[str]) -> None:
        self._tag = tag
        self._booleans = frozenset(booleans)
        nested = [null for null in spec.nulls if isinstance(null, list | dict)]
        self._false = any(null is False for null in spec.nulls)
        self._empty = frozenset(type(null) for null in nested if not null)
        # A type stands beside each value, for 0 is False and 1 is True to Python.
        self._nulls = frozenset(
            (type(null), null) for null in spec.nulls if null is not False and null not in nested
        )
        self._pairs = spec.pairs
        self._idle = not spec.nulls and spec.pairs == "keep"

    def record(self, row: Mapping[str, Any]) -> Record:
        """Return a row as it is meant; raise RecordError ``rpc.value``."""
        plain: Record = unwrap(row, self._tag)
        if self._idle:
            return plain
        return {name: self._meant(name, value) for name, value in plain.items()}

    def _meant(self, name: str, value: Any) -> Any:
        if value is False:
            return None if self._false and name not in self._booleans else value
        if isinstance(value, list):
            return self._list(value)
        if isinstance(value, dict):
            if not value:
                return None if dict in self._empty else value
            return {member: self._meant(member, part) for member, part in value.items()}
        return None if self._nulls and (type(value), value) in self._nulls else value

    def _list(self, value: list[Any]) -> Any:
        if not value:
            return None if list in self._empty else value
        if self._pairs != "keep" and is_pair(value):
            return self._pair(value)
        return [self._meant("", item) for item in value]

    def _pair(self, value: list[Any]) -> Any:
        if self._pairs == "both":
            return {"id": value[0], "name": value[1]}
        return value[0 if self._pairs == "id" else 1]


def is_pair(value: Any) -> bool:
    """Return whether a value is a reference: an id with the name of what it names."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and type(value[0]) is int
        and isinstance(value[1], str)
    )


def reference(value: Any) -> Any:
    """Return the id that a field holds, however references are given; None for none."""
    if isinstance(value, Mapping):
        return value.get("id")
    if is_pair(value):
        return value[0]
    return None if value is False or isinstance(value, list) else value
