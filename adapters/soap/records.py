"""Reads the elements of a complex type into records.

Guarantee: ``RecordPlan.read`` is strict: a child that the type does not know there, one too
many, or one that is missing before it raises ``Unlike``, and nothing has been reported then.
"""

from typing import TYPE_CHECKING, Any

from lxml import etree

from adapters.soap import xml
from adapters.soap.lenient import read_record
from adapters.soap.members import Layout
from adapters.soap.reading import XSI_TYPE
from adapters.soap.scope import Plan, Scope, Unlike
from adapters.soap.values import Convert, convert

if TYPE_CHECKING:
    from adapters.soap.plan import Plans


_MOST_TAGS = 1000

_Entry = tuple[int, str, int | None, int, Convert | None, Plan]
"""A member's place, key, most and needs; what converts its text, if it is one; its plan."""


class RecordPlan:
    """A complex type: its members and attributes by name.

    Where its only member is repeated, an encoded array may stand in its place.
    """

    def __init__(self, xsd_type: Any, members: Layout, plans: "Plans") -> None:
        self.name = xsd_type.name or ""
        self.converts: Convert | None = None
        self.layout = members
        self.takes_arrays = members.repeated is not None
        self._plans = plans
        self._readers: list[Plan] | None = None
        self._entries: dict[str, _Entry] = {}

    def read(self, element: etree._Element, scope: Scope) -> Any:
        """Return the value; raise ``Unlike`` where the element is not as declared."""
        layout = self.layout
        if layout.text is not None:
            if len(element):
                raise Unlike
            values = layout.fresh()
            values[layout.text[0]] = convert(element.text, layout.text[1])
        elif len(element):
            values = layout.fresh()
            if layout.ordered:
                self._sequence(element, values, scope)
            else:
                self._all(element, values, scope)
        else:
            if (element.text or "").strip():
                raise Unlike
            if not element.attrib or not layout.keys:
                return None
            values = layout.fresh()
        if element.attrib:
            self.put_attributes(element, values)
        return values

    def lenient(self, element: etree._Element, scope: Scope, path: str) -> Any:
        """Return what can be read of the element."""
        return read_record(self, element, scope, path)

    def reader(self, at: int) -> Plan:
        """Return the plan of the member at a place."""
        return self._compiled()[at]

    def put_attributes(self, element: etree._Element, values: dict[str, Any]) -> None:
        """Put an element's attributes into its record."""
        layout = self.layout
        for key, name, to in layout.attributes:
            text = element.get(name)
            if text is not None:
                values[key] = convert(text, to)
        if layout.any_attribute is not None and element.attrib:
            known = {name for _, name, _ in layout.attributes} | {XSI_TYPE}
            values[layout.any_attribute] = {
                str(name): text for name, text in element.attrib.items() if name not in known
            }

    def _compiled(self) -> list[Plan]:
        if self._readers is None:
            self._readers = [self._plans.of(one.xsd_type) for one in self.layout.members]
        return self._readers

    def _entry(self, tag: str) -> _Entry | None:
        """Return what a child of this tag is; remembered, for there are few tags and many rows."""
        at = self.layout.place(tag)
        if at is None:
            return None
        member, reader = self.layout.members[at], self._compiled()[at]
        to = reader.converts if member.most == 1 else None
        entry = (at, member.key, member.most, member.needs, to, reader)
        if len(self._entries) < _MOST_TAGS:
            self._entries[tag] = entry
        return entry

    def _sequence(self, element: etree._Element, values: dict[str, Any], scope: Scope) -> None:
        entries, plain, last = self._entries, scope.plain, -1
        for child in element:
            tag = child.tag
            entry = entries.get(tag) or self._entry(tag)
            if entry is None:
                last = self._other(child, values, scope)
                continue
            at, key, most, needs, to, reader = entry
            if at < last or needs > last or (at == last and most == 1):
                raise Unlike
            last = at
            if to is not None and plain and not len(child):
                text = child.text
                values[key] = text if to is str else convert(text, to)
            elif most == 1:
                values[key] = scope.read(child, reader)
            else:
                _append(values[key], scope.read(child, reader), most)

    def _all(self, element: etree._Element, values: dict[str, Any], scope: Scope) -> None:
        members, readers = self.layout.members, self._compiled()
        seen = set()
        for child in element:
            at = self.layout.place(child.tag)
            if at is None or at in seen:
                raise Unlike
            seen.add(at)
            values[members[at].key] = scope.read(child, readers[at])

    def _other(self, child: etree._Element, values: dict[str, Any], scope: Scope) -> int:
        """Read what stands at ``xs:any``, under its own name."""
        name = xml.local(child)
        if not self.layout.wildcard or name in values:
            raise Unlike
        values[name] = scope.read(child, scope.plans.element(child.tag) or scope.plans.untyped)
        return len(self.layout.members)


def _append(values: list[Any], value: Any, most: int | None) -> None:
    if most is not None and len(values) >= most:
        raise Unlike
    values.append(value)
