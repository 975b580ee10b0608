"""Finds the rows in a reply and turns each into plain values, by the WSDL's types.

Guarantee: one row element becomes one row or one error, and no value of it is lost in
silence. A row is read strictly first; where the service sends other than its WSDL says, that
row is read child by child, and what differs is reported as drift. A reply that announces rows,
or holds them where the path does not lead, and yields fewer raises ``adapter.silent_loss``.
"""

import logging
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import zeep.exceptions
from lxml import etree

from adapters.soap import xml
from adapters.soap.pairs import merged
from adapters.soap.plan import Plans
from adapters.soap.reading import Drift, Kind, Reply, is_array, require_all
from adapters.soap.records import RecordPlan
from adapters.soap.scope import Plan, Scope, Unlike
from adapters.soap.service import declared_children
from adapters.soap.spec_lists import RecordsSpec
from adapters.soap.values import UNFIT
from config.binding import nearest
from midspan.kernel.errors import DriftError, ProtocolError, RecordError

# What zeep raises where a construct that no plan knows is not as declared.
_UNREADABLE = (zeep.exceptions.Error, RecursionError, *UNFIT)


class RowReader:
    """Finds and reads the rows of one operation's replies."""

    def __init__(
        self,
        declaration: Any,
        plans: Plans,
        spec: RecordsSpec,
        stream: str,
        report: Callable[[Drift], None],
    ) -> None:
        self._spec = spec
        self._plans = plans
        self._stream = stream
        self._tell = report
        self._steps = spec.rows.split(".")
        self._wrappers, self._row = _descend(None if spec.document else declaration, self._steps)
        self._plan: Plan = plans.of(self._row)

    @cached_property
    def names(self) -> tuple[str, ...] | None:
        """The fields that a row has by the WSDL; None where that says nothing of them.

        A row may be of any type that extends the declared one, and has that one's fields then.
        """
        if self._spec.pairs is not None or self._plan is self._plans.untyped:
            return None
        found = [self._names_of(one) for one in self.kinds]
        if None in found:
            return None
        return tuple(dict.fromkeys(name for names in found for name in names or ()))

    @cached_property
    def kinds(self) -> list[Any]:
        """The zeep types that a row may be of; None among them where the WSDL says nothing."""
        return self._plans.kinds(self._row)

    def _names_of(self, xsd_type: Any) -> tuple[str, ...] | None:
        plan = self._plans.of(xsd_type)
        if isinstance(plan, RecordPlan):
            return None if plan.layout.wildcard else plan.layout.keys
        declared = getattr(xsd_type, "elements", ())
        attributes = getattr(xsd_type, "attributes", ())
        return tuple(name for name, _ in (*declared, *attributes)) or (self._steps[-1],)

    def columns(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Return the columns to deliver, none for whatever comes.

        Raises DriftError when the WSDL lost one that is wanted.
        """
        columns, names = tuple(dict.fromkeys(name.partition(".")[0] for name in wanted)), self.names
        if names is None:
            return columns
        gone = [name for name in columns if name not in names]
        if gone:
            raise DriftError(
                "adapter.field_vanished",
                f"the WSDL gives the stream '{self._stream}' no field '{gone[0]}'",
                remedy=nearest(gone[0], names),
            )
        return columns or names

    def scope(self, reply: Reply) -> Scope:
        """Return what reads the rows of one reply."""
        return Scope(self._inner(reply), self._plans, self._differs)

    def find(self, scope: Scope) -> list[etree._Element]:
        """Return the row elements of a reply."""
        reply, strange = scope.reply, ""
        found = [reply.payload]
        for at, name in enumerate(self._steps):
            known = declared_children(self._wrappers[at])
            inner: list[etree._Element] = []
            for parent in found:
                matches = reply.named(parent, name)
                if is_array(parent):
                    require_all(parent, len(matches))
                elif known or len(matches) < len(parent):
                    strange = self._strange(parent, name, known, matches) or strange
                inner += matches
            found = inner
        if strange and (not found or self._is_list(self._wrappers[-1])):
            raise ProtocolError(
                "adapter.silent_loss",
                f"rows stand at '{self._spec.rows}', but the reply holds an unknown '{strange}'",
                remedy="The service changed: compare its reply with the rows path",
            )
        return self._items(found, reply)

    def read(self, row: etree._Element, scope: Scope) -> dict[str, Any]:
        """Return one row's values by name; RecordError when it cannot be read at all."""
        try:
            try:
                value = scope.read(row, self._plan)
            except Unlike:
                value = scope.lenient(row, self._plan, "")
        except _UNREADABLE as error:
            raise RecordError(
                "soap.row_unreadable",
                f"the row does not fit its WSDL ({type(error).__name__})",
                remedy="Compare the original bytes with the WSDL",
            ) from None
        if self._spec.pairs is not None:
            return merged(value, row, self._spec.pairs, scope)
        if isinstance(value, dict):
            return value
        names = self.names
        if names is None or len(names) == 1:
            return {names[0] if names else self._steps[-1]: value}
        return {} if value is None else {self._steps[-1]: value}

    def _inner(self, reply: Reply) -> Reply:
        """Return the document that stands in a text of the reply, where one is configured."""
        path = self._spec.document
        if path is None:
            return reply
        text = reply.text(path)
        if text is None:
            return Reply(etree.Element("nothing"))
        return Reply(xml.parse(text.encode(), f"the document at '{path}'", "utf-8"))

    def _items(self, found: list[etree._Element], reply: Reply) -> list[etree._Element]:
        """Return the rows themselves, where the path ends at the arrays that hold them."""
        rows: list[etree._Element] = []
        for one in found:
            if is_array(one) and not self._plan.takes_arrays:
                items = list(reply.children(one))
                require_all(one, len(items))
                rows += items
            else:
                rows.append(one)
        return rows

    def _strange(
        self,
        parent: etree._Element,
        name: str,
        known: Mapping[str, Any],
        matches: list[etree._Element],
    ) -> str:
        """Return the last child of ``parent`` that nothing accounts for; report each."""
        strange = ""
        for child in xml.children(parent):
            local = xml.local(child)
            if local in known or local == name or name == "*":
                continue
            if known:
                strange = local
                self._differs(f"../{local}", "unexpected")
            elif not matches and parent.get(xml.NIL) is None and name == self._steps[-1]:
                strange = local
        return strange

    @staticmethod
    def _is_list(wrapper: Any) -> bool:
        """Return whether a declared element holds rows and nothing else."""
        known = declared_children(wrapper)
        return len(known) == 1 and bool(next(iter(known.values())).accepts_multiple)

    def _differs(self, path: str, kind: Kind) -> None:
        self._tell(Drift(self._stream, path, kind))


class _Item:
    """Stands for the items of an encoded array, which have no declaration of their own."""

    def __init__(self, xsd_type: Any) -> None:
        self.type = xsd_type


def _descend(declaration: Any, steps: list[str]) -> tuple[list[Any], Any]:
    """Return the declarations that wrap the rows, outermost first, and the rows' type."""
    wrappers = []
    for name in steps:
        wrappers.append(declaration)
        declaration = _step(declaration, name, ".".join(steps))
    xsd_type = getattr(declaration, "type", None)
    array = getattr(xsd_type, "_array_type", None)
    if array is not None and not getattr(declaration, "accepts_multiple", False):
        return wrappers, array.array_type
    return wrappers, xsd_type


def _step(declaration: Any, name: str, path: str) -> Any:
    """Return the declaration of a child; None where the WSDL leaves open what stands there."""
    xsd_type = getattr(declaration, "type", None)
    array = getattr(xsd_type, "_array_type", None)
    if array is not None:
        return _Item(array.array_type)
    known = declared_children(declaration)
    if name in known:
        return known[name]
    members = getattr(xsd_type, "elements", ())
    if not known or name == "*" or len(known) < len(members):
        return None
    raise ProtocolError(
        "soap.path",
        f"the WSDL knows no element '{name}' of the path '{path}'",
        remedy=nearest(name, list(known)),
    )


def _silent(_record: logging.LogRecord) -> bool:
    """Keep zeep from logging a value that it cannot convert: that may be personal data."""
    return False


for _name in ("zeep.xsd.types.simple", "zeep.xsd.elements.attribute"):
    logging.getLogger(_name).addFilter(_silent)
