"""Reads the converters that an expression names, and expressions of several values.

``via: {date: {format: "%Y%m%d"}}`` names a converter and its options; ``concat``, ``format``,
``position`` and the operations on numbers make one value of several.
"""

from dataclasses import dataclass, replace
from string import Formatter
from typing import Any, get_args

from config.binding import bind, nearest
from config.tree import Node
from mappings.analysis import kind_of
from mappings.conditions import MAX_ITEMS
from mappings.converters import Converter
from mappings.converters.numbers import MAX_PLACES, Rounding
from mappings.lists import ListReader
from mappings.literals import as_texts
from mappings.model import (
    Arithmetic,
    Concat,
    Convert,
    Expression,
    Format,
    Operator,
    Ordinal,
    Read,
)
from mappings.paths import Path
from mappings.values import KIND_TYPES

OPERATORS: tuple[Operator, ...] = get_args(Operator)


class ConversionReader(ListReader):
    """Reads conversions and combinations of values."""

    def _convert(self, node: Node, of: Expression | None) -> Expression | None:
        name, place, options_node = _call(node)
        converter = self._converters.get(name)
        if converter is None:
            known = list(self._converters)
            message = f"there is no converter '{name}'"
            self._refuse(place, "mapping.unknown_converter", message, nearest(name, known))
            return None
        options = self._options(options_node or place, options_node is not None, converter)
        arguments = self._arguments(options_node, converter)
        if of is None or options is None or arguments is None:
            return None
        kind = kind_of(of)
        if kind is not None and KIND_TYPES[kind] not in converter.takes:
            message = f"the converter '{name}' does not take {kind}"
            self._refuse(place, "mapping.kind", message)
            return None
        return Convert(of, converter, options, arguments)

    def _options(self, node: Node, given: bool, converter: Converter) -> Any:
        if not given:
            node = replace(node, value={}, keys={})
        options: Any = bind(as_texts(node, converter.options), converter.options, self._problems)
        if options is None:
            return None
        try:
            converter.make(options)
        except ValueError as error:
            self._refuse(node, "mapping.option", f"{converter.name}: {error}")
            return None
        return options

    def _arguments(
        self, options: Node | None, converter: Converter
    ) -> tuple[Path | None, ...] | None:
        before = len(self._problems)
        nodes = [options.get(name) if options else None for name in converter.paths]
        paths = tuple(self.path(node) if node else None for node in nodes)
        return paths if len(self._problems) == before else None

    def _concat(self, node: Node) -> Expression | None:
        separator = node.get("separator")
        between = "" if separator is None else separator.written()
        if separator is not None and between is None:
            self._refuse(separator, "mapping.expression", "a separator is a text")
            return None
        parts: tuple[Expression, ...] | None = self._each(node.value["concat"], self.read)
        if parts is None:
            return None
        for part in parts:
            if kind_of(part) not in (None, "string"):
                message = f"texts are joined, but one part gives {kind_of(part)}"
                self._refuse(node, "mapping.kind", message, "Add via: text")
                return None
        return Concat(parts, between or "")

    def _format(self, node: Node) -> Expression | None:
        """Return the reading of ``{NAME2} {NAME1}``; two braces stand for one."""
        if not isinstance(node.value, str):
            self._refuse(node, "mapping.expression", "a format is a text with {paths} in it")
            return None
        try:
            pieces = list(Formatter().parse(node.value))
        except ValueError as error:
            self._refuse(node, "mapping.expression", f"'{node.value}' is no format: {error}")
            return None
        if len(pieces) > MAX_ITEMS:
            message = f"a format holds at most {MAX_ITEMS} paths"
            self._refuse(node, "mapping.expression", message)
            return None
        if any(spec or conversion for _, _, spec, conversion in pieces):
            message = "a format holds paths in braces, and nothing else in them"
            self._refuse(node, "mapping.expression", message)
            return None
        named = [replace(node, value=name) for _, name, _, _ in pieces if name is not None]
        paths = [path for path in map(self.path, named) if path is not None]
        if len(paths) < len(named) or not paths:
            if not named:
                self._refuse(node, "mapping.expression", "a format holds at least one {path}")
            return None
        return Format(_between(pieces), tuple(map(Read, paths)))

    def _ordinal(self, node: Node) -> Expression | None:
        if not self._depth:
            self._refuse(node, "mapping.expression", "only the item of a list has a position")
            return None
        if type(node.value) is not int:
            message = "position holds the number of the first item, such as 1"
            self._refuse(node, "mapping.expression", message)
            return None
        return Ordinal(node.value)

    def _arithmetic(self, node: Node) -> Arithmetic | None:
        operator = next(one for one in OPERATORS if one in node.keys)
        parts: tuple[Expression, ...] | None = self._each(node.value[operator], self.read)
        keys = {"places", "rounding"} & node.keys.keys()
        chosen = replace(
            node,
            value={key: node.value[key] for key in keys},
            keys={key: node.keys[key] for key in keys},
        )
        result = bind(chosen, _Result, self._problems)
        if parts is None or result is None:
            return None
        if len(parts) < 2 or (operator in ("subtract", "divide") and len(parts) > 2):
            self._refuse(node, "mapping.expression", f"{operator} takes two numbers")
            return None
        for part in parts:
            if kind_of(part) not in (None, "decimal", "integer"):
                message = f"numbers are calculated with, but one part gives {kind_of(part)}"
                self._refuse(node, "mapping.kind", message, "Add via: decimal")
                return None
        if operator == "divide" and result.places is None:
            message = "a quotient has no last digit by itself"
            self._refuse(node, "mapping.expression", message, "Add places:, and rounding:")
            return None
        if result.places is not None and not 0 <= result.places <= MAX_PLACES:
            self._refuse(node, "mapping.option", f"places is between 0 and {MAX_PLACES}")
            return None
        return Arithmetic(operator, parts, result.places, result.rounding)


@dataclass(frozen=True, slots=True)
class _Result:
    """How a calculated number is rounded."""

    places: int | None = None
    rounding: Rounding = "half_up"


def _between(pieces: list[tuple[str, Any, Any, Any]]) -> tuple[str, ...]:
    """Return the texts before, between and after a format's paths."""
    texts = [""]
    for text, name, _, _ in pieces:
        texts[-1] += text
        if name is not None:
            texts.append("")
    return tuple(texts)


def _call(node: Node) -> tuple[str, Node, Node | None]:
    """Return a converter's name, its place and its options: ``email`` or ``{date: {...}}``."""
    if isinstance(node.value, dict) and len(node.keys) == 1:
        name, options = next(node.items())
        return name, node.keys[name], options
    return str(node.value if not isinstance(node.value, dict) else list(node.keys)), node, None
