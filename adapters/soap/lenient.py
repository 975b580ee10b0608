"""Reads a record that is not what its WSDL says, child by child.

Guarantee: everything that the WSDL knows arrives, whatever its order; each way in which the
element differs is reported, and a member that stands more often than it may becomes a list
rather than lose a value.
"""

from typing import TYPE_CHECKING, Any

from lxml import etree

from adapters.soap import xml
from adapters.soap.reading import is_array, require_all
from adapters.soap.untyped import put, read_untyped
from adapters.soap.values import convert

if TYPE_CHECKING:
    from adapters.soap.records import RecordPlan
    from adapters.soap.scope import Scope


def read_record(plan: "RecordPlan", element: etree._Element, scope: "Scope", path: str) -> Any:
    """Return the record that can be made of ``element``; ``path`` is from the row."""
    layout = plan.layout
    if layout.text is None and not layout.members and not layout.wildcard:
        return read_untyped(element, scope)
    if not len(element) and (element.text or "").strip() and layout.text is None:
        return element.text
    values = layout.fresh()
    plan.put_attributes(element, values)
    if layout.text is not None:
        values[layout.text[0]] = convert(element.text, layout.text[1])
    if is_array(element) and layout.repeated is not None:
        return _array(plan, element, scope, path, values)
    _children(plan, element, scope, path, values)
    return values


def _array(
    plan: "RecordPlan",
    element: etree._Element,
    scope: "Scope",
    path: str,
    values: dict[str, Any],
) -> dict[str, Any]:
    """Read an encoded array that stands where the WSDL says a sequence."""
    member, reader = plan.layout.members[0], plan.reader(0)
    children = list(xml.children(element))
    require_all(element, len(children))
    values[member.key] = [scope.lenient(child, reader, path) for child in children]
    return values


def _children(
    plan: "RecordPlan",
    element: etree._Element,
    scope: "Scope",
    path: str,
    values: dict[str, Any],
) -> None:
    layout, seen, others = plan.layout, list[int](), set[str]()
    for child in xml.children(element):
        name = xml.local(child)
        where = f"{path}.{name}" if path else name
        at = layout.place_of_name(name)
        if at is None:
            if layout.wildcard:
                put(values, name, scope.read(child, scope.plans.untyped), others)
            else:
                scope.differs(where, "unexpected")
            continue
        member, value = layout.members[at], scope.lenient(child, plan.reader(at), where)
        if member.most != 1:
            values[member.key].append(value)
        elif at in seen:
            scope.differs(where, "repeated")
            put(values, member.key, value, others)
        else:
            values[member.key] = value
        seen.append(at)
    _tell(plan, element, scope, path, seen)


def _tell(
    plan: "RecordPlan", element: etree._Element, scope: "Scope", path: str, seen: list[int]
) -> None:
    layout = plan.layout
    present = {layout.members[at].name for at in seen}
    for name in sorted(layout.required - present):
        scope.differs(f"{path}.{name}" if path else name, "missing")
    if layout.ordered and seen != sorted(seen):
        scope.differs(path or xml.local(element), "order")
