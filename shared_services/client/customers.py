"""Customers, as the user center knows them."""

from collections.abc import Iterator, Sequence

from shared_services.client.caller import Caller
from shared_services.client.paging import pages, slices
from shared_services.contracts.entities import Customer
from shared_services.contracts.methods import (
    CUSTOMER_FIND,
    CUSTOMER_GET,
    CUSTOMER_GET_MANY,
    CustomerPage,
    FindCustomers,
    GetById,
    GetMany,
)


class Customers:
    """Reads golden customers; ``timeout`` is in seconds, by default the client's own."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def get(self, id: int, *, timeout: float | None = None) -> Customer:  # noqa: A002 its name
        """Return one customer; a merged id answers with the record it went into.

        Raises RemoteError ``customer.not_found``.
        """
        customer: Customer = self._caller.read(CUSTOMER_GET, GetById(id=id), timeout)
        return customer

    def get_many(self, ids: Sequence[int], *, timeout: float | None = None) -> list[Customer]:
        """Return the customers of ``ids``, leaving out the unknown and the deleted."""
        return [
            customer
            for part in slices(ids)
            for customer in self._caller.read(CUSTOMER_GET_MANY, GetMany(ids=part), timeout).items
        ]

    def find(
        self,
        *,
        email: str | None = None,
        tax_id: str | None = None,
        phone: str | None = None,
        name: str | None = None,
        country: str | None = None,
        after: int = 0,
        limit: int = 100,
        timeout: float | None = None,
    ) -> CustomerPage:
        """Return the customers with an id above ``after`` that match every given filter."""
        request = FindCustomers(
            email=email,
            tax_id=tax_id,
            phone=phone,
            name=name,
            country=country,
            after=after,
            limit=limit,
        )
        page: CustomerPage = self._caller.read(CUSTOMER_FIND, request, timeout)
        return page

    def find_all(
        self,
        *,
        email: str | None = None,
        tax_id: str | None = None,
        phone: str | None = None,
        name: str | None = None,
        country: str | None = None,
        limit: int = 500,
        timeout: float | None = None,
    ) -> Iterator[Customer]:
        """Yield every customer that matches, page by page; ``timeout`` bounds each page."""
        return pages(
            lambda after: self.find(
                email=email,
                tax_id=tax_id,
                phone=phone,
                name=name,
                country=country,
                after=after,
                limit=limit,
                timeout=timeout,
            )
        )
