"""What the product center can do, free of transport: plain functions over a connection."""

from collections.abc import Sequence

from sqlalchemy import Connection

from midspan.kernel.errors import RemoteError
from shared_services.contracts.methods import (
    FindProducts,
    GetMany,
    GetProduct,
    PricedProduct,
    ProductPage,
    Products,
    SelectedProducts,
)
from shared_services.contracts.selection import require_selectable, select_fields
from shared_services.product_center.repository import (
    find_products,
    products_by_code,
    products_by_id,
)


def get_product(connection: Connection, request: GetProduct) -> PricedProduct:
    """Return one product by id or by code; RemoteError ``product.not_found`` without one."""
    answer = get_each_product(connection, [request])[0]
    if isinstance(answer, RemoteError):
        raise answer
    return answer


def get_each_product(
    connection: Connection, requests: Sequence[GetProduct]
) -> list[PricedProduct | RemoteError]:
    """Answer several ``get_product`` by one query for the ids and one for the codes."""
    ids = [one.id for one in requests if one.id is not None]
    codes = [one.code for one in requests if one.code is not None]
    by_id = products_by_id(connection, ids) if ids else {}
    by_code = products_by_code(connection, codes) if codes else {}
    answers: list[PricedProduct | RemoteError] = []
    for one in requests:
        if (one.id is None) == (one.code is None):
            answers.append(RemoteError("rpc.invalid_request", "give either id or code"))
            continue
        found = by_code.get(one.code or "") if one.id is None else by_id.get(one.id)
        answers.append(found or _not_found(one))
    return answers


def get_products(connection: Connection, request: GetMany) -> Products | SelectedProducts:
    """Return the products that exist, each once, in the order asked for; all fields or some."""
    if request.fields is not None:
        require_selectable(PricedProduct, request.fields)
    found = products_by_id(connection, request.ids)
    unique = {product.id: product for product in found.values()}
    if request.fields is None:
        return Products(items=list(unique.values()))
    fields = request.fields
    return SelectedProducts(
        items=[select_fields(PricedProduct, one, fields) for one in unique.values()]
    )


def list_products(connection: Connection, request: FindProducts) -> ProductPage:
    """Return one page of the products that match."""
    items, following = find_products(connection, request)
    return ProductPage(items=items, next=following)


def _not_found(request: GetProduct) -> RemoteError:
    return RemoteError(
        "product.not_found",
        f"there is no product {request.code or request.id}",
        detail={"id": request.id, "code": request.code},
    )
