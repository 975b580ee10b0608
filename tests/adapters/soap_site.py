"""Builds SOAP adapters for tests, and a SOAP service that answers whatever a test wants.

The service speaks a contract of its own (``ListItems``, ``Login``); its replies are made by
functions of the test, on the real wire.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

from adapters.base import AdapterContext, BoundStream
from adapters.soap import SoapAdapter
from adapters.soap.spec import StreamSpec, SystemSpec
from config.binding import bind, keys_of
from config.connections import Connection, parse_connection
from config.model import StreamConfig, SystemConfig
from config.tree import Node, parse_tree
from midspan.kernel.errors import ConfigurationError, Problem, TransientError
from midspan.kernel.gate import Lane, Timeouts

T = TypeVar("T")
B = TypeVar("B")

PASSWORD = "pass-word-7413"  # noqa: S105 guards nothing: the service is made up
SESSION = "session-id-5829"


@dataclass
class CountingGate:
    """A gate without budget: repeats a passing failure twice, at once, and counts calls."""

    timeouts: Timeouts = field(default_factory=lambda: Timeouts(connect=1, read=2, total=3))
    calls: int = 0

    def call(self, lane: Lane, operation: Callable[[Timeouts], T]) -> T:
        for _ in range(2):
            self.calls += 1
            try:
                return operation(self.timeouts)
            except TransientError:
                continue
        self.calls += 1
        return operation(self.timeouts)


def make_adapter(
    tree: Node, connection: Connection, cache: Path, columns: tuple[str, ...] = ()
) -> SoapAdapter:
    """Return the adapter that a system's YAML describes."""
    problems: list[Problem] = []
    options = _bound(tree, SystemSpec, keys_of(SystemConfig), problems)
    streams = {}
    for name, node in (tree.get("streams") or tree).items():
        common = _bound(node, StreamConfig, keys_of(StreamSpec), problems)
        own = _bound(node, StreamSpec, keys_of(StreamConfig), problems)
        streams[name] = BoundStream(name, common.primary_key, common.cursor, own, columns)
    gate = CountingGate()
    return SoapAdapter(AdapterContext("legacy", options, streams, connection, gate, cache))


def _bound(node: Node, cls: type[B], ignore: frozenset[str], problems: list[Problem]) -> B:
    bound = bind(node, cls, problems, ignore=ignore)
    if bound is None:
        raise ConfigurationError(problems)
    return bound


SYSTEM = """
type: soap
conn_id: legacy
wsdl: /?wsdl
wsdl_max_age: 1ms
login:
  operation: Login
  arguments: {user: "{login}", password: "{password}"}
  session: sessionId
result:
  code: result.code
  text: result.text
  warn: [W-OLD]
  errors: {E-BUSY: transient, E-SESSION: session, E-PARAM: protocol, E-RIGHTS: denied}
faults: {"*quota*": transient}
streams:
  items:
    primary_key: id
    operation: ListItems
    arguments: {sessionId: "{session}", page: "{page}", size: "{page_size}"}
    rows: items.item
    paging: {size: 10, total: total, overlap: 1}
"""

WSDL = """<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions name="Legacy" targetNamespace="urn:legacy" xmlns:t="urn:legacy"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <wsdl:types><xs:schema targetNamespace="urn:legacy" elementFormDefault="qualified">
    IMPORTS
    <xs:element name="Login"><xs:complexType><xs:sequence>
      <xs:element name="user" type="xs:string"/><xs:element name="password" type="xs:string"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="LoginResponse"><xs:complexType><xs:sequence>
      <xs:element name="sessionId" type="xs:string"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="ListItems"><xs:complexType><xs:sequence>
      <xs:element name="sessionId" type="xs:string"/>
      <xs:element name="page" type="xs:int"/><xs:element name="size" type="xs:int"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="ListItemsResponse"><xs:complexType><xs:sequence>
      <xs:element name="result"><xs:complexType><xs:sequence>
        <xs:element name="code" type="xs:string"/>
        <xs:element name="text" type="xs:string" minOccurs="0"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="total" type="xs:int" minOccurs="0"/>
      <xs:element name="items" minOccurs="0"><xs:complexType><xs:sequence>
        <xs:element name="item" type="t:Item" minOccurs="0" maxOccurs="unbounded"/>
      </xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="Auth"><xs:complexType><xs:sequence>
      <xs:element name="sessionId" type="xs:string"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:complexType name="Item">
      <xs:sequence>
        <xs:element name="id" type="xs:int"/>
        <xs:element name="name" type="xs:string"/>
        <xs:element name="price" type="xs:decimal" minOccurs="0" nillable="true"/>
        <xs:element name="place" minOccurs="0"><xs:complexType><xs:sequence>
          <xs:element name="city" type="xs:string"/>
          <xs:element name="since" type="xs:date" minOccurs="0"/>
        </xs:sequence></xs:complexType></xs:element>
        <xs:element name="tag" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
      </xs:sequence>
      <xs:attribute name="kind" type="xs:string"/>
    </xs:complexType>
  </xs:schema></wsdl:types>
  <wsdl:message name="LoginIn"><wsdl:part name="p" element="t:Login"/></wsdl:message>
  <wsdl:message name="LoginOut"><wsdl:part name="p" element="t:LoginResponse"/></wsdl:message>
  <wsdl:message name="ListIn"><wsdl:part name="p" element="t:ListItems"/></wsdl:message>
  <wsdl:message name="ListOut"><wsdl:part name="p" element="t:ListItemsResponse"/></wsdl:message>
  <wsdl:message name="Head"><wsdl:part name="auth" element="t:Auth"/></wsdl:message>
  <wsdl:portType name="Port">
    <wsdl:operation name="Login">
      <wsdl:input message="t:LoginIn"/><wsdl:output message="t:LoginOut"/>
    </wsdl:operation>
    <wsdl:operation name="ListItems">
      <wsdl:input message="t:ListIn"/><wsdl:output message="t:ListOut"/>
    </wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="Binding" type="t:Port">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="Login"><soap:operation soapAction="Login"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input>
      <wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation>
    <wsdl:operation name="ListItems"><soap:operation soapAction="ListItems"/>
      <wsdl:input>
        <soap:header message="t:Head" part="auth" use="literal"/><soap:body use="literal"/>
      </wsdl:input>
      <wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="Service">
    <wsdl:port name="Port" binding="t:Binding"><soap:address location="ADDRESS"/></wsdl:port>
  </wsdl:service>
</wsdl:definitions>
"""


