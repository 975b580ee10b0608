"""Doors of rpc systems that want more than a login and a password."""

import hashlib
import hmac
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from adapters.rpc import RpcAdapter
from midspan.kernel.errors import AccessDenied, ConfigurationError
from midspan.kernel.stream import Slice
from tests.adapters.building import build, project, records
from tests.adapters.http_site import PASSWORD, Answer, Asked, serve

SYSTEM = """
type: rpc
conn_id: legacy
path: /rpc
session:
  before:
    - {method: nonce, params: ["{login}"], take: {nonce: value}}
  login: {method: enter, params: {user: "{login}", proof: "{proof}", app: "{extra.app}"}}
  take: {token: id}
  derive:
    proof: {hmac_sha256: {key: "{inner}", text: "{nonce}"}}
    inner: {sha1: "{password}"}
    credential: {base64: "{login}:{token}"}
  headers: {Authorization: "Basic {credential}"}
  members: {auth: "{token}"}
read: {method: list, params: {table: "{model}"}, paging: none}
streams:
  items: {primary_key: id, model: items}
"""


class Door:
    """Gives a nonce, wants its signature, and then a token beside the parameters."""

    def __init__(self) -> None:
        self.logins = 0

    def __call__(self, asked: Asked) -> Answer:
        call = json.loads(asked.body)
        made = {"nonce": self.nonce, "enter": self.enter, "list": self.list}
        told: dict[str, Any] = made[call["method"]](call, asked)
        return Answer(json.dumps({"jsonrpc": "2.0", "id": call["id"], **told}).encode())

    def nonce(self, call: Any, _asked: Asked) -> dict[str, Any]:
        assert call["params"] == ["jane"]
        return {"result": {"value": f"n-{self.logins}"}}

    def enter(self, call: Any, _asked: Asked) -> dict[str, Any]:
        key = hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).hexdigest()
        proof = hmac.new(key.encode(), f"n-{self.logins}".encode(), "sha256").hexdigest()
        if call["params"] != {"user": "jane", "proof": proof, "app": "midspan"}:
            return {"error": {"code": 1, "message": "access denied"}}
        self.logins += 1
        return {"result": {"id": f"t-{self.logins}"}}

    def list(self, call: Any, asked: Asked) -> dict[str, Any]:
        pair = b64encode(f"jane:t-{self.logins}".encode()).decode()
        known = asked.headers["Authorization"] == f"Basic {pair}"
        if not known or call["auth"] != f"t-{self.logins}":
            return {"error": {"code": 2, "message": "Session terminated, re-login, please."}}
        return {"result": [{"id": 1}, {"id": 2}]}


def opened(folder: Path, port: Any, text: str = SYSTEM) -> RpcAdapter:
    """Return the adapter of a system's YAML."""
    connection = port.connection()
    object.__setattr__(connection, "extra", {"app": "midspan"})
    return build(RpcAdapter, project(folder, "legacy", text), "legacy", connection)


def test_a_nonce_is_signed_and_the_token_stands_beside_the_parameters(tmp_path: Path) -> None:
    """What each call of the login gives is known to those after it; a session ends unnoticed."""
    door = Door()
    text = SYSTEM + "errors: [{match: Session terminated, means: expired}]\n"
    with serve(door) as site:
        adapter = opened(tmp_path, site, text)
        first = records(list(adapter.read("items", Slice())))
        door.logins += 1
        again = records(list(adapter.read("items", Slice())))
        adapter.close()

    assert first == again == [{"id": 1}, {"id": 2}]
    assert door.logins == 3


def test_a_wrong_signature_is_a_refusal(tmp_path: Path) -> None:
    """The person who reads it is led to the connection."""
    text = SYSTEM.replace("inner: {sha1:", "inner: {md5:")
    with serve(Door()) as site:
        adapter = opened(tmp_path, site, text)
        with pytest.raises(AccessDenied):
            list(adapter.read("items", Slice()))
        adapter.close()


@pytest.mark.parametrize(
    ("own", "other"),
    [
        ("path: /rpc", "path: /rpc\nprotocol: xmlrpc"),
        ('members: {auth: "{token}"}', "members: auth"),
        ('members: {auth: "{token}"}', 'members: {auth: "{tokn}"}'),
    ],
)
def test_members_that_have_no_place_are_refused(tmp_path: Path, own: str, other: str) -> None:
    """Before anything is sent."""
    with serve(Door()) as site, pytest.raises(ConfigurationError) as caught:
        opened(tmp_path, site, SYSTEM.replace(own, other))

    assert "legacy.yaml:" in str(caught.value)
    assert site.asked == []
