"""XML from a system that is not trusted: no document type, no entity, no network.

A message is parsed once; envelope, payload and rows are elements of that one tree, so that a
row's own bytes can be shown later without a second parse.
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from midspan.kernel.errors import MidspanError, ProtocolError, TransientError

ENVELOPES = frozenset(
    {"http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"}
)
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

_CUT = frozenset(
    {
        etree.ErrorTypes.ERR_TAG_NOT_FINISHED,
        etree.ErrorTypes.ERR_GT_REQUIRED,
        etree.ErrorTypes.ERR_LTSLASH_REQUIRED,
        etree.ErrorTypes.ERR_DOCUMENT_END,
    }
)


def parse(data: bytes, where: str) -> etree._Element:
    """Return the root of an XML document; ``where`` names its source in errors.

    Raises ProtocolError ``soap.empty_reply``, ``soap.doctype`` or ``soap.not_xml``, and
    TransientError ``soap.truncated`` for a document that breaks off.
    """
    if not data.strip():
        raise ProtocolError(
            "soap.empty_reply", f"{where} is empty", remedy="Ask the system's owner"
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _syntax_error(error, data, where) from None
    info: Any = root.getroottree().docinfo
    if info.doctype:
        raise _doctype(data, where)
    return root


def payload(root: etree._Element) -> etree._Element | None:
    """Return the SOAP body of an envelope; None when ``root`` is no envelope."""
    name = etree.QName(root)
    if name.localname != "Envelope" or name.namespace not in ENVELOPES:
        return None
    return root.find(f"{{{name.namespace}}}Body")


def children(element: etree._Element) -> Iterator[etree._Element]:
    """Yield the child elements; comments and instructions are passed over."""
    return element.iterchildren("{*}*")


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return etree.QName(element).localname


def find_all(element: etree._Element, path: str) -> list[etree._Element]:
    """Return all elements at a path of local names."""
    found = [element]
    for name in path.split("."):
        found = [child for parent in found for child in children(parent) if local(child) == name]
    return found


def find_text(element: etree._Element, path: str) -> str | None:
    """Return the stripped text of the first element at a path; None where there is none."""
    found = find_all(element, path)
    text = (found[0].text or "").strip() if found else ""
    return text or None


def _syntax_error(error: etree.XMLSyntaxError, data: bytes, where: str) -> MidspanError:
    if _is_html(data):
        return _html(where)
    if b"<!DOCTYPE" in data[:4096]:
        return _doctype(data, where)
    if getattr(error, "code", None) in _CUT:
        return TransientError("soap.truncated", f"{where} breaks off in the middle")
    line, column = error.position
    return ProtocolError(
        "soap.not_xml",
        f"{where} is not well-formed XML (line {line}, column {column})",
        remedy="Ask the system's owner; the encoding it declares may be wrong",
    )


def _doctype(data: bytes, where: str) -> ProtocolError:
    if _is_html(data):
        return _html(where)
    return ProtocolError(
        "soap.doctype",
        f"{where} declares a document type, which is never read",
        remedy="Entities could reach for files or memory; ask the system's owner what changed",
    )


def _is_html(data: bytes) -> bool:
    head = data[:512].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    return head.startswith((b"<!doctype html", b"<html"))


def _html(where: str) -> ProtocolError:
    return ProtocolError(
        "soap.html",
        f"{where} is a web page, no SOAP document",
        remedy="Check the address: a login page or a proxy may answer there",
    )
