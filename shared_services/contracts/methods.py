"""RPC methods: name, request and reply of each, the same for server and client.

A reply of a list method is a page: ``next`` is the cursor of the next page, None at the end.
A ``get_many`` that names ``fields`` is answered with records of these fields alone, beside what
identifies them.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct, structs

from shared_services.contracts.entities import Customer, Moment, Price, Product, personal
from shared_services.contracts.selection import selection_of

PageSize = Annotated[int, Meta(ge=1, le=500)]
Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Ids = Annotated[list[Id], Meta(max_length=500)]
Searched = Annotated[str, personal(254)]
FieldNames = Annotated[list[str], Meta(max_length=100)]


class GetById(Struct, frozen=True, kw_only=True):
    """One record by golden id; a merged id answers with the record it went into."""

    id: Id


class GetMany(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Several records by golden id; ids that are unknown or deleted are left out.

    ``fields`` names what the reply is to hold; all fields where it is None.
    """

    ids: Ids
    fields: FieldNames | None = None


class FindCustomers(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Customers that match every given filter; without filters, all, by ascending id."""

    email: Searched | None = None
    tax_id: Searched | None = None
    phone: Searched | None = None
    name: Searched | None = None
    country: str | None = None
    after: Id = 0
    limit: PageSize = 100


class CustomerPage(Struct, frozen=True, kw_only=True):
    """A page of customers."""

    items: list[Customer]
    next: int | None = None


class Customers(Struct, frozen=True, kw_only=True):
    """Some customers."""

    items: list[Customer]


class Consent(Struct, frozen=True, kw_only=True):
    """A customer's latest word on one purpose, and the app that recorded it."""

    purpose: str
    granted: bool
    at: Moment
    app: str


class Consents(Struct, frozen=True, kw_only=True):
    """All of a customer's consents, by purpose."""

    items: list[Consent]


SelectedCustomer = selection_of(Customer)


class SelectedCustomers(Struct, frozen=True, kw_only=True):
    """Some customers, with the fields that were asked for."""

    items: list[SelectedCustomer]  # type: ignore[valid-type]  # made from the entity


class PricedProduct(Product, frozen=True, kw_only=True):
    """A golden product with its prices."""

    prices: list[Price]


class GetProduct(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One product, by golden id or by code; exactly one of the two."""

    id: Id | None = None
    code: str | None = None


class FindProducts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Products that match every given filter; without filters, all, by ascending id."""

    codes: Annotated[list[str], Meta(max_length=500)] | None = None
    name: str | None = None
    category: str | None = None
    active: bool | None = None
    after: Id = 0
    limit: PageSize = 100


class ProductPage(Struct, frozen=True, kw_only=True):
    """A page of products."""

    items: list[PricedProduct]
    next: int | None = None


class Products(Struct, frozen=True, kw_only=True):
    """Some products."""

    items: list[PricedProduct]


SelectedProduct = selection_of(PricedProduct)


class SelectedProducts(Struct, frozen=True, kw_only=True):
    """Some products, with the fields that were asked for."""

    items: list[SelectedProduct]  # type: ignore[valid-type]  # made from the entity


class Method(Struct, frozen=True):
    """One RPC method; ``center`` is the service that answers it.

    ``selected`` is the reply's type where the request names fields. ``safe``: it only reads, so
    that a call which may have been served already can simply be made again.
    """

    name: str
    center: str
    request: type[Struct]
    reply: Any
    version: int = 1
    selected: type[Struct] | None = None
    safe: bool = True

    @property
    def routing_key(self) -> str:
        """Return the method's topic on the RPC exchange."""
        return f"{self.name}.v{self.version}"

    def selecting(self) -> "Method":
        """Return the method as it answers a request that names fields."""
        return structs.replace(self, reply=self.selected or self.reply)


CUSTOMER_GET = Method("customer.get", "user_center", GetById, Customer)
CUSTOMER_GET_MANY = Method(
    "customer.get_many", "user_center", GetMany, Customers, selected=SelectedCustomers
)
CUSTOMER_FIND = Method("customer.find", "user_center", FindCustomers, CustomerPage)
CUSTOMER_CONSENTS = Method("customer.consents", "user_center", GetById, Consents)
PRODUCT_GET = Method("product.get", "product_center", GetProduct, PricedProduct)
PRODUCT_GET_MANY = Method(
    "product.get_many", "product_center", GetMany, Products, selected=SelectedProducts
)
PRODUCT_FIND = Method("product.find", "product_center", FindProducts, ProductPage)

METHODS = {
    method.routing_key: method
    for method in (
        CUSTOMER_GET,
        CUSTOMER_GET_MANY,
        CUSTOMER_FIND,
        CUSTOMER_CONSENTS,
        PRODUCT_GET,
        PRODUCT_GET_MANY,
        PRODUCT_FIND,
    )
}
