"""XML from a system that is not trusted: no document type, no entity, no network.

Guarantee: a document is parsed or refused with ``Unreadable``, which says why; what error
that is stands with the protocol that the document belongs to.
"""

from collections.abc import Iterator
from typing import Any, Literal

from lxml import etree

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

_CUT = frozenset(
    {
        etree.ErrorTypes.ERR_TAG_NOT_FINISHED,
        etree.ErrorTypes.ERR_GT_REQUIRED,
        etree.ErrorTypes.ERR_LTSLASH_REQUIRED,
        etree.ErrorTypes.ERR_DOCUMENT_END,
    }
)

Reason = Literal["empty", "html", "doctype", "truncated", "malformed"]


class Unreadable(Exception):
    """A document that is not read; ``place`` is where it stopped to be well-formed."""

    def __init__(self, reason: Reason, place: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place


def parse(data: bytes, encoding: str | None = None) -> etree._Element:
    """Return the root of a document; ``encoding`` overrides the one it declares.

    Raises Unreadable for what is no document, or declares a document type.
    """
    if not data.strip():
        raise Unreadable("empty")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,  # one in the middle of a text would hide the rest of it
        remove_pis=True,
        encoding=encoding,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _unreadable(error, data) from None
    info: Any = root.getroottree().docinfo
    if info.doctype:
        raise Unreadable("html" if is_html(data) else "doctype")
    return root


def children(element: etree._Element) -> Iterator[etree._Element]:
    """Yield the child elements; comments and instructions are passed over."""
    return element.iterchildren("{*}*")


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


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


def is_html(data: bytes) -> bool:
    """Return whether a reply is a web page."""
    head = data[:512].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    return head.startswith((b"<!doctype html", b"<html"))


def _unreadable(error: etree.XMLSyntaxError, data: bytes) -> Unreadable:
    if is_html(data):
        return Unreadable("html")
    if b"<!DOCTYPE" in data[:4096]:
        return Unreadable("doctype")
    if getattr(error, "code", None) in _CUT:
        return Unreadable("truncated")
    line, column = error.position
    return Unreadable("malformed", f"line {line}, column {column}")
