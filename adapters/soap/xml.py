"""SOAP documents from a system that is not trusted (see ``adapters.xml``).

A message is parsed once; envelope, payload and rows are elements of that one tree, so that a
row's own bytes can be shown later without a second parse.
"""

from lxml import etree

from adapters import xml
from adapters.xml import NIL, children, find_all, find_text, local
from midspan.kernel.errors import MidspanError, ProtocolError, TransientError

__all__ = ["NIL", "children", "find_all", "find_text", "local", "parse", "payload"]

_OWNER = "Ask the system's owner; the encoding it declares may be wrong"

ENVELOPES = frozenset(
    {"http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"}
)


def parse(data: bytes, where: str, encoding: str | None = None) -> etree._Element:
    """Return the root of an XML document; ``where`` names its source in errors.

    ``encoding`` overrides the one that the document declares.

    Raises ProtocolError ``soap.empty_reply``, ``soap.html``, ``soap.doctype`` or
    ``soap.not_xml``, and TransientError ``soap.truncated`` for a document that breaks off.
    """
    try:
        return xml.parse(data, encoding)
    except LookupError:
        raise ProtocolError(
            "soap.not_xml", f"{where} is in an encoding that nobody knows", remedy=_OWNER
        ) from None
    except xml.Unreadable as error:
        raise _meant(error, where) from None


def payload(root: etree._Element) -> etree._Element | None:
    """Return the SOAP body of an envelope; None when ``root`` is no envelope."""
    name = etree.QName(root)
    if name.localname != "Envelope" or name.namespace not in ENVELOPES:
        return None
    return root.find(f"{{{name.namespace}}}Body")


def _meant(error: xml.Unreadable, where: str) -> MidspanError:
    if error.reason == "empty":
        return ProtocolError(
            "soap.empty_reply", f"{where} is empty", remedy="Ask the system's owner"
        )
    if error.reason == "html":
        return ProtocolError(
            "soap.html",
            f"{where} is a web page, no SOAP document",
            remedy="Check the address: a login page or a proxy may answer there",
        )
    if error.reason == "doctype":
        return ProtocolError(
            "soap.doctype",
            f"{where} declares a document type, which is never read",
            remedy="Entities could reach for files or memory; ask the system's owner what changed",
        )
    if error.reason == "truncated":
        return TransientError("soap.truncated", f"{where} breaks off in the middle")
    return ProtocolError(
        "soap.not_xml",
        f"{where} is not well-formed XML ({error.place})",
        remedy=_OWNER,
    )
