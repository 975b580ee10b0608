"""What a complex type consists of, laid out for reading: members in order, attributes, text.

Invariant: a layout exists only for types whose members are told apart by their names alone:
sequences and all-groups of elements, with ``xs:any`` at the end at most, or a text with
attributes. Every other type is ``Undone``.
"""

from dataclasses import dataclass
from typing import Any

from lxml import etree
from zeep.helpers import serialize_object
from zeep.xsd import Any as AnyElement
from zeep.xsd import AnyAttribute, AnySimpleType, Element
from zeep.xsd.elements import All, Group, Sequence

from adapters.soap.values import Convert, converter


class Undone(Exception):
    """A type that has no layout."""


@dataclass(frozen=True, slots=True)
class Member:
    """A child element.

    ``most`` is how often it may stand, None without bound; ``needs`` the place of the last
    member before it that must be there, -1 without one.
    """

    key: str
    name: str
    xsd_type: Any
    most: int | None
    needs: int


class Layout:
    """The members of one type; ``text`` is (key, converter) where the element holds a text."""

    def __init__(
        self,
        xsd_type: Any,
        members: tuple[Member, ...],
        *,
        ordered: bool = True,
        wildcard: bool = False,
        text: tuple[str, Convert] | None = None,
        spaces: tuple[str | None, ...] = (),
        required: frozenset[str] = frozenset(),
    ) -> None:
        self.members = members
        self.ordered = ordered
        self.wildcard = wildcard
        self.text = text
        self.required = required
        self.attributes = tuple(_attributes(xsd_type))
        self.any_attribute = _any_attribute(xsd_type)
        self._blank = _blank(xsd_type, members, text)
        self._lists = [member.key for member in members if member.most != 1]
        self._places = _places(members, spaces)
        self._free = {
            member.name: at
            for at, (member, space) in enumerate(zip(members, spaces, strict=True))
            if space is None
        }

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of a record's values."""
        return tuple(self._blank)

    @property
    def repeated(self) -> int | None:
        """The place of the only member, where that is repeated: the type is a list then."""
        return 0 if len(self.members) == 1 and self.members[0].most != 1 else None

    def fresh(self) -> dict[str, Any]:
        """Return the values of a record in which nothing stands."""
        values = dict(self._blank)
        for key in self._lists:
            values[key] = []
        return values

    def place(self, tag: str) -> int | None:
        """Return the place of the member that an element of this tag is; None for none."""
        at = self._places.get(tag)
        if at is None and tag[0] == "{":
            return self._free.get(tag.rpartition("}")[2])
        return at

    def place_of_name(self, name: str) -> int | None:
        """Return the place of the member of a local name, whatever its namespace."""
        return next((at for at, one in enumerate(self.members) if one.name == name), None)


def layout(xsd_type: Any) -> Layout:
    """Return the layout of a zeep ComplexType; raise ``Undone`` where it can have none."""
    content = xsd_type._element  # noqa: SLF001 zeep offers no public way
    if isinstance(content, Element):
        if not isinstance(content.type, AnySimpleType):
            raise Undone
        key = xsd_type.elements_nested[0][0]
        return Layout(xsd_type, (), text=(key, converter(content.type)))
    if not xsd_type.elements_nested:
        return Layout(xsd_type, ())
    group = xsd_type.elements_nested[0][1]
    while isinstance(group, Group) and not group.accepts_multiple:
        group = group.child
    if not isinstance(group, Sequence | All) or group.accepts_multiple:
        raise Undone
    return _of_group(xsd_type, group)


def _of_group(xsd_type: Any, group: Any) -> Layout:
    flat = [(key, one) for key, one in group.elements]
    wildcard = bool(flat) and isinstance(flat[-1][1], AnyElement)
    flat = flat[:-1] if wildcard else flat
    if not all(isinstance(one, Element) for _, one in flat):
        raise Undone
    names = [one.qname.localname for _, one in flat]
    if len(set(names)) < len(names):
        raise Undone
    members, needs = [], -1
    ordered = isinstance(group, Sequence)
    for at, (key, one) in enumerate(flat):
        most = None if one.max_occurs == "unbounded" else int(one.max_occurs)
        members.append(Member(key, one.qname.localname, one.type, most, needs))
        if ordered and not one.is_optional:
            needs = at
    return Layout(
        xsd_type,
        tuple(members),
        ordered=ordered,
        wildcard=wildcard,
        spaces=tuple(one.qname.namespace for _, one in flat),
        required=_required(group),
    )


def _required(group: Any) -> frozenset[str]:
    """Return the names that must be there; those of a choice or an inner group need not."""
    return frozenset(
        one.qname.localname
        for one in group
        if isinstance(one, Element) and not one.is_optional and not one.nillable
    )


def _places(members: tuple[Member, ...], spaces: tuple[str | None, ...]) -> dict[str, int]:
    places = {member.name: at for at, member in enumerate(members)}
    for at, (member, space) in enumerate(zip(members, spaces, strict=True)):
        if space is not None:
            places[etree.QName(space, member.name).text] = at
    return places


def _blank(
    xsd_type: Any, members: tuple[Member, ...], text: tuple[str, Convert] | None
) -> dict[str, Any]:
    """Return zeep's own defaults, without what stands for ``xs:any``."""
    made: dict[str, Any] = serialize_object(xsd_type._value_class(), dict)  # type: ignore[no-untyped-call]  # noqa: SLF001 untyped, no public way
    known = {member.key for member in members} | {key for key, _ in xsd_type.attributes}
    known |= {text[0]} if text else set()
    return {key: value for key, value in made.items() if key in known}


def _attributes(xsd_type: Any) -> list[tuple[str, str, Convert]]:
    return [
        (key, one.qname.text, converter(one.type))
        for key, one in xsd_type.attributes
        if not isinstance(one, AnyAttribute) and one.qname is not None
    ]


def _any_attribute(xsd_type: Any) -> str | None:
    found = (key for key, one in xsd_type.attributes if isinstance(one, AnyAttribute))
    return next(found, None)
