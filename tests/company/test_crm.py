"""What the CRM promises on the wire, asked of a running process."""

import os
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from zeep import Client
from zeep.exceptions import Fault
from zeep.transports import Transport

from examples.company.crm import people, truth
from examples.company.crm.changes import Clerk, CrmRefused
from examples.company.crm.database import ZONE
from examples.company.population import customers
from tests.fixtures_crm import PASSWORD_VARIABLE, ROOT, RunningCrm, crm_command, running_crm


@contextmanager
def _service(crm: RunningCrm) -> Iterator[Any]:
    # zeep carries no annotations
    transport = Transport(timeout=5, operation_timeout=5)  # type: ignore[no-untyped-call]
    yield Client(crm.wsdl, transport=transport).service  # type: ignore[no-untyped-call]
    transport.session.close()


@pytest.fixture
def service(crm: RunningCrm) -> Iterator[Any]:
    with _service(crm) as service:
        yield service


def _log_in(service: Any, crm: RunningCrm) -> str:
    return str(service.Login(user=crm.user, password=crm.password))


def _read_all(service: Any, crm: RunningCrm, **where: object) -> list[Any]:
    """Read page by page as a client must: log in again in the middle and repeat the page."""
    session, page, records = "", 1, []
    for _ in range(100):
        reply = service.ListCustomers(sessionId=session, page=page, pageSize=10, **where)
        if reply.result.code == "E-SESSION":
            session = _log_in(service, crm)
            continue
        records += reply.customers.customer
        if not reply.more:
            break
        page += 1
    return records


def test_a_wrong_login_is_a_fault(service: Any, crm: RunningCrm) -> None:
    """A wrong password and a wrong user give the same fault, Client.Authentication."""
    for login in ({"user": crm.user, "password": "wrong"}, {"user": "x", "password": crm.password}):
        with pytest.raises(Fault, match="user or password wrong") as caught:
            service.Login(**login)

        assert caught.value.code == "soap:Client.Authentication"


def test_a_session_expires_in_band_in_the_middle_of_paging(service: Any, crm: RunningCrm) -> None:
    """The eighth call of a session says E-SESSION with HTTP 200; a new login takes it further."""
    session = _log_in(service, crm)
    codes = [
        service.ListCustomers(sessionId=session, page=page, pageSize=10).result.code
        for page in range(1, 10)
    ]

    assert codes == ["OK"] * 7 + ["E-SESSION"] * 2
    assert service.ListCustomers(_log_in(service, crm), None, 8, 10).result.code == "OK"


def test_a_session_expires_by_time(tmp_path: Path) -> None:
    """A session that is too old is refused in band before its calls are used up."""
    with (
        running_crm(tmp_path / "crm.sqlite", "--session-seconds", "0.01") as crm,
        _service(crm) as service,
    ):
        session = _log_in(service, crm)
        time.sleep(0.05)
        reply = service.GetCustomer(session, "000001")

    assert (reply.result.code, reply.customer) == ("E-SESSION", None)


def test_a_closed_session_is_refused_like_one_that_never_was(service: Any, crm: RunningCrm) -> None:
    """After Logout the session id stands for nothing."""
    session = _log_in(service, crm)
    open_code = service.GetCustomer(session, "000001").result.code
    service.Logout(sessionId=session)
    closed, unknown = (service.GetCustomer(one, "000001") for one in (session, "never given"))

    assert open_code == "OK"
    assert (closed.result.code, closed.result.text) == (unknown.result.code, unknown.result.text)


def test_paging_meets_every_customer_once_in_order(service: Any, crm: RunningCrm) -> None:
    """All pages together are the file's rows, sorted by CHG_TS and CUST_NO, value for value."""
    records = _read_all(service, crm)

    stored = sorted(truth.customers(crm.db), key=lambda row: (row["CHG_TS"], row["CUST_NO"]))
    names = [name for name in stored[0] if name != "CRT_TS"]
    assert [[one[name] for name in names] for one in records] == [
        [row[name] for name in names] for row in stored
    ]
    assert Counter(one.CHG_TS for one in records)[people.BULK_IMPORT] == 60


def test_changed_since_is_inclusive(service: Any, crm: RunningCrm) -> None:
    """A reading from a change date on meets the rows of that very second, and the mangled one."""
    records = _read_all(service, crm, changedSince=datetime.fromisoformat("2025-05-20T00:00:00"))
    newest = sorted(one.CHG_TS for one in records)[-2]
    again = _read_all(service, crm, changedSince=newest)

    assert 2 < len(records) < 30
    assert [one.CHG_TS for one in again] == [newest, "2026-13-45T10:00:00"]


