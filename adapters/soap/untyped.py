"""Reads an element that no WSDL describes, by what it says of itself.

Guarantee: no text, child or plain attribute is left out. A named type is that type's value;
an encoded array and what repeats is a list; pairs of ``key`` and ``value`` as PHP sends a map
are a mapping; other children are members by name; a text beside attributes is ``_value_1``.
"""

from typing import TYPE_CHECKING, Any

from lxml import etree

from adapters.soap import xml
from adapters.soap.reading import XSI_TYPE, is_array

if TYPE_CHECKING:
    from adapters.soap.scope import Scope

TEXT = "_value_1"

_TRUE = ("true", "1")
_PAIR = frozenset({"key", "value"})
_TECHNICAL = frozenset({"id", "href", "encodingStyle"})


def read_untyped(element: etree._Element, scope: "Scope") -> Any:
    """Return the value of an element whose declaration is unknown, or says nothing."""
    if element.get(xml.NIL) in _TRUE:
        return None
    named = element.get(XSI_TYPE)
    if named is not None and not is_array(element):
        plan = scope.chosen(element, named, scope.plans.untyped)
        if plan is not scope.plans.untyped:
            return scope.lenient(element, plan, xml.local(element))
    if is_array(element):
        return [_inner(child, scope) for child in scope.reply.children(element)]
    if not len(element):
        return _leaf(element)
    children = list(scope.reply.children(element))
    if all(_is_pair(child) for child in children):
        return dict(_pair(child, scope) for child in children)
    return _members(element, scope)


def plain(value: Any, scope: "Scope") -> Any:
    """Return a value with each raw element in it read."""
    if etree.iselement(value):
        return read_untyped(value, scope)
    if isinstance(value, dict):
        return {key: plain(one, scope) for key, one in value.items()}
    if isinstance(value, list):
        if value and all(map(etree.iselement, value)):
            return put_all({}, value, scope)
        return [plain(one, scope) for one in value]
    return value


def put_all(values: dict[str, Any], children: Any, scope: "Scope") -> dict[str, Any]:
    """Put elements into ``values`` by their names; what repeats becomes a list."""
    repeated: set[str] = set()
    for child in children:
        put(values, xml.local(child), _inner(child, scope), repeated)
    return values


def put(values: dict[str, Any], name: str, value: Any, repeated: set[str]) -> None:
    """Put one value under a name; ``repeated`` holds the names that are lists by repetition."""
    if name not in values:
        values[name] = value
    elif name in repeated:
        values[name].append(value)
    else:
        values[name] = [values[name], value]
        repeated.add(name)


def _inner(element: etree._Element, scope: "Scope") -> Any:
    return scope.read(element, scope.plans.untyped)


def _members(element: etree._Element, scope: "Scope") -> dict[str, Any]:
    values = put_all({}, xml.children(element), scope)
    for name, text in _own_attributes(element).items():
        values.setdefault(name, text)
    if (element.text or "").strip():
        values.setdefault(TEXT, element.text)
    return values


def _leaf(element: etree._Element) -> Any:
    own = _own_attributes(element)
    return {**own, TEXT: element.text} if own else element.text


def _own_attributes(element: etree._Element) -> dict[str, str]:
    """Return the attributes that are data: those of no namespace."""
    return {
        str(name): str(text)
        for name, text in element.attrib.items()
        if not str(name).startswith("{") and name not in _TECHNICAL
    }


def _is_pair(element: etree._Element) -> bool:
    names = {xml.local(child) for child in xml.children(element)}
    return xml.local(element) == "item" and names == _PAIR and len(element) == len(_PAIR)


def _pair(element: etree._Element, scope: "Scope") -> tuple[str, Any]:
    parts = {xml.local(child): _inner(child, scope) for child in scope.reply.children(element)}
    return str(parts["key"]), parts["value"]
