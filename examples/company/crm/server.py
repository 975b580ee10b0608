"""The CRM's HTTP door: POST / takes SOAP, GET /?wsdl gives the contract.

Guarantees: in-band results travel with status 200, faults with 500; a body above 256 KiB is
refused with 413 unparsed; a client that stops sending is dropped after ten seconds; each reply
bears a Date header. Nothing a message contains is ever written to the log.
"""

import logging
import re
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer

from examples.company.crm import soap
from examples.company.crm.operations import Crm, Fault, perform

SIZE_LIMIT = 256 * 1024

_LOG = logging.getLogger(__name__)
_WSDL = Path(__file__).with_name("crm.wsdl")
_LENGTH = re.compile(r"[0-9]{1,9}")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?")


class CrmServer(ThreadingHTTPServer):
    """Serves one `Crm`, a thread for each connection; port 0 takes a free one."""

    daemon_threads = True

    def __init__(self, host: str, port: int, crm: Crm) -> None:
        self.crm = crm
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """The address the service listens at."""
        return f"http://{self.server_name}:{self.server_port}/"

    def server_bind(self) -> None:
        """Bind without looking up the host's name, which a machine without a resolver delays."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()[:2]


class _Handler(BaseHTTPRequestHandler):
    server: CrmServer
    protocol_version = "HTTP/1.1"
    timeout = 10
    wbufsize = -1  # head and body leave in one packet
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path.lower() not in ("/?wsdl", "/crm?wsdl"):
            self._refuse(HTTPStatus.NOT_FOUND, "the contract is at /?wsdl")
            return
        host = self.headers.get("Host", "")
        address = f"http://{host}/" if _HOST.fullmatch(host) else self.server.url
        wsdl = _WSDL.read_text(encoding="utf-8").replace("{address}", address)
        self._send(HTTPStatus.OK, wsdl.encode())

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not _LENGTH.fullmatch(length):
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "Content-Length is required")
        elif int(length) > SIZE_LIMIT:
            # Closing on unread bytes resets the connection and takes the answer away with it.
            self.rfile.read(min(int(length), 4 * SIZE_LIMIT))
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {SIZE_LIMIT} bytes")
        else:
            self._send(*self._answer(self.rfile.read(int(length))))

    def version_string(self) -> str:
        return "LegacyCRM/4.2"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        _LOG.debug(format, *args)

    def _answer(self, message: bytes) -> tuple[HTTPStatus, bytes]:
        try:
            operation, request = soap.parse(message)
            reply = soap.reply(operation, perform(self.server.crm, operation, request))
        except Fault as fault:
            return HTTPStatus.INTERNAL_SERVER_ERROR, soap.fault(fault.code, fault.text)
        return HTTPStatus.OK, reply

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        self.close_connection = True  # an unread body would be taken for the next request
        self._send(status, text.encode(), "text/plain; charset=utf-8")

    def _send(
        self, status: HTTPStatus, body: bytes, content_type: str = "text/xml; charset=utf-8"
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
