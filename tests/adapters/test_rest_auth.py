"""How the rest adapter gets in and stays in, and that what opens the door is shown to nobody."""

import hashlib
import json
import logging
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from midspan.kernel.errors import (
    AccessDenied,
    ConfigurationError,
    MidspanError,
)
from tests.adapters.http_site import PASSWORD, Answer, Asked, Site, serve
from tests.adapters.rest_site import (
    HEAD,
    PLAIN,
    Api,
    html,
    ids,
    opened,
    plain,
    reading,
    refused,
    reply,
    rows,
    system,
)

BASIC = "Basic " + b64encode(f"jane:{PASSWORD}".encode()).decode()


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [
        ("auth: {basic: true}", "Authorization", BASIC),
        ('auth: {bearer: "{password}"}', "Authorization", f"Bearer {PASSWORD}"),
        ('auth: {headers: {X-API-Key: "{password}"}}', "X-Api-Key", PASSWORD),
        ('auth: {headers: {X-Tenant: "{extra.tenant}"}}', "X-Tenant", "north"),
        ("headers: {X-Client: midspan}", "X-Client", "midspan"),
    ],
)
def test_a_key_goes_with_each_call(tmp_path: Path, auth: str, name: str, value: str) -> None:
    """Basic, bearer and API key, written in one line."""
    with serve(Api.of(3)) as site:
        adapter = opened(site, tmp_path, PLAIN.replace(HEAD, f"{HEAD}{auth}\n"), tenant="north")
        assert ids(adapter) == [1, 2, 3]
        adapter.close()

    headers = {key.lower(): one for key, one in site.asked[0].headers.items()}
    assert headers[name.lower()] == value


def test_a_key_in_the_query_is_escaped(tmp_path: Path) -> None:
    """What a template puts into an address is a value and nothing else."""
    head = HEAD + 'auth: {query: {key: "{password}&admin=1"}}\n'
    with reading(Api.of(3), tmp_path, PLAIN.replace(HEAD, head)) as (adapter, site):
        ids(adapter)

    assert parse_qsl(site.asked[0].path.partition("?")[2]) == [("key", f"{PASSWORD}&admin=1")]


class TokenDoor:
    """Gives out numbered tokens that hold for some calls each, before an interface."""

    def __init__(self, api: Api, calls: int, expires_in: Any = 3600) -> None:
        self.api, self.calls, self.expires_in = api, calls, expires_in
        self.logins: list[Asked] = []
        self.used = 0

    def __call__(self, asked: Asked) -> Answer:
        if asked.path.startswith(("/api/login", "/oauth/token")):
            self.logins.append(asked)
            self.used = 0
            number = len(self.logins)
            return reply(
                {
                    "access_token": f"token-{number}",
                    "data": {"session": f"token-{number}"},
                    "expires_in": self.expires_in,
                    "refresh_token": f"again-{number}",
                },
                {"Set-Cookie": f"sid=token-{number}; Path=/"},
            )
        self.used += 1
        shown = f"{asked.headers} {asked.path}"
        if f"token-{len(self.logins)}" not in shown or self.used > self.calls:
            return Answer(b'{"error": "who are you"}', 401)
        return self.api(asked)


LOGIN = 'auth: {login: {path: /login, body: {user: "{login}", pw: "{password}"}%s}%s}\n'


DOORS = {
    "client credentials": "auth: {oauth2: {token_url: /oauth/token, scope: read}}\n",
    "refresh token": "auth: {oauth2: {token_url: /oauth/token, grant: refresh_token}}\n",
    "session header": LOGIN
    % (", take: {session: data.session}", ', headers: {X-Session: "{session}"}'),
    "session in the query": LOGIN
    % (", take: {session: data.session}", ', query: {sid: "{session}"}'),
    "session cookie": LOGIN % ("", ""),
}


REFRESH = {"refresh_token": "again-0"}
CLIENT = {"client_id": "app", "client_secret": "app-secret"}


def door_of(name: str, site: Site) -> str:
    """Return the YAML of a door; its token service has an address of its own."""
    return DOORS[name].replace("/oauth", f"http://127.0.0.1:{site.port}/oauth")


@pytest.mark.parametrize("door", DOORS)
def test_a_token_that_ends_while_paging_is_renewed(tmp_path: Path, door: str) -> None:
    """The job does not notice: no row is missed, and each token serves as long as it holds."""
    guard = TokenDoor(Api.of(47), calls=3)
    with serve(guard) as site:
        adapter = opened(site, tmp_path, system("page", HEAD + door_of(door, site)), **REFRESH)
        assert ids(adapter) == list(range(1, 48))
        adapter.close()

    assert 2 <= len(guard.logins) <= 5


def test_tokens_are_asked_for_as_the_standard_says(tmp_path: Path) -> None:
    """The secret stands in the header of a form post; a rotated refresh token is used next."""
    guard = TokenDoor(Api.of(47), calls=3)
    with serve(guard) as site:
        door = door_of("refresh token", site)
        adapter = opened(site, tmp_path, system("page", HEAD + door), **REFRESH)
        ids(adapter)
        adapter.close()

    forms = [dict(parse_qsl(login.body.decode())) for login in guard.logins]
    assert forms[0] == {"grant_type": "refresh_token", **REFRESH}
    assert forms[1] == {**forms[0], "refresh_token": "again-1"}
    assert guard.logins[0].headers["Authorization"] == BASIC


