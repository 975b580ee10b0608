"""Asks for an OAuth2 token, by each grant that needs no browser.

Guarantee: whom a grant speaks for is never mixed up: by ``password`` the connection's login and
password are the user's, by every other grant the client's. A refresh token that the system
replaces is used from then on.
"""

import base64
import time
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

from adapters.http_addresses import describe
from adapters.http_replies import Reply
from adapters.rest.calls import Call, Request
from adapters.rest.replies import open_document
from adapters.rest.spec import CallSpec, OAuth2Spec
from adapters.templates import as_text
from config.connections import Connection
from midspan.kernel.errors import ProtocolError

_EARLY = 30.0


class TokenCall:
    """The call of a system's token service; ``known`` are the names its ``params`` may use."""

    def __init__(
        self, connection: Connection, spec: OAuth2Spec, base: str, known: Collection[str]
    ) -> None:
        self._spec = spec
        self._client = _client(connection, spec)
        self._refresh = as_text(connection.extra.get("refresh_token"))
        own = {"client_id", "client_secret", "refresh_token"}
        members = {**_members(spec, self._client), **spec.params}
        call = CallSpec(spec.token_url)
        form, body = (members, None) if spec.sends == "form" else (None, members)
        names = {*known, *own}
        self._call = Call(call, base, names, form=form, body=body, escape_path=False)

    def request(self, values: Mapping[str, Any]) -> Request:
        """Return the request for a token."""
        login, password = self._client
        own = {"client_id": login, "client_secret": password, "refresh_token": self._refresh}
        request = self._call.request({**values, **own})
        headers = {"Accept": "application/json"}
        if self._spec.credentials == "header" and any(self._client):
            headers["Authorization"] = basic(*(quote(one, safe="") for one in self._client))
        return request.with_headers(headers)

    def token(self, reply: Reply) -> tuple[str, float]:
        """Return the token of a reply and when it is to be renewed, by the monotonic clock."""
        document = open_document(reply, "json", None)
        token = document.value("access_token")
        if not token or not isinstance(token, str):
            raise ProtocolError(
                "rest.session",
                f"the answer of {describe(reply.url)} holds no access_token",
                remedy="Check auth.oauth2.token_url and its grant",
            )
        renewed = document.value("refresh_token")
        if self._spec.grant == "refresh_token" and isinstance(renewed, str) and renewed:
            self._refresh = renewed
        return token, _deadline(document.value("expires_in"))


def basic(login: str, password: str) -> str:
    """Return the header of HTTP's basic authentication."""
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


def _client(connection: Connection, spec: OAuth2Spec) -> tuple[str, str]:
    if spec.grant != "password":
        return connection.login, connection.password.reveal()
    extra = connection.extra
    return as_text(extra.get("client_id")), as_text(extra.get("client_secret"))


def _members(spec: OAuth2Spec, client: tuple[str, str]) -> dict[str, str]:
    members: dict[str, str] = {"grant_type": spec.grant}
    if spec.grant == "refresh_token":
        members |= {"refresh_token": "{refresh_token}"}
    if spec.grant == "password":
        members |= {"username": "{login}", "password": "{password}"}
    if spec.scope:
        members["scope"] = spec.scope
    if spec.credentials == "body" and any(client):
        members |= {"client_id": "{client_id}", "client_secret": "{client_secret}"}
    return members


def _deadline(expires_in: Any) -> float:
    """Return when a token is renewed: a little before it expires; never, where it does not say."""
    try:
        seconds = float(as_text(expires_in))
    except ValueError:
        return float("inf")
    return time.monotonic() + seconds - min(_EARLY, seconds / 10)
