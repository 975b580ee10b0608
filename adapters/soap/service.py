"""One SOAP service: zeep reads its WSDL and builds each request, requests carries it.

Guarantee: a call returns the payload of a reply that is neither fault nor in-band error;
everything else leaves as a class of ``midspan.kernel.errors``. Addresses that the WSDL names
are called on allowed hosts only. The reply stays one parsed tree: what becomes of its rows
is decided in ``rows``.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import zeep
import zeep.exceptions
from lxml import etree
from zeep.wsdl.bindings.soap import SoapBinding

from adapters.base import AdapterContext
from adapters.http import HttpClient, Reply, describe, raise_for_status
from adapters.soap import xml
from adapters.soap.documents import Documents
from adapters.soap.faults import Faults, raise_for_result
from adapters.soap.spec import SystemSpec
from config.binding import nearest
from midspan.kernel.errors import ProtocolError
from midspan.kernel.gate import Timeouts

# What zeep lets through when a WSDL is not consistent in itself.
_BROKEN_WSDL = (
    zeep.exceptions.Error,
    etree.LxmlError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


class Service:
    """Calls operations; opened once, when first needed."""

    def __init__(self, context: AdapterContext) -> None:
        self._context = context
        self._options: SystemSpec = context.options
        self._http = HttpClient(context.connection, self._options.max_reply_mb * 1024 * 1024)
        self._faults = Faults(self._options.faults)
        self._transport = _Transport(self._http, self._documents(context.cache))
        self._opened: tuple[Any, Any] | None = None

    @property
    def schema(self) -> Any:
        """The WSDL's types, a ``zeep.xsd.Schema``."""
        return self._open()[0].wsdl.types

    def operation(self, name: str) -> Any:
        """Return zeep's operation; raise ProtocolError ``soap.operation`` naming the nearest."""
        operations = self._open()[1]._binding.all()  # noqa: SLF001 zeep offers no public way
        if name not in operations:
            raise ProtocolError(
                "soap.operation",
                f"the service has no operation '{name}'",
                remedy=nearest(name, list(operations)),
            )
        return operations[name]

    def payload_declaration(self, name: str) -> Any:
        """Return the declaration of an operation's reply payload, a ``zeep.xsd.Element``."""
        output = self.operation(name).output
        return output.body if output is not None else None

    def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        timeouts: Timeouts,
        *,
        headers: Mapping[str, Any] | None = None,
        secrets: Collection[str] = (),
    ) -> etree._Element:
        """Send one request and return the reply's payload.

        ``headers`` are SOAP headers by the names of the WSDL; ``secrets`` never show in an
        error. Raises the classes that faults, result codes and HTTP replies stand for.
        """
        _check_names(name, arguments, self.operation(name))
        proxy = self._open()[1]
        self._transport.timeouts = timeouts
        soap_headers = {"_soapheaders": dict(headers)} if headers else {}
        try:
            reply: Reply = proxy[name](**arguments, **soap_headers)
        except (zeep.exceptions.Error, ValueError, TypeError, AttributeError) as error:
            # The foreign text may hold an argument's value; the element's path does not.
            path = ".".join(str(step) for step in getattr(error, "path", ()))
            raise ProtocolError(
                "soap.arguments",
                f"the arguments of {name} do not fit its WSDL" + (f" at '{path}'" if path else ""),
                remedy="Compare the arguments in the system's YAML with the operation's types",
            ) from None
        return self._payload(name, reply, secrets)

    def clock(self, timeouts: Timeouts) -> datetime | None:
        """Return the time that the server's HTTP door tells."""
        return self._http.exchange("GET", self._wsdl_url(), timeouts).date

    def prepare(self) -> None:
        """Load the WSDL, if that has not happened yet."""
        self._open()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _payload(self, name: str, reply: Reply, secrets: Collection[str]) -> etree._Element:
        where = f"the reply of {name}"
        if not 200 <= reply.status < 300 and b"Envelope" not in reply.body:
            raise_for_status(reply)
        body = xml.payload(xml.parse(reply.body, where))
        if body is None:
            raise_for_status(reply)
            raise ProtocolError(
                "soap.no_envelope",
                f"{where} is XML, but no SOAP envelope",
                remedy="Check the service address: set 'address' if the WSDL names a wrong one",
            )
        self._faults.raise_for_fault(body, name, secrets)
        raise_for_status(reply)
        payload = self._unwrap(name, body)
        result = self._options.result
        if result and self._declares(name, result.code):
            raise_for_result(result, payload, name, secrets)
        return payload

    def _unwrap(self, name: str, body: etree._Element) -> etree._Element:
        declared = self.payload_declaration(name)
        payload = next(xml.children(body), None)
        if declared is None or xml.local(body) == declared.qname.localname:
            return body
        expected = declared.qname.localname
        document = self.operation(name).style == "document"
        if payload is None or (document and xml.local(payload) != expected):
            found = f"<{xml.local(payload)}>" if payload is not None else "nothing"
            raise ProtocolError(
                "soap.unexpected_reply",
                f"the reply of {name} holds {found} where the WSDL says <{expected}>",
                remedy="The service changed: ask its owner for the present WSDL",
            )
        return payload

    def _declares(self, name: str, path: str) -> bool:
        element = self.payload_declaration(name)
        for step in path.split("."):
            element = declared_children(element).get(step)
            if element is None:
                return False
        return True

    def _open(self) -> tuple[Any, Any]:
        if self._opened is None:
            url = self._wsdl_url()
            settings = zeep.Settings(raw_response=True, forbid_dtd=True, forbid_entities=True)
            try:
                client: Any = zeep.Client(  # type: ignore[no-untyped-call]  # zeep's annotations end here
                    url, transport=self._transport, settings=settings
                )
                port = self._port(client)
            except _BROKEN_WSDL as error:
                raise ProtocolError(
                    "soap.wsdl",
                    f"the WSDL at {describe(url)} cannot be used ({type(error).__name__})",
                    remedy="Ask the system's owner for a WSDL that is consistent in itself",
                ) from None
            address = self._address(port.binding_options["address"])
            self._opened = client, client.create_service(port.binding.name.text, address)
        return self._opened

    def _port(self, client: Any) -> Any:
        """Return the configured port, else the first that speaks SOAP."""
        ports = {
            (service.name, port.name): port
            for service in client.wsdl.services.values()
            for port in service.ports.values()
            if isinstance(port.binding, SoapBinding)
            and self._options.service in (None, service.name)
            and self._options.port in (None, port.name)
        }
        if not ports:
            raise ProtocolError(
                "soap.port",
                "the WSDL has no SOAP port of the configured service and port",
                remedy="Known: "
                + ", ".join(
                    f"{service.name}/{port}"
                    for service in client.wsdl.services.values()
                    for port in service.ports
                ),
            )
        return next(iter(ports.values()))

    def _address(self, named: str | None) -> str:
        own = self._context.connection.extra.get("service_url") or self._options.address
        address = self._absolute(str(own)) if own else named or ""
        host = urlsplit(address).hostname or ""
        if host not in self._hosts():
            raise ProtocolError(
                "soap.address_refused",
                f"the WSDL sends calls to '{host}', which is not an allowed host",
                remedy="Set 'address' in the system's YAML, or list the host under allowed_hosts",
            )
        return address

    def _documents(self, cache: Path) -> Documents:
        gate, lane = self._context.gate, self._context.lane

        def get(url: str, timeouts: Timeouts) -> bytes:
            reply = self._http.exchange("GET", url, timeouts)
            raise_for_status(reply)
            return reply.body

        return Documents(
            lambda url: gate.call(lane, lambda timeouts: get(url, timeouts)),
            cache / "soap",
            self._hosts(),
            self._options.wsdl_max_age,
        )

    def _hosts(self) -> tuple[str, ...]:
        return (self._context.connection.host.lower(), *self._options.allowed_hosts)

    def _wsdl_url(self) -> str:
        return self._absolute(self._options.wsdl)

    def _absolute(self, url: str) -> str:
        return urljoin(f"{self._context.connection.base_url}/", url)


class _Transport:
    """What zeep calls to load a document and to send an envelope."""

    def __init__(self, http: HttpClient, documents: Documents) -> None:
        self._http = http
        self._documents = documents
        self.timeouts = Timeouts()

    def load(self, url: str) -> bytes:
        return self._documents.load(url)

    def post_xml(self, address: str, envelope: etree._Element, headers: Mapping[str, str]) -> Reply:
        body = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        return self._http.exchange("POST", address, self.timeouts, headers=headers, body=body)


def declared_children(element: Any) -> dict[str, Any]:
    """Return the declarations of a zeep element's child elements by their local names."""
    declared = getattr(getattr(element, "type", None), "elements", ())
    return {
        child.qname.localname: child
        for _, child in declared
        if getattr(child, "qname", None) is not None
    }


def _check_names(name: str, arguments: Mapping[str, Any], operation: Any) -> None:
    known = declared_children(operation.input.body)
    for given in arguments:
        if given not in known:
            raise ProtocolError(
                "soap.arguments",
                f"{name} takes no argument '{given}'",
                remedy=nearest(given, list(known)),
            )
