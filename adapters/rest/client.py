"""Calls one rest system: logged in, through the gate, every foreign error translated.

Guarantee: whoever calls sees either what it wanted to read of a reply, or an error of ours. A
session or token that ends in the middle of a job is renewed and the call repeated once; when
the fresh one is refused too, it is the right that is missing, not the session.
"""

import logging
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, TypeVar

from adapters.base import AdapterContext
from adapters.http import REDIRECTS, HttpClient
from adapters.http_addresses import describe, same_door
from adapters.http_errors import raise_for_status
from adapters.http_replies import Reply
from adapters.rest.auth import Auth
from adapters.rest.calls import Call, Request
from adapters.rest.errors import ErrorTable, Nothing
from adapters.rest.replies import Document, open_document
from adapters.rest.spec import CallSpec, Format, SystemSpec
from adapters.templates import as_text, compile_template
from adapters.writing import once
from midspan.kernel.errors import AccessDenied, MidspanError, ProtocolError, SessionExpired
from midspan.kernel.gate import Timeouts
from midspan.kernel.writing import WriteKind

_LOG = logging.getLogger(__name__)
_ACCEPT = {"json": "application/json", "xml": "application/xml, text/xml"}
_UNTOUCHED = frozenset({307, 308})

T = TypeVar("T")


