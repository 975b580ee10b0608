"""What the user center can do, free of transport: plain functions over a connection."""

from sqlalchemy import Connection

from midspan.kernel.errors import RemoteError
from shared_services.contracts.entities import Customer
from shared_services.contracts.methods import (
    CustomerPage,
    Customers,
    FindCustomers,
    GetById,
    GetMany,
)
from shared_services.user_center.repository import customers_by_id, find_customers


def get_customer(connection: Connection, request: GetById) -> Customer:
    """Return one customer; RemoteError ``customer.not_found`` when there is none."""
    found = customers_by_id(connection, [request.id])
    if request.id not in found:
        raise RemoteError(
            "customer.not_found",
            f"there is no customer {request.id}",
            detail={"id": request.id},
        )
    return found[request.id]


def get_customers(connection: Connection, request: GetMany) -> Customers:
    """Return the customers that exist, each once, in the order asked for."""
    found = customers_by_id(connection, request.ids)
    unique = {customer.id: customer for customer in found.values()}
    return Customers(items=list(unique.values()))


def list_customers(connection: Connection, request: FindCustomers) -> CustomerPage:
    """Return one page of the customers that match."""
    items, following = find_customers(connection, request)
    return CustomerPage(items=items, next=following)
