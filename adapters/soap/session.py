"""Logs in when a call needs it, and again when the session ends in the middle of a job.

Guarantee: a call that meets an ended session is repeated once with a new one, so that the
caller never sees the end. Each remote call, logins too, passes the gate on its own. Neither
password nor session id leaves this module but in a request.
"""

import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any, TypeVar

from adapters.base import AdapterContext
from adapters.derive import MOMENT_NAMES, Derivation, moment
from adapters.soap.arguments import compile_arguments
from adapters.soap.spec import LoginSpec, StreamSpec, SystemSpec
from adapters.templates import ABSENT, Template, compile_template
from config.tree import Node
from midspan.kernel.errors import MidspanError, ProtocolError, SessionExpired
from midspan.kernel.gate import Timeouts

if TYPE_CHECKING:
    from adapters.http_replies import Reply as HttpReply
    from adapters.soap.reading import Reply
    from adapters.soap.service import Request, Service

T = TypeVar("T")
Guard = Callable[[Callable[[Timeouts], T]], Callable[[Timeouts], T]]

_LOG = logging.getLogger(__name__)
_RECORD = re.compile(r"\{(record\.[^{}]+)\}")


class Session:
    """A conversation with one system; also for systems that know no login."""

    def __init__(self, context: AdapterContext) -> None:
        self._context = context
        self._options: SystemSpec = context.options
        self._login: LoginSpec | None = self._options.login
        self._fixed = _fixed_values(context)
        self._begun = False
        self._told: dict[str, Any] = {}
        login, logout = self._login, self._login and self._login.logout
        told = {"session", *(login.take if login else ())}
        self._derived = Derivation(self._options.derive, {*self._fixed, *MOMENT_NAMES, *told})
        begins = self._derived.reach({*self._fixed, *MOMENT_NAMES})
        self._names = self._derived.reach({*begins, *told})
        self._login_arguments = compile_arguments(login and login.arguments, begins)
        self._logout_arguments = self.compile(logout and logout.arguments)
        self._headers = compile_template(self._options.headers, self._names)
        self._http_headers = compile_template(self._options.http_headers, self._names)
        self._service: Service | None = None

    @property
    def service(self) -> "Service":
        """The service; zeep and lxml are imported here, when first needed."""
        if self._service is None:
            from adapters.soap.service import Service

            self._service = Service(self._context, _named_operations(self._context))
        return self._service

    @property
    def verifies(self) -> bool:
        """Whether replies must be signed."""
        return bool(self._options.security and self._context.connection.extra.get("peer_cert"))

    def compile(self, arguments: Node | None, names: Collection[str] = ()) -> Template:
        """Compile a template of arguments; ``names`` are the placeholders beside the usual ones."""
        told = str(arguments.plain()) if arguments is not None and "record" in names else ""
        given = set(_RECORD.findall(told))
        return compile_arguments(arguments, {*self._names, *names, *given})

    def call(
        self,
        operation: str,
        arguments: Template,
        values: Mapping[str, Any],
        guard: "Guard[Reply] | None" = None,
    ) -> "Reply":
        """Return a reply that is no error.

        ``values`` are those of the template beside the usual ones; ``guard`` decides what the
        gate may repeat. Raises SessionExpired only when a session that was begun for this
        very call is refused too.
        """
        service = self.service

        def send() -> "Reply":
            request = self._request(operation, arguments, values)

            def act(timeouts: Timeouts) -> "Reply":
                return service.call(request, timeouts)

            return self._pass(guard(act) if guard else act)

        return self._in_session(send)

    def store(
        self, operation: str, arguments: Template, values: Mapping[str, Any], sink: IO[bytes]
    ) -> "tuple[Request, HttpReply]":
        """Write a reply's content to ``sink``; return its request, and the reply without it."""
        service = self.service
        request = self._request(operation, arguments, values)
        return request, self._pass(lambda timeouts: service.send(request, timeouts, sink))

    def login(self) -> None:
        """Begin a session, if the system wants one."""
        login, service = self._login, self.service
        if login is None:
            return
        from adapters.soap.service import Request

        known = self._values({})
        given = self._login_arguments.render(known)
        http = self._http_headers.render({**dict.fromkeys(self._names), **known})
        request = Request(
            login.operation,
            {} if given is ABSENT else given or {},
            http_headers=_sendable(http),
            secrets=self._secrets(known),
        )
        reply = self._pass(lambda timeouts: service.call(request, timeouts))
        self._told = {"session": _session_id(reply, login)}
        self._told |= {name: reply.text(path) for name, path in login.take.items()}
        if login.address and (address := reply.text(login.address)):
            service.contract.move(address)
        self._begun = True

    def relogin_once(self, act: Callable[[], T]) -> T:
        """Return what ``act`` returns, in a session that is begun anew if it ends meanwhile."""
        return self._in_session(act)

    def close(self) -> None:
        """End the session and the connections; never raises."""
        if self._service is None:
            return
        logout = self._login and self._login.logout
        try:
            if logout and self._begun:
                request = self._request(logout.operation, self._logout_arguments, {})
                service = self.service
                self._pass(lambda timeouts: service.call(request, timeouts))
        except MidspanError as error:
            _LOG.debug("%s: the logout failed (%s)", self._context.system, error.code)
        self._begun, self._told = False, {}
        self._service.close()

    def _values(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the names that are known beside a call's own."""
        return self._derived.complete({**self._fixed, **told, **moment()})

    def _secrets(self, known: Mapping[str, Any]) -> tuple[str, ...]:
        derived = (known.get(name) for name in self._options.derive)
        secrets = (self._fixed["password"], *derived, *self._told.values())
        return tuple(str(one) for one in secrets if one)

    def _in_session(self, act: Callable[[], T]) -> T:
        if self._begun:
            try:
                return act()
            except SessionExpired:
                _LOG.info("%s: the session ended, logging in again", self._context.system)
        self.login()
        return act()

    def _pass(self, act: Callable[[Timeouts], T]) -> T:
        self.service.load()
        return self._context.gate.call(self._context.lane, act)

    def _request(self, operation: str, arguments: Template, values: Mapping[str, Any]) -> "Request":
        from adapters.soap.service import Request

        unknown = dict.fromkeys({*self._names, *arguments.names})
        known = {**unknown, **self._values(self._told), **values}
        given = arguments.render(known)
        return Request(
            operation,
            {} if given is ABSENT else given or {},
            headers=self._headers.render(known),
            http_headers=_sendable(self._http_headers.render(known)),
            secrets=self._secrets(known),
        )


def _fixed_values(context: AdapterContext) -> dict[str, Any]:
    connection = context.connection
    return {
        "login": connection.login,
        "password": connection.password.reveal(),
        "schema": connection.schema,
        **{f"extra.{name}": value for name, value in connection.extra.items()},
    }


def _named_operations(context: AdapterContext) -> frozenset[str]:
    """Return every operation that the configuration names."""

    def specs() -> Iterator[Any]:
        options: SystemSpec = context.options
        yield from (options.login, options.login and options.login.logout, options.clock)
        for stream in context.streams.values():
            own: StreamSpec = stream.options
            yield from (own, own.keys, own.detail, own.find, own.create, own.update, own.delete)
            yield from (one.paging.follow for one in (own, own.keys) if one and one.paging)

    return frozenset(spec.operation for spec in specs() if spec)


def _sendable(headers: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: str(text) for name, text in (headers or {}).items() if text is not None}


def _session_id(reply: "Reply", login: LoginSpec) -> str:
    if login.session is None:
        return ""
    found = reply.text(login.session)
    if not found:
        raise ProtocolError(
            "soap.no_session",
            f"the reply of {login.operation} holds no session id at '{login.session}'",
            remedy="Correct the path under login.session",
        )
    return found