class RestClient:
    """One system's door. ``base`` is the address that every path of a stream follows."""

    def __init__(self, context: AdapterContext) -> None:
        spec: SystemSpec = context.options
        connection = context.connection
        path = compile_template(spec.base_path, ("schema",)).render({"schema": connection.schema})
        self.base = f"{connection.base_url}/{as_text(path).strip('/')}".rstrip("/")
        self.format: Format = spec.format
        self._errors = ErrorTable(spec, connection.login)
        self.auth = Auth(context, spec.auth, self.base, spec.format, self._errors)
        self._context = context
        self._spec = spec
        self._http = HttpClient(connection, spec.max_reply_mb * 1024 * 1024)
        self._http.keep_headers({"Accept-Encoding": "gzip, deflate", **spec.headers})
        self._clock: tuple[datetime, float] | None = None
        self._waiting = False

    def compiled(self, spec: CallSpec, known: Collection[str], **more: Any) -> Call:
        """Return a call that knows ``known`` and, but in its path, what opens the door.

        ``more`` are further arguments of ``Call``.
        """
        return Call(spec, self.base, known, secrets=self.auth.names, **more)

    def fetch(
        self,
        request: Request,
        read: Callable[[Document, Reply], T],
        *,
        form: Format | None = None,
        empty: Collection[int] = (),
    ) -> T | None:
        """Send one reading request and return what ``read`` makes of its reply.

        None for a reply without content, of a status in ``empty``, or that says that there is
        nothing. ``read`` runs inside the gate: a reply that breaks off is asked for again.
        """
        return self._in_session(request, lambda: self._once(request, read, form, empty))

    def change(self, request: Request, stream: str, read: Callable[[Reply], T]) -> T:
        """Send a request that changes something, once; return what ``read`` makes of its reply.

        Raises UncertainWrite where the system may have acted and its answer is lost. A redirect
        is followed only where it says that nothing was done.
        """

        def attempt() -> T:
            ready = self._ready(request, self.format)

            def send(timeouts: Timeouts) -> T:
                return read(self._send(ready, timeouts, _UNTOUCHED))

            return self._context.gate.call(self._context.lane, once(stream, send))

        return self._in_session(request, attempt)

    def refuse(self, reply: Reply, stream: str, kind: WriteKind, names: Collection[str]) -> None:
        """Raise what the reply to a change means that was not made."""
        self._errors.raise_for_change(reply, self._expired, stream, kind, names)

    def document(self, reply: Reply) -> Document:
        """Return the content of a reply to a change; raise the error that it tells of."""
        document = open_document(reply, self.format, self._spec.encoding)
        self._errors.raise_for_result(document, reply)
        return document

    @property
    def tells_results(self) -> bool:
        """Whether a success may hold an error."""
        return self._spec.result is not None

    def ask(self, request: Request) -> Reply:
        """Send one reading request and return its reply, whatever its status; logged in."""
        self.enter()
        return self._exchange(self._ready(request, self.format))

    def enter(self) -> None:
        """Log in, unless that is done or not needed."""
        self.auth.begin(self._exchange)

    def now(self) -> datetime | None:
        """Return the system's clock as its last reply told it, carried on to this moment."""
        if self._clock is None:
            return None
        told, at = self._clock
        return told + timedelta(seconds=time.monotonic() - at)

    def own(self, url: str, seen_at: str) -> str:
        """Return an address that a reply names, without credentials; refuse other hosts."""
        target = same_door(seen_at, url)
        if target is None:
            raise ProtocolError(
                "rest.elsewhere",
                f"the reply of {describe(seen_at)} names {describe(url)} as its next page",
                remedy="Credentials are not sent there; page by number, offset or token instead",
            )
        return target

    def close(self) -> None:
        """Log out where the system knows how, and close the connections; never raises.

        It ends what another thread waits for; then there is no session that could be ended well.
        """
        try:
            if not self._waiting:
                self.auth.end(self._exchange)
        except MidspanError as error:
            _LOG.debug("%s: the logout failed (%s)", self._context.system, error.code)
        self._http.close()

    def _in_session(self, request: Request, attempt: Callable[[], T]) -> T:
        """Make an attempt, logged in; repeat it once where the session ended meanwhile."""
        fresh = self.auth.begin(self._exchange)
        try:
            return attempt()
        except SessionExpired:
            if fresh or not self.auth.renewable:
                raise self._denied(request) from None
        _LOG.info("%s: the session ended, logging in again", self._context.system)
        self.auth.forget()
        self.auth.begin(self._exchange)
        try:
            return attempt()
        except SessionExpired:
            raise self._denied(request) from None

    def _ready(self, request: Request, form: Format) -> Request:
        headers = {"Accept": _ACCEPT[form], **request.headers}
        return self.auth.put(request.with_headers(headers))

    @property
    def _expired(self) -> tuple[int, ...]:
        return self._spec.auth.expired if self.auth.renewable else ()

    def _once(
        self,
        request: Request,
        read: Callable[[Document, Reply], T],
        form: Format | None,
        empty: Collection[int],
    ) -> T | None:
        ready = self._ready(request, form or self.format)

        def operation(timeouts: Timeouts) -> T | None:
            reply = self._send(ready, timeouts)
            if reply.status in empty or reply.status == 204:
                return None
            try:
                return self._read(reply, read, form or self.format)
            except Nothing:
                return None

        return self._context.gate.call(self._context.lane, operation)

    def _read(self, reply: Reply, read: Callable[[Document, Reply], T], form: Format) -> T:
        self._errors.raise_for_status(reply, self._expired)
        try:
            document = open_document(reply, form, self._spec.encoding)
            self._errors.raise_for_result(document, reply)
            return read(document, reply)
        except ProtocolError:
            self._errors.raise_for_page(reply)
            raise

    def _exchange(self, request: Request) -> Reply:
        """Send a request of the login, through the gate; overload is an error, the rest not."""

        def operation(timeouts: Timeouts) -> Reply:
            reply = self._send(request, timeouts)
            if reply.status == 429 or reply.status >= 500:
                raise_for_status(reply)
            return reply

        return self._context.gate.call(self._context.lane, operation)

    def _send(
        self, request: Request, timeouts: Timeouts, follow: Collection[int] = REDIRECTS
    ) -> Reply:
        self._waiting = True
        try:
            reply = self._http.exchange(
                request.method,
                request.url,
                timeouts,
                headers=request.headers,
                body=request.body,
                follow=follow,
            )
        finally:
            self._waiting = False
        if reply.date is not None:
            self._clock = reply.date, time.monotonic()
        return reply

    @staticmethod
    def _denied(request: Request) -> AccessDenied:
        return AccessDenied(
            "rest.denied",
            f"{describe(request.url)} is refused to a session or token that is fresh",
            remedy="Ask the system's owner to grant it to the connection's user",
        )
