"""Reads expressions and conditions from a mapping file's tree, and reports what is wrong.

An expression is a path, or a mapping with exactly one source (``path``, ``const``,
``coalesce``, ``concat``, ``format``, ``when``, ``each``, ``position``, or an operation on
numbers), which ``via``, ``lookup`` and ``default`` are applied to in this order::

    email: contact_mechanisms[type=email].value
    phone: {path: TEL, via: [trim, {phone: {country_from: LAND}}]}
    kind:  {path: KIND, lookup: crm_kind.csv}
    name:  {concat: [NAME2, NAME1], separator: " ", via: collapse}
    active: {when: [{if: {path: DEL_FLAG, equals: J}, then: {const: false}}], else: {const: true}}
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from string import Formatter
from typing import Any, get_args

from config.binding import bind, nearest
from config.tree import Node
from mappings.analysis import kind_of
from mappings.conditions import without
from mappings.converters import Converter
from mappings.converters.numbers import MAX_PLACES, Rounding
from mappings.fields import restriction
from mappings.lists import ListReader
from mappings.model import (
    NOTHING,
    Arithmetic,
    Case,
    Choose,
    Coalesce,
    Concat,
    Constant,
    Convert,
    Default,
    Expression,
    FieldExpression,
    Format,
    Guarded,
    Operator,
    Ordinal,
    Read,
)
from mappings.paths import Path
from mappings.values import KIND_TYPES, Refused, cast
from shared_services.contracts.entities import FieldKind, FieldType

OPERATORS: tuple[Operator, ...] = get_args(Operator)
SOURCES = (
    *("path", "const", "coalesce", "concat", "format", "when", "each", "position"),
    *OPERATORS,
)
COMPANIONS: dict[str, tuple[str, ...]] = {
    "separator": ("concat",),
    "else": ("when",),
    "places": OPERATORS,
    "rounding": OPERATORS,
}
_KEYS = (*SOURCES, *COMPANIONS, "via", "lookup", "default")
ON_ERROR = ("quarantine", "drop_field", "default")
_SHAPES: dict[type, FieldKind] = {str: "string", bool: "boolean", int: "integer", float: "decimal"}


class ExpressionReader(ListReader):
    """Reads expressions of one file; every finding goes to ``problems``.

    A method that returns None has added at least one problem. ``field``, where given, is the
    canonical field that takes the value as it is: its kind and restrictions are checked.
    """

    def field(self, node: Node, field: FieldType) -> FieldExpression | None:
        """Return a canonical field's expression, of the field's kind."""
        on_error = node.get("on_error")
        if on_error is not None:
            node = without(node, ("on_error",))
        expression = self.read(node, field)
        if expression is None or (on_error and not self._on_error(on_error, expression, field)):
            return None
        kind = kind_of(expression)
        if field.kind == "records" and kind is None:
            message = f"the field '{field.name}' is a list of records"
            remedy = "Write {each: {of: PATH, fields: {...}}}"
            self._refuse(node, "mapping.kind", message, remedy)
            return None
        if kind in (None, field.kind) or (kind, field.kind) == ("integer", "decimal"):
            return _guarded(expression, on_error.value) if on_error else expression
        message = f"the field '{field.name}' is {field.kind}, but this gives {kind}"
        self._refuse(node, "mapping.kind", message, self._giving(field.kind))
        return None

    def _giving(self, kind: FieldKind) -> str:
        """Return how a value of ``kind`` is come by."""
        giving = sorted(one.name for one in self._converters.values() if one.gives == kind)
        return f"Add via: {' or '.join(giving)}" if giving else ""

    def _on_error(self, place: Node, expression: Expression, field: FieldType) -> bool:
        """Return whether ``on_error`` can be kept; add what is wrong with it."""
        if place.value not in ON_ERROR:
            known = ", ".join(ON_ERROR)
            self._refuse(place, "mapping.expression", f"on_error is one of {known}")
        elif place.value == "default" and not isinstance(expression, Default):
            message = "there is no default to take on an error"
            self._refuse(place, "mapping.expression", message, "Add default:, or say drop_field")
        elif place.value == "drop_field" and not field.nullable:
            message = f"the field '{field.name}' is required and cannot be dropped"
            self._refuse(place, "mapping.expression", message, "Say default, with a default:")
        else:
            return True
        return False

    def read(self, node: Node, field: FieldType | None = None) -> Expression | None:
        """Return the expression at ``node``."""
        if isinstance(node.value, str):
            return self._path(node)
        if not isinstance(node.value, dict):
            message = "an expression is a path, or a mapping such as {path: ..., via: ...}"
            remedy = "Write {const: ...} for a value that is always the same"
            self._refuse(node, "mapping.expression", message, remedy)
            return None
        source = self._source_key(node)
        if source is None:
            return None
        direct = None if "via" in node.keys or "lookup" in node.keys else field
        readers: dict[str, Callable[[Node, FieldType | None], Expression | None]] = {
            "path": lambda given, _field: self._path(given.value["path"]),
            "const": lambda given, into: self._constant(given.value["const"], into),
            "coalesce": self._coalesce,
            "concat": lambda given, _field: self._concat(given),
            "format": lambda given, _field: self._format(given.value["format"]),
            "when": self._choose,
            "each": lambda given, into: self._list(given.value["each"], into),
            "position": lambda given, _field: self._ordinal(given.value["position"]),
            **dict.fromkeys(OPERATORS, lambda given, _field: self._arithmetic(given)),
        }
        expression = readers[source](node, direct)
        return self._modified(node, expression, field)

    def _path(self, node: Node) -> Expression | None:
        path = self.path(node)
        return None if path is None else Read(path)

    def _source_key(self, node: Node) -> str | None:
        if self._unknown_keys(node, _KEYS):
            return None
        found = [key for key in SOURCES if key in node.keys]
        if len(found) != 1:
            message = f"exactly one of {', '.join(SOURCES)} is needed, found {len(found)}"
            self._refuse(node, "mapping.expression", message)
            return None
        for key, sources in COMPANIONS.items():
            if key in node.keys and found[0] not in sources:
                message = f"'{key}' belongs to '{' or '.join(sources)}', which is not here"
                self._refuse(node.keys[key], "mapping.expression", message)
                return None
        return found[0]

    def _constant(self, node: Node, field: FieldType | None) -> Constant | None:
        kind = field.kind if field else _SHAPES.get(type(node.value))
        if kind is None:
            self._refuse(node, "mapping.value", "a constant is a text, number or boolean")
            return None
        value = self._value(node, node.value, kind, field)
        return None if value is None else Constant(value, kind)

    def _value(self, node: Node, value: Any, kind: FieldKind, field: FieldType | None) -> Any:
        try:
            canonical = cast(value, kind)
            if field is not None and kind == "string":
                restriction(field)(canonical)
        except ValueError:
            told = node.plain() if isinstance(value, dict | list) else value
            self._refuse(node, "mapping.value", f"'{told}' is no {kind}")
            return None
        except Refused as refused:
            near = nearest(str(value), field.choices) if field else ""
            message = f"'{value}' does not fit the field: {refused.message}"
            self._refuse(node, "mapping.value", message, near)
            return None
        return canonical

    def _coalesce(self, node: Node, field: FieldType | None) -> Expression | None:
        options: tuple[Expression, ...] | None = self._each(
            node.value["coalesce"], lambda one: self.read(one, field)
        )
        return None if options is None else self._of_one_kind(node, Coalesce(options), options)

    def _concat(self, node: Node) -> Expression | None:
        separator = node.get("separator")
        if separator is not None and not isinstance(separator.value, str):
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
        return Concat(parts, separator.value if separator else "")

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
        if any(spec or conversion for _, _, spec, conversion in pieces):
            message = "a format holds paths in braces, and nothing else in them"
            self._refuse(node, "mapping.expression", message)
            return None
        named = [replace(node, value=name) for _, name, _, _ in pieces if name is not None]
        parts = tuple(part for part in map(self._path, named) if part is not None)
        if len(parts) < len(named) or not parts:
            if not named:
                self._refuse(node, "mapping.expression", "a format holds at least one {path}")
            return None
        texts = _between(pieces)
        return Format(texts, parts)

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

    def _choose(self, node: Node, field: FieldType | None) -> Expression | None:
        cases = self._each(node.value["when"], lambda one: self._case(one, field))
        other = node.get("else")
        otherwise = NOTHING if other is None else self.read(other, field)
        if cases is None or otherwise is None:
            return None
        branches = (*(case.value for case in cases), otherwise)
        return self._of_one_kind(node, Choose(cases, otherwise), branches)

    def _case(self, node: Node, field: FieldType | None) -> Case | None:
        test, then = node.get("if"), node.get("then")
        if test is None or then is None:
            self._refuse(node, "mapping.expression", "a case holds 'if' and 'then'")
            return None
        condition, value = self.condition(test), self.read(then, field)
        if self._unknown_keys(node, ("if", "then")) or condition is None or value is None:
            return None
        return Case(condition, value)

    def _of_one_kind(
        self, node: Node, whole: Expression, branches: tuple[Expression, ...]
    ) -> Expression | None:
        kinds = {kind for one in branches if one != NOTHING and (kind := kind_of(one))}
        if len(kinds) > 1:
            message = f"the branches give different kinds: {', '.join(sorted(kinds))}"
            self._refuse(node, "mapping.kind", message)
            return None
        return whole

    def _modified(
        self, node: Node, expression: Expression | None, field: FieldType | None
    ) -> Expression | None:
        via, lookup, default = (node.get(key) for key in ("via", "lookup", "default"))
        for step in self._steps(via):
            converted = self._convert(step, expression)
            expression = converted
        if lookup is not None:
            expression = self._lookup(lookup, expression, field)
        if default is not None:
            constant = self._constant(default, field or _field_of(expression))
            if expression is None or constant is None:
                return None
            expression = Default(expression, constant)
        return expression

    def _steps(self, via: Node | None) -> list[Node]:
        if via is None:
            return []
        return via.value if isinstance(via.value, list) else [via]

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
        options: Any = bind(node, converter.options, self._problems)
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


def _guarded(expression: Expression, on_error: str) -> FieldExpression:
    if on_error == "quarantine":
        return expression
    if on_error == "default" and isinstance(expression, Default):
        return Guarded(expression, expression.value)
    return Guarded(expression, NOTHING)


def _call(node: Node) -> tuple[str, Node, Node | None]:
    """Return a converter's name, its place and its options: ``email`` or ``{date: {...}}``."""
    if isinstance(node.value, dict) and len(node.keys) == 1:
        name, options = next(node.items())
        return name, node.keys[name], options
    return str(node.value if not isinstance(node.value, dict) else list(node.keys)), node, None


def _field_of(expression: Expression | None) -> FieldType | None:
    """Return an unrestricted field of the expression's kind, to read its default by."""
    kind = None if expression is None else kind_of(expression)
    return None if kind is None else FieldType("", kind, False, True, False)
