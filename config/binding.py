"""Binds a tree to typed dataclasses and reports every mismatch at its place.

The dataclass is the schema: its annotations give the types, its defaults what may be left
out. Supported: ``str``, ``int``, ``float``, ``bool``, ``Decimal``, ``timedelta`` (``90s``,
``5m``, ``2h``, ``1d``), ``Path``, ``re.Pattern[str]``, ``Literal``, optional types,
``tuple[T, ...]``, ``Mapping[str, T]``, nested dataclasses, ``Node`` (left as it is) and ``Any``
(made plain).
Where a text is meant, what only looks like a number or boolean to YAML (``007``, ``NO``) is one.
A union of a scalar and a dataclass binds by the shape of the value. A key that is a word of
Python's own (``from``) belongs to the field with an underscore behind it.
"""

import dataclasses
import re
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from config.tree import Node
from midspan.kernel.errors import Problem

T = TypeVar("T")

DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_MISSING = object()


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a remedy that names the nearest of ``known``, or lists them all."""
    close = get_close_matches(name, known, n=1)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Known: {', '.join(sorted(known))}" if known else ""


def bind(
    node: Node, cls: type[T], problems: list[Problem], *, ignore: frozenset[str] = frozenset()
) -> T | None:
    """Return ``node`` as a ``cls``; None when a problem was added to ``problems``.

    Keys in ``ignore`` belong to another schema on the same node and are passed over.
    """
    if not isinstance(node.value, dict):
        problems.append(node.problem("config.type", f"expected a mapping, found {_shape(node)}"))
        return None
    before = len(problems)
    hints = hints_of(cls)  # type: ignore[arg-type]  # a class is hashable
    _refuse_unknown(node, keys_of(cls), ignore, problems)
    values: dict[str, Any] = {}
    for spec in dataclasses.fields(cls):  # type: ignore[arg-type]  # cls is a dataclass
        key = key_of(spec.name)
        child = node.get(key)
        if child is not None:
            values[spec.name] = _convert(child, hints[spec.name], problems)
        elif _required(spec):
            remedy = _misspelt(key, [name for name in node.keys if name not in keys_of(cls)])
            problems.append(node.problem("config.missing", f"the key '{key}' is missing", remedy))
    return cls(**values) if len(problems) == before else None


def keys_of(cls: type) -> frozenset[str]:
    """Return the keys that a dataclass binds."""
    return frozenset(map(key_of, hints_of(cls)))


def parse_duration(text: str) -> timedelta | None:
    """Return ``90s``, ``5m``, ``2h`` or ``1d`` as a timedelta; None when it is none."""
    match = DURATION.fullmatch(text.strip())
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]]) if match else None


def key_of(field: str) -> str:
    """Return the YAML key of a dataclass's field."""
    return field.removesuffix("_")


@cache
def hints_of(cls: Any) -> dict[str, Any]:
    """Return the types of a dataclass's fields, by the fields' names."""
    return typing.get_type_hints(cls)


def _required(spec: "dataclasses.Field[Any]") -> bool:
    return spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING


def _misspelt(key: str, others: Sequence[str]) -> str:
    close = get_close_matches(key, others, n=1, cutoff=0.8)
    return f"Write it in place of '{close[0]}'" if close else ""


def _refuse_unknown(
    node: Node, own: frozenset[str], ignore: frozenset[str], problems: list[Problem]
) -> None:
    for key, place in node.keys.items():
        if key not in own and key not in ignore:
            known = sorted(own | ignore)
            problems.append(
                place.problem("config.unknown_key", f"unknown key '{key}'", nearest(key, known))
            )


def _convert(node: Node, hint: Any, problems: list[Problem]) -> Any:
    origin = typing.get_origin(hint)
    if hint is Node:
        return node
    if hint is Any:
        return node.plain()
    if origin in (typing.Union, types.UnionType):
        return _union(node, typing.get_args(hint), problems)
    if origin is re.Pattern:
        return _pattern(node, problems)
    if origin is typing.Literal:
        return _literal(node, typing.get_args(hint), problems)
    if origin is tuple:
        return _sequence(node, typing.get_args(hint)[0], problems)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(node, typing.get_args(hint)[1], problems)
    if dataclasses.is_dataclass(hint):
        return bind(node, typing.cast("type[Any]", hint), problems)
    return _scalar(node, hint, problems)


