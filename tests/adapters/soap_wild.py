"""Contracts as they are found in the wild, each in a few lines, and the replies to them.

``contract`` makes a WSDL of operations: in document style a message is one element of the
types, in rpc style it is parts. ``encoded`` is what services of PHP, Java and C++ stacks say.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.soap import SoapAdapter
from adapters.testing import adapter_from_yaml
from config.connections import Connection, parse_connection
from midspan.kernel.stream import Batch, Position, Slice
from tests.adapters.soap_site import PASSWORD, Answer, CountingGate, Site

SPACES = (
    'xmlns:t="urn:wild" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"'
    ' xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'
    ' xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/"'
    ' xmlns:map="http://xml.apache.org/xml-soap"'
    ' xmlns:xs="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
IMPORTS = (
    '<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/>'
    '<xs:import namespace="http://schemas.xmlsoap.org/wsdl/"/>'
)
ARRAY = (
    '<xs:complexType name="{0}"><xs:complexContent><xs:restriction base="enc:Array">'
    '<xs:attribute ref="enc:arrayType" wsdl:arrayType="{1}[]"/>'
    "</xs:restriction></xs:complexContent></xs:complexType>"
)

Parts = Mapping[str, str]


def rpc_contract(types: str, operations: Mapping[str, tuple[Parts, Parts]]) -> bytes:
    """Return a WSDL in rpc/encoded; an operation is its request's and its reply's parts."""
    messages = ports = ""
    for name, (given, told) in operations.items():
        for end, parts in (("In", given), ("Out", told)):
            inner = "".join(f'<wsdl:part name="{k}" type="{v}"/>' for k, v in parts.items())
            messages += f'<wsdl:message name="{name}{end}">{inner}</wsdl:message>'
        ports += _abstract(name)
    body = (
        '<soap:body use="encoded" namespace="urn:wild"'
        ' encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"/>'
    )
    return _whole(f"{IMPORTS}{types}", messages, ports, list(operations), "rpc", body)


def contract(types: str, *operations: str) -> bytes:
    """Return a WSDL in document/literal; types hold the elements NAME and NAMEResponse."""
    messages = ports = ""
    for name in operations:
        for end, element in (("In", name), ("Out", f"{name}Response")):
            part = f'<wsdl:part name="p" element="t:{element}"/>'
            messages += f'<wsdl:message name="{name}{end}">{part}</wsdl:message>'
        ports += _abstract(name)
    return _whole(
        types, messages, ports, list(operations), "document", '<soap:body use="literal"/>'
    )


def element(name: str, *members: str) -> str:
    """Return the declaration of a global element; a member is ``name type`` and occurrences."""
    return f'<xs:element name="{name}">{record(None, *members)}</xs:element>'


def record(name: str | None, *members: str) -> str:
    """Return a complex type; ``*`` behind a member's type repeats it, ``?`` lets it be left out."""
    inner = ""
    for one in members:
        if one == "any":
            inner += '<xs:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/>'
            continue
        word, kind = one.split()
        most = ' maxOccurs="unbounded"' if kind.endswith("*") else ""
        least = ' minOccurs="0"' if kind[-1] in "*?" else ""
        inner += f'<xs:element name="{word}" type="{kind.rstrip("*?")}"{least}{most}/>'
    named = f' name="{name}"' if name else ""
    return f"<xs:complexType{named}><xs:sequence>{inner}</xs:sequence></xs:complexType>"


def reply(operation: str, inner: str, status: int = 200) -> Answer:
    """Return the reply of an operation, in rpc or document style."""
    return Answer(
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" {SPACES}><s:Body'
        ' s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">'
        f"<t:{operation}Response>{inner}</t:{operation}Response></s:Body></s:Envelope>".encode(),
        status,
    )


def given(body: bytes, name: str) -> str | None:
    """Return what a request holds in its first element of a name; None without it."""
    found = re.search(rf"<(?:\w+:)?{name}(?: [^>]*)?>([^<]*)</".encode(), body)
    return found[1].decode() if found else None


def asked(body: bytes) -> str:
    """Return the operation that a request calls."""
    found = re.search(rb"Body[^>]*>\s*<(?:\w+:)?(\w+)", body)
    return found[1].decode() if found else ""


def open_wild(
    site: Site,
    folder: Path,
    yaml: str,
    columns: tuple[str, ...] = (),
    extra: Mapping[str, Any] | None = None,
) -> SoapAdapter:
    """Return an adapter of a site; ``yaml`` is what follows type, conn_id and wsdl."""
    whole = f"type: soap\nconn_id: wild\nwsdl: /?wsdl\n{yaml}" if "wsdl:" not in yaml else yaml
    told = parse_connection("wild", site.url.replace("://", f"://clerk:{PASSWORD}@"))
    connection = Connection(
        told.conn_id, told.scheme, told.host, told.port, told.login, told.password, "", extra or {}
    )
    adapter = adapter_from_yaml(SoapAdapter, whole, folder, connection, CountingGate(), columns)
    assert isinstance(adapter, SoapAdapter)
    return adapter


def rows_of(
    adapter: SoapAdapter,
    stream: str,
    part: Slice | None = None,
    position: Position | None = None,
) -> list[dict[str, Any]]:
    """Return all rows of a slice."""
    return [row for batch in adapter.read(stream, part or Slice(), position) for row in rows(batch)]


def rows(batch: Batch) -> list[dict[str, Any]]:
    """Return a batch's rows by name."""
    return [dict(zip(batch.columns, row, strict=True)) for row in batch.rows]


def _abstract(name: str) -> str:
    return (
        f'<wsdl:operation name="{name}"><wsdl:input message="t:{name}In"/>'
        f'<wsdl:output message="t:{name}Out"/></wsdl:operation>'
    )


def _whole(
    types: str, messages: str, ports: str, operations: list[str], style: str, body: str
) -> bytes:
    bound = "".join(
        f'<wsdl:operation name="{name}"><soap:operation soapAction="{name}"/>'
        f"<wsdl:input>{body}</wsdl:input><wsdl:output>{body}</wsdl:output></wsdl:operation>"
        for name in operations
    )
    return (
        f'<wsdl:definitions targetNamespace="urn:wild" {SPACES}><wsdl:types>'
        f'<xs:schema targetNamespace="urn:wild">{types}</xs:schema></wsdl:types>{messages}'
        f'<wsdl:portType name="Port">{ports}</wsdl:portType>'
        '<wsdl:binding name="Binding" type="t:Port">'
        f'<soap:binding style="{style}" transport="http://schemas.xmlsoap.org/soap/http"/>'
        f'{bound}</wsdl:binding><wsdl:service name="Service"><wsdl:port name="Port"'
        ' binding="t:Binding"><soap:address location="http://internal.invalid/x"/></wsdl:port>'
        "</wsdl:service></wsdl:definitions>"
    ).encode()
