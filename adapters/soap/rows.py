"""Turns the row elements of a reply into plain values, by the WSDL's types.

Guarantee: one row element becomes one row or one reject, and no value of it is lost in
silence. A row is read strictly first. Where the service sends other than its WSDL says (an
unknown element, a missing one, another order), that row is read child by child, and what
differs is reported as drift. A value that is not of its declared type stays the text that
came, so that whoever needs the type can refuse it by name.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

import zeep.exceptions
import zeep.xsd
from lxml import etree
from zeep.helpers import serialize_object

from adapters.soap import xml
from adapters.soap.service import declared_children
from config.binding import nearest
from midspan.kernel.errors import DriftError, ProtocolError, RecordError

# ArithmeticError: a decimal that is none, which zeep lets through. AttributeError and
# KeyError: an xsi:type that does not fit the declared one.
_UNREADABLE = (
    zeep.exceptions.Error,
    ArithmeticError,
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
)
_CONVERTERS = ("zeep.xsd.types.simple", "zeep.xsd.elements.attribute")

_reading: ContextVar[bool] = ContextVar("_reading", default=False)


@dataclass(frozen=True, slots=True)
class Drift:
    """One way in which replies differ from the WSDL; ``path`` is an element's, from the row."""

    stream: str
    path: str
    kind: Literal["unexpected", "missing", "order"]


class RowReader:
    """Finds and reads the rows of one operation's replies."""

    def __init__(
        self,
        declaration: Any,
        schema: Any,
        path: str,
        stream: str,
        report: Callable[[Drift], None],
    ) -> None:
        self._wrappers, self._row = _descend(declaration, path)
        self._schema = schema
        self._path = path
        self._stream = stream
        self._report = report

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that a row has by the WSDL; a simple element is a row of one field."""
        declared = getattr(self._row.type, "elements", ())
        attributes = getattr(self._row.type, "attributes", ())
        names = tuple(name for name, _ in (*declared, *attributes))
        return names or (self._row.qname.localname,)

    def columns(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Return the columns to deliver; DriftError when the WSDL lost one that is wanted."""
        columns = tuple(dict.fromkeys(name.partition(".")[0] for name in wanted))
        gone = [name for name in columns if name not in self.names]
        if gone:
            raise DriftError(
                "adapter.field_vanished",
                f"the WSDL gives the stream '{self._stream}' no field '{gone[0]}'",
                remedy=nearest(gone[0], self.names),
            )
        return columns or self.names

    def find(self, payload: etree._Element) -> list[etree._Element]:
        """Return the row elements of a reply; ProtocolError when none stands where it must."""
        strange = ""
        found = [payload]
        for declared, name in zip(self._wrappers, self._path.split("."), strict=True):
            known = declared_children(declared)
            candidates = [child for parent in found for child in xml.children(parent)]
            for child in candidates:
                if known and xml.local(child) not in known:
                    strange = xml.local(child)
                    self._report(Drift(self._stream, f"../{strange}", "unexpected"))
            found = [child for child in candidates if xml.local(child) == name]
        if strange and not found:
            raise ProtocolError(
                "adapter.silent_loss",
                f"no rows stand at '{self._path}', but the reply holds an unknown '{strange}'",
                remedy="The service changed: compare its reply with the rows path",
            )
        return found

    def read(self, row: etree._Element) -> Mapping[str, Any]:
        """Return one row's values by name; RecordError when it cannot be read at all."""
        try:
            with _quiet_converters():
                value = self._strict_or_lenient(row, self._row, "")
        except _UNREADABLE as error:
            raise RecordError(
                "soap.row_unreadable",
                f"the row does not fit its WSDL ({type(error).__name__})",
                remedy="Compare the original bytes with the WSDL",
            ) from None
        plain = _restored(_plain(value), row)
        if isinstance(plain, Mapping):
            return plain
        return {} if plain is None and len(self.names) > 1 else {self.names[0]: plain}

    def _strict_or_lenient(self, element: etree._Element, declared: Any, path: str) -> Any:
        try:
            return declared.parse(element, self._schema, allow_none=True)
        except _UNREADABLE:
            if declared_children(declared):
                return self._lenient(element, declared, path)
            if len(element) == 0:
                return None  # its text comes back in _restored
            raise

    def _lenient(self, element: etree._Element, declared: Any, path: str) -> dict[str, Any]:
        known = declared_children(declared)
        values = _blank(declared)
        seen: list[str] = []
        for child in xml.children(element):
            name = xml.local(child)
            where = f"{path}.{name}" if path else name
            if name not in known:
                self._report(Drift(self._stream, where, "unexpected"))
                continue
            seen.append(name)
            value = self._strict_or_lenient(child, known[name], where)
            _put(values, known[name], value)
        for name in _required(declared).difference(seen):
            self._report(Drift(self._stream, f"{path}.{name}" if path else name, "missing"))
        if seen != sorted(seen, key=list(known).index):
            self._report(Drift(self._stream, path or xml.local(element), "order"))
        _put_attributes(values, declared, element)
        return values


