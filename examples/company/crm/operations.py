"""What the CRM's operations do, apart from how they travel.

Guarantees: an operation takes the request's elements by name and returns the reply's elements in
the order of the WSDL; whatever goes wrong inside an operation is said in band by a result code,
except a wrong login, an unknown operation and a broken database, which are faults. Result codes:

    OK          done
    W-PARTIAL   done, but a page was cut to 50 records
    E-SESSION   the session is unknown, used up, too old or closed: log in again, repeat the call
    E-PARAM     a value is missing or not acceptable: the text names the element
    E-NOTFOUND  no customer has this number
    E-BUSY      the database is locked: repeat the call later
"""

import hmac
import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from examples.company.crm.database import EDITABLE, Database, local_time
from examples.company.crm.sessions import Sessions

PAGE_LIMIT = 50
LENGTH_LIMIT = 80

Request = Mapping[str, "str | Mapping[str, str | None] | None"]
Reply = dict[str, object]

_CHOICES = {"KIND": ("P", "F"), "MARKETING_OK": ("J", "N"), "DEL_FLAG": ("J", "N")}
_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?")
_WHOLE_NUMBER = re.compile(r"[1-9]\d{0,8}")


class Fault(Exception):
    """A SOAP fault: `code` is what follows the envelope's prefix in faultcode."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Refusal(Exception):
    """An in-band result that is not OK."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True)
class Crm:
    """What the operations work on."""

    database: Database
    sessions: Sessions
    user: str
    password: str


def perform(crm: Crm, operation: str, request: Request) -> Reply:
    """Carry out one operation; raise `Fault` for one that does not exist or a wrong login."""
    if operation not in OPERATIONS:
        raise Fault("Client", f"no operation {operation}; there are {', '.join(OPERATIONS)}")
    try:
        if operation not in _WITHOUT_SESSION:
            _count_call(crm, request)
        return OPERATIONS[operation](crm, request)
    except Refusal as refusal:
        return _result(refusal.code, refusal.text)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY:
            raise Fault("Server", "the database failed") from error
        return _result("E-BUSY", "database locked, try again later")


def _count_call(crm: Crm, request: Request) -> None:
    if not crm.sessions.use(_text(request, "sessionId")):
        raise Refusal("E-SESSION", "session expired or unknown")


def _login(crm: Crm, request: Request) -> Reply:
    given = f"{_text(request, 'user')}\n{_text(request, 'password')}".encode()
    if not hmac.compare_digest(given, f"{crm.user}\n{crm.password}".encode()):
        raise Fault("Client.Authentication", "user or password wrong")
    return {"sessionId": crm.sessions.open()}


def _logout(crm: Crm, request: Request) -> Reply:
    crm.sessions.close(_text(request, "sessionId"))
    return _result("OK")


def _get_server_time(_crm: Crm, _request: Request) -> Reply:
    return {"serverTime": local_time()}


def _list_customers(crm: Crm, request: Request) -> Reply:
    since = _text(request, "changedSince") or None
    if since and not _LOCAL_TIME.fullmatch(since):
        raise Refusal("E-PARAM", "changedSince: local date-time without zone expected")
    page, size = _page(request)
    rows, total = crm.database.changed_since(since, page, min(size, PAGE_LIMIT))
    return _page_reply(page, size, total) | {"customers": {"customer": rows}}


def _list_customer_numbers(crm: Crm, request: Request) -> Reply:
    page, size = _page(request)
    numbers, total = crm.database.numbers(page, min(size, PAGE_LIMIT))
    return _page_reply(page, size, total) | {"numbers": {"CUST_NO": numbers}}


def _get_customer(crm: Crm, request: Request) -> Reply:
    row = crm.database.get(_text(request, "custNo"))
    if row is None:
        raise _not_found()
    return _result("OK") | {"customer": row}


def _create_customer(crm: Crm, request: Request) -> Reply:
    number = crm.database.insert(_values(request))
    return _result("OK") | {"custNo": number}


def _update_customer(crm: Crm, request: Request) -> Reply:
    if not crm.database.update(_text(request, "custNo"), _values(request)):
        raise _not_found()
    return _result("OK")


def _delete_customer(crm: Crm, request: Request) -> Reply:
    if not crm.database.delete(_text(request, "custNo")):
        raise _not_found()
    return _result("OK")


def _result(code: str, text: str = "") -> Reply:
    return {"result": {"code": code, "text": text}}


def _not_found() -> Refusal:
    return Refusal("E-NOTFOUND", "no customer has this number")


def _page_reply(page: int, size: int, total: int) -> Reply:
    """Return a page's head: the total is counted for the first page alone."""
    cut = size > PAGE_LIMIT
    head = _result("W-PARTIAL", f"pageSize cut to {PAGE_LIMIT}") if cut else _result("OK")
    more = page * min(size, PAGE_LIMIT) < total
    return head | {"total": total if page == 1 else None, "more": more}


def _text(request: Request, name: str) -> str:
    value = request.get(name)
    return value if isinstance(value, str) else ""


def _page(request: Request) -> tuple[int, int]:
    return _whole_number(request, "page"), _whole_number(request, "pageSize")


def _whole_number(request: Request, name: str) -> int:
    text = _text(request, name)
    if not _WHOLE_NUMBER.fullmatch(text):
        raise Refusal("E-PARAM", f"{name}: a whole number from 1 expected")
    return int(text)


def _values(request: Request) -> dict[str, str | None]:
    """Return the columns a clerk gave; an empty element clears its column."""
    given = request.get("customer")
    if not isinstance(given, Mapping):
        raise Refusal("E-PARAM", "customer: missing")
    for name, value in given.items():
        _check_value(name, value)
    return {name: value or None for name, value in given.items()}


def _check_value(name: str, value: str | None) -> None:
    if name not in EDITABLE:
        raise Refusal("E-PARAM", f"{name[:40]}: no column a clerk may set")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise Refusal("E-PARAM", f"{name}: one of {', '.join(_CHOICES[name])} expected")
    if value and len(value) > LENGTH_LIMIT:
        raise Refusal("E-PARAM", f"{name}: longer than {LENGTH_LIMIT} characters")


OPERATIONS: dict[str, Callable[[Crm, Request], Reply]] = {
    "Login": _login,
    "Logout": _logout,
    "GetServerTime": _get_server_time,
    "ListCustomers": _list_customers,
    "ListCustomerNumbers": _list_customer_numbers,
    "GetCustomer": _get_customer,
    "CreateCustomer": _create_customer,
    "UpdateCustomer": _update_customer,
    "DeleteCustomer": _delete_customer,
}
_WITHOUT_SESSION = ("Login", "Logout", "GetServerTime")
