"""XML replies: elements become records the way JSON has them.

An element with children is a record, one without is its text; one that stands there more than
once is a list. An attribute is ``@name``; the text beside attributes is ``#text``. Names are
local names, an empty or nil element is None.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lxml import etree
from lxml.etree import _Element

from adapters import xml
from adapters.rest.replies import Records, carried
from adapters.rest.shape import Shape, inside
from midspan.kernel.errors import MidspanError, ProtocolError, TransientError

_ATTRIBUTE = "@"


class XmlDocument:
    """A reply in XML; see ``adapters.rest.replies.Document``."""

    def __init__(self, root: _Element) -> None:
        self._root = root

    @classmethod
    def parse(cls, body: bytes, charset: str | None, where: str) -> "XmlDocument":
        """Parse a reply; its own declaration counts before the header's ``charset``."""
        try:
            return cls(xml.parse(body))
        except xml.Unreadable as error:
            if error.reason != "malformed" or charset is None:
                raise _meant(error, where) from None
        try:
            return cls(xml.parse(body, charset))
        except xml.Unreadable as error:
            raise _meant(error, where) from None

    def value(self, path: str) -> Any:
        """Return the value at a path; None where there is none."""
        return _value(self._root, path.split(".") if path else ())

    def text(self, path: str) -> str:
        """Return what stands at a path as text, to be searched for a pattern."""
        found = self._root if not path else next(iter(xml.find_all(self._root, path)), None)
        return "" if found is None else " ".join(str(one) for one in found.itertext())

    def records(self, shape: Shape, place: str) -> Records:
        """Return the records at the shape's path."""
        found = list(self._elements(self._root, shape, 0, {}))
        records = [_record(element, given, shape) for element, given in found]
        columns = shape.columns(records)
        return Records(
            columns,
            [tuple(map(one.get, columns)) for one in records],
            True,
            place,
            lambda at: _bytes(found[at][0]),
            lambda: {name for one in records for name in one},
        )

    def _elements(
        self, element: _Element, shape: Shape, depth: int, given: Mapping[str, Any]
    ) -> Iterator[tuple[_Element, Mapping[str, Any]]]:
        steps = shape.steps
        if depth == len(steps):
            yield element, given
            return
        found = dict(carried(shape.carry, steps, depth, lambda path: _value(element, path)))
        for child in xml.children(element):
            if xml.local(child) == steps[depth]:
                yield from self._elements(child, shape, depth + 1, {**given, **found})


def _record(element: _Element, given: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    value = _plain(element, "", shape.lists)
    if isinstance(value, dict):
        record = value
    else:
        record = {} if value is None else {shape.scalar or xml.local(element): value}
    return {**record, **given, **{one: inside(record, one) for one in shape.nested}}


def _plain(element: _Element, path: str, lists: frozenset[str]) -> Any:
    """Return an element's value; ``path`` leads to it from the row."""
    attributes = {
        f"{_ATTRIBUTE}{_local(name)}": value
        for name, value in element.attrib.items()
        if name != xml.NIL
    }
    children = list(xml.children(element))
    text = (element.text or "").strip() or None
    if not children:
        value = text if element.get(xml.NIL) not in ("true", "1") else None
        return {**attributes, "#text": value} if attributes else value
    members: dict[str, Any] = dict(attributes)
    for child in children:
        name = xml.local(child)
        inner = f"{path}.{name}" if path else name
        value = _plain(child, inner, lists)
        if isinstance(members.get(name), _Many):
            members[name].append(value)
        elif name in members:
            members[name] = _Many([members[name], value])
        else:
            members[name] = _Many([value]) if inner in lists else value
    return {name: list(one) if isinstance(one, _Many) else one for name, one in members.items()}


class _Many(list[Any]):
    """The values of an element that stands there more than once."""


def _value(element: _Element, path: Sequence[str]) -> Any:
    found: list[_Element] = [element]
    for step in path:
        if step.startswith(_ATTRIBUTE):
            return next((one.get(step[1:]) for one in found if one.get(step[1:])), None)
        found = [child for one in found for child in xml.children(one) if xml.local(child) == step]
    if not found:
        return None
    return _plain(found[0], "", frozenset())


def _local(name: Any) -> str:
    return str(name).rpartition("}")[2]


def _bytes(element: _Element) -> bytes:
    return etree.tostring(element, encoding="utf-8", with_tail=False)


def _meant(error: xml.Unreadable, where: str) -> MidspanError:
    what = f"the reply of {where}"
    if error.reason == "truncated":
        return TransientError("rest.truncated", f"{what} ends in the middle")
    if error.reason == "doctype":
        return ProtocolError(
            "rest.doctype",
            f"{what} declares a document type, which is never read",
            remedy="Entities could reach for files or memory; ask the system's owner what changed",
        )
    told = {"empty": "is empty", "html": "is a web page"}.get(
        error.reason, f"is not well-formed ({error.place})"
    )
    return ProtocolError(
        "rest.not_xml", f"{what} {told}, where XML must be", remedy="Check path and format"
    )
