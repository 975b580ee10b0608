"""One reply while it is read: its references, its arrays, and how it differs from its WSDL.

Guarantee: a reference (``href`` to an ``id``) is followed wherever it stands, each in its own
place; one that leads nowhere raises, one that leads back into itself ends there and is
reported, and a reply is followed in proportion to its size. An array that announces n items
and holds fewer raises ``adapter.silent_loss``.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from adapters.soap import xml
from midspan.kernel.errors import ProtocolError

_STEPS = (10_000, 50)

XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
ENCODING_12 = "http://www.w3.org/2003/05/soap-encoding"
ARRAY_TYPE = f"{{{ENCODING}}}arrayType"
_ARRAY_SIZE = f"{{{ENCODING_12}}}arraySize"
_PARTIAL = (f"{{{ENCODING}}}offset", f"{{{ENCODING}}}position")
_ID_12, _REF_12 = f"{{{ENCODING_12}}}id", f"{{{ENCODING_12}}}ref"
_SIZES = re.compile(r"\[([\d,]+)\]$")

_REFERS = etree.XPath(
    "boolean(.//@href[starts-with(., '#')] | .//@e:ref)", namespaces={"e": ENCODING_12}
)
_TYPED = etree.XPath("boolean(//@x:type)", namespaces={"x": XSI_TYPE[1:].partition("}")[0]})
_ENCODED = etree.XPath("boolean(ancestor-or-self::*/@*[local-name() = 'encodingStyle'])")

Kind = Literal["unexpected", "missing", "order", "repeated", "cycle"]


@dataclass(frozen=True, slots=True)
class Drift:
    """One way in which replies differ from the WSDL; ``path`` is an element's, from the row."""

    stream: str
    path: str
    kind: Kind


class Reply:
    """A parsed reply; ``payload`` is the first element of its body."""

    def __init__(self, payload: etree._Element) -> None:
        self.payload = payload
        self._references = _references(payload)
        self.refers = self._references is not None
        self.typed = bool(_TYPED(payload))
        self._steps = _STEPS[0] + _STEPS[1] * len(self._references or ())

    def target(self, element: etree._Element) -> etree._Element:
        """Return the element that a reference leads to; any other element is its own target."""
        if self._references is None:
            return element
        first = element
        while (name := _reference(element)) is not None:
            self._steps -= 1
            found = self._references.get(name)
            if found is None or found is first or self._steps < 0:
                raise ProtocolError(
                    "soap.reference",
                    f"a reference at <{xml.local(first)}> leads nowhere, or too far",
                    remedy="The reply is damaged: ask the system's owner",
                )
            element = found
        return element

    def children(self, element: etree._Element) -> Iterator[etree._Element]:
        """Yield an element's children, references followed."""
        if self._references is None:
            return xml.children(element)
        return (self.target(child) for child in xml.children(element))

    def named(self, element: etree._Element, name: str) -> list[etree._Element]:
        """Return the children of a name, references followed; the items of an encoded array."""
        found = [
            self.target(child)
            for child in xml.children(element)
            if name == "*" or xml.local(child) == name
        ]
        if not found and is_array(element):
            found = list(self.children(element))
        return found

    def find(self, path: str) -> list[etree._Element]:
        """Return all elements at a path; a step ``*`` is any element."""
        found = [self.payload]
        for name in path.split("."):
            found = [child for parent in found for child in self.named(parent, name)]
        return found

    def text(self, path: str) -> str | None:
        """Return the stripped text at a path, or of the attribute ``@name`` at its end."""
        way, _, last = path.rpartition(".")
        if last.startswith("@"):
            owners = self.find(way) if way else [self.payload]
            told = next((text for one in owners if (text := one.get(last[1:])) is not None), None)
        else:
            told = next((one.text for one in self.find(path)), None)
        return (told or "").strip() or None


def is_array(element: etree._Element) -> bool:
    """Return whether an element says of itself that it is an encoded array."""
    if element.get(ARRAY_TYPE) is not None or element.get(_ARRAY_SIZE) is not None:
        return True
    kind = element.get(XSI_TYPE)
    if kind is None:
        return False
    prefix, _, name = kind.rpartition(":")
    return name == "Array" and element.nsmap.get(prefix or None) in (ENCODING, ENCODING_12)


def announced(element: etree._Element) -> int | None:
    """Return how many items an encoded array says it has; None where it leaves that open."""
    if any(element.get(name) is not None for name in _PARTIAL):
        return None
    sizes = _SIZES.search(element.get(ARRAY_TYPE) or "")
    told = sizes[1].split(",") if sizes else (element.get(_ARRAY_SIZE) or "*").split()
    if not all(one.isdecimal() for one in told):
        return None
    product = 1
    for one in told:
        product *= int(one)
    return product


def require_all(element: etree._Element, got: int) -> None:
    """Raise ``adapter.silent_loss`` where an array holds fewer items than it announces."""
    wanted = announced(element)
    if wanted is None or got >= wanted:
        return
    if any(child.get(_PARTIAL[1]) is not None for child in xml.children(element)):
        return  # a sparse array names the places of the items it has
    raise ProtocolError(
        "adapter.silent_loss",
        f"the array <{xml.local(element)}> announces {wanted} items and holds {got}",
        remedy="The reply is not whole: ask the system's owner, or ask for fewer rows a page",
    )


Report = Callable[[str, Kind], None]
"""Takes the path of what differs, from the row, and how."""


def _reference(element: etree._Element) -> str | None:
    name = element.get("href") or element.get(_REF_12)
    if name is None or len(element) or (element.text or "").strip():
        return None
    if name.startswith("#"):
        return name[1:]
    return name if element.get(_REF_12) else None


def _references(payload: etree._Element) -> dict[str, etree._Element] | None:
    """Return what may be referred to; None where nobody refers to anything."""
    body = payload.getparent()
    root = payload if body is None else body
    if not _REFERS(root):
        return None
    found: dict[str, etree._Element] = {}
    for one in root.iter("{*}*"):
        name = one.get("id") or one.get(_ID_12)
        if name is not None and _reference(one) is None:
            found.setdefault(name, one)
    # Elsewhere than in an encoded reply, an href may be anything.
    return found if found or _ENCODED(root) else None