def test_times_travel_without_a_zone(service: Any, crm: RunningCrm) -> None:
    """The server's clock and a row's creation are naive date-times on the company's wall clock."""
    reply = service.ListCustomers(_log_in(service, crm), None, 1, 1)
    told = service.GetServerTime()

    assert told.tzinfo is None
    assert abs(datetime.now(ZONE).replace(tzinfo=None) - told) < timedelta(seconds=5)
    assert reply.customers.customer[0].CRT_TS.tzinfo is None


def test_an_oversized_page_is_cut_and_says_so(service: Any, crm: RunningCrm) -> None:
    """More than 50 records are never given; the code tells the client that its page was cut."""
    reply = service.ListCustomers(_log_in(service, crm), None, 1, 500)

    assert (reply.result.code, len(reply.customers.customer)) == ("W-PARTIAL", 50)
    assert (reply.total, reply.more) == (180, True)


def test_a_page_behind_the_last_is_empty(service: Any, crm: RunningCrm) -> None:
    """Paging on past the end is no error: no records, and no more to come."""
    reply = service.ListCustomers(_log_in(service, crm), None, 5, 50)

    assert (reply.result.code, reply.more) == ("OK", False)
    assert reply.customers is None  # what zeep makes of an empty list


def test_numbers_list_completely(service: Any, crm: RunningCrm) -> None:
    """The key listing holds every customer number once, the total on its first page alone."""
    session = _log_in(service, crm)
    pages = [service.ListCustomerNumbers(session, page, 50) for page in range(1, 5)]

    assert [page.total for page in pages] == [180, None, None, None]
    assert [page.more for page in pages] == [True, True, True, False]
    assert [number for page in pages for number in page.numbers.CUST_NO] == [
        row["CUST_NO"] for row in truth.customers(crm.db)
    ]


@pytest.mark.parametrize(
    ("elements", "named"),
    [
        ({"page": 0, "pageSize": 10}, "page"),
        ({"page": 1, "pageSize": -1}, "pageSize"),
        ({"page": 1, "pageSize": 10, "changedSince": "yesterday"}, "changedSince"),
        ({"page": 1, "pageSize": 10, "changedSince": "2025-01-01T00:00:00Z"}, "changedSince"),
    ],
)
def test_an_unacceptable_value_is_named_in_band(
    service: Any, crm: RunningCrm, elements: dict[str, object], named: str
) -> None:
    """E-PARAM names the element; a time with a zone is not taken for a local one."""
    reply = service.ListCustomers(sessionId=_log_in(service, crm), **elements)

    assert reply.result.code == "E-PARAM"
    assert reply.result.text.startswith(f"{named}:")


def test_a_locked_database_is_busy_and_soon_well_again(service: Any, crm: RunningCrm) -> None:
    """While somebody holds the file the CRM says E-BUSY; the same call later succeeds."""
    session = _log_in(service, crm)
    with closing(sqlite3.connect(crm.db)) as other:
        other.execute("BEGIN EXCLUSIVE")
        busy = service.GetCustomer(session, "000001")
        other.rollback()

    assert busy.result.code == "E-BUSY"
    assert service.GetCustomer(session, "000001").result.code == "OK"


def test_a_clerks_changes_reach_the_file(tmp_path: Path) -> None:
    """Create, edit and delete outlast sessions; a deleted row leaves nothing, not even a number."""
    with running_crm(tmp_path / "crm.sqlite", "--session-calls", "1") as crm:
        with Clerk(crm.wsdl, crm.user, crm.password) as clerk:
            first = clerk.create({"NAME1": "Nuñez", "NAME2": "Zoë", "MAIL": "zoe@example.org"})
            clerk.edit(first, {"TEL": "+34 600 123456", "MAIL": None})
            gone = clerk.create({"KIND": "F", "NAME1": "Ångström & Söner AB"})
            clerk.delete(gone)
            after = clerk.create({"NAME1": "Świątek"})
            with pytest.raises(CrmRefused, match="E-NOTFOUND"):
                clerk.edit(gone, {"ORT": "Malmö"})
        rows = {row["CUST_NO"]: row for row in truth.customers(crm.db)}

    given = {"NAME1": "Nuñez", "NAME2": "Zoë", "TEL": "+34 600 123456", "MAIL": None}
    assert first == "000181"
    assert {name: rows[first][name] for name in given} == given
    assert gone not in rows
    assert after == "000183"


