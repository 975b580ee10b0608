"""Reads products with their prices from the center's own store."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection

from shared_services.contracts.entities import Price
from shared_services.contracts.methods import FindProducts, PricedProduct
from shared_services.golden.reader import (
    GoldenRow,
    read_by_ids,
    read_page,
    read_rows,
    select_golden,
)
from shared_services.product_center.model import PRICE, PRODUCT


def products_by_id(connection: Connection, ids: Sequence[int]) -> dict[int, PricedProduct]:
    """Return live products by the id asked for."""
    rows = read_by_ids(connection, PRODUCT, ids)
    return dict(zip(rows, _with_prices(connection, list(rows.values())), strict=True))


def products_by_code(connection: Connection, codes: Sequence[str]) -> dict[str, PricedProduct]:
    """Return live products by code; of several with one code, that of the smallest id."""
    columns = PRODUCT.golden.c
    query = select_golden(PRODUCT, columns.code.in_(sorted(set(codes)))).order_by(columns.id.desc())
    rows = read_rows(connection, PRODUCT, query)
    return {product.code: product for product in _with_prices(connection, rows)}


def find_products(
    connection: Connection, request: FindProducts
) -> tuple[list[PricedProduct], int | None]:
    """Return a page of products that match all filters, and the next page's cursor."""
    rows, following = read_page(
        connection, PRODUCT, _filters(request), after=request.after, limit=request.limit
    )
    return _with_prices(connection, rows), following


def _filters(request: FindProducts) -> list[ColumnElement[bool]]:
    columns = PRODUCT.golden.c
    filters: list[ColumnElement[bool]] = []
    if request.codes is not None:
        filters.append(columns.code.in_(request.codes))
    if request.category is not None:
        filters.append(columns.category == request.category)
    if request.active is not None:
        filters.append(columns.active == request.active)
    if request.name is not None:
        filters.append(columns.name.icontains(request.name, autoescape=True))
    return filters


def _with_prices(connection: Connection, rows: Sequence[GoldenRow]) -> list[PricedProduct]:
    columns = PRICE.golden.c
    query = select_golden(PRICE, columns.product_code.in_([row["code"] for row in rows]))
    query = query.order_by(columns.product_code, columns.currency, columns.valid_from)
    prices: dict[str, list[Price]] = {}
    for row in read_rows(connection, PRICE, query):
        prices.setdefault(row["product_code"], []).append(Price(**row))
    return [PricedProduct(**row, prices=prices.get(row["code"], [])) for row in rows]
