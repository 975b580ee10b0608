"""Plans: a WSDL's types compiled once into readers of raw elements.

Guarantee: ``read`` gives what zeep gives, value for value, or raises ``Unlike``: a plan is
never a guess. Its exceptions are deliberate. Nothing is left out: an empty item keeps its place
in an array, a false value its place in a choice, what stands at ``xs:any`` its name; a text
that is not of its type stays a text. ``lenient`` reads child by child whatever came, and reports
each difference from the WSDL. Constructs that no plan knows (a repeated choice, say) are read
by zeep itself.
"""

from collections.abc import Mapping
from typing import Any

import zeep.exceptions
from lxml import etree
from zeep.helpers import serialize_object
from zeep.xsd import AnySimpleType, ComplexType

from adapters.soap import xml
from adapters.soap.members import Undone, layout
from adapters.soap.reading import ENCODING, ENCODING_12
from adapters.soap.records import RecordPlan
from adapters.soap.scope import Plan, Scope, Unlike
from adapters.soap.untyped import plain, read_untyped
from adapters.soap.values import Convert, Meaning, convert, converter, meant

_SCHEMA = "http://www.w3.org/2001/XMLSchema"


class SimplePlan:
    """A text."""

    takes_arrays = False

    def __init__(self, name: str, to: Convert) -> None:
        self.name = name
        self.converts: Convert | None = to
        self._to = to

    def read(self, element: etree._Element, scope: Scope) -> Any:
        """Return the value; raise ``Unlike`` where the element is not as declared."""
        del scope
        if len(element):
            raise Unlike
        return convert(element.text, self._to)

    def lenient(self, element: etree._Element, scope: Scope, path: str) -> Any:
        """Return what can be read of the element."""
        for child in scope.reply.children(element):
            scope.differs(f"{path}.{xml.local(child)}", "unexpected")
        value = convert(element.text, self._to)
        return read_untyped(element, scope) if value is None else value


class UntypedPlan:
    """Anything: what the element says of itself decides."""

    name = "anyType"
    takes_arrays = True
    converts: Convert | None = None

    def read(self, element: etree._Element, scope: Scope) -> Any:
        """Return the value; raise ``Unlike`` where the element is not as declared."""
        return read_untyped(element, scope)

    def lenient(self, element: etree._Element, scope: Scope, path: str) -> Any:
        """Return what can be read of the element."""
        del path
        return read_untyped(element, scope)


class ArrayPlan:
    """An encoded array: a list of its items, whatever they are called."""

    takes_arrays = True
    converts: Convert | None = None

    def __init__(self, name: str, item: Any, plans: "Plans") -> None:
        self.name = name
        self._item_type = item
        self._plans = plans

    @property
    def item(self) -> Plan:
        """The plan of an item that names no type of its own."""
        return self._plans.of(self._item_type)

    def read(self, element: etree._Element, scope: Scope) -> Any:
        """Return the value; raise ``Unlike`` where the element is not as declared."""
        if not len(element) and not element.attrib:
            return None
        item = self.item
        return [scope.read(child, item) for child in xml.children(element)]

    def lenient(self, element: etree._Element, scope: Scope, path: str) -> Any:
        """Return what can be read of the element."""
        item = self.item
        return [scope.lenient(child, item, path) for child in xml.children(element)]


class ZeepPlan:
    """A construct that no plan knows."""

    takes_arrays = False
    converts: Convert | None = None

    def __init__(self, xsd_type: Any, schema: Any) -> None:
        self.name = xsd_type.name or ""
        self._type = xsd_type
        self._schema = schema

    def read(self, element: etree._Element, scope: Scope) -> Any:
        """Return the value; raise ``Unlike`` where the element is not as declared."""
        value = self._type.parse_xmlelement(element, self._schema, schema_type=self._type)
        return plain(serialize_object(value, dict), scope)  # type: ignore[no-untyped-call]  # untyped

    def lenient(self, element: etree._Element, scope: Scope, path: str) -> Any:
        """Return what can be read of the element."""
        del path
        return read_untyped(element, scope)


class Plans:
    """The plans of one WSDL, each compiled when it is first needed.

    ``meant`` says of simple types, by name, what the service means by them instead.
    """

    def __init__(self, schema: Any, meant: Mapping[str, Meaning] | None = None) -> None:
        self._schema = schema
        self._meant = meant or {}
        self._made: dict[int, tuple[Any, Plan]] = {}
        self.untyped: Plan = UntypedPlan()
        self.any_array: Plan = ArrayPlan("Array", None, self)

    def of(self, xsd_type: Any) -> Plan:
        """Return the plan of a zeep type; that of anything for None."""
        if xsd_type is None:
            return self.untyped
        kept = self._made.get(id(xsd_type))
        if kept is None:
            kept = self._made[id(xsd_type)] = (xsd_type, self._compile(xsd_type))
        return kept[1]

    def by_name(self, space: str | None, name: str) -> Plan | None:
        """Return the plan of a named type, None where nobody knows it."""
        if space in (ENCODING, ENCODING_12) and name != "Array":
            space = _SCHEMA  # each simple type of the encoding is that of the schema, with an id
        qname = etree.QName(space, name) if space else etree.QName(name)
        found = self._schema.get_type(qname, fail_silently=True)
        return None if found is None else self.of(found)

    def kinds(self, xsd_type: Any) -> list[Any]:
        """Return the types that an element of a type may be of: that one, and its extensions."""
        base = getattr(xsd_type, "_value_class", None)
        if base is None:
            return [xsd_type]
        known = (one for one in self._schema.types if isinstance(one, ComplexType))
        derived = [one for one in known if one is not xsd_type and base in one.accepted_types]
        return [xsd_type, *derived]

    def element(self, tag: str) -> Plan | None:
        """Return the plan of a global element, None where nobody declares it."""
        try:
            return self.of(self._schema.get_element(tag).type)
        except zeep.exceptions.Error:
            return None

    def _compile(self, xsd_type: Any) -> Plan:
        if isinstance(xsd_type, AnySimpleType):
            name = xsd_type.name or ""
            meaning = self._meant.get(name)
            return SimplePlan(name, meant(name, meaning) if meaning else converter(xsd_type))
        if not isinstance(xsd_type, ComplexType):
            return self.untyped
        array = xsd_type._array_type  # noqa: SLF001 zeep offers no public way
        if array is not None:
            return ArrayPlan(xsd_type.name or "", array.array_type, self)
        try:
            return RecordPlan(xsd_type, layout(xsd_type), self)
        except Undone:
            return ZeepPlan(xsd_type, self._schema)
