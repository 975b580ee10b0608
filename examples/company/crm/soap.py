"""SOAP 1.1, document/literal: bytes to a request's elements, and a reply's elements to bytes.

Guarantees: a message with a document type, entities or anything that would reach for a file or
the network is refused with a fault; what a client sends is never echoed but as escaped text. An
element absent from a reply stands for a missing value.
"""

from collections.abc import Mapping

from lxml import etree

from examples.company.crm.operations import Fault, Reply, Request

NAMESPACE = "urn:example:crm:2009"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


def parse(message: bytes) -> tuple[str, Request]:
    """Return the operation's name and its elements; raise `Fault` for any other message."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(message, parser)
    except etree.XMLSyntaxError as error:
        raise Fault("Client", "the message is not well-formed XML") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Fault("Client", "a document type is not accepted")
    call = root.find(f"{{{ENVELOPE}}}Body/{{{NAMESPACE}}}*")
    if root.tag != f"{{{ENVELOPE}}}Envelope" or call is None:
        raise Fault("Client", f"no SOAP 1.1 envelope with a body in {NAMESPACE}")
    return etree.QName(call).localname, {
        etree.QName(element).localname: _value(element) for element in call.iterchildren("{*}*")
    }


def reply(operation: str, elements: Reply) -> bytes:
    """Return the envelope of an operation's reply."""
    body, envelope = _envelope()
    root = etree.SubElement(body, f"{{{NAMESPACE}}}{operation}Response", nsmap={"crm": NAMESPACE})
    _fill(root, elements)
    return _bytes(envelope)


def fault(code: str, text: str) -> bytes:
    """Return the envelope of a fault; its faultcode is `code` in the envelope's namespace."""
    body, envelope = _envelope()
    root = etree.SubElement(body, f"{{{ENVELOPE}}}Fault")
    etree.SubElement(root, "faultcode").text = f"soap:{code}"
    etree.SubElement(root, "faultstring").text = text
    return _bytes(envelope)


def _value(element: etree._Element) -> str | dict[str, str | None] | None:
    children = list(element.iterchildren("{*}*"))
    if children:
        return {etree.QName(child).localname: child.text for child in children}
    return element.text


def _envelope() -> tuple[etree._Element, etree._Element]:
    envelope = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"soap": ENVELOPE})
    return etree.SubElement(envelope, f"{{{ENVELOPE}}}Body"), envelope


def _fill(parent: etree._Element, elements: Mapping[str, object]) -> None:
    for name, value in elements.items():
        for item in value if isinstance(value, list) else [value]:
            if item is None:
                continue
            child = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
            if isinstance(item, Mapping):
                _fill(child, item)
            else:
                child.text = str(item).lower() if isinstance(item, bool) else str(item)


def _bytes(envelope: etree._Element) -> bytes:
    return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
