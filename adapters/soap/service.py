"""One SOAP service: its contract says how a request is written, requests carries it.

Guarantee: a call returns the payload of a reply that is neither fault nor in-band error, and
that is signed where it must be; everything else leaves as a class of
``midspan.kernel.errors``. The reply stays one parsed tree: what becomes of its rows is
decided in ``rows``.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any

import zeep.exceptions
import zeep.xsd
from lxml import etree
from zeep.xsd import AnySimpleType

from adapters.base import AdapterContext
from adapters.http import HttpClient
from adapters.http_errors import raise_for_status
from adapters.http_replies import Reply as HttpReply
from adapters.soap import xml
from adapters.soap.contract import (
    Contract,
    allowed_hosts,
    configured_file,
    wsdl_url,
)
from adapters.soap.documents import Documents, Sources
from adapters.soap.faults import Faults, raise_for_result
from adapters.soap.reading import Reply
from adapters.soap.replies import envelope
from adapters.soap.security import verify
from adapters.soap.spec import SystemSpec
from adapters.soap.transport import Door
from config.binding import nearest
from midspan.kernel.errors import ProtocolError
from midspan.kernel.gate import Timeouts

_SUCCESS = 2


@dataclass(frozen=True, slots=True)
class Request:
    """One call: its arguments, SOAP and HTTP headers; ``secrets`` never show in an error."""

    operation: str
    arguments: Mapping[str, Any]
    headers: Mapping[str, Any] | None = None
    http_headers: Mapping[str, str] = field(default_factory=dict)
    secrets: Collection[str] = ()


class Service:
    """Calls operations; opened once, when first needed.

    ``wanted`` are the operations that will be called; None for any.
    """

    def __init__(self, context: AdapterContext, wanted: frozenset[str] | None) -> None:
        self._context = context
        self._options: SystemSpec = context.options
        self._wanted = wanted
        self._http = HttpClient(context.connection, self._options.max_reply_mb * 1024 * 1024)
        self._door = Door(self._http, context.connection, self._options.auth)
        self._faults = Faults(self._options.faults)
        self._documents = Documents(self._fetch, context.cache / "soap", _sources(context))
        self._contract: Contract | None = None

    @property
    def contract(self) -> Contract:
        """The WSDL, loaded when first needed."""
        return self.load()

    def load(self) -> Contract:
        """Load the WSDL unless it is; before a call through the gate, never within one.

        Each document passes the gate: within a call it would wait for the call's own place.
        """
        if self._contract is None:
            self._contract = self.open(self._wanted)
        return self._contract

    def open(self, wanted: frozenset[str] | None) -> Contract:
        """Load the WSDL with some of its operations, all for None."""
        return Contract(self._context, self._door, self._documents, wanted)

    @property
    def documents(self) -> Documents:
        """The WSDL's documents."""
        return self._documents

    def call(self, request: Request, timeouts: Timeouts) -> Reply:
        """Send one request and return its reply.

        Raises the classes that faults, result codes and HTTP replies stand for.
        """
        return self.judged(request, self.send(request, timeouts, None))

    def send(self, request: Request, timeouts: Timeouts, sink: IO[bytes] | None) -> HttpReply:
        """Send one request and return what came over HTTP; its content goes to ``sink``."""
        name, transport = request.operation, self.contract.transport
        arguments = self._placed(name, request.arguments)
        transport.timeouts, transport.sink = timeouts, sink
        transport.headers = request.http_headers
        soap_headers = {"_soapheaders": dict(request.headers)} if request.headers else {}
        try:
            reply: HttpReply = self.contract.proxy[name](**arguments, **soap_headers)
        except (zeep.exceptions.Error, ValueError, TypeError, AttributeError) as error:
            # The foreign text may hold an argument's value; the element's path does not.
            path = ".".join(str(step) for step in getattr(error, "path", ()) or ())
            raise ProtocolError(
                "soap.arguments",
                f"the arguments of {name} do not fit its WSDL" + (f" at '{path}'" if path else ""),
                remedy="Compare the arguments in the system's YAML with the operation's types",
            ) from None
        return reply

    def judged(self, request: Request, reply: HttpReply) -> Reply:
        """Return the payload of a reply that is no error; raise what another one means."""
        root = envelope(reply, f"the reply of {request.operation}")
        if reply.status // 100 != _SUCCESS:
            self._refuse_faults(request, root)
            raise_for_status(reply)
        return self.accepted(request, root)

    def accepted(self, request: Request, root: etree._Element) -> Reply:
        """Return the payload of an envelope that reports no error."""
        name = request.operation
        body = self._refuse_faults(request, root)
        if self._options.security is not None:
            verify(root, self._context.connection, f"the reply of {name}")
        payload = Reply(self._unwrap(name, body))
        self._judge(request, payload)
        return payload

    def _refuse_faults(self, request: Request, root: etree._Element) -> etree._Element:
        body = xml.payload(root)
        if body is None:
            raise ProtocolError("soap.no_envelope", f"{request.operation} answers without a body")
        self._faults.raise_for_fault(body, request.operation, request.secrets)
        return body

    def clock(self, timeouts: Timeouts) -> datetime | None:
        """Return the time that the server's HTTP door tells."""
        url = wsdl_url(self._context)
        door = url if url.startswith("http") else self.contract.proxy._binding_options["address"]  # noqa: SLF001 no public way
        return self._door.exchange("GET", door, timeouts).date

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _fetch(self, url: str) -> bytes:
        def get(timeouts: Timeouts) -> bytes:
            reply = self._door.exchange("GET", url, timeouts)
            raise_for_status(reply)
            return reply.body

        return self._context.gate.call(self._context.lane, get)

    def _placed(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments as they are sent; refuse one that the operation does not take."""
        operation = self.contract.operation(name)
        known = declared_children(operation.input.body)
        attributes = dict(getattr(getattr(operation.input.body, "type", None), "attributes", ()))
        for given in arguments:
            if given not in known and given not in attributes:
                raise ProtocolError(
                    "soap.arguments",
                    f"{name} takes no argument '{given}'",
                    remedy=nearest(given, [*known, *attributes]),
                )
        if not self._options.positional or operation.style == "rpc":
            return dict(arguments)
        return {one: arguments.get(one, zeep.xsd.Nil) for one in known}

    def _judge(self, request: Request, reply: Reply) -> None:
        spec, name = self._options.result, request.operation
        if spec is None:
            return
        if spec.error and (told := reply.text(spec.error)):
            raise self._faults.told(told, f"{name} reports an error", request.secrets)
        if spec.code and self._declares(name, spec.code):
            raise_for_result(spec, reply, name, request.secrets)

    def _unwrap(self, name: str, body: etree._Element) -> etree._Element:
        declared = self.contract.payload_declaration(name)
        payload = next(xml.children(body), None)
        if declared is None or xml.local(body) == declared.qname.localname:
            return body
        expected = declared.qname.localname
        document = self.contract.operation(name).style == "document"
        if payload is None or (document and xml.local(payload) != expected):
            found = f"<{xml.local(payload)}>" if payload is not None else "nothing"
            raise ProtocolError(
                "soap.unexpected_reply",
                f"the reply of {name} holds {found} where the WSDL says <{expected}>",
                remedy="The service changed: ask its owner for the present WSDL",
            )
        return payload

    def _declares(self, name: str, path: str) -> bool:
        element = self.contract.payload_declaration(name)
        for step in path.split("."):
            known = declared_children(element)
            if not known and isinstance(getattr(element, "type", None), AnySimpleType):
                return step.startswith("@")
            if not known or step.startswith("@") or step == "*":
                return True  # the WSDL leaves open what stands there
            element = known.get(step)
            if element is None:
                return False
        return True


def declared_children(element: Any) -> dict[str, Any]:
    """Return the declarations of a zeep element's child elements by their local names."""
    declared = getattr(getattr(element, "type", None), "elements", ())
    return {
        child.qname.localname: child
        for _, child in declared
        if getattr(child, "qname", None) is not None
    }


def _sources(context: AdapterContext) -> Sources:
    options: SystemSpec = context.options
    base = options.wsdl.file.parent
    wsdl = configured_file(options, str(options.wsdl.value))
    files = {location: (base / name).resolve() for location, name in options.imports.items()}
    return Sources(
        allowed_hosts(context), files, wsdl.parent if wsdl else None, options.wsdl_max_age
    )