def _union(node: Node, choices: tuple[Any, ...], problems: list[Problem]) -> Any:
    if node.value is None and type(None) in choices:
        return None
    kinds = [choice for choice in choices if choice is not type(None)]
    fitting = [kind for kind in kinds if _fits(node, kind)]
    return _convert(node, (fitting or kinds)[0], problems)


def _fits(node: Node, hint: Any) -> bool:
    origin = typing.get_origin(hint)
    if dataclasses.is_dataclass(hint) or (
        origin is not None
        and origin is not tuple
        and isinstance(origin, type)
        and issubclass(origin, Mapping)
    ):
        return isinstance(node.value, dict)
    if origin is tuple:
        return isinstance(node.value, list)
    if origin is typing.Literal:
        return node.value in typing.get_args(hint)
    return _cast(node.value, hint) is not _MISSING


def _literal(node: Node, choices: tuple[Any, ...], problems: list[Problem]) -> Any:
    if node.value in choices:
        return node.value
    names = [str(choice) for choice in choices]
    problems.append(
        node.problem(
            "config.value", f"'{node.value}' is not known here", nearest(str(node.value), names)
        )
    )
    return None


def _pattern(node: Node, problems: list[Problem]) -> "re.Pattern[str] | None":
    if not isinstance(node.value, str):
        problems.append(node.problem("config.type", f"expected a pattern, found {_shape(node)}"))
        return None
    try:
        return re.compile(node.value)
    except re.error as error:
        problems.append(
            node.problem(
                "config.pattern",
                f"'{node.value}' is no regular expression: {error.msg}",
                "Write it in the syntax of Python's re; a backslash makes a character literal",
            )
        )
        return None


def _sequence(node: Node, item: Any, problems: list[Problem]) -> tuple[Any, ...]:
    if isinstance(node.value, list):
        return tuple(_convert(child, item, problems) for child in node.value)
    if isinstance(node.value, dict) or node.value is None:
        problems.append(node.problem("config.type", f"expected a list, found {_shape(node)}"))
        return ()
    return (_convert(node, item, problems),)


def _mapping(node: Node, item: Any, problems: list[Problem]) -> dict[str, Any]:
    if not isinstance(node.value, dict):
        problems.append(node.problem("config.type", f"expected a mapping, found {_shape(node)}"))
        return {}
    return {key: _convert(child, item, problems) for key, child in node.items()}


def _scalar(node: Node, hint: Any, problems: list[Problem]) -> Any:
    value = _cast(node.value, hint)
    if value is not _MISSING:
        return value
    if hint is str and (code := node.code()) is not None:
        return code
    remedy = "Put it in quotes if a text is meant" if hint is str and node.text else ""
    wanted = "a duration such as 90s, 5m, 2h" if hint is timedelta else f"a {hint.__name__}"
    problems.append(node.problem("config.type", f"expected {wanted}, found {_shape(node)}", remedy))
    return None


def _cast(value: Any, hint: Any) -> Any:
    if isinstance(value, dict | list) or value is None:
        return _MISSING
    if hint is timedelta:
        duration = parse_duration(value) if isinstance(value, str) else None
        return _MISSING if duration is None else duration
    if hint is Decimal:
        return _decimal(value)
    if hint is bool or isinstance(value, bool):
        return value if hint is bool and isinstance(value, bool) else _MISSING
    if hint is float and isinstance(value, int | float):
        return float(value)
    if hint is Path and isinstance(value, str):
        return Path(value)
    return value if isinstance(hint, type) and isinstance(value, hint) else _MISSING


def _decimal(value: Any) -> Any:
    if isinstance(value, bool):
        return _MISSING
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return _MISSING


def _shape(node: Node) -> str:
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list"
    return "nothing" if node.value is None else f"'{node.value}'"
