"""One reply together with the plans that read it.

Guarantee: an element is read by the type that it names itself, where the WSDL knows that one,
else by the declared type; its references are followed, each path through them once.
"""

from typing import TYPE_CHECKING, Any, Protocol

from lxml import etree

from adapters.soap import xml
from adapters.soap.reading import ENCODING, ENCODING_12, XSI_TYPE, Reply, Report, is_array
from adapters.soap.values import Convert

if TYPE_CHECKING:
    from adapters.soap.plan import Plans


class Unlike(Exception):
    """An element is not what its type says: it is read leniently instead."""


class Plan(Protocol):
    """Reads elements of one type; ``name`` is the type's, without its namespace.

    ``converts`` makes the value of a plain text, where that is all it reads.
    ``takes_arrays``: an encoded array is what it reads, or may be.
    """

    name: str
    takes_arrays: bool
    converts: Convert | None

    def read(self, element: etree._Element, scope: "Scope") -> Any:
        """Return an element's value; raise ``Unlike`` where it is not as declared."""
        ...

    def lenient(self, element: etree._Element, scope: "Scope", path: str) -> Any:
        """Return whatever can be read; ``path`` is the element's, from the row."""
        ...


class Scope:
    """A reply, the plans for it, and who is told of drift."""

    def __init__(self, reply: Reply, plans: "Plans", report: Report) -> None:
        self.reply = reply
        self.plans = plans
        self.differs = report
        self.refers = reply.refers
        self.plain = not (reply.refers or reply.typed)
        """Whether every element is what it is declared to be, itself."""
        self._inside: set[etree._Element] = set()

    def read(self, element: etree._Element, plan: Plan) -> Any:
        """Return an element's value by the type it names, else by ``plan``."""
        if self.refers:
            return self._follow(element, plan, None)
        named = element.get(XSI_TYPE)
        if named is None or named.rpartition(":")[2] == plan.name:
            return plan.read(element, self)
        return self.chosen(element, named, plan).read(element, self)

    def lenient(self, element: etree._Element, plan: Plan, path: str) -> Any:
        """Return an element's value leniently, by the type it names, else by ``plan``."""
        if self.refers:
            return self._follow(element, plan, path)
        return self._lenient(element, plan, path)

    def chosen(self, element: etree._Element, named: str, plan: Plan) -> Plan:
        """Return the plan of the type ``named``; ``plan`` where nobody knows that."""
        prefix, _, name = named.rpartition(":")
        space = element.nsmap.get(prefix or None)
        if space in (ENCODING, ENCODING_12) and name == "Array":
            return plan if plan.takes_arrays else self.plans.any_array
        return self.plans.by_name(space, name) or plan

    def _lenient(self, element: etree._Element, plan: Plan, path: str) -> Any:
        named = element.get(XSI_TYPE)
        if named is not None and (plan.takes_arrays or not is_array(element)):
            plan = self.chosen(element, named, plan)
        try:
            return plan.read(element, self)
        except Unlike:
            return plan.lenient(element, self, path)

    def _follow(self, element: etree._Element, plan: Plan, path: str | None) -> Any:
        target = self.reply.target(element)
        if target in self._inside:
            self.differs(path or xml.local(element), "cycle")
            return None
        self._inside.add(target)
        try:
            if path is not None:
                return self._lenient(target, plan, path)
            named = target.get(XSI_TYPE)
            return (plan if named is None else self.chosen(target, named, plan)).read(target, self)
        finally:
            self._inside.discard(target)
