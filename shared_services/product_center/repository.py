"""Reads products with their prices from the center's own store."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from midspan.store.load import mappings
from shared_services.contracts.entities import Price
from shared_services.contracts.methods import FindProducts, PricedProduct
from shared_services.golden.reader import read_by_ids, read_page, to_struct
from shared_services.product_center.model import PRICE, PRODUCT


def products_by_id(connection: Connection, ids: Sequence[int]) -> dict[int, PricedProduct]:
    """Return live products by the id asked for."""
    rows = read_by_ids(connection, PRODUCT, ids)
    return dict(zip(rows, _with_prices(connection, list(rows.values())), strict=True))


def products_by_code(connection: Connection, codes: Sequence[str]) -> dict[str, PricedProduct]:
    """Return live products by code; of several with one code, that of the smallest id."""
    golden = PRODUCT.golden
    found = connection.execute(
        select(golden)
        .where(golden.c.code.in_(sorted(set(codes))), golden.c.deleted_at.is_(None))
        .order_by(golden.c.id.desc())
    )
    return {product.code: product for product in _with_prices(connection, mappings(found))}


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


def _with_prices(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[PricedProduct]:
    price = PRICE.golden
    found = connection.execute(
        select(price)
        .where(
            price.c.product_code.in_([row["code"] for row in rows]),
            price.c.deleted_at.is_(None),
        )
        .order_by(price.c.product_code, price.c.currency, price.c.valid_from)
    )
    prices: dict[str, list[Price]] = {}
    for row in mappings(found):
        prices.setdefault(row["product_code"], []).append(to_struct(Price, row))
    return [to_struct(PricedProduct, row, prices=prices.get(row["code"], [])) for row in rows]
