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
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from config.binding import nearest
from config.tree import Node
from mappings.analysis import kind_of
from mappings.conditions import without
from mappings.conversions import OPERATORS, ConversionReader
from mappings.fields import restriction
from mappings.literals import literal, spelling
from mappings.model import (
    NOTHING,
    Case,
    Choose,
    Coalesce,
    Constant,
    Default,
    Expression,
    FieldExpression,
    Guarded,
    Read,
)
from mappings.values import KIND_TYPES, Refused, cast
from shared_services.contracts.entities import FieldKind, FieldType

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
MAX_STEPS = 30
ON_ERROR = ("quarantine", "drop_field", "default")
_SHAPES: dict[type, FieldKind] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    Decimal: "decimal",
}


class ExpressionReader(ConversionReader):
    """Reads expressions of one file; every finding goes to ``problems``.

    A method that returns None has added at least one problem. ``field``, where given, is the
    canonical field that takes the value as it is: its kind and restrictions are checked.
    """

    def field(self, node: Node, field: FieldType) -> FieldExpression | None:
        """Return a canonical field's expression, of the field's kind."""
        on_error = node.get("on_error")
        node = without(node, ("on_error", *self._nearly_on_error(node)))
        expression = self.read(node, field)
        if on_error and not self._on_error(on_error, expression, field):
            return None
        if expression is None:
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
        self._refuse(node, "mapping.kind", message, self._giving(field.kind, kind))
        return None

    def _nearly_on_error(self, node: Node) -> list[str]:
        """Return the keys that are meant to be ``on_error``; they were told of."""
        others = [key for key in node.keys if key not in (*_KEYS, "on_error")]
        found = [key for key in others if get_close_matches(key, ("on_error",), n=1)]
        for key in found:
            message = f"unknown key '{key}'"
            remedy = nearest(key, ("on_error",))
            self._refuse(node.keys[key], "mapping.unknown_key", message, remedy)
        return found

    def _giving(self, kind: FieldKind, taken: FieldKind | None) -> str:
        """Return how a value of ``kind`` is come by, of one that is ``taken`` where that goes."""
        all_giving = [one for one in self._converters.values() if one.gives == kind]
        direct = [one for one in all_giving if taken and KIND_TYPES[taken] in one.takes]
        giving = sorted(one.name for one in direct or all_giving)
        return f"Add via: {' or '.join(giving)}" if giving else ""

    def _on_error(self, place: Node, expression: Expression | None, field: FieldType) -> bool:
        """Return whether ``on_error`` can be kept; add what is wrong with it."""
        if place.value not in ON_ERROR:
            known = ", ".join(ON_ERROR)
            remedy = nearest(str(place.value), ON_ERROR)
            self._refuse(place, "mapping.expression", f"on_error is one of {known}", remedy)
        elif expression is None:
            return False
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
            if node.text:
                remedy += f", and {{path: '{node.text}'}} for a column"
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
        misspelt = self._unknown_keys(node, _KEYS)
        found = [key for key in SOURCES if key in node.keys]
        if len(found) != 1:
            if misspelt and not found:
                return None
            message = f"exactly one of {', '.join(SOURCES)} is needed, found {len(found)}"
            self._refuse(node, "mapping.expression", message)
            return None
        for key, sources in COMPANIONS.items():
            if key in node.keys and found[0] not in sources:
                message = f"'{key}' belongs to '{' or '.join(sources)}', which is not here"
                self._refuse(node.keys[key], "mapping.expression", message)
        return found[0]

    def _constant(self, node: Node, field: FieldType | None) -> Constant | None:
        kind = field.kind if field else _SHAPES.get(type(literal(node)))
        if kind is None:
            self._refuse(node, "mapping.value", "a constant is a text, number or boolean")
            return None
        value = self._value(node, spelling(node, kind), kind, field)
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
        misspelt = self._unknown_keys(node, ("if", "then"))
        condition = None if test is None else self.condition(test)
        value = None if then is None else self.read(then, field)
        if (test is None or then is None) and not misspelt:
            self._refuse(node, "mapping.expression", "a case holds 'if' and 'then'")
        return None if condition is None or value is None else Case(condition, value)

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
        steps = self._steps(via)
        if len(steps) > MAX_STEPS:
            self._refuse(node, "mapping.expression", f"via holds at most {MAX_STEPS} converters")
            return None
        for step in steps:
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


def _guarded(expression: Expression, on_error: str) -> FieldExpression:
    if on_error == "quarantine":
        return expression
    if on_error == "default" and isinstance(expression, Default):
        return Guarded(expression, expression.value)
    return Guarded(expression, NOTHING)


def _field_of(expression: Expression | None) -> FieldType | None:
    """Return an unrestricted field of the expression's kind, to read its default by."""
    kind = None if expression is None else kind_of(expression)
    return None if kind is None else FieldType("", kind, False, True, False)