@dataclass
class Answer:
    """What goes over the wire; ``length`` lies about the body's size where it is given."""

    body: bytes
    status: int = 200
    content_type: str = "text/xml; charset=utf-8"
    length: int | None = None
    headers: Mapping[str, str] | None = None


@dataclass
class Site:
    """A SOAP service under a test's control; ``listing`` answers call n, from 1, of ListItems."""

    url: str = ""
    imports: str = ""
    address: str = ""
    wsdl: Answer | None = None
    listing: Callable[[int], Answer] = field(default=lambda _call: listing([]))
    login: Callable[[], Answer] = field(
        default=lambda: reply("Login", f"<sessionId>{SESSION}</sessionId>")
    )
    logins: int = 0
    listings: int = 0
    requests: list[bytes] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    respond: Callable[[bytes, Mapping[str, str]], Answer] | None = None

    def contract(self) -> Answer:
        if self.wsdl is not None:
            return self.wsdl
        text = WSDL.replace("IMPORTS", self.imports).replace("ADDRESS", self.address or self.url)
        return Answer(text.encode())

    def answer(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.requests.append(body)
        self.headers.append(headers)
        if self.respond is not None:
            return self.respond(body, headers)
        if b":Login" in body:
            self.logins += 1
            return self.login()
        self.listings += 1
        return self.listing(self.listings)

    def connection(self) -> Connection:
        return parse_connection("legacy", self.url.replace("://", f"://clerk:{PASSWORD}@"))

    def adapter(
        self, cache: Path, system: str = SYSTEM, columns: tuple[str, ...] = ()
    ) -> SoapAdapter:
        tree = parse_tree(system.encode(), Path("legacy.yaml"))
        return make_adapter(tree, self.connection(), cache, columns)


@contextmanager
def running_site() -> Iterator[Site]:
    """Serve a site while the context lasts."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send(site.contract())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send(site.answer(body, dict(self.headers)))

        def send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            for name, text in (answer.headers or {}).items():
                self.send_header(name, text)
            length = len(answer.body) if answer.length is None else answer.length
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


def envelope(body: str) -> Answer:
    """Return a SOAP 1.1 envelope."""
    space = "http://schemas.xmlsoap.org/soap/envelope/"
    return Answer(f'<s:Envelope xmlns:s="{space}"><s:Body>{body}</s:Body></s:Envelope>'.encode())


def reply(operation: str, inner: str) -> Answer:
    """Return the reply of an operation."""
    return envelope(f'<{operation}Response xmlns="urn:legacy">{inner}</{operation}Response>')


def listing(rows: list[str], code: str = "OK", text: str = "", total: int | None = None) -> Answer:
    """Return a page of ``ListItems``; ``total`` defaults to the number of rows."""
    head = f"<result><code>{code}</code><text>{text}</text></result>"
    head += f"<total>{len(rows) if total is None else total}</total>"
    return reply("ListItems", f"{head}<items>{''.join(rows)}</items>")


def item(number: int, inner: str = "") -> str:
    """Return one row; ``inner`` follows its name."""
    return f"<item><id>{number}</id><name>item {number}</name>{inner}</item>"


def fault(code: str, text: str, status: int = 500) -> Answer:
    """Return a fault."""
    answer = envelope(
        f"<s:Fault><faultcode>s:{code}</faultcode><faultstring>{text}</faultstring></s:Fault>"
    )
    return Answer(answer.body, status)


def values(row: tuple[object, ...], columns: tuple[str, ...]) -> Mapping[str, object]:
    """Return a row by column."""
    return dict(zip(columns, row, strict=True))
