"""Generates elements that fit a zeep type: nil, xsi:type, choices, attributes, recursion.

A generated element is valid, so that zeep reads it strictly; what is optional comes or does
not, by a seeded chance. Nothing is put where the type says ``xs:any``: what stands there has no
name in zeep's values, and is promised on its own.
"""

import random
from typing import Any

from lxml import etree
from zeep.xsd import AnyAttribute, AnySimpleType, AnyType, ComplexType, Element
from zeep.xsd.elements import All, Choice, Group, Sequence
from zeep.xsd.types import builtins
from zeep.xsd.types.collection import ListType, UnionType

XSI = "http://www.w3.org/2001/XMLSchema-instance"
DEEPEST = 6

_SAMPLES: tuple[tuple[type, tuple[str, ...]], ...] = (
    (builtins.Boolean, ("true", "false", "1", "0")),
    (builtins.Integer, ("0", "-7", " 42 ", "9007199254740993")),
    (builtins.Decimal, ("1.50", "-0.001", "12345678901234567890.12")),
    (builtins.Double, ("1.5", "-2e10", "0")),
    (builtins.Float, ("1.5", "-2e10", "0")),
    (builtins.DateTime, ("2024-02-29T12:30:00", "2024-02-29T12:30:00.25Z", "1999-12-31 23:59:59")),
    (builtins.Date, ("2024-02-29", "2024-02-29Z", " 1970-01-01 ")),
    (builtins.Time, ("12:30:00", "23:59:59Z")),
    (builtins.Duration, ("P1DT2H", "PT0S")),
    (builtins.Base64Binary, ("aGVsbG8=", "")),
    (builtins.gYear, ("2024",)),
    (builtins.gYearMonth, ("2024-02",)),
    (builtins.gMonthDay, ("--02-29",)),
    (builtins.gMonth, ("--02",)),
    (builtins.gDay, ("---29",)),
    (builtins.String, ("Wien", "ä € 漢", "", "  spaced ", "a\nb")),
)


class Generator:
    """Makes elements; ``schema`` is the WSDL's, for derived types."""

    def __init__(self, schema: Any, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 no secret
        self._derived = _derived(schema)

    def element(self, declared: Any) -> etree._Element:
        """Return an element that is declared so."""
        root = etree.Element(declared.qname, nsmap={"xsi": XSI})
        self._fill(root, declared.type, 0)
        # Written and read again: as it comes over the wire, prefixes and all.
        return etree.fromstring(etree.tostring(root))

    def _fill(self, node: etree._Element, xsd_type: Any, depth: int) -> None:
        if isinstance(xsd_type, AnySimpleType):
            node.text = self._text(xsd_type)
        elif not isinstance(xsd_type, ComplexType):
            if isinstance(xsd_type, AnyType):
                node.text = "anything"
        else:
            self._complex(node, self._instance(node, xsd_type, depth), depth)

    def _instance(self, node: etree._Element, xsd_type: Any, depth: int) -> Any:
        """Return the type, or one that is derived from it and that the element then names."""
        choices = self._derived.get(id(xsd_type), ())
        if not choices or depth > DEEPEST - 2 or self._chance.random() < 0.5:
            return xsd_type
        chosen = self._chance.choice(choices)
        node.set(f"{{{XSI}}}type", chosen.qname)
        return chosen

    def _complex(self, node: etree._Element, xsd_type: Any, depth: int) -> None:
        for _, attribute in xsd_type.attributes:
            if isinstance(attribute, AnyAttribute) or attribute.qname is None:
                continue
            if attribute.required or self._chance.random() < 0.5:
                node.set(attribute.qname, self._text(attribute.type))
        content = xsd_type._element
        if isinstance(content, Element):
            if isinstance(content.type, AnySimpleType):
                node.text = self._text(content.type)
            return
        for _, group in xsd_type.elements_nested:
            self._group(node, group, depth)

    def _group(self, node: etree._Element, group: Any, depth: int) -> None:
        if isinstance(group, Element):
            self._repeat(node, group, depth)
        elif isinstance(group, Group):
            self._group(node, group.child, depth)
        elif isinstance(group, Choice):
            if depth < DEEPEST or not group.is_optional:
                options = [one for one in group if isinstance(one, Element | Sequence)]
                if options:
                    self._group(node, self._chance.choice(options), depth)
        elif isinstance(group, All | Sequence):
            members = list(group)
            if isinstance(group, All):
                self._chance.shuffle(members)
            for one in members:
                self._group(node, one, depth)

    def _repeat(self, node: etree._Element, declared: Any, depth: int) -> None:
        least = max(declared.min_occurs, 0)
        most = 3 if declared.max_occurs == "unbounded" else int(declared.max_occurs)
        if depth >= DEEPEST:
            most = least
        for _ in range(self._chance.randint(least, max(min(most, 3), least))):
            child = etree.SubElement(node, declared.qname)
            if declared.nillable and self._chance.random() < 0.3:
                child.set(f"{{{XSI}}}nil", "true")
            else:
                self._fill(child, declared.type, depth + 1)

    def _text(self, xsd_type: Any) -> str:
        if isinstance(xsd_type, ListType):
            return " ".join(self._text(xsd_type.item_type) for _ in range(2))
        if isinstance(xsd_type, UnionType):
            return "union"
        found = (texts for cls, texts in _SAMPLES if isinstance(xsd_type, cls))
        return self._chance.choice(next(found, ("text",)))


def _derived(schema: Any) -> dict[int, list[Any]]:
    """Return the named types that extend each type, by the base's id: members a superset."""
    named = [one for one in schema.types if isinstance(one, ComplexType) and one.qname is not None]
    found: dict[int, list[Any]] = {}
    for base in named:
        names = [name for name, _ in base.elements]
        for one in named:
            longer = [name for name, _ in one.elements]
            extends = one is not base and bool(names) and longer[: len(names)] == names
            if extends and base._value_class in one.accepted_types:
                found.setdefault(id(base), []).append(one)
    return found