@pytest.mark.parametrize(
    "values", [{"KIND": "?"}, {"NAME1": "x" * 81}, {"MARKETING_OK": "yes"}, {"DEL_FLAG": None}]
)
def test_a_clerk_cannot_store_what_does_not_fit(
    crm: RunningCrm, values: dict[str, str | None]
) -> None:
    """A value outside a column's choices or length is refused and nothing is stored."""
    with (
        Clerk(crm.wsdl, crm.user, crm.password) as clerk,
        pytest.raises(CrmRefused, match=f"E-PARAM {next(iter(values))}"),
    ):
        clerk.create(values)

    assert len(truth.customers(crm.db)) == 180


_ENTITY = b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><a>&e;</a>'
_UNKNOWN = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    b'<x:DropAll xmlns:x="urn:example:crm:2009"/></s:Body></s:Envelope>'
)


@pytest.mark.parametrize(
    ("message", "status", "said"),
    [
        (_ENTITY, 500, "a document type is not accepted"),
        (b"<a><b></a>", 500, "not well-formed"),
        (b"", 500, "not well-formed"),
        (b"<a/>", 500, "no SOAP 1.1 envelope"),
        (_UNKNOWN, 500, "no operation DropAll"),
        (b"x" * 300_000, 413, "at most 262144 bytes"),
    ],
    ids=["entity", "broken", "empty", "no envelope", "unknown operation", "too large"],
)
def test_a_bad_message_gets_an_answer(
    crm: RunningCrm, message: bytes, status: int, said: str
) -> None:
    """Whatever is sent, the answer says what is wrong and the server goes on serving."""
    reply = requests.post(crm.url, data=message, timeout=5)

    assert (reply.status_code, said in reply.text) == (status, True)
    assert requests.get(crm.wsdl, timeout=5).status_code == 200


def test_replies_bear_a_date_and_the_contract_the_address_asked_for(crm: RunningCrm) -> None:
    """The Date header is the server's clock; the WSDL points to the host it was fetched from."""
    address = crm.wsdl.replace("127.0.0.1", "localhost")
    reply = requests.get(address, timeout=5)

    dated = parsedate_to_datetime(reply.headers["Date"])
    assert abs(datetime.now(UTC) - dated) < timedelta(seconds=5)
    assert f'location="{address.removesuffix("?wsdl")}"' in reply.text


def test_a_taken_port_and_a_missing_password_end_with_what_to_do(
    crm: RunningCrm, tmp_path: Path
) -> None:
    """The process exits 2 and says what is wrong and what to do about it."""
    port = int(crm.url.rsplit(":", 1)[1].strip("/"))
    command = crm_command(tmp_path / "crm.sqlite", port=port)
    with_password = os.environ | {PASSWORD_VARIABLE: "x"}
    ended = [
        subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=20, check=False
        )
        for env in (with_password, os.environ | {PASSWORD_VARIABLE: ""})
    ]

    assert [process.returncode for process in ended] == [2, 2]
    assert f"port {port} is taken" in ended[0].stderr
    assert f"{PASSWORD_VARIABLE} is not set" in ended[1].stderr


def test_the_overlap_with_the_erp_is_what_it_claims_to_be() -> None:
    """`same_as` holds for exactly the rows whose e-mail address or tax id an ERP customer has."""
    by_key = {one.email: one.number for one in customers() if one.email}
    by_key |= {one.tax_id: one.number for one in customers() if one.tax_id}
    everyone = people.crm_customers()

    for one in everyone:
        keys = ((one.row["MAIL"] or "").lower(), (one.row["UID_NR"] or "").replace(" ", ""))
        assert {by_key[key] for key in keys if key in by_key} == {one.same_as} - {None}
    own = [one for one in everyone if not one.same_as_crm]
    assert sum(one.same_as is not None for one in own) == 110
    assert sum(one.refused is not None for one in own) == 6
    assert len(everyone) - len(own) == 4


def test_a_build_that_was_killed_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    """Half a file of an earlier attempt is replaced; the finished file appears under its name."""
    (tmp_path / "crm.sqlite.new").write_bytes(b"half a database")
    people.build(tmp_path / "crm.sqlite")

    assert [path.name for path in tmp_path.iterdir()] == ["crm.sqlite"]
    assert truth.customers(tmp_path / "crm.sqlite") == [one.row for one in people.crm_customers()]


def test_twelve_customers_have_a_newer_telephone_number_in_the_crm() -> None:
    """Of the customers both systems know, twelve are reachable elsewhere by what the CRM says."""
    in_erp = {one.number: one.phone for one in customers()}
    moved = [
        one
        for one in people.crm_customers()
        if one.same_as and one.row["TEL"] and _e164(one.row["TEL"]) != in_erp[one.same_as]
    ]

    assert len(moved) == 12


def _e164(phone: str) -> str:
    digits = "".join(letter for letter in phone if letter.isdigit())
    return f"+{digits.removeprefix('00')}"
