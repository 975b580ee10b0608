"""Well-known web interfaces in small: how each logs in, pages, filters, refuses and writes.

Each is written after its maker's public description, and answers nothing that it does not know.
``things`` are its records by key, ``changed`` a record's stamp in seconds.
"""

import hashlib
import hmac
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

from tests.adapters.http_site import PASSWORD, Answer, Asked
from tests.adapters.rest_site import reply

BEGINNING = 1_780_000_000
Form = Mapping[str, str]


def text(second: int, form: str = "%Y-%m-%d %H:%M:%S", zone: str = "UTC") -> str:
    """Return a stamp as a system writes it."""
    return datetime.fromtimestamp(second, ZoneInfo(zone)).strftime(form)


def seconds(written: str, form: str = "%Y-%m-%d %H:%M:%S", zone: str = "UTC") -> int:
    """Return what a system reads of a stamp."""
    return int(datetime.strptime(written, form).replace(tzinfo=ZoneInfo(zone)).timestamp())


@dataclass
class Crm:
    """What all have: records, and the clock that stamps their changes."""

    count: int = 230
    changed: dict[str, int] = field(default_factory=dict)
    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    sessions: int = 0

    def __post_init__(self) -> None:
        for number in range(1, self.count + 1):
            self.put(self.key(number), {"name": f"Müller &amp; Söhne {number}"}, 60 * number)

    def key(self, number: int) -> str:
        """Return the key of the record of a number."""
        return str(number)

    def put(self, key: str, values: Mapping[str, Any], second: int = 60_000) -> dict[str, Any]:
        """Store a record that is changed at a second."""
        self.things[key] = {**self.things.get(key, {}), **values}
        self.changed[key] = BEGINNING + second
        return self.shown(key)

    def add(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Store a new record."""
        return self.put(self.key(len(self.things) + 1), values)

    def shown(self, key: str) -> dict[str, Any]:
        """Return a record as it is shown."""
        raise NotImplementedError

    def since(self, second: int, *, strictly: bool = False) -> list[dict[str, Any]]:
        """Return the records changed since a second, by change."""
        found = sorted((at, key) for key, at in self.changed.items() if at >= second + strictly)
        return [self.shown(key) for _, key in found]

    def __call__(self, asked: Asked) -> Answer:
        url = urlsplit(asked.path)
        form = "urlencoded" in asked.headers.get("Content-Type", "")
        given = dict(parse_qsl(url.query, keep_blank_values=True))
        given |= dict(parse_qsl(asked.body.decode(), keep_blank_values=True)) if form else {}
        headers = {name.lower(): value for name, value in asked.headers.items()}
        return self.answer(asked, unquote(url.path), given, headers)

    def answer(self, asked: Asked, path: str, given: Form, headers: Form) -> Answer:
        """Return the answer to a call."""
        raise NotImplementedError


class Vtiger(Crm):
    """A challenge before the login; queries as a language; a session in the query."""

    def key(self, number: int) -> str:
        return f"12x{number}"

    def shown(self, key: str) -> dict[str, Any]:
        return {"phone": "", **self.things[key], "id": key, "modifiedtime": text(self.changed[key])}

    def answer(self, asked: Asked, path: str, given: Form, headers: Form) -> Answer:
        assert path == "/webservice.php"
        operation = given.get("operation", "")
        if not hasattr(self, f"_{operation}"):
            return self.failed("UNKNOWN_OPERATION")
        if operation not in ("getchallenge", "login") and given.get("sessionName") != self.session:
            return self.failed("INVALID_SESSIONID")
        answered: Callable[[Form], Answer] = getattr(self, f"_{operation}")
        return answered(given)

    @property
    def session(self) -> str:
        return f"session-{self.sessions}"

    @staticmethod
    def failed(code: str) -> Answer:
        return reply({"success": False, "error": {"code": code, "message": "no"}})

    @staticmethod
    def done(result: Any) -> Answer:
        return reply({"success": True, "result": result})

    def _getchallenge(self, given: Form) -> Answer:
        return self.done({"token": f"challenge-{given['username']}", "expireTime": 1})

    def _login(self, given: Form) -> Answer:
        if given["accessKey"] != digest("md5", f"challenge-{given['username']}{PASSWORD}"):
            return self.failed("INVALID_USER_CREDENTIALS")
        self.sessions += 1
        return self.done({"sessionName": self.session, "userId": "19x1"})

    def _query(self, given: Form) -> Answer:
        asked = re.fullmatch(
            r"SELECT (?:\*|id) FROM Contacts(?: WHERE (\w+) (>=|=) '([^']*)')?"
            r"(?: ORDER BY modifiedtime)?(?: +LIMIT (\d+), (\d+))?;",
            given["query"],
        )
        if asked is None:
            return self.failed("QUERY_SYNTAX_ERROR")
        name, sign, value, start, size = asked.groups()
        found = self.since(0)
        found = [one for one in found if name is None or _holds(one.get(name), sign, value)]
        return self.done(found[int(start or 0) :][: min(int(size or 100), 100)])

    def _retrieve(self, given: Form) -> Answer:
        known = given["id"] in self.things
        return self.done(self.shown(given["id"])) if known else self.failed("RECORD_NOT_FOUND")

    def _create(self, given: Form) -> Answer:
        assert given["elementType"] == "Contacts"
        return self.done(self.add(json.loads(given["element"])))

    def _revise(self, given: Form) -> Answer:
        element = json.loads(given["element"])
        return self.done(self.put(element.pop("id"), element))


class Sugar(Crm):
    """JSON in a form field, whose members count by their order; errors with a name."""

    ORDER = ("session", "module_name", "query", "order_by", "offset", "select_fields")

    def shown(self, key: str) -> dict[str, Any]:
        values = {**self.things[key], "id": key, "date_modified": text(self.changed[key])}
        pairs = {name: {"name": name, "value": value} for name, value in values.items()}
        return {"id": key, "module_name": "Accounts", "name_value_list": pairs}

    def answer(self, asked: Asked, path: str, given: Form, headers: Form) -> Answer:
        assert path.rstrip("/") == "/service/v4_1/rest.php"
        data = json.loads(given["rest_data"])
        if given["method"] == "login":
            word = data["user_auth"]["password"]
            if word != digest("md5", PASSWORD):
                return reply({"name": "Invalid Login", "number": 10, "description": "no"})
            self.sessions += 1
            return reply({"id": f"s-{self.sessions}", "module_name": "Users"})
        if data["session"] != f"s-{self.sessions}":
            return reply({"name": "Invalid Session ID", "number": 11, "description": "no"})
        assert tuple(data)[:6] == self.ORDER
        since = re.fullmatch(r"accounts\.date_modified >= '(.*)'", data["query"])
        assert since is not None
        found = self.since(seconds(since[1]))[data["offset"] :][: data["max_results"]]
        ahead = data["offset"] + len(found)
        return reply({"result_count": len(found), "next_offset": ahead, "entry_list": found})


class Suite(Crm):
    """A token by a user's password, asked for in JSON; JSON:API behind it."""

    def shown(self, key: str) -> dict[str, Any]:
        stamp = text(self.changed[key], "%Y-%m-%dT%H:%M:%S+00:00")
        return {"type": "Account", "id": key, "attributes": {"date_modified": stamp}}

    def answer(self, asked: Asked, path: str, given: Form, headers: Form) -> Answer:
        if path == "/Api/access_token":
            told = json.loads(asked.body)
            own = {"grant_type": "password", "username": "jane", "password": PASSWORD}
            if told != {**own, "client_id": "app", "client_secret": "app-secret"}:
                return Answer(b'{"error": "invalid_client"}', 401)
            self.sessions += 1
            return reply({"token_type": "Bearer", "access_token": f"t-{self.sessions}"})
        if headers.get("authorization") != f"Bearer t-{self.sessions}":
            return Answer(b'{"errors": {"status": 401}}', 401)
        one = path.removeprefix("/Api/V8/module/Accounts").strip("/")
        if one:
            known = one in self.things
            return reply({"data": self.shown(one)}) if known else Answer(b"{}", 404)
        bound = given.get("filter[date_modified][gte]", text(0, "%Y-%m-%dT%H:%M:%S+00:00"))
        found = self.since(seconds(bound, "%Y-%m-%dT%H:%M:%S+00:00"))
        size = int(given["page[size]"])
        start = (int(given["page[number]"]) - 1) * size
        pages = -(-len(found) // size)
        return reply({"meta": {"total-pages": pages}, "data": found[start : start + size]})


class Frappe(Crm):
    """A filter as JSON in the query, which must be whole; stamps with microseconds."""

    def key(self, number: int) -> str:
        return f"CUST/{number}"

    def shown(self, key: str) -> dict[str, Any]:
        stamp = text(self.changed[key]) + ".000250"
        return {"disabled": 0, **self.things[key], "name": key, "modified": stamp}

    def answer(self, asked: Asked, path: str, given: Form, headers: Form) -> Answer:
        if headers.get("authorization") != f"token jane:{PASSWORD}":
            return Answer(b'{"exc_type": "AuthenticationError"}', 401)
        key = path.removeprefix("/api/resource/Customer").removeprefix("/")
        if not key:
            made = asked.method == "POST" and self.add(json.loads(asked.body))
            return reply({"data": made}) if made else self._listed(given)
        if key not in self.things:
            return Answer(b'{"exc_type": "DoesNotExistError"}', 404)
        if asked.method == "DELETE":
            del self.things[key], self.changed[key]
            return Answer(b'{"message": "ok"}', 202)
        if asked.method == "PUT":
            self.put(key, json.loads(asked.body))
        return reply({"data": self.shown(key)})

    def _listed(self, given: Form) -> Answer:
        found = self.since(0)
        for name, sign, value in json.loads(given.get("filters", "[]")):
            found = [one for one in found if _holds(one.get(name), sign, value)]
        start, size = int(given.get("limit_start", 0)), int(given.get("limit_page_length", 20))
        return reply({"data": found[start : start + size]})


class Dolibarr(Crm):
    """Stamps since 1970, a filter in local time, numbers as texts, 404 for nothing."""

    ZONE = "Europe/Paris"

    def shown(self, key: str) -> dict[str, Any]:
        return {
            **self.things[key],
            "id": key,
            "status": "1",
            "date_modification": self.changed[key],
        }

    def answer(self, asked: Asked, path: str, given: Form, headers: Form) -> Answer:
        if headers.get("dolapikey") != PASSWORD:
            return Answer(b'{"error": {"code": 401}}', 401)
        key = path.removeprefix("/api/index.php/thirdparties").strip("/")
        if not key:
            if asked.method == "POST":
                return reply(int(self.add(json.loads(asked.body))["id"]))
            return self._listed(given)
        if key not in self.things:
            return Answer(b'{"error": {"code": 404}}', 404)
        if asked.method == "DELETE":
            del self.things[key], self.changed[key]
            return reply({"success": {"code": 200}})
        if asked.method == "PUT":
            self.put(key, json.loads(asked.body))
        return reply(self.shown(key))

    def _listed(self, given: Form) -> Answer:
        found = sorted(self.since(0), key=lambda one: int(one["id"]))
        asked = re.fullmatch(r"\(t\.(\w+):(>=|=):'(.*)'\)", given.get("sqlfilters", ""))
        if asked is not None and asked[1] == "tms":
            since = seconds(asked[3], zone=self.ZONE)
            found = [one for one in found if one["date_modification"] >= since]
        elif asked is not None:
            found = [one for one in found if one.get(asked[1]) == asked[3]]
        size = int(given.get("limit", 100))
        cut = found[int(given.get("page", 0)) * size :][:size]
        return reply(cut) if cut else Answer(b'{"error": {"code": 404}}', 404)


class Espo(Crm):
    """Each call signed; a list whose length is not counted says -1 or -2."""

    def key(self, number: int) -> str:
        return f"{number:017x}"

    def shown(self, key: str) -> dict[str, Any]:
        return {**self.things[key], "id": key, "modifiedAt": text(self.changed[key])}

    def answer(self, asked: Asked, path: str, given: Form, headers: Form) -> Answer:
        shown = b64decode(headers.get("x-hmac-authorization", "")).decode()
        signed = f"{asked.method} {path.removeprefix('/api/v1')}".encode()
        if shown != f"jane:{hmac.new(PASSWORD.encode(), signed, 'sha256').hexdigest()}":
            return Answer(b"", 401)
        key = path.removeprefix("/api/v1/Account").strip("/")
        if key:
            return reply(self.shown(key)) if key in self.things else Answer(b"", 404)
        found = self.since(0)
        if given.get("where[0][type]") == "after":
            found = self.since(seconds(given["where[0][value]"]), strictly=True)
        start, size = int(given.get("offset", 0)), int(given["maxSize"])
        total = -1 if start + size < len(found) else -2
        return reply({"total": total, "list": found[start : start + size]})


class Woo(Crm):
    """Basic over HTTPS, totals in headers, numbers as keys, changes strictly after."""

    FORM = "%Y-%m-%dT%H:%M:%S"

    def shown(self, key: str) -> dict[str, Any]:
        stamp = text(self.changed[key], self.FORM)
        return {**self.things[key], "id": int(key), "date_modified_gmt": stamp, "meta_data": []}

    def answer(self, asked: Asked, path: str, given: Form, headers: Form) -> Answer:
        if (
            headers.get("authorization")
            != f"Basic {b64encode(f'jane:{PASSWORD}'.encode()).decode()}"
        ):
            return Answer(b'{"code": "woocommerce_rest_cannot_view"}', 401)
        key = path.removeprefix("/wp-json/wc/v3/orders").strip("/")
        if key:
            if key not in self.things:
                return Answer(b'{"code": "woocommerce_rest_shop_order_invalid_id"}', 404)
            return reply(
                self.put(key, json.loads(asked.body)) if asked.method == "PUT" else self.shown(key)
            )
        after = given.get("modified_after")
        found = self.since(seconds(after, self.FORM), strictly=True) if after else self.since(0)
        found.sort(key=lambda one: int(one["id"]))
        size = int(given.get("per_page", 10))
        if size > 100:
            return Answer(b'{"code": "rest_invalid_param"}', 400)
        start = (int(given.get("page", 1)) - 1) * size
        return reply(found[start : start + size], {"X-WP-Total": str(len(found))})


def digest(name: str, written: str) -> str:
    """Return a digest in hexadecimal."""
    return hashlib.new(name, written.encode(), usedforsecurity=False).hexdigest()


def _holds(found: Any, sign: str, value: str) -> bool:
    return str(found) >= value if sign == ">=" else found == value
