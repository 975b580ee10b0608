"""Cuts a large WSDL down to the operations that a configuration names.

Guarantee: what is left means what it meant before. Types that the operations can reach stay,
with all that are derived from them; where more could be reached than can be seen here (an
imported schema, ``xs:any``), every type stays. An operation that is not there leaves the
document as it came, so that the nearest known one can be named.
"""

from collections import defaultdict
from collections.abc import Iterable

from lxml import etree

from adapters.soap import xml

LARGE = 200_000
"""Documents below this many bytes are not worth the cutting."""

_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_REFERS = ("type", "ref", "base", "itemType", "memberTypes", "substitutionGroup", "element")
_ARRAY = f"{_WSDL}arrayType"
_OPEN = frozenset({"anyType", "any", "anyAttribute"})


def operation_uses(root: etree._Element) -> dict[tuple[str, str], bool]:
    """Return whether each operation's request is encoded: (binding, operation) → bool."""
    uses = {}
    for binding in root.iterfind(f"{_WSDL}binding"):
        for operation in binding.iterfind(f"{_WSDL}operation"):
            body = operation.find(f"{_WSDL}input/{{*}}body")
            encoded = body is not None and body.get("use") == "encoded"
            uses[binding.get("name", ""), operation.get("name", "")] = encoded
    return uses


def cut(content: bytes, wanted: frozenset[str]) -> bytes:
    """Return a WSDL that holds the ``wanted`` operations alone."""
    root = xml.parse(content, "the WSDL")
    bound = root.findall(f"{_WSDL}binding/{_WSDL}operation")
    if not wanted <= {one.get("name") for one in bound}:
        return content
    abstract = root.findall(f"{_WSDL}portType/{_WSDL}operation")
    kept = [one for one in (*bound, *abstract) if one.get("name") in wanted]
    _remove(one for one in (*bound, *abstract) if one.get("name") not in wanted)
    needed = {
        _local(one.get("message", "")) for operation in kept for one in operation.iter("{*}*")
    }
    messages = root.findall(f"{_WSDL}message")
    _remove(one for one in messages if one.get("name") not in needed)
    parts = [part for one in messages if one.get("name") in needed for part in one]
    _cut_types(root, {name for part in parts for name in _names(part)})
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _cut_types(root: etree._Element, needed: set[str]) -> None:
    schemas = root.findall(f"{_WSDL}types/{_XS}schema")
    if any(one.get("schemaLocation") for schema in schemas for one in schema):
        return
    globals_ = [one for schema in schemas for one in schema if one.get("name")]
    if any(xml.local(one) in ("redefine", "override") for schema in schemas for one in schema):
        return
    by_name, derived = defaultdict(list), defaultdict(list)
    for one in globals_:
        by_name[one.get("name", "")].append(one)
        for base in _bases(one):
            derived[base].append(one.get("name", ""))
    reached = set[str]()
    waiting = set(needed)
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        waiting.update(derived[name])
        for one in by_name[name]:
            found = {named for inner in one.iter("{*}*") for named in _names(inner)}
            if found & _OPEN or any(xml.local(inner) in _OPEN for inner in one.iter("{*}*")):
                return
            waiting |= found - reached
    _remove(one for one in globals_ if one.get("name") not in reached)


def _bases(element: etree._Element) -> set[str]:
    """Return the names of the types and elements that a global one stands in for."""
    found = {_local(element.get("substitutionGroup", ""))}
    for inner in element.iter(f"{_XS}extension", f"{_XS}restriction"):
        found.add(_local(inner.get("base", "")))
    return found - {""}


def _names(element: etree._Element) -> set[str]:
    told = [element.get(name, "") for name in _REFERS]
    told.append((element.get(_ARRAY) or "").partition("[")[0])
    return {_local(one) for text in told for one in text.split()}


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _remove(elements: Iterable[etree._Element]) -> None:
    for one in list(elements):
        parent = one.getparent()
        if parent is not None:
            parent.remove(one)
