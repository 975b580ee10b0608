"""JSON Schemas of a project's YAML, for editors, from the dataclasses that YAML is bound to.

Guarantee: what ``config.binding`` refuses for its shape (an unknown or missing key, a value of
another type, an unknown word) the schema refuses as well, and what it takes the schema takes.
What can be known only by more than the shape (a zone that does not exist, a lookback that does
not fit) stays for ``midspan lint``.

A system's keys depend on its ``type``: each adapter has a whole schema of its own, with the
common keys beside its own, so that an editor proposes exactly what may stand there.
"""

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from config.binding import DURATION, hints_of, key_of
from config.model import PartConfig, StreamConfig, SyncConfig, SystemConfig
from config.tree import Node

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_DURATION = rf"^\s*{DURATION.pattern}\s*$"
_SENTENCE = re.compile(r"(?<=\.)\s+(?=[A-Z`])")
_SCALARS: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Path: {"type": "string"},
    Decimal: {"type": ["number", "string"], "pattern": r"^\s*[-+]?(\d+(\.\d*)?|\.\d+)\s*$"},
    timedelta: {"type": "string", "pattern": _DURATION},
}
_SINGLE: Schema = {"type": ["string", "number", "boolean"]}


def system_schema(adapters: Mapping[str, tuple[type, type]]) -> Schema:
    """Return the schema of ``config/systems/*.yaml``.

    ``adapters`` holds, by its type's name, each adapter's keys of a system and of a stream.
    """
    definitions = Definitions()
    branches = []
    for name, (system, stream) in sorted(adapters.items()):
        definitions.add(f"{name} stream", [StreamConfig, stream], parts=f"{name} part")
        definitions.add(f"{name} part", [PartConfig, stream])
        definitions.add(f"{name} system", [SystemConfig, system], streams=f"{name} stream")
        branches.append(
            {
                "if": {"required": ["type"], "properties": {"type": {"const": name}}},
                "then": ref(f"{name} system"),
            }
        )
    return {
        "$schema": DRAFT,
        "title": "A legacy system of a Midspan project",
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": sorted(adapters)}},
        "allOf": branches,
        "unevaluatedProperties": False,
        "$defs": definitions.found,
    }


def sync_schema(entities: Sequence[str]) -> Schema:
    """Return the schema of ``config/syncs/*.yaml``; ``entities`` are the canonical ones."""
    definitions = Definitions()
    schema = definitions.merged([SyncConfig])
    schema["properties"]["entity"] |= {"enum": sorted(entities)}
    return {
        "$schema": DRAFT,
        "title": "A sync of a Midspan project",
        **schema,
        "$defs": definitions.found,
    }


class Definitions:
    """Schemas of dataclasses by name, each made once."""

    def __init__(self) -> None:
        self.found: dict[str, Schema] = {}

    def add(self, name: str, classes: Sequence[type], **children: str) -> None:
        """Define ``name`` as an object with the keys of all ``classes``.

        ``children`` names keys that map to objects of another definition.
        """
        schema = self.merged(classes)
        for key, child in children.items():
            schema["properties"][key] |= {"additionalProperties": ref(child)}
        self.found[name] = schema

    def merged(self, classes: Sequence[type]) -> Schema:
        """Return an object that takes the keys of all ``classes`` and no others."""
        properties: Schema = {}
        required: list[str] = []
        for cls in classes:
            hints, told = hints_of(cls), _told(cls)
            for field in dataclasses.fields(cls):
                key = key_of(field.name)
                schema = self._typed(hints[field.name])
                properties[key] = schema | told.get(key, {}) | _default(field)
                if _is_required(field) and key not in required:
                    required.append(key)
        described = inspect.cleandoc(classes[-1].__doc__ or "").partition("\n\n")[0]
        return {
            "description": _prose(described),
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }

    def _typed(self, hint: Any) -> Schema:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if hint in (Node, Any):
            return {}
        if hint is type(None):
            return {"type": "null"}
        if origin in (typing.Union, types.UnionType):
            return _any_of([self._typed(one) for one in arguments])
        if origin is re.Pattern:
            return {"type": "string", "format": "regex"}
        if origin is typing.Literal:
            return {"enum": list(arguments)}
        if origin is tuple:
            return self._listed(arguments[0])
        if origin is not None:
            return {"type": "object", "additionalProperties": self._typed(arguments[1])}
        return self._named(hint) if dataclasses.is_dataclass(hint) else dict(_SCALARS[hint])

    def _listed(self, item: Any) -> Schema:
        one = self._typed(item)
        several = {"type": "array", "items": one}
        if dataclasses.is_dataclass(item):
            return several
        # Where one text is enough it stands for a list of one.
        return _any_of([several, _SINGLE if item in (Any, Node) else one])

    def _named(self, cls: Any) -> Schema:
        name = f"{cls.__module__}.{cls.__qualname__}"
        if name not in self.found:
            self.found[name] = {}  # a class may hold its like
            self.found[name] = self.merged([cls])
        return ref(name)


def _any_of(choices: Sequence[Schema]) -> Schema:
    if all(choice.keys() == {"type"} for choice in choices):
        return {"type": [choice["type"] for choice in choices]}
    return {"anyOf": list(choices)}


def ref(name: str) -> Schema:
    """Return a reference to a definition."""
    return {"$ref": f"#/$defs/{name.replace(' ', '%20')}"}


def _is_required(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _default(field: "dataclasses.Field[Any]") -> Schema:
    shown = field.default
    return {"default": shown} if isinstance(shown, str | int | float) and shown != "" else {}


def _told(cls: type) -> dict[str, Schema]:
    """Return what a class's docstring says of each key: the sentences that name it."""
    told: dict[str, list[str]] = {}
    for sentence in _SENTENCE.split(" ".join(inspect.cleandoc(cls.__doc__ or "").split())):
        for name in dict.fromkeys(re.findall(r"``(\w+)``", sentence)):
            told.setdefault(key_of(name), []).append(_prose(sentence))
    return {name: {"description": " ".join(some)} for name, some in told.items()}


def _prose(text: str) -> str:
    return " ".join(re.sub(r"``(\w*?)_?``", r"`\1`", text).replace("``", "`").split())
