"""What the product center can do, free of transport: plain functions over a connection."""

from sqlalchemy import Connection

from midspan.kernel.errors import RemoteError
from shared_services.contracts.methods import (
    FindProducts,
    GetMany,
    GetProduct,
    PricedProduct,
    ProductPage,
    Products,
)
from shared_services.product_center.repository import find_products, products_by_id


def get_product(connection: Connection, request: GetProduct) -> PricedProduct:
    """Return one product by id or by code; RemoteError ``product.not_found`` without one."""
    if (request.id is None) == (request.code is None):
        raise RemoteError("rpc.invalid_request", "give either id or code")
    if request.id is not None:
        items = list(products_by_id(connection, [request.id]).values())
    else:
        items, _ = find_products(connection, FindProducts(codes=[request.code or ""], limit=1))
    if not items:
        raise RemoteError(
            "product.not_found",
            f"there is no product {request.code or request.id}",
            detail={"id": request.id, "code": request.code},
        )
    return items[0]


def get_products(connection: Connection, request: GetMany) -> Products:
    """Return the products that exist, each once, in the order asked for."""
    found = products_by_id(connection, request.ids)
    unique = {product.id: product for product in found.values()}
    return Products(items=list(unique.values()))


def list_products(connection: Connection, request: FindProducts) -> ProductPage:
    """Return one page of the products that match."""
    items, following = find_products(connection, request)
    return ProductPage(items=items, next=following)
