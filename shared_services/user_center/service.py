"""What the user center can do, free of transport: plain functions over a connection."""

from collections.abc import Sequence

from sqlalchemy import Connection

from midspan.kernel.errors import RemoteError
from shared_services.contracts.entities import Customer
from shared_services.contracts.methods import (
    CustomerPage,
    Customers,
    FindCustomers,
    GetById,
    GetMany,
    SelectedCustomers,
)
from shared_services.contracts.selection import require_selectable, select_fields
from shared_services.user_center.repository import customers_by_id, find_customers


def get_customer(connection: Connection, request: GetById) -> Customer:
    """Return one customer; RemoteError ``customer.not_found`` when there is none."""
    answer = get_each_customer(connection, [request])[0]
    if isinstance(answer, RemoteError):
        raise answer
    return answer


def get_each_customer(
    connection: Connection, requests: Sequence[GetById]
) -> list[Customer | RemoteError]:
    """Answer several ``get_customer`` by one query."""
    found = customers_by_id(connection, [request.id for request in requests])
    return [found[one.id] if one.id in found else _not_found(one.id) for one in requests]


def get_customers(connection: Connection, request: GetMany) -> Customers | SelectedCustomers:
    """Return the customers that exist, each once, in the order asked for; all fields or some."""
    if request.fields is not None:
        require_selectable(Customer, request.fields)
    found = customers_by_id(connection, request.ids)
    unique = {customer.id: customer for customer in found.values()}
    if request.fields is None:
        return Customers(items=list(unique.values()))
    fields = request.fields
    return SelectedCustomers(
        items=[select_fields(Customer, one, fields) for one in unique.values()]
    )


def list_customers(connection: Connection, request: FindCustomers) -> CustomerPage:
    """Return one page of the customers that match."""
    items, following = find_customers(connection, request)
    return CustomerPage(items=items, next=following)


def _not_found(golden_id: int) -> RemoteError:
    text = f"there is no customer {golden_id}"
    return RemoteError("customer.not_found", text, detail={"id": golden_id})