@pytest.mark.parametrize("sends", ["form", "json"])
@pytest.mark.parametrize("credentials", ["header", "body"])
def test_a_users_password_buys_a_token(tmp_path: Path, sends: str, credentials: str) -> None:
    """The connection's login is the user's, the client's stands in the extra; in either form."""
    guard = TokenDoor(Api.of(3), calls=9)
    with serve(guard) as site:
        keys = f"grant: password, sends: {sends}, credentials: {credentials}"
        head = f"{HEAD}auth: {{oauth2: {{token_url: /oauth/token, {keys}}}}}\n"
        text = PLAIN.replace(HEAD, head).replace("/oauth", f"http://127.0.0.1:{site.port}/oauth")
        adapter = opened(site, tmp_path, text, **CLIENT)
        assert ids(adapter) == [1, 2, 3]
        adapter.close()

    (login,) = guard.logins
    body = login.body.decode()
    told = json.loads(body) if sends == "json" else dict(parse_qsl(body))
    user = {"grant_type": "password", "username": "jane", "password": PASSWORD}
    basic = "Basic " + b64encode(b"app:app-secret").decode()
    assert told == (user if credentials == "header" else user | CLIENT)
    assert login.headers.get("Authorization") == (basic if credentials == "header" else None)


def test_the_request_itself_is_signed(tmp_path: Path) -> None:
    """Its method, path below the base, query and body, as they are sent."""
    signed = "{request.method} {request.path}?{request.query} {request.body}"
    auth = f'auth: {{derive: {{sign: {{sha256: "{signed}"}}}}, headers: {{X-Sign: "{{sign}}"}}}}'
    text = plain(query="{a: 'x y'}", body='{user: "{login}"}').replace(HEAD, f"{HEAD}{auth}\n")
    with reading(Api.of(3), tmp_path, text) as (adapter, site):
        ids(adapter)

    sent = hashlib.sha256(b'POST /all?a=x%20y {"user":"jane"}').hexdigest()
    assert site.asked[0].headers["X-Sign"] == sent


def test_no_path_shows_what_opens_the_door(tmp_path: Path) -> None:
    """Paths stand in messages and logs: a password is refused there before anything is sent."""
    text = PLAIN.replace("path: /all", 'path: "/all/{password}"')
    with serve(Api.of(3)) as site, pytest.raises(ConfigurationError):
        opened(site, tmp_path, text)

    assert site.asked == []


def test_a_token_is_renewed_before_it_expires(tmp_path: Path) -> None:
    """A token of no lifetime is asked for anew each time, and no call is refused."""
    guard = TokenDoor(Api.of(25), calls=99, expires_in="0")
    with serve(guard) as site:
        door = door_of("client credentials", site)
        adapter = opened(site, tmp_path, system("page", HEAD + door))
        ids(adapter)
        adapter.close()

    assert len(guard.logins) == guard.api.calls


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("door", ["client credentials", "session header"])
def test_a_refused_login_names_the_connection(tmp_path: Path, door: str, status: int) -> None:
    """The person who reads it knows which connection to correct."""
    error = refused(Answer(b"{}", status), tmp_path, PLAIN.replace(HEAD, HEAD + DOORS[door]))

    assert isinstance(error, AccessDenied)
    assert error.code == "rest.login"
    assert "'legacy'" in error.remedy


def test_a_fresh_token_that_is_refused_lacks_the_right(tmp_path: Path) -> None:
    """The login is not repeated without an end."""
    guard = TokenDoor(Api.of(3), calls=0)
    text = PLAIN.replace(HEAD, HEAD + DOORS["session header"])
    with reading(guard, tmp_path, text) as (adapter, _), pytest.raises(AccessDenied) as caught:
        ids(adapter)

    assert caught.value.code == "rest.denied"
    assert len(guard.logins) == 1


@pytest.mark.parametrize("fault", ["401", "503", "html", "elsewhere"])
@pytest.mark.parametrize("door", [*DOORS, "query", "basic"])
def test_no_secret_is_logged_or_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, door: str, fault: str
) -> None:
    """Whatever goes wrong, no password, key, token or session shows at any level."""
    caplog.set_level(logging.DEBUG)
    doors = {
        **DOORS,
        "query": 'auth: {query: {key: "{password}"}}\n',
        "basic": "auth: {basic: true}\n",
    }
    guard = TokenDoor(Api.of(3), calls=1)
    bad = {
        "401": Answer(PASSWORD.encode(), 401),
        "503": Answer(PASSWORD.encode(), 503),
        "html": html(),
        "elsewhere": Answer(b"", 307, {"Location": f"http://thief.example/?{PASSWORD}"}),
    }
    guard.api.override = lambda _asked: bad[fault]
    needs_token = door in DOORS
    with serve(guard if needs_token else guard.api) as site:
        text = PLAIN.replace(HEAD, HEAD + doors[door])
        text = text.replace("/oauth", f"http://127.0.0.1:{site.port}/oauth")
        adapter = opened(site, tmp_path, text, **REFRESH)
        with pytest.raises(MidspanError) as caught:
            rows(adapter)
        adapter.close()

    told = caplog.text + str(caught.value) + repr(caught.value)
    for secret in (PASSWORD, BASIC.split()[1], "token-1", "again-"):
        assert secret not in told


def test_a_logout_ends_the_session(tmp_path: Path) -> None:
    """A session is given back, and a failing logout harms nobody."""
    text = PLAIN.replace(
        HEAD,
        HEAD
        + LOGIN
        % (', take: {s: data.session}, logout: {path: "/logout"}', ', headers: {X-Session: "{s}"}'),
    )
    guard = TokenDoor(Api.of(3), calls=9)
    with reading(guard, tmp_path, text) as (adapter, site):
        ids(adapter)
        guard.calls = 0
        adapter.close()

        assert site.asked[-1].path == "/api/logout"
        assert site.asked[-1].headers["X-Session"] == "token-1"
