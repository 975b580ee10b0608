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
        self._nulls = spec.nulls
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
            return None if name not in self._booleans and self._is_null(value) else value
        if isinstance(value, list) and value:
            if self._pairs != "keep" and is_pair(value):
                return self._pair(value)
            return [self._meant("", item) for item in value]
        if isinstance(value, dict) and value:
            return {member: self._meant(member, part) for member, part in value.items()}
        return None if self._is_null(value) else value

    def _pair(self, value: list[Any]) -> Any:
        if self._pairs == "both":
            return {"id": value[0], "name": value[1]}
        return value[0 if self._pairs == "id" else 1]

    def _is_null(self, value: Any) -> bool:
        return any(type(null) is type(value) and null == value for null in self._nulls)


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
