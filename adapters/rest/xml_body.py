"""Writes a body as XML, the way ``xml_rows`` reads one.

Guarantee: every value is escaped by the library; a name that XML does not allow is refused.
"""

from collections.abc import Mapping
from typing import Any

from lxml import etree

from adapters.templates import as_text
from midspan.kernel.errors import MidspanError


def encode(body: Any) -> bytes:
    """Return a mapping of one root element as a document in UTF-8.

    ``@name`` is an attribute, ``#text`` the text beside attributes, a list repeats its element,
    and None is an empty one.
    """
    if not isinstance(body, Mapping) or len(body) != 1:
        raise _unfit("a body in XML has exactly one root element")
    ((name, value),) = body.items()
    try:
        root = etree.Element(name)
        _fill(root, value)
    except ValueError:
        raise _unfit("a body in XML holds a name or a character that XML does not know") from None
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _fill(element: etree._Element, value: Any) -> None:
    if not isinstance(value, Mapping):
        element.text = None if value is None else as_text(value)
        return
    for name, inner in value.items():
        if name == "#text":
            element.text = as_text(inner)
        elif name.startswith("@"):
            element.set(name[1:], as_text(inner))
        else:
            for each in inner if isinstance(inner, list | tuple) else [inner]:
                _fill(etree.SubElement(element, name), each)


def _unfit(what: str) -> MidspanError:
    return MidspanError("rest.body", what, remedy="Correct the call's 'body'")
