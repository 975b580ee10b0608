"""Customers, as the user center knows them.

``timeout`` is in seconds, by default the client's own. ``max_staleness`` is how old, in seconds,
the center's data may be: RemoteError ``rpc.too_stale`` tells how old it is instead.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, overload

from shared_services.client.caller import Caller
from shared_services.client.paging import Stream
from shared_services.client.sender import Sender
from shared_services.contracts.commands import CUSTOMER_RECORD_CONSENT, RecordConsent
from shared_services.contracts.entities import Customer
from shared_services.contracts.methods import (
    CUSTOMER_CONSENTS,
    CUSTOMER_FIND,
    CUSTOMER_GET,
    CUSTOMER_GET_MANY,
    Consent,
    Consents,
    CustomerPage,
    FindCustomers,
    GetById,
)


class Customers:
    """Reads golden customers, and records their consents."""

    def __init__(self, caller: Caller, sender: Sender) -> None:
        self._caller = caller
        self._sender = sender

    def get(
        self,
        id: int,  # noqa: A002 the contract's name
        *,
        timeout: float | None = None,
        max_staleness: float | None = None,
    ) -> Customer:
        """Return one customer; a merged id answers with the record it went into.

        Raises RemoteError ``customer.not_found``.
        """
        request = GetById(id=id)
        customer: Customer = self._caller.read(CUSTOMER_GET, request, timeout, max_staleness)
        return customer

    @overload
    def get_many(
        self,
        ids: Sequence[int],
        fields: None = None,
        *,
        timeout: float | None = None,
        max_staleness: float | None = None,
    ) -> list[Customer]: ...

    @overload
    def get_many(
        self,
        ids: Sequence[int],
        fields: Sequence[str],
        *,
        timeout: float | None = None,
        max_staleness: float | None = None,
    ) -> list[Any]: ...

    def get_many(
        self,
        ids: Sequence[int],
        fields: Sequence[str] | None = None,
        *,
        timeout: float | None = None,
        max_staleness: float | None = None,
    ) -> list[Any]:
        """Return the customers of ``ids``, leaving out the unknown and the deleted.

        With ``fields``, records of these fields alone, the others being ``UNSET``.
        """
        return self._caller.read_many(CUSTOMER_GET_MANY, ids, fields, timeout, max_staleness)

    def consents(
        self,
        id: int,  # noqa: A002 the contract's name
        *,
        timeout: float | None = None,
        max_staleness: float | None = None,
    ) -> list[Consent]:
        """Return a customer's latest word on each purpose.

        Raises RemoteError ``customer.not_found``.
        """
        request = GetById(id=id)
        consents: Consents = self._caller.read(CUSTOMER_CONSENTS, request, timeout, max_staleness)
        return consents.items

    def record_consent(
        self,
        id: int,  # noqa: A002 the contract's name
        purpose: str,
        *,
        granted: bool,
        at: datetime | None = None,
        key: str | None = None,
        timeout: float | None = None,
    ) -> str:
        """Ask the center to record that a customer allowed or forbade a purpose.

        Returns the command's id as soon as the broker keeps it; ``customer.updated`` tells when it
        was carried out. The latest ``at`` stands (now, unless given). Sent again under the same
        ``key``, it is carried out once. Raises as ``Sender.send``.
        """
        moment = datetime.now(UTC) if at is None else at
        body = RecordConsent(id=id, purpose=purpose, granted=granted, at=moment)
        return self._sender.send(CUSTOMER_RECORD_CONSENT, body, about=id, key=key, timeout=timeout)

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
        max_staleness: float | None = None,
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
        page: CustomerPage = self._caller.read(CUSTOMER_FIND, request, timeout, max_staleness)
        return page

    def find_all(
        self,
        *,
        email: str | None = None,
        tax_id: str | None = None,
        phone: str | None = None,
        name: str | None = None,
        country: str | None = None,
        after: int = 0,
        limit: int = 500,
        timeout: float | None = None,
        max_staleness: float | None = None,
    ) -> Stream[Customer]:
        """Iterate over every customer with an id above ``after`` that matches, page by page.

        ``timeout`` bounds each page. The iterator's ``position`` is where to go on later.
        """
        return Stream(
            lambda behind: self.find(
                email=email,
                tax_id=tax_id,
                phone=phone,
                name=name,
                country=country,
                after=behind,
                limit=limit,
                timeout=timeout,
                max_staleness=max_staleness,
            ),
            after,
        )
