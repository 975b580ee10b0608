"""The soap adapter against a service of our own, in document/literal, with a WSDL of its own.

Its errors are in band, its list is cut by rows, and it gives several records by their keys.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from adapters.base import Adapter
from adapters.soap import SoapAdapter
from adapters.testing import (
    READS,
    WRITES,
    AdapterConformance,
    Counterpart,
    Sample,
    adapter_from_yaml,
    through,
)
from config.model import CursorConfig
from midspan.kernel.gate import Gate
from midspan.kernel.stream import Key
from midspan.kernel.writing import Record
from tests.adapters.soap_site import PASSWORD, Answer, Site, running_site
from tests.adapters.soap_wild import asked, contract, element, given, record, reply

STAMP = "%Y-%m-%dT%H:%M:%S"
_TICKET = ("number xs:string?", "text xs:string?", "changed xs:dateTime?", "ours xs:string?")
_STATE = "state xs:string"
WSDL = contract(
    record("Ticket", *_TICKET)
    + element("Login", "user xs:string", "password xs:string")
    + element("LoginResponse", _STATE, "token xs:string?")
    + element("List", "token xs:string", "since xs:dateTime?", "from xs:int", "size xs:int")
    + element("ListResponse", _STATE, "total xs:int?", "ticket t:Ticket*")
    + element("Get", "token xs:string", "number xs:string*")
    + element("GetResponse", _STATE, "ticket t:Ticket*")
    + element("Find", "token xs:string", "ours xs:string")
    + element("FindResponse", _STATE, "ticket t:Ticket*")
    + element("Change", "token xs:string", "kind xs:string", "number xs:string?", "t t:Ticket?")
    + element("ChangeResponse", _STATE),
    *("Login", "List", "Get", "Find", "Change"),
)
YAML = """
type: soap
conn_id: tickets
wsdl: /?wsdl
address: /
login:
  operation: Login
  arguments: {user: "{login}", password: "{password}"}
  session: token
result:
  code: state
  ok: [OK]
  errors: {EXPIRED: session, DENIED: denied, GONE: missing, BAD: protocol}
streams:
  tickets:
    primary_key: number
    cursor: {fields: changed, lookback: 1m}
    write: {operations: [create, update, delete], reference: ours}
    operation: List
    arguments: {token: "{session}", since: "{lower}", from: "{row_from}", size: "{page_size}"}
    rows: ticket
    paging: {size: 10, total: total}
    detail:
      operation: Get
      arguments: {token: "{session}", number: "{keys}"}
      rows: ticket
      many: 7
    find: {operation: Find, arguments: {token: "{session}", ours: "{reference}"}, rows: ticket}
    create: {operation: Change, arguments: {token: "{session}", kind: new, t: "{record}"}}
    update:
      operation: Change
      arguments: {token: "{session}", kind: edit, number: "{number}", t: {text: "{record.text}"}}
    delete: {operation: Change, arguments: {token: "{session}", kind: drop, number: "{number}"}}
