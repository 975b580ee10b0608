"""A SOAP service whose replies are made beforehand: what is timed is whoever reads them.

``python -m benchmarks.soap_server PAGES ROWS`` prints its port and answers ``List`` until its
input is closed. The records are those of ``rest_server``, in document/literal.
"""

import re
import sys
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.rest_server import row
from benchmarks.serving import PreparedHandler, serve

_XML = "text/xml; charset=utf-8"
_TYPES = {"id": "int", "amount": "decimal", "active": "boolean", "changed": "dateTime"}
_SPACES = (
    'xmlns:t="urn:bench" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"'
    ' xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'
    ' xmlns:xs="http://www.w3.org/2001/XMLSchema"'
)


def contract(address: str) -> bytes:
    """Return the WSDL."""
    members = "".join(
        f'<xs:element name="{name}" type="xs:{_TYPES.get(name, "string")}"/>' for name in row(0)
    )
    end = '<wsdl:{0}><soap:body use="literal"/></wsdl:{0}>'
    return (
        f'<wsdl:definitions targetNamespace="urn:bench" {_SPACES}><wsdl:types>'
        '<xs:schema targetNamespace="urn:bench" elementFormDefault="qualified">'
        f'<xs:complexType name="Row"><xs:sequence>{members}</xs:sequence></xs:complexType>'
        '<xs:element name="List"><xs:complexType><xs:sequence>'
        '<xs:element name="after" type="xs:string" minOccurs="0"/>'
        "</xs:sequence></xs:complexType></xs:element>"
        '<xs:element name="ListResponse"><xs:complexType><xs:sequence>'
        '<xs:element name="row" type="t:Row" minOccurs="0" maxOccurs="unbounded"/>'
        '<xs:element name="next" type="xs:string" minOccurs="0"/>'
        "</xs:sequence></xs:complexType></xs:element></xs:schema></wsdl:types>"
        '<wsdl:message name="In"><wsdl:part name="p" element="t:List"/></wsdl:message>'
        '<wsdl:message name="Out"><wsdl:part name="p" element="t:ListResponse"/></wsdl:message>'
        '<wsdl:portType name="Port"><wsdl:operation name="List"><wsdl:input message="t:In"/>'
        '<wsdl:output message="t:Out"/></wsdl:operation></wsdl:portType>'
        '<wsdl:binding name="Binding" type="t:Port">'
        '<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>'
        '<wsdl:operation name="List"><soap:operation soapAction="List"/>'
        f"{end.format('input')}{end.format('output')}</wsdl:operation></wsdl:binding>"
        '<wsdl:service name="Service"><wsdl:port name="Port" binding="t:Binding">'
        f'<soap:address location="{address}"/></wsdl:port></wsdl:service></wsdl:definitions>'
    ).encode()


def page(at: int, pages: int, rows: int) -> bytes:
    """Return one reply: its records, and the token of the next page if there is one."""
    told = "".join(f"<row>{_members(at * rows + one)}</row>" for one in range(rows))
    more = f"<next>{at + 1}</next>" if at + 1 < pages else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<ListResponse xmlns="urn:bench">{told}{more}</ListResponse></s:Body></s:Envelope>'
    ).encode()


def _members(number: int) -> str:
    return "".join(f"<{name}>{_text(value)}</{name}>" for name, value in row(number).items())


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else escape(str(value))


def handler_of(pages: list[bytes]) -> type[PreparedHandler]:
    """Return the handler that serves the WSDL and these replies."""

    class Handler(PreparedHandler):
        def reply(self, asked: bytes) -> None:
            after = re.search(rb"after>(\d+)<", asked)
            prepared = pages[int(after[1]) if after else 0] if asked else None
            self.send(prepared or contract(f"http://{self.headers['Host']}/"), _XML)

    return Handler


def main() -> None:
    """Make the replies and serve them."""
    pages, rows = map(int, sys.argv[1:])
    serve(handler_of([page(at, pages, rows) for at in range(pages)]))


if __name__ == "__main__":
    main()
