"""Writes the requests of rpc operations: the parts in order, encoded where the WSDL says so.

Guarantee: the parts that hold something go out in the WSDL's order. Encoded, each value says its
type, and an array its length. A value for which the WSDL has no place is refused by name,
never left out; ``positional`` sends the empty parts too, as nil.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lxml import etree
from zeep.wsdl.messages.base import SerializedMessage
from zeep.xsd import AnySimpleType, ComplexType

from adapters.soap.reading import ARRAY_TYPE, ENCODING, XSI_TYPE
from adapters.soap.xml import NIL
from config.binding import nearest
from midspan.kernel.errors import ProtocolError

_XS = "http://www.w3.org/2001/XMLSchema"
_MAP = etree.QName("http://xml.apache.org/xml-soap", "Map")
_SPACES = {"xsd": _XS, "xsi": XSI_TYPE[1:].partition("}")[0], "SOAP-ENC": ENCODING}
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "int"),
    (float, "double"),
    (Decimal, "decimal"),
    (datetime, "dateTime"),
    (date, "date"),
)


class RpcRequest:
    """Takes the place of a zeep message's ``serialize``."""

    def __init__(self, message: Any, *, encoded: bool, positional: bool) -> None:
        self._message = message
        self._encoded = encoded
        self._positional = positional

    def __call__(self, **arguments: Any) -> SerializedMessage:
        """Return the envelope of one request; ``_soapheaders`` as zeep takes them."""
        message = self._message
        space = message.nsmap["soap-env"]
        names = {"soap-env": space, **_SPACES}
        envelope = etree.Element(etree.QName(space, "Envelope"), nsmap=names)
        header = message._serialize_header(arguments.pop("_soapheaders", None), names)  # noqa: SLF001 no public way
        if header is not None:
            envelope.append(header)
        body = etree.SubElement(envelope, etree.QName(space, "Body"))
        if message.body is not None:
            self._parts(body, message.body, arguments, space)
        action = message.operation.soapaction or ""
        return SerializedMessage(path=None, headers={"SOAPAction": f'"{action}"'}, content=envelope)

    def _parts(
        self, body: etree._Element, declared: Any, arguments: Mapping[str, Any], space: str
    ) -> None:
        root = etree.SubElement(body, declared.qname, nsmap={"ns": declared.qname.namespace or ""})
        if self._encoded:
            root.set(etree.QName(space, "encodingStyle"), ENCODING)
        for name, part in declared.type.elements:
            value = arguments.get(name)
            if value is None and not self._positional:
                continue
            self._child(root, part.qname, part.type, value)

    def _child(self, parent: etree._Element, tag: Any, xsd_type: Any, value: Any) -> None:
        node = etree.SubElement(parent, tag)
        if value is None:
            node.set(NIL, "true")
            return
        if isinstance(xsd_type, AnySimpleType):
            node.text = str(_simple(xsd_type, value))
            self._say(node, xsd_type.qname)
        elif isinstance(xsd_type, ComplexType):
            self._complex(node, xsd_type, value)
        else:
            self._anything(node, value)

    def _complex(self, node: etree._Element, xsd_type: Any, value: Any) -> None:
        array = xsd_type._array_type  # noqa: SLF001 zeep offers no public way
        if array is not None:
            self._array(node, array.array_type, _items(value))
            return
        self._say(node, xsd_type.qname)
        members = dict(xsd_type.elements)
        if isinstance(value, list) and len(members) == 1:
            value = {next(iter(members)): value}
        if not isinstance(value, Mapping):
            raise _misfit(xsd_type, "a mapping of its members")
        attributes = dict(xsd_type.attributes)
        for given in value:
            if given not in members and given not in attributes:
                raise _misfit(xsd_type, f"no '{given}'", nearest(given, [*members, *attributes]))
        for name in attributes.keys() & value.keys():
            attribute = attributes[name]
            node.set(attribute.qname, str(attribute.type.xmlvalue(value[name])))
        self._members(node, members, value)

    def _members(
        self, node: etree._Element, members: Mapping[str, Any], value: Mapping[str, Any]
    ) -> None:
        for name, member in members.items():
            held = value.get(name)
            many = held if isinstance(held, list) and member.accepts_multiple else [held]
            for one in many:
                if one is not None or not (member.is_optional or name not in value):
                    self._child(node, member.qname, member.type, one)

    def _array(self, node: etree._Element, item: Any, values: list[Any]) -> None:
        for one in values:
            self._child(node, "item", item, one)
        if self._encoded:
            self._say(node, etree.QName(ENCODING, "Array"))
            name: Any = getattr(item, "qname", None) or etree.QName(_XS, "anyType")
            node.set(ARRAY_TYPE, name)
            node.set(ARRAY_TYPE, f"{node.get(ARRAY_TYPE)}[{len(values)}]")

    def _anything(self, node: etree._Element, value: Any) -> None:
        """Write a value of which the WSDL says nothing, by what it is."""
        if isinstance(value, Mapping):
            self._say(node, _MAP)
            for name, one in value.items():
                pair = etree.SubElement(node, "item")
                self._child(pair, "key", None, str(name))
                self._child(pair, "value", None, one)
        elif isinstance(value, list):
            self._array(node, None, value)
        else:
            kind = next((name for cls, name in _KINDS if isinstance(value, cls)), "string")
            node.text = _text(value)
            self._say(node, etree.QName(_XS, kind))

    def _say(self, node: etree._Element, name: Any) -> None:
        if self._encoded and name is not None:
            node.set(XSI_TYPE, name)


def _simple(xsd_type: Any, value: Any) -> Any:
    return xsd_type.xmlvalue(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def _items(value: Any) -> list[Any]:
    """Return an array's items, given as a list, as its one list by a name, or as one alone."""
    if isinstance(value, Mapping) and len(value) == 1:
        inner = next(iter(value.values()))
        if isinstance(inner, list):
            return inner
    return value if isinstance(value, list) else [value]


def _misfit(xsd_type: Any, wants: str, remedy: str = "") -> ProtocolError:
    return ProtocolError(
        "soap.arguments",
        f"an argument of the type '{xsd_type.name}' takes {wants}",
        remedy=remedy or "Compare the arguments in the system's YAML with the operation's types",
    )
