"""What a clerk does with the CRM: create, edit and delete customers through the SOAP service.

Guarantee: a call returns when the CRM has said OK; without a session, or when it has expired,
it logs in once; anything else the CRM says raises `CrmRefused` with its code. Values are columns
of KUNDEN by name; None clears a column.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from zeep import Client
from zeep.transports import Transport

Values = Mapping[str, str | None]


class CrmRefused(Exception):
    """The CRM answered with a result code other than OK."""

    def __init__(self, operation: str, code: str, text: str) -> None:
        super().__init__(f"CRM refused {operation}: {code} {text}")
        self.code = code


class Clerk:
    """A clerk's client; a context manager that logs out and closes its connection at the end."""

    def __init__(self, wsdl: str, user: str, password: str) -> None:
        self._transport = Transport(timeout=10, operation_timeout=10)  # type: ignore[no-untyped-call]
        self._service: Any = Client(wsdl, transport=self._transport).service  # type: ignore[no-untyped-call]
        self._login = {"user": user, "password": password}
        self._session = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self._session:
                self._service.Logout(sessionId=self._session)
        finally:
            self._transport.session.close()

    def create(self, values: Values) -> str:
        """Create a customer and return its CUST_NO."""
        return str(self._call("CreateCustomer", customer=_input(values)).custNo)

    def edit(self, number: str, values: Values) -> None:
        """Set the given columns of one customer."""
        self._call("UpdateCustomer", custNo=number, customer=_input(values))

    def delete(self, number: str) -> None:
        """Delete one customer; the CRM keeps no trace of it."""
        self._call("DeleteCustomer", custNo=number)

    def _call(self, operation: str, **elements: object) -> Any:
        reply = self._service[operation](sessionId=self._session, **elements)
        if _result(reply).code == "E-SESSION":
            self._session = self._service.Login(**self._login)
            reply = self._service[operation](sessionId=self._session, **elements)
        result = _result(reply)
        if result.code != "OK":
            raise CrmRefused(operation, result.code, result.text or "")
        return reply


def _input(values: Values) -> dict[str, str]:
    return {column: value or "" for column, value in values.items()}


def _result(reply: Any) -> Any:
    """Return the result; zeep hands it over bare where a reply holds nothing else."""
    return getattr(reply, "result", reply)