"""


class Tickets(Counterpart):
    """The service's tickets."""

    capabilities = READS | WRITES
    transport = "http"
    adapter = SoapAdapter
    stream = "tickets"
    source = "tickets"
    primary_key = ("number",)
    text = "text"
    cursor = CursorConfig(("changed",), lookback=timedelta(minutes=1))
    secrets = (PASSWORD, "token-")

    def __init__(self, site: Site, home: Path) -> None:
        self._home = home
        self._connection = site.connection()
        self._tickets: dict[str, dict[str, str]] = {}
        self._tokens: set[str] = set()
        self._issued = self._last = 0
        self._swallows = self._denies = False
        site.wsdl, site.respond = Answer(WSDL), self._respond

    @property
    def address(self) -> tuple[str, int]:
        return self._connection.host, self._connection.port or 0

    def open(
        self,
        gate: Gate,
        address: tuple[str, int] | None = None,
        columns: Sequence[str] = (),
    ) -> Adapter:
        connection = through(self._connection, address)
        return adapter_from_yaml(SoapAdapter, YAML, self._home, connection, gate, columns)

    def put(self, samples: Sequence[Sample]) -> None:
        for one in samples:
            stamp = one.stamp.astimezone(UTC).strftime(STAMP)
            self._keep(f"T{one.number}", one.text, stamp)
            self._last = max(self._last, one.number)

    def remove(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._tickets.pop(f"T{number}", None)

    def key(self, number: int) -> Key:
        return (f"T{number}",)

    def texts(self) -> Sequence[str]:
        return [one["text"] for one in self._tickets.values()]

    def refused_values(self) -> Record:
        return {"changed": "2026-01-01T00:00:00"}

    def swallow_creates(self) -> None:
        self._swallows = True

    def twin(self, reference: str) -> None:
        for number in ("T9001", "T9002"):
            self._keep(number, "TWIN", datetime.now(UTC).strftime(STAMP), reference)

    def deny(self) -> None:
        self._denies = True

    def expire_session(self) -> None:
        self._tokens.clear()

    def _keep(self, number: str, text: str, changed: str, ours: str = "") -> None:
        kept = self._tickets.get(number, {})
        ours = ours or kept.get("ours", "")
        self._tickets[number] = {"number": number, "text": text, "changed": changed, "ours": ours}

    def _respond(self, body: bytes, _: Mapping[str, str]) -> Answer:
        name = asked(body)
        if name == "Login":
            if given(body, "password") != PASSWORD:
                return reply(name, "<state>DENIED</state>")
            self._issued += 1
            self._tokens.add(f"token-{self._issued}")
            return reply(name, f"<state>OK</state><token>token-{self._issued}</token>")
        if given(body, "token") not in self._tokens:
            return reply(name, "<state>EXPIRED</state>")
        if self._denies:
            return reply(name, "<state>DENIED</state>")
        return reply(name, getattr(self, f"_{name.lower()}")(body))

    def _list(self, body: bytes) -> str:
        since, start = given(body, "since") or "", int(given(body, "from") or 1) - 1
        found = [one for one in self._tickets.values() if one["changed"] >= since]
        found.sort(key=lambda one: (one["changed"], one["number"]))
        shown = found[start : start + int(given(body, "size") or 0)]
        return f"<state>OK</state><total>{len(found)}</total>{_shown(shown)}"

    def _get(self, body: bytes) -> str:
        wanted = [one.partition(b"<")[0].decode() for one in body.split(b"<number>")[1:]]
        found = [self._tickets[one] for one in wanted if one in self._tickets]
        return f"<state>OK</state>{_shown(found)}"

    def _find(self, body: bytes) -> str:
        ours = given(body, "ours")
        found = [one for one in self._tickets.values() if one["ours"] == ours]
        return f"<state>OK</state>{_shown(found)}"

    def _change(self, body: bytes) -> str:
        kind, number, text = (given(body, name) for name in ("kind", "number", "text"))
        if kind == "new":
            if text is None:
                return "<state>BAD</state>"
            self._last += 1
            number = f"T{self._last}"
            if self._swallows:
                return "<state>OK</state>"
        elif number not in self._tickets:
            return "<state>GONE</state>"
        if kind == "drop":
            del self._tickets[str(number)]
        else:
            now = datetime.now(UTC).strftime(STAMP)
            text = self._tickets[str(number)]["text"] if text is None else text
            self._keep(str(number), text, now, given(body, "ours") or "")
        return "<state>OK</state>"


def _shown(tickets: Sequence[Mapping[str, Any]]) -> str:
    return "".join(
        f"<ticket>{''.join(f'<{name}>{escape(text)}</{name}>' for name, text in one.items())}"
        "</ticket>"
        for one in tickets
    )


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


class TestTickets(AdapterConformance):
    """Everything that an adapter promises, in document/literal."""

    system = Tickets

    @pytest.fixture
    def counterpart(self, site: Site, tmp_path: Path) -> Tickets:
        return Tickets(site, tmp_path)
