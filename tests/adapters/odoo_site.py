"""An Odoo-like server on the loopback: XML-RPC, JSON-RPC and JSON-2, as Odoo documents them.

Errors look as Odoo's do: faults whose text is a traceback, JSON-RPC errors with status 200,
JSON-2 errors with a status of their own.
"""

import json
import xmlrpc.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from config.connections import Connection
from midspan.kernel.redaction import Secret
from tests.adapters.http_site import PASSWORD, Answer, Asked, Site, serve
from tests.adapters.odoo_models import Odoo, OdooError

DATABASE, LOGIN, UID = "mycompany", "bot@example.com", 7
_DENIED = OdooError("odoo.exceptions.AccessDenied", "Access Denied", 3, 403)
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_XML = {"Content-Type": "text/xml"}
PERSON = "Jane Roe"
"""Stands in every traceback, as personal data does."""


@contextmanager
def odoo_site(odoo: Odoo) -> Iterator[Site]:
    """Serve a database until the context ends."""
    with serve(lambda asked: answer(odoo, asked)) as site:
        yield site


def connection(site: Site, password: str = PASSWORD, database: str = DATABASE) -> Connection:
    """Return the connection that leads to the database."""
    secret = Secret(password)
    return Connection("odoo", "http", "127.0.0.1", site.port, LOGIN, secret, database)


def answer(odoo: Odoo, asked: Asked) -> Answer:
    """Answer one request by the door it comes to."""
    if asked.path.startswith("/xmlrpc/2/"):
        return _xmlrpc(odoo, asked)
    if asked.path == "/jsonrpc":
        return _jsonrpc(odoo, asked)
    if asked.path.startswith("/json/2/"):
        return _json2(odoo, asked)
    return Answer(b"<!doctype html><html><title>404 Not Found</title></html>", 404)


def _xmlrpc(odoo: Odoo, asked: Asked) -> Answer:
    params, method = xmlrpc.client.loads(asked.body, use_datetime=True)
    try:
        result = _dispatch(odoo, asked.path.rpartition("/")[2], str(method), params)
        body = xmlrpc.client.dumps((result,), methodresponse=True, allow_none=False)
    except OdooError as error:
        text = error.message if error.fault > 1 else _traceback(error)
        body = xmlrpc.client.dumps(xmlrpc.client.Fault(error.fault, text), methodresponse=True)
    return Answer(body.encode(), headers=_XML)


def _jsonrpc(odoo: Odoo, asked: Asked) -> Answer:
    call = json.loads(asked.body)
    params = call["params"]
    told: dict[str, Any] = {"jsonrpc": "2.0", "id": call["id"]}
    try:
        told["result"] = _dispatch(odoo, params["service"], params["method"], params["args"])
    except OdooError as error:
        told["error"] = {"code": 200, "message": "Odoo Server Error", "data": _told(error)}
    return Answer(json.dumps(told).encode(), headers=_JSON)


def _json2(odoo: Odoo, asked: Asked) -> Answer:
    headers = {name.lower(): value for name, value in asked.headers.items()}
    _, _, _, model, method = asked.path.split("/")
    body = json.loads(asked.body)
    try:
        _refuse_key(headers.get("authorization"))
        ids = [body.pop("ids")] if "ids" in body else []
        result = odoo.call(model, method, ids, _renamed(body))
    except OdooError as error:
        return Answer(json.dumps(_told(error)).encode(), error.status, _JSON)
    return Answer(json.dumps(result).encode(), headers=_JSON)


def _refuse_key(header: str | None) -> None:
    if header != f"bearer {PASSWORD}":
        raise OdooError("werkzeug.exceptions.Unauthorized", "Invalid apikey", status=401)


def _renamed(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return keyword arguments by the names that our methods have for them."""
    names = {"vals": "values", "vals_list": "values"}
    return {names.get(name, name): value for name, value in body.items()}


def _dispatch(odoo: Odoo, service: str, method: str, args: Any) -> Any:
    """Run a method of one of Odoo's services."""
    if service == "common":
        database, login, password = args[:3]
        _refuse_database(database)
        return UID if (login, password) == (LOGIN, PASSWORD) else False
    if (service, method) != ("object", "execute_kw"):
        raise OdooError("builtins.KeyError", f"'{service}.{method}'")
    database, uid, password, model, name, positional, *keywords = args
    _refuse_database(database)
    if (uid, password) != (UID, PASSWORD):
        raise _DENIED
    return odoo.call(model, name, positional, keywords[0] if keywords else {})


def _refuse_database(database: str) -> None:
    if database != DATABASE:
        text = f'FATAL:  database "{database}" does not exist'
        raise OdooError("psycopg2.OperationalError", text)


def _told(error: OdooError) -> dict[str, Any]:
    return {
        "name": error.name,
        "debug": _traceback(error),
        "message": error.message,
        "arguments": [error.message],
        "context": {},
    }


def _traceback(error: OdooError) -> str:
    return (
        "Traceback (most recent call last):\n"
        '  File "/opt/odoo/odoo/service/model.py", line 176, in retrying\n'
        f"    result = func()  # {PERSON}, too many locked sessions expired\n"
        f"{error.name}: {error.message}\n"
    )
