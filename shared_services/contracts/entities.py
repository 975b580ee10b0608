"""Canonical entities: what a customer, a product, a price is, whichever system it came from.

``CustomerData`` and its like hold what a mapping fills; the entity adds its golden ``id``,
its ``epoch`` and ``sequence`` (each change of the entity raises the pair), and ``as_of``,
the time of the source data it was last built from. A field marked ``personal()`` never
travels in a public event, is masked wherever people look at data, and carries
``x-personal: true`` in every JSON Schema.
"""

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

FieldKind = Literal["string", "integer", "decimal", "boolean", "date", "datetime", "records"]

_KINDS: dict[type, FieldKind] = {
    str: "string",
    int: "integer",
    Decimal: "decimal",
    bool: "boolean",
    date: "date",
    datetime: "datetime",
}


def personal(max_length: int, min_length: int | None = None) -> Meta:
    """Mark a text field as personal data, at most ``max_length`` characters long."""
    return Meta(
        min_length=min_length,
        max_length=max_length,
        extra={"personal": True},
        extra_json_schema={"x-personal": True},
    )


Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217")]
Language = Annotated[str, Meta(pattern="^[a-z]{2}$", description="ISO 639-1")]
Code = Annotated[str, Meta(min_length=1, max_length=64)]
Moment = Annotated[datetime, Meta(tz=True)]


class CustomerData(Struct, frozen=True, kw_only=True):
    """A person or company that buys."""

    kind: Literal["person", "company"]
    name: Annotated[str, personal(200, min_length=1)]
    email: Annotated[str, personal(254)] | None = None
    phone: Annotated[str, personal(20)] | None = None
    tax_id: Annotated[str, personal(32)] | None = None
    street: Annotated[str, personal(200)] | None = None
    postal_code: Annotated[str, personal(16)] | None = None
    city: Annotated[str, personal(100)] | None = None
    country: Country | None = None
    language: Language | None = None
    marketing_consent: bool | None = None
    active: bool = True


class ProductData(Struct, frozen=True, kw_only=True):
    """Something that is sold; ``code`` is its number in every system."""

    code: Code
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    category: Annotated[str, Meta(max_length=100)] | None = None
    unit: Annotated[str, Meta(max_length=20)] | None = None
    list_price: Decimal | None = None
    currency: Currency | None = None
    active: bool = True


class PriceData(Struct, frozen=True, kw_only=True):
    """What one unit of a product costs in a currency from a day on."""

    product_code: Code
    currency: Currency
    amount: Decimal
    valid_from: date
    unit: Annotated[str, Meta(max_length=20)] | None = None


class Customer(CustomerData, frozen=True, kw_only=True):
    """A golden customer."""

    id: int
    epoch: int
    sequence: int
    as_of: Moment


class Product(ProductData, frozen=True, kw_only=True):
    """A golden product."""

    id: int
    epoch: int
    sequence: int
    as_of: Moment


class Price(PriceData, frozen=True, kw_only=True):
    """A golden price."""

    id: int
    epoch: int
    sequence: int
    as_of: Moment


class FieldType(Struct, frozen=True):
    """A canonical field as mappings and stores see it.

    ``choices``, ``pattern``, ``min_length`` and ``max_length`` restrict strings. A field of
    kind ``records`` is a tuple of dictionaries that hold every one of ``fields``; the lengths
    restrict how many. It is personal when one of its fields is.
    """

    name: str
    kind: FieldKind
    required: bool
    nullable: bool
    personal: bool
    default: Any = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    fields: tuple["FieldType", ...] = ()


class EntityType(Struct, frozen=True):
    """An entity by name and version: its data struct, its golden struct and its fields."""

    name: str
    version: int
    data: type[Struct]
    golden: type[Struct]
    fields: tuple[FieldType, ...]

    @property
    def field_names(self) -> tuple[str, ...]:
        """Return the data fields' names, in the order rows carry them."""
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> FieldType:
        """Return one field; KeyError when there is none of that name."""
        for candidate in self.fields:
            if candidate.name == name:
                return candidate
        raise KeyError(name)


def entity_type(name: str, version: int, data: type[Struct], golden: type[Struct]) -> EntityType:
    """Return the entity of two structs; a list of records is a ``tuple[Struct, ...]``."""
    return EntityType(name, version, data, golden, _fields(data))


def _fields(data: type[Struct]) -> tuple[FieldType, ...]:
    hints = get_type_hints(data, include_extras=True)
    return tuple(_field(info, hints[info.name]) for info in msgspec.structs.fields(data))


def _field(info: msgspec.structs.FieldInfo, hint: Any) -> FieldType:
    nullable = False
    if get_origin(hint) in (Union, UnionType):
        arms = [arm for arm in get_args(hint) if arm is not type(None)]
        nullable, hint = len(arms) < len(get_args(hint)), arms[0]
    meta = Meta()
    if get_origin(hint) is Annotated:
        hint, meta = get_args(hint)[:2]
    choices = tuple(get_args(hint)) if get_origin(hint) is Literal else ()
    records = _fields(get_args(hint)[0]) if get_origin(hint) is tuple else ()
    return FieldType(
        name=info.name,
        kind="records" if records else "string" if choices else _KINDS[hint],
        required=info.required,
        nullable=nullable,
        personal=bool((meta.extra or {}).get("personal")) or any(one.personal for one in records),
        default=None if info.default is msgspec.NODEFAULT else info.default,
        choices=choices,
        pattern=meta.pattern,
        min_length=meta.min_length,
        max_length=meta.max_length,
        fields=records,
    )


@cache
def entity_types() -> dict[str, EntityType]:
    """Return every canonical entity by name."""
    entities = (
        entity_type("customer", 1, CustomerData, Customer),
        entity_type("product", 1, ProductData, Product),
        entity_type("price", 1, PriceData, Price),
    )
    return {entity.name: entity for entity in entities}
