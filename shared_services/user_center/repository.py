"""Reads customers from the center's own store; a legacy system is never asked."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection

from shared_services.contracts.entities import Customer
from shared_services.contracts.methods import FindCustomers
from shared_services.golden.reader import read_by_ids, read_page
from shared_services.user_center.model import CUSTOMER

_EXACT = ("tax_id", "phone", "country")


def customers_by_id(connection: Connection, ids: Sequence[int]) -> dict[int, Customer]:
    """Return live customers by the id asked for."""
    rows = read_by_ids(connection, CUSTOMER, ids)
    return {asked: Customer(**row) for asked, row in rows.items()}


def find_customers(
    connection: Connection, request: FindCustomers
) -> tuple[list[Customer], int | None]:
    """Return a page of customers that match all filters, and the next page's cursor."""
    rows, following = read_page(
        connection, CUSTOMER, _filters(request), after=request.after, limit=request.limit
    )
    return [Customer(**row) for row in rows], following


def _filters(request: FindCustomers) -> list[ColumnElement[bool]]:
    columns = CUSTOMER.golden.c
    wanted = {name: getattr(request, name) for name in _EXACT}
    filters = [columns[name] == value for name, value in wanted.items() if value is not None]
    if request.email is not None:
        filters.append(columns.email == request.email.strip().casefold())
    if request.name is not None:
        filters.append(columns.name.icontains(request.name, autoescape=True))
    return filters
