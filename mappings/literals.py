"""What a value in a mapping file means, by how it is written there.

YAML reads ``007`` as 7, ``NO`` as false and ``12:30:00`` as seconds, where a mapping speaks of a
code; and a number with many decimals as one with fewer. Here a value is what its writer sees: a
text where a text is meant, a number only where it is spelt as one, and then exactly.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from config.binding import hints_of
from config.tree import Node
from mappings.values import cast, parse_decimal
from shared_services.contracts.entities import FieldKind


def literal(node: Node) -> Any:
    """Return a scalar of whatever kind, or what a list or record holds, as a row would hold it."""
    if isinstance(node.value, dict):
        return {name: literal(child) for name, child in node.value.items()}
    if isinstance(node.value, list):
        return [literal(child) for child in node.value]
    code = node.code()
    if code is not None:
        return code
    return Decimal(node.text) if isinstance(node.value, float) else node.value


def typed(node: Node, kind: FieldKind) -> Any:
    """Return a scalar as a canonical value of ``kind``; ValueError when it is none."""
    return cast(spelling(node, kind), kind)


def spelling(node: Node, kind: FieldKind) -> Any:
    """Return what a value of ``kind`` is made of: the written text, where that says more."""
    code = node.code()
    if kind == "string" or (kind == "decimal" and not code):
        return node.text or node.value
    is_whole = type(node.value) is int and code is not None and code.lstrip("+-").isdecimal()
    if is_whole and code is not None and kind in ("integer", "decimal"):
        return int(code)  # to YAML 010 is eight
    return code if type(node.value) is int and code is not None else node.value


def as_texts(node: Node, cls: type) -> Node:
    """Return a node whose numbers are texts where the options in ``cls`` are: ``fill: 0``."""
    hints = hints_of(cls)
    value = {name: _as_text(child, hints.get(name)) for name, child in node.items()}
    return replace(node, value=value) if isinstance(node.value, dict) else node


def _as_text(node: Node, hint: Any) -> Node:
    if hint == tuple[str, ...] and isinstance(node.value, list):
        return replace(node, value=[_as_text(one, str) for one in node.value])
    is_text = hint in (str, tuple[str, ...]) and node.text
    return replace(node, value=node.text, text="") if is_text else node


def alike(node: Node) -> tuple[Any, ...]:
    """Return what else a source may deliver for a scalar: the text ``5`` for 5, and 5 for it.

    A day is found as text, as a date and as its midnight, an instant as text and as a date-time.
    """
    value = literal(node)
    if isinstance(value, bool):
        return (node.text.lower(),)
    if isinstance(value, int | Decimal):
        return (node.text,)
    return _of_text(value) if isinstance(value, str) else ()


def _of_text(text: str) -> tuple[Any, ...]:
    if text in ("true", "false"):
        return (text == "true",)
    try:
        number = parse_decimal(text)
    except ValueError:
        return _moments(text)
    return (number,) if str(number) == text else ()


def _moments(text: str) -> tuple[Any, ...]:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ()
    is_day = len(text) == len("2025-01-31")
    return (moment.date(), moment) if is_day else (moment,)
