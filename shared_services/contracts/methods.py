"""RPC methods: name, request and reply of each, the same for server and client.

A reply of a list method is a page: ``next`` is the cursor of the next page, None at the end.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

from shared_services.contracts.entities import Customer, Price, Product

PageSize = Annotated[int, Meta(ge=1, le=500)]
Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Ids = Annotated[list[Id], Meta(max_length=500)]


class GetById(Struct, frozen=True, kw_only=True):
    """One record by golden id; a merged id answers with the record it went into."""

    id: Id


class GetMany(Struct, frozen=True, kw_only=True):
    """Several records by golden id; ids that are unknown or deleted are left out."""

    ids: Ids


class FindCustomers(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Customers that match every given filter; without filters, all, by ascending id."""

    email: str | None = None
    tax_id: str | None = None
    phone: str | None = None
    name: str | None = None
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


class Method(Struct, frozen=True):
    """One RPC method; ``center`` is the service that answers it."""

    name: str
    center: str
    request: type[Struct]
    reply: Any
    version: int = 1

    @property
    def routing_key(self) -> str:
        """Return the method's topic on the RPC exchange."""
        return f"{self.name}.v{self.version}"


CUSTOMER_GET = Method("customer.get", "user_center", GetById, Customer)
CUSTOMER_GET_MANY = Method("customer.get_many", "user_center", GetMany, Customers)
CUSTOMER_FIND = Method("customer.find", "user_center", FindCustomers, CustomerPage)
PRODUCT_GET = Method("product.get", "product_center", GetProduct, PricedProduct)
PRODUCT_GET_MANY = Method("product.get_many", "product_center", GetMany, Products)
PRODUCT_FIND = Method("product.find", "product_center", FindProducts, ProductPage)

METHODS = {
    method.routing_key: method
    for method in (
        CUSTOMER_GET,
        CUSTOMER_GET_MANY,
        CUSTOMER_FIND,
        PRODUCT_GET,
        PRODUCT_GET_MANY,
        PRODUCT_FIND,
    )
}
