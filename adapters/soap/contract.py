"""A service as its WSDL describes it: opened once, with the operations that are needed.

Guarantee: zeep reads the WSDL and writes the requests of document operations; those of rpc
are written by ``encoding``. A large WSDL is cut to the operations that the configuration
names, before zeep reads it. Calls go to allowed hosts only.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import zeep
import zeep.exceptions
from lxml import etree
from zeep.wsdl.bindings.soap import SoapBinding

from adapters.base import AdapterContext
from adapters.http_addresses import describe, host_of
from adapters.soap import cutting, xml
from adapters.soap.documents import Documents
from adapters.soap.encoding import RpcRequest
from adapters.soap.plan import Plans
from adapters.soap.security import headers_of
from adapters.soap.spec import SystemSpec
from adapters.soap.transport import Door, Transport
from config.binding import nearest
from midspan.kernel.errors import ProtocolError

# What zeep lets through when a WSDL is not consistent in itself.
_BROKEN_WSDL = (
    zeep.exceptions.Error,
    etree.LxmlError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)


class Contract:
    """A WSDL, opened. ``wanted`` are the operations to keep of a large one; None keeps all."""

    def __init__(
        self,
        context: AdapterContext,
        door: Door,
        documents: Documents,
        wanted: frozenset[str] | None,
    ) -> None:
        self._context = context
        self._options: SystemSpec = context.options
        self._documents = documents
        self._wanted = wanted
        self._uses: dict[tuple[str, str], bool] = {}
        self.transport = Transport(door, self._load)
        self.client = self._client()
        self.binding = self._binding()
        self.plans = Plans(self.client.wsdl.types, self._options.types)
        self._ready: set[str] = set()
        self._moved: str | None = None

    def operation(self, name: str) -> Any:
        """Return zeep's operation; raise ProtocolError ``soap.operation`` naming the nearest."""
        operations = self.operations
        if name not in operations:
            raise ProtocolError(
                "soap.operation",
                f"the service has no operation '{name}'",
                remedy=nearest(name, list(operations)),
            )
        operation = operations[name]
        if operation.style == "rpc" and name not in self._ready:
            used = self._uses.get((self.binding.name.localname, name), False)
            operation.input.serialize = RpcRequest(
                operation.input, encoded=used, positional=self._options.positional
            )
        self._ready.add(name)
        return operation

    @property
    def operations(self) -> Mapping[str, Any]:
        """All operations of the port, by name."""
        found: Mapping[str, Any] = self.binding.all()
        return found

    def payload_declaration(self, name: str) -> Any:
        """Return the declaration of an operation's reply payload, a ``zeep.xsd.Element``."""
        output = self.operation(name).output
        return output.body if output is not None else None

    @cached_property
    def proxy(self) -> Any:
        """What sends the requests."""
        address = self._moved or self._address(self._named_address)
        return self.client.create_service(self.binding.name.text, address)

    def move(self, address: str) -> None:
        """Send the calls to another address from now on."""
        self._moved = self._address(address, final=True)
        self.__dict__.pop("proxy", None)

    def _load(self, url: str) -> bytes:
        content = self._documents.load(url)
        if b"encoded" in content or url == self._url:
            self._uses.update(cutting.operation_uses(xml.parse(content, "the WSDL")))
        wanted = self._wanted
        if url != self._url or wanted is None or len(content) < cutting.LARGE:
            return content
        return self._documents.derived(
            url, content, ",".join(sorted(wanted)), lambda: cutting.cut(content, wanted)
        )

    @cached_property
    def _url(self) -> str:
        return wsdl_url(self._context)

    def _client(self) -> Any:
        settings = zeep.Settings(raw_response=True, forbid_dtd=True, forbid_entities=True)
        wsse = headers_of(self._options.security, self._context.connection)
        try:
            return zeep.Client(  # type: ignore[no-untyped-call]  # zeep's annotations end here
                self._url, transport=self.transport, settings=settings, wsse=wsse
            )
        except _BROKEN_WSDL as error:
            raise ProtocolError(
                "soap.wsdl",
                f"the WSDL at {describe(self._url)} cannot be used ({type(error).__name__})"
                + _missing_name(error),
                remedy="Ask the system's owner for a WSDL that is consistent in itself",
            ) from None

    def _binding(self) -> Any:
        """Return the binding of the configured port, else of the first that speaks SOAP."""
        wsdl = self.client.wsdl
        ports = {
            (service.name, port.name): port
            for service in wsdl.services.values()
            for port in service.ports.values()
            if isinstance(port.binding, SoapBinding)
            and self._options.service in (None, service.name)
            and self._options.port in (None, port.name)
        }
        if ports:
            port = next(iter(ports.values()))
            self._named_address = port.binding_options["address"]
            return port.binding
        alone = [one for one in wsdl.bindings.values() if isinstance(one, SoapBinding)]
        if alone and self._options.service is None and self._options.port is None:
            self._named_address = None
            return alone[0]
        known = [f"{one.name}/{port}" for one in wsdl.services.values() for port in one.ports]
        raise ProtocolError(
            "soap.port",
            "the WSDL has no SOAP port of the configured service and port",
            remedy="Known: " + ", ".join(known) if known else "Ask for the WSDL with the binding",
        )

    def _address(self, named: str | None, *, final: bool = False) -> str:
        own = self._context.connection.extra.get("service_url") or self._options.address
        address = absolute(self._context, str(own)) if own and not final else named or ""
        host = host_of(address)
        if host not in allowed_hosts(self._context):
            raise ProtocolError(
                "soap.address_refused",
                f"the WSDL sends calls to '{host}', which is not an allowed host",
                remedy="Set 'address' in the system's YAML, or list the host under allowed_hosts",
            )
        return address


def allowed_hosts(context: AdapterContext) -> tuple[str, ...]:
    """Return the hosts that documents may come from and calls may go to."""
    options: SystemSpec = context.options
    return (context.connection.host.lower(), *(host.lower() for host in options.allowed_hosts))


def absolute(context: AdapterContext, url: str) -> str:
    """Return an address on the connection's host in full."""
    return urljoin(f"{context.connection.base_url}/", url)


def wsdl_url(context: AdapterContext) -> str:
    """Return where the WSDL is: an URL, or that of the file beside the system's YAML."""
    options: SystemSpec = context.options
    named = str(options.wsdl.value)
    file = configured_file(options, named)
    return file.as_uri() if file else absolute(context, named)


def configured_file(options: SystemSpec, named: str) -> Path | None:
    """Return the file that ``file:NAME`` means, seen from the system's YAML; else None."""
    kind, _, name = named.partition(":")
    if kind != "file":
        return None
    return (options.wsdl.file.parent / name.removeprefix("//")).resolve()


def _missing_name(error: Exception) -> str:
    """Return what a WSDL refers to and does not hold: a name of its own, no value."""
    name = getattr(error, "qname", None)
    return f": it lacks {name}" if name is not None else ""