def _plain(value: Any) -> Any:
    """Return zeep's objects as dictionaries and lists."""
    return serialize_object(value, dict)  # type: ignore[no-untyped-call]  # zeep has no types here


def _descend(declaration: Any, path: str) -> tuple[list[Any], Any]:
    """Return the declarations that wrap the rows, outermost first, and the row's own."""
    wrappers = []
    for name in path.split("."):
        wrappers.append(declaration)
        known = declared_children(declaration)
        if name not in known:
            raise ProtocolError(
                "soap.path",
                f"the WSDL knows no element '{name}' of the path '{path}'",
                remedy=nearest(name, list(known)),
            )
        declaration = known[name]
    return wrappers, declaration


def _blank(declared: Any) -> dict[str, Any]:
    return {
        name: [] if getattr(child, "accepts_multiple", False) else None
        for name, child in declared.type.elements
    }


def _put(values: dict[str, Any], declared: Any, value: Any) -> None:
    if isinstance(values.get(declared.attr_name), list):
        values[declared.attr_name].append(value)
    else:
        values[declared.attr_name] = value


def _put_attributes(values: dict[str, Any], declared: Any, element: etree._Element) -> None:
    for name, attribute in declared.type.attributes:
        given = element.get(attribute.qname.text) if attribute.qname is not None else None
        values[name] = attribute.parse(given) if given is not None else None


def _required(declared: Any) -> set[str]:
    """Return the children that must be there; those of a choice or a group need not."""
    return {
        member.qname.localname
        for _, nested in declared.type.elements_nested
        if isinstance(nested, zeep.xsd.Sequence | zeep.xsd.All)
        for member in nested
        if isinstance(member, zeep.xsd.Element) and not member.is_optional and not member.nillable
    }


def _restored(value: Any, element: etree._Element) -> Any:
    """Return ``value`` with the text of each element that zeep could not convert."""
    if isinstance(value, dict):
        seen: Counter[str] = Counter()
        for child in xml.children(element):
            name = xml.local(child)
            current = value.get(name)
            if isinstance(current, list):
                if seen[name] < len(current):
                    current[seen[name]] = _restored(current[seen[name]], child)
                seen[name] += 1
            elif name in value:
                value[name] = _restored(current, child)
        return value
    if value is None and len(element) == 0 and element.get(xml.NIL) not in ("true", "1"):
        text = element.text or ""
        return text if text.strip() else None
    return value


@contextmanager
def _quiet_converters() -> Iterator[None]:
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


def _passes(_record: logging.LogRecord) -> bool:
    """Keep zeep from logging a value it cannot convert: that may be personal data."""
    return not _reading.get()


for _name in _CONVERTERS:
    logging.getLogger(_name).addFilter(_passes)
