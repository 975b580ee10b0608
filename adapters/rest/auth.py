"""How one gets in and stays in: credentials, tokens and sessions, in memory only.

Guarantee: a token is renewed before it expires, and once when the system refuses it; each
login passes the gate on its own. Nothing that opens the door leaves this module but in a
request: neither in a message, nor in a log, nor in a position.
"""

import base64
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from adapters.base import AdapterContext
from adapters.http import Reply, describe
from adapters.rest.calls import Call, Request, compile_texts
from adapters.rest.replies import open_document, take
from adapters.rest.spec import AuthSpec, CallSpec, Format, LoginSpec, OAuth2Spec
from adapters.templates import as_text
from midspan.kernel.errors import AccessDenied, ProtocolError

_LOG = logging.getLogger(__name__)
_EARLY = 30.0
_REFUSED = frozenset({400, 401, 403})

Exchange = Callable[[Request], Reply]
"""Sends a request through the gate and returns the reply of any status that is no overload."""


class Auth:
    """One system's credentials; ``values`` are what its templates may use."""

    def __init__(self, context: AdapterContext, spec: AuthSpec, base: str, form: Format) -> None:
        self._connection = context.connection
        self._system = context.system
        self._spec = spec
        self._form = form
        self._given = _given(context)
        taken = [*(spec.login.take if spec.login else ()), *(["token"] if spec.oauth2 else ())]
        known = [*self._given, *taken]
        self._headers = compile_texts(_headers(spec), known)
        self._query = compile_texts(spec.query, known)
        self._begin = _begin_call(spec, base, self._given)
        logout = spec.login and spec.login.logout
        self._end = Call(logout, base, known) if logout else None
        self._taken: dict[str, Any] | None = None
        self._expires = float("inf")
        self._refresh = as_text(context.connection.extra.get("refresh_token"))

    @property
    def renewable(self) -> bool:
        """Whether there is a session or token that can be begun anew."""
        return self._begin is not None

    @property
    def query_names(self) -> frozenset[str]:
        """The names of parameters that hold a credential."""
        return frozenset(self._query)

    def begin(self, exchange: Exchange) -> bool:
        """Log in where that is due; return whether the login is fresh."""
        if self._begin is None:
            return False
        if self._taken is not None and time.monotonic() < self._expires:
            return False
        spec = self._spec
        self._taken = (
            self._token(spec.oauth2, exchange)
            if spec.oauth2
            else self._session(spec.login or LoginSpec(""), exchange)
        )
        return True

    def forget(self) -> None:
        """Let the next call begin anew."""
        self._taken = None

    def put(self, request: Request) -> Request:
        """Return a request with the credentials in it."""
        values = {**self._given, **(self._taken or {})}
        request = request.with_query(
            [(name, as_text(one.render(values))) for name, one in self._query.items()]
        )
        headers = {name: as_text(one.render(values)) for name, one in self._headers.items()}
        if self._spec.basic:
            headers["Authorization"] = self._basic()
        return Request(request.method, request.url, {**request.headers, **headers}, request.body)

    def end(self, exchange: Exchange) -> None:
        """Log out where the system wants it."""
        if self._end is not None and self._taken is not None:
            exchange(self.put(self._end.request({**self._given, **self._taken})))
        self._taken = None

    def _session(self, login: LoginSpec, exchange: Exchange) -> dict[str, Any]:
        assert self._begin is not None  # noqa: S101 only called where there is one
        request = self._begin.request(self._given)
        if login.basic:
            headers = {**request.headers, "Authorization": self._basic()}
            request = Request(request.method, request.url, headers, request.body)
        reply = self._accepted(exchange(request))
        if not login.take:
            return {}
        document = open_document(reply, self._form, None)
        found = {name: take(document, reply, path) for name, path in login.take.items()}
        for name, value in found.items():
            if value is None:
                raise ProtocolError(
                    "rest.session",
                    f"the login's answer holds nothing at '{login.take[name]}'",
                    remedy="Correct auth.login.take",
                )
            if value is False or value == "":
                raise self._refused(reply)
        return found

    def _token(self, spec: OAuth2Spec, exchange: Exchange) -> dict[str, Any]:
        assert self._begin is not None  # noqa: S101 only called where there is one
        request = self._begin.request({**self._given, "refresh_token": self._refresh})
        headers = {**request.headers, "Accept": "application/json"}
        if spec.credentials == "header":
            headers["Authorization"] = self._basic(escaped=True)
        reply = self._accepted(
            exchange(Request(request.method, request.url, headers, request.body))
        )
        document = open_document(reply, "json", None)
        token = document.value("access_token")
        if not token or not isinstance(token, str):
            raise ProtocolError(
                "rest.session",
                f"the answer of {describe(reply.url)} holds no access_token",
                remedy="Check auth.oauth2.token_url and its grant",
            )
        self._expires = _deadline(document.value("expires_in"))
        renewed = document.value("refresh_token")
        if spec.grant == "refresh_token" and isinstance(renewed, str) and renewed:
            self._refresh = renewed
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

    def _basic(self, *, escaped: bool = False) -> str:
        pair = [self._connection.login, self._connection.password.reveal()]
        if escaped:
            pair = [quote(one, safe="") for one in pair]
        return "Basic " + base64.b64encode(":".join(pair).encode()).decode()


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


def _begin_call(spec: AuthSpec, base: str, given: Mapping[str, Any]) -> Call | None:
    if spec.oauth2 is None:
        return Call(spec.login, base, given, escape_path=False) if spec.login else None
    oauth2 = spec.oauth2
    form: dict[str, str] = {"grant_type": oauth2.grant}
    if oauth2.grant == "refresh_token":
        form |= {oauth2.grant: "{refresh_token}"}
    if oauth2.scope:
        form["scope"] = oauth2.scope
    if oauth2.credentials == "body":
        form |= {"client_id": "{login}", "client_secret": "{password}"}
    known = [*given, "refresh_token"]
    call = CallSpec(oauth2.token_url)
    return Call(call, base, known, form={**form, **oauth2.params}, escape_path=False)


def _deadline(expires_in: Any) -> float:
    """Return when a token is renewed: a little before it expires; never, where it does not say."""
    try:
        seconds = float(as_text(expires_in))
    except ValueError:
        return float("inf")
    return time.monotonic() + seconds - min(_EARLY, seconds / 10)
