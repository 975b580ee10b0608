"""How one gets in and stays in: credentials, tokens and sessions, in memory only.

Guarantee: a token is renewed before it expires, and once when the system refuses it; each
call of a login passes the gate on its own. Nothing that opens the door leaves this module but
in a request: neither in a message, nor in a log, nor in a position.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from adapters.base import AdapterContext
from adapters.derive import MOMENT_NAMES, Derivation, moment
from adapters.http_addresses import describe
from adapters.http_replies import Reply
from adapters.rest.calls import Call, Request, compile_texts
from adapters.rest.errors import ErrorTable
from adapters.rest.oauth import TokenCall, basic
from adapters.rest.replies import Document, open_document, take
from adapters.rest.spec import AuthSpec, Format, TakingSpec
from adapters.templates import as_text
from midspan.kernel.errors import AccessDenied, ProtocolError, SessionExpired

_REFUSED = frozenset({400, 401, 403})
_SIGNED = frozenset({"request.method", "request.path", "request.query", "request.body"})
"""What only headers and query of a request that is ready may be made of."""

Exchange = Callable[[Request], Reply]
"""Sends a request through the gate and returns the reply of any status that is no overload."""


class Auth:
    """One system's credentials; ``names`` are what its calls may use of them."""

    def __init__(
        self,
        context: AdapterContext,
        spec: AuthSpec,
        base: str,
        form: Format,
        errors: ErrorTable,
    ) -> None:
        self._connection = context.connection
        self._system = context.system
        self._spec = spec
        self._base = base
        self._form = form
        self._errors = errors
        self._given = _given(context)
        known = {*self._given, *MOMENT_NAMES}
        steps = (*spec.login.before, spec.login) if spec.login else ()
        taken = {*(name for step in steps for name in step.take), *(["token"] * bool(spec.oauth2))}
        self._derived = Derivation(spec.derive, known | taken | _SIGNED)
        self._steps = self._compiled(steps, known)
        self._token_call = (
            TokenCall(self._connection, spec.oauth2, base, self._derived.reach(known))
            if spec.oauth2
            else None
        )
        self.names = self._derived.reach(known | taken)
        ready = self._derived.reach(self.names | _SIGNED)
        self._headers = compile_texts(_headers(spec), ready)
        self._query = compile_texts(spec.query, ready)
        logout = spec.login and spec.login.logout
        self._end = Call(logout, base, (), secrets=self.names) if logout else None
        self._taken: dict[str, Any] | None = None
        self._expires = float("inf")
        self._basic = basic(self._connection.login, self._connection.password.reveal())

    @property
    def renewable(self) -> bool:
        """Whether there is a session or token that can be begun anew."""
        return bool(self._steps) or self._token_call is not None

    @property
    def query_names(self) -> frozenset[str]:
        """The names of parameters that hold a credential."""
        return frozenset(self._query)

    def begin(self, exchange: Exchange) -> bool:
        """Log in where that is due; return whether the login is fresh."""
        if not self.renewable:
            return False
        if self._taken is not None and time.monotonic() < self._expires:
            return False
        self._taken = (
            self._token(self._token_call, exchange)
            if self._token_call is not None
            else self._session(exchange)
        )
        return True

    def forget(self) -> None:
        """Let the next call begin anew."""
        self._taken = None

    def put(self, request: Request) -> Request:
        """Return a request with the credentials in it."""
        values = self._values(self._taken or {})
        request = request.filled(values)
        values = self._derived.complete({**values, **self._signed(request)})
        request = request.with_query(
            [(name, as_text(one.render(values))) for name, one in self._query.items()]
        )
        headers = {name: as_text(one.render(values)) for name, one in self._headers.items()}
        if self._spec.basic:
            headers["Authorization"] = self._basic
        return request.with_headers(headers)

    def end(self, exchange: Exchange) -> None:
        """Log out where the system wants it."""
        if self._end is not None and self._taken is not None:
            exchange(self.put(self._end.request({})))
        self._taken = None

    def _values(self, taken: Mapping[str, Any]) -> dict[str, Any]:
        return self._derived.complete({**self._given, **taken, **moment()})

    def _signed(self, request: Request) -> dict[str, str]:
        """Return the parts of a request that a signature may cover, as they are sent."""
        url, own = urlsplit(request.url), urlsplit(self._base).path
        return {
            "request.method": request.method,
            "request.path": url.path.removeprefix(own),
            "request.query": url.query,
            "request.body": (request.body or b"").decode("utf-8", "replace"),
        }

    def _compiled(
        self, steps: Sequence[TakingSpec], known: Collection[str]
    ) -> list[tuple[TakingSpec, Call]]:
        """Return the calls of a login; each knows what those before it took."""
        names, made = set(known), []
        for step in steps:
            reached = self._derived.reach(names)
            made.append((step, Call(step, self._base, reached, escape_path=False)))
            names |= step.take.keys()
        return made

    def _session(self, exchange: Exchange) -> dict[str, Any]:
        taken: dict[str, Any] = {}
        for step, call in self._steps:
            request = call.request(self._values(taken))
            if step is self._spec.login and self._spec.login.basic:
                request = request.with_headers({"Authorization": self._basic})
            reply = self._accepted(exchange(request))
            taken |= self._took(reply, step.take)
        return taken

    def _took(self, reply: Reply, paths: Mapping[str, str]) -> dict[str, Any]:
        """Return what is taken of a reply that is no refusal."""
        if not paths:
            return {}
        document = open_document(reply, self._form, None)
        found = {name: take(document, reply, path) for name, path in paths.items()}
        empty = [
            name for name, value in found.items() if value is None or value is False or value == ""
        ]
        if not empty:
            return found
        self._raise_told(document, reply)
        if found[empty[0]] is not None:
            raise self._refused(reply)
        raise ProtocolError(
            "rest.session",
            f"the login's answer holds nothing at '{paths[empty[0]]}'",
            remedy="Correct auth.login.take",
        )

    def _raise_told(self, document: Document, reply: Reply) -> None:
        """Raise what a success tells that is a refusal, by the system's rules."""
        try:
            self._errors.raise_for_result(document, reply)
            self._errors.raise_for_page(reply)
        except (AccessDenied, SessionExpired):
            raise self._refused(reply) from None

    def _token(self, door: TokenCall, exchange: Exchange) -> dict[str, Any]:
        reply = self._accepted(exchange(door.request(self._values({}))))
        token, self._expires = door.token(reply)
        return {"token": token}

    def _accepted(self, reply: Reply) -> Reply:
        if 200 <= reply.status < 300:
            return reply
        if reply.status in _REFUSED:
            raise self._refused(reply)
        raise ProtocolError(
            "rest.login_failed",
            f"the login at {describe(reply.url)} ended with status {reply.status}",
            remedy="Check the path under 'auth'",
        )

    def _refused(self, reply: Reply) -> AccessDenied:
        return AccessDenied(
            "rest.login",
            f"'{self._system}' refused the login at {describe(reply.url)}",
            remedy=f"Check login and password of the connection '{self._connection.conn_id}'",
        )


def _given(context: AdapterContext) -> Mapping[str, Any]:
    connection = context.connection
    extra = {f"extra.{name}": as_text(value) for name, value in connection.extra.items()}
    return {
        "login": connection.login,
        "password": connection.password.reveal(),
        "schema": connection.schema,
        **extra,
    }


def _headers(spec: AuthSpec) -> Mapping[str, str]:
    bearer = spec.bearer or ("{token}" if spec.oauth2 else None)
    shown = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return {**shown, **spec.headers}
