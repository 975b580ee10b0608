"""The rest adapter: how it gets in, what it makes of rows, and what goes wrong."""

import gzip
import json
import logging
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from adapters.rest import RestAdapter
from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
    TransientError,
)
from midspan.kernel.stream import Slice
from tests.adapters.building import ROOT, Record, build, project, records
from tests.adapters.http_site import PASSWORD, Answer, Asked, Site, serve
from tests.adapters.rest_site import HEAD, Api, ids, opened, reading, reply, rows, stamp, system

BASIC = "Basic " + b64encode(f"jane:{PASSWORD}".encode()).decode()
PLAIN = HEAD + "streams:\n  items: {primary_key: id, path: /all, rows: data}\n"


def plain(**keys: str) -> str:
    """Return a system with one unpaged stream and some keys more."""
    more = "".join(f", {name}: {value}" for name, value in keys.items())
    return PLAIN.replace("rows: data", f"rows: data{more}")


def read_all(
    body: Any, folder: Path, text: str = PLAIN, columns: Sequence[str] = ()
) -> list[Record]:
    """Return the rows that the adapter makes of one reply."""
    answer = body if isinstance(body, Answer) else reply(body)
    with reading(lambda _asked: answer, folder, text, columns) as (adapter, _):
        return rows(adapter)


def refused(answer: Answer, folder: Path, text: str = PLAIN, **extra: Any) -> MidspanError:
    """Return the error that one reply leads to."""
    with reading(lambda _asked: answer, folder, text, **extra) as (adapter, _):
        with pytest.raises(MidspanError) as caught:
            rows(adapter)
        return caught.value


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


def html(status: int = 200) -> Answer:
    return Answer(b"<!DOCTYPE html><p>Sign in</p>", status, {"Content-Type": "text/html"})


XML = plain(format="xml", rows="items.item").replace("rows: data, ", "")


@pytest.mark.parametrize(
    ("answer", "text", "cls", "code"),
    [
        (html(), PLAIN, ProtocolError, "rest.not_json"),
        (html(), XML, ProtocolError, "rest.not_xml"),
        (Answer(b""), PLAIN, ProtocolError, "rest.not_json"),
        (Answer(b"surprise"), PLAIN, ProtocolError, "rest.not_json"),
        (Answer(b'{"data": [{"id": 1}, {"i'), PLAIN, TransientError, "rest.truncated"),
        (Answer(b"<items><item><id>1</id>"), XML, TransientError, "rest.truncated"),
        (Answer(b"<a>&undefined;</a>"), XML, ProtocolError, "rest.not_xml"),
        (
            Answer(b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'),
            *(XML, ProtocolError, "rest.doctype"),
        ),
        (
            Answer(
                gzip.compress(b'{"data": [{"id": 1}]}')[:-12], 200, {"Content-Encoding": "gzip"}
            ),
            *(PLAIN, TransientError, "rest.truncated"),
        ),
        (Answer(b'{"data": [1,2,3]}' * 9, reset=True), PLAIN, TransientError, "http.unreachable"),
        (reply({"rows": []}), PLAIN, ProtocolError, "rest.rows"),
        (reply({"data": 7}), PLAIN, ProtocolError, "rest.rows"),
        (reply([]), PLAIN.replace("rows: data", "rows: data.rows"), None, ""),
        (Answer(b"{}", 401), PLAIN, AccessDenied, "rest.login"),
        (Answer(b"{}", 403), PLAIN, AccessDenied, "rest.denied"),
        (Answer(b"{}", 404), PLAIN, ProtocolError, "http.not_found"),
        (Answer(b"{}", 422), PLAIN, ProtocolError, "http.refused"),
        (Answer(b"{}", 503), PLAIN, TransientError, "http.busy"),
        (Answer(b"x" * 2_000_000), PLAIN + "max_reply_mb: 1\n", ProtocolError, "http.too_large"),
    ],
)
def test_each_bad_answer_has_its_code(
    tmp_path: Path, answer: Answer, text: str, cls: type[MidspanError] | None, code: str
) -> None:
    """What the system does wrong is named, and the class says what is done about it."""
    if cls is None:
        assert read_all(answer, tmp_path, text) == []
        return
    error = refused(answer, tmp_path, text)

    assert (type(error), error.code) == (cls, code)


RULES = """
result: {error: error, code: status, ok: [fine]}
errors:
  - {match: "no right on (?P<name>[a-z]+)", means: denied}
  - {match: "E-BUSY", means: busy}
  - {match: "nothing found", means: empty}
  - {match: "unknown field (?P<name>\\\\w+)", means: drift}
  - {match: "E-BAD", means: refused, remedy: "Ask Joe"}
"""


@pytest.mark.parametrize(
    ("body", "status", "cls", "code", "word"),
    [
        ({"error": {"text": "no right on orders"}}, 200, AccessDenied, "rest.denied", "'orders'"),
        ({"status": "E-BUSY"}, 200, TransientError, "rest.busy", ""),
        ({"status": "E-BUSY"}, 400, TransientError, "rest.busy", ""),
        ({"error": "unknown field fax"}, 400, DriftError, "rest.unknown_name", "'fax'"),
        ({"error": "E-BAD secret-text"}, 200, ProtocolError, "rest.refused", "Ask Joe"),
        ({"error": "whatever secret-text"}, 200, ProtocolError, "rest.fault", "rule"),
        ({"error": "permission denied"}, 200, AccessDenied, "rest.denied", ""),
    ],
)
def test_errors_inside_an_answer_have_their_class(
    tmp_path: Path, body: Any, status: int, cls: type[MidspanError], code: str, word: str
) -> None:
    """A pattern table decides, for successes and failures alike; the text is not shown."""
    answer = Answer(json.dumps(body).encode(), status)
    error = refused(answer, tmp_path, PLAIN + RULES)

    assert (type(error), error.code) == (cls, code)
    assert word in str(error)
    assert "secret-text" not in str(error)


@pytest.mark.parametrize("status", [200, 400])
def test_nothing_found_is_an_empty_list(tmp_path: Path, status: int) -> None:
    """Some systems say 'no match' as an error."""
    answer = Answer(b'{"error": "nothing found"}', status)

    assert read_all(answer, tmp_path, PLAIN + RULES) == []


def test_a_success_with_an_ok_code_passes(tmp_path: Path) -> None:
    """An empty error and a known code are none."""
    body = {"error": None, "status": "fine", "data": [{"id": 1}]}

    assert read_all(body, tmp_path, PLAIN + RULES) == [{"id": 1}]


def test_retry_after_is_passed_on(tmp_path: Path) -> None:
    """The system's own word for when decides how long the gate waits."""
    busy = Answer(b"{}", 429, {"Retry-After": "77"})
    error = refused(busy, tmp_path)

    assert isinstance(error, TransientError)
    assert error.retry_after == 77


def test_a_passing_trouble_is_repeated(tmp_path: Path) -> None:
    """A reset, a half reply and an overload in the middle of a list cost nothing."""
    api = Api.of(47)
    faults = {
        2: Answer(b'{"data": [{"id"', reset=True),
        4: Answer(b'{"data": [{"id"'),
        6: Answer(b"{}", 503, {"Retry-After": "0"}),
    }
    api.override = lambda _asked: faults.get(api.calls)
    with reading(api, tmp_path, system("page")) as (adapter, _):
        assert ids(adapter) == list(range(1, 48))


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ({"data": [{"id": 1}, {"id": 2}]}, {}),
        ([{"id": 1}, {"id": 2}], {"rows": "''"}),
        ({"a": {"b": [{"id": 1}, {"id": 2}]}}, {"rows": "a.b"}),
        ({"a": [{"b": [{"id": 1}]}, {"b": []}, {"b": [{"id": 2}]}]}, {"rows": "a.b"}),
        ({"data": {"1": {}, "2": {}}}, {"keyed_by": "id"}),
        ({"data": {"id": 1}}, {}),
        ({"data": None}, {}),
    ],
)
@pytest.mark.parametrize("columns", [(), ("id",)])
def test_rows_stand_at_any_path(
    tmp_path: Path, body: Any, keys: dict[str, str], columns: Sequence[str]
) -> None:
    """Lists, lists in lists, objects by key, one object, and nothing."""
    text = plain(**keys)
    if "rows" in keys:
        text = text.replace("rows: data, ", "")
    if keys.get("keyed_by"):
        text = text.replace("keyed_by", "sparse: true, keyed_by")
    found = [str(row["id"]) for row in read_all(body, tmp_path, text, columns)]

    assert found == ["1", "2"][: len(found)]
    assert len(found) == json.dumps(body).count('"id"') + 2 * bool(keys.get("keyed_by"))


@pytest.mark.parametrize("columns", [(), ("line", "order")])
def test_nested_rows_know_what_they_stand_in(tmp_path: Path, columns: Sequence[str]) -> None:
    """A line is a row of its own, with its order's number and the reply's own stamp."""
    body = {"at": 5, "orders": [{"no": 7, "lines": [{"line": 1}, {"line": 2}]}]}
    text = plain(carry="{order: orders.no, at: at}").replace("rows: data", "rows: orders.lines")
    found = read_all(body, tmp_path, text.replace("key: id", "key: [order, line]"), columns)

    assert [(row["order"], row["line"]) for row in found] == [(7, 1), (7, 2)]


def test_keys_and_stamps_may_stand_inside(tmp_path: Path) -> None:
    """They are columns under their whole name."""
    text = plain().replace("primary_key: id", "primary_key: ref.id")
    found = read_all({"data": [{"ref": {"id": 4}, "x": 1, "y": 2}]}, tmp_path, text, ["x"])

    assert found == [{"ref": {"id": 4}, "x": 1, "ref.id": 4}]


@pytest.mark.parametrize("columns", [(), ("id", "price", "flag", "big", "deep")])
def test_values_arrive_as_they_were_sent(tmp_path: Path, columns: Sequence[str]) -> None:
    """Nothing is rounded, and a number or a boolean that comes as text stays text."""
    record = b'{"id":"007","price":19.90,"flag":"true","big":123456789012345678901,"deep":[1.10]}'
    (row,) = read_all(Answer(b'{"data": [' + record + b"]}"), tmp_path, PLAIN, columns)

    assert row == {
        "id": "007",
        "price": Decimal("19.90"),
        "flag": "true",
        "big": 123456789012345678901,
        "deep": [Decimal("1.10")],
    }
    assert str(row["price"]) == "19.90"


def test_xml_becomes_records(tmp_path: Path) -> None:
    """Attributes, repeated elements, nested records and what is nil."""
    body = b"""<r xmlns="urn:x" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><items>
      <item no="7"><id>1</id><tag>a</tag><tag>b</tag><place><city>Graz</city></place>
        <price currency="EUR">19.90</price><none i:nil="true"/><one>x</one></item></items></r>"""
    (row,) = read_all(Answer(body), tmp_path, XML.replace("format", "lists: [one], format"))

    assert row == {
        "@no": "7",
        "id": "1",
        "tag": ["a", "b"],
        "place": {"city": "Graz"},
        "price": {"@currency": "EUR", "#text": "19.90"},
        "none": None,
        "one": ["x"],
    }


@pytest.mark.parametrize(
    ("body", "header", "more"),
    [
        ("Ébéniste".encode(), "application/json; charset=iso-8859-1", ""),
        ("Ébéniste".encode("latin-1"), "application/json; charset=iso-8859-1", ""),
        ("Ébéniste".encode("latin-1"), "application/json", "encoding: latin-1\n"),
        (b"\xc3\x89b\xc3\xa9niste", "application/json; charset=nonsense", ""),
    ],
)
def test_a_charset_that_lies_is_found_out(
    tmp_path: Path, body: bytes, header: str, more: str
) -> None:
    """UTF-8 is believed before the header, the header before a guess."""
    answer = Answer(
        b'\xef\xbb\xbf{"data":[{"id":"' + body + b'"}]}', headers={"Content-Type": header}
    )
    text = PLAIN + more
    if more:
        answer = Answer(answer.body.removeprefix(b"\xef\xbb\xbf"), headers=answer.headers)

    assert read_all(answer, tmp_path, text) == [{"id": "Ébéniste"}]


@pytest.mark.parametrize("columns", [(), ("id", "name")])
def test_one_bad_record_does_not_stop_its_page(tmp_path: Path, columns: Sequence[str]) -> None:
    """It travels beside the rows, with its bytes and place."""
    body = b'{"data": [{"id":1,"name":"a"},{"id":2,"name":"b\xff"},7,{"id":3,"name":"c"}]}'
    with reading(lambda _asked: Answer(body), tmp_path, PLAIN, columns) as (adapter, _):
        (batch,) = adapter.read("items", Slice())

        assert [row["id"] for row in records([batch])] == [1, 3]
        assert [(one.code, one.where) for one in batch.rejects] == [
            ("rest.row", "page 1, record 2"),
            ("rest.row", "page 1, record 3"),
        ]
        assert b"b\xff" in batch.rejects[0].raw
        assert batch.origin(1) == (b'{"id":3,"name":"c"}', "page 1, record 4")


def test_a_refused_row_can_show_where_it_came_from(tmp_path: Path) -> None:
    """Quarantine keeps the row's own bytes and its place, on the fast way too."""
    with reading(Api.of(25), tmp_path, system("page"), ["id"]) as (adapter, _):
        batch = list(adapter.read("items", Slice()))[1]
        raw, place = batch.origin(2)

    assert json.loads(raw)["id"] == batch.rows[2][0]
    assert place.startswith("page 2 of size")


def test_a_field_that_vanished_is_drift(tmp_path: Path) -> None:
    """A column that no record has is told; a null one and a missing one here and there are not."""
    body = {"data": [{"id": 1, "fax": None}, {"id": 2, "name": "b"}]}
    found = read_all(body, tmp_path, PLAIN, ["id", "fax", "name"])
    assert [row["name"] for row in found] == [None, "b"]

    with pytest.raises(DriftError) as caught:
        read_all(body, tmp_path, PLAIN, ["id", "phone"])
    assert caught.value.code == "adapter.field_missing"

    sparse = plain(sparse="true")
    assert read_all(body, tmp_path, sparse, ["id", "phone"])[0]["phone"] is None


def test_records_are_read_by_key(tmp_path: Path) -> None:
    """A key that is gone is left out; a position goes on behind the keys that are done."""
    part = Slice(keys=tuple((key,) for key in [3, 999, *range(10, 35)]))
    with reading(Api.of(40), tmp_path, system("page")) as (adapter, _):
        batches = list(adapter.read("items", part))
        rest = records(list(adapter.read("items", part, batches[0].position)))

    assert [row["id"] for row in records(batches)] == [3, *range(10, 35)]
    assert [row["id"] for row in rest] == list(range(28, 35))


def test_several_keys_go_in_one_call(tmp_path: Path) -> None:
    """Where the system takes a list of keys, it is asked as often as it must."""
    wanted = []

    def answer(asked: Asked) -> Answer:
        keys = dict(parse_qsl(asked.path.partition("?")[2]))["ids"].split(",")
        wanted.append(keys)
        return reply({"data": [{"id": int(key)} for key in keys]})

    text = plain(detail='{path: /all, rows: data, many: 2, query: {ids: "{keys}"}}')
    with reading(answer, tmp_path, text) as (adapter, _):
        part = Slice(keys=((1,), (2,), (3,)))
        found = [row["id"] for batch in adapter.read("items", part) for row in records([batch])]

    assert found == [1, 2, 3]
    assert wanted == [["1", "2"], ["3"]]


def test_another_record_than_asked_for_is_refused(tmp_path: Path) -> None:
    """A detail call that ignores its key does not pass one record off as another."""
    text = plain(detail='{path: "/one/{id}"}')
    with (
        reading(lambda _asked: reply({"id": 1}), tmp_path, text) as (adapter, _),
        pytest.raises(ProtocolError) as caught,
    ):
        list(adapter.read("items", Slice(keys=((2,),))))

    assert caught.value.code == "rest.filter_ignored"


@pytest.mark.parametrize("columns", [(), ("id", "name", "extra")])
def test_each_row_is_completed_by_its_detail(tmp_path: Path, columns: Sequence[str]) -> None:
    """A list that shows keys alone, and a record that went away in between."""

    def answer(asked: Asked) -> Answer:
        key = asked.path.rpartition("/")[2]
        if key == "all":
            return reply({"data": [{"id": 1, "name": "a"}, {"id": 2}, {"id": 3, "name": "c"}]})
        return Answer(b"", 404) if key == "2" else reply({"id": int(key), "extra": [key]})

    text = plain(detail='{path: "/one/{id}", each: true}')
    with reading(answer, tmp_path, text, columns) as (adapter, _):
        found = rows(adapter)

    assert [(row["id"], row["name"], row["extra"]) for row in found] == [
        (1, "a", ["1"]),
        (3, "c", ["3"]),
    ]


@pytest.mark.parametrize("style", ["page", "cursor", "link", "keyset by key"])
def test_keys_list_every_record(tmp_path: Path, style: str) -> None:
    """For deletes: all keys, whatever the style."""
    with reading(Api.of(47), tmp_path, system(style)) as (adapter, _):
        assert [key for keys in adapter.keys("items") for key in keys] == [
            (number,) for number in range(1, 48)
        ]


def test_keys_may_have_a_call_of_their_own(tmp_path: Path) -> None:
    """A list of plain values is a list of keys."""
    text = plain(keys="{path: /keys, rows: ids}")
    with reading(lambda _asked: reply({"ids": ["a", "b"]}), tmp_path, text) as (adapter, _):
        assert list(adapter.keys("items")) == [[("a",), ("b",)]]


def test_a_key_list_without_keys_is_refused(tmp_path: Path) -> None:
    """A record without a key would count as deleted."""
    body = {"data": [{"id": 1}, {"id": None}]}
    with (
        reading(lambda _asked: reply(body), tmp_path, PLAIN) as (adapter, _),
        pytest.raises(ProtocolError) as caught,
    ):
        list(adapter.keys("items"))

    assert caught.value.code == "rest.no_key"


def test_the_filter_may_change_path_query_and_body(tmp_path: Path) -> None:
    """What asks for changes is added to what asks for all; what holds nothing is left out."""
    text = plain(
        body='{filter: [{active: true}], top: {since: "{lower}"}}',
        since='{path: "/changed/{lower}", query: {mode: delta}, '
        'body: {filter: [{from: "{lower}Z"}]}}',
    )
    with reading(lambda _asked: reply({"data": []}), tmp_path, text) as (adapter, site):
        rows(adapter)
        rows(adapter, "2026-01-01T00:00:00/x")

    full, since, *_ = site.asked
    assert (full.method, full.path) == ("POST", "/api/all")
    assert json.loads(full.body) == {"filter": [{"active": True}]}
    assert since.path == "/api/changed/2026-01-01T00%3A00%3A00%2Fx?mode=delta"
    assert json.loads(since.body) == {
        "filter": [{"active": True}, {"from": "2026-01-01T00:00:00/xZ"}],
        "top": {"since": "2026-01-01T00:00:00/x"},
    }


def test_a_system_that_always_wants_a_bound_gets_one(tmp_path: Path) -> None:
    """A full reading begins at the configured beginning."""
    text = plain(since='{query: {since: "{lower}"}, beginning: "1970-01-01"}')
    with reading(Api.of(3), tmp_path, text) as (adapter, site):
        ids(adapter)

    assert site.asked[0].path == "/api/all?since=1970-01-01"


def test_check_names_the_missing_grant(tmp_path: Path) -> None:
    """One stream's trouble is told, with the scope that the system names."""
    text = system("page") + "  secrets: {primary_key: id, path: /secrets, rows: data}\n"
    api = Api.of(5)
    challenge = {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="secrets.read"'}
    api.override = lambda asked: Answer(b"", 403, challenge) if "secrets" in asked.path else None
    with reading(api, tmp_path, text) as (adapter, _):
        report = adapter.check()

    good, bad = report.streams
    assert good.readable
    assert good.problem == ""
    assert not bad.readable
    assert "'secrets.read'" in bad.problem
    assert "'jane'" in bad.problem


def test_now_is_the_servers_clock(tmp_path: Path) -> None:
    """The Date header, carried on to this moment."""
    with reading(Api.of(1), tmp_path, PLAIN) as (adapter, _):
        now = adapter.now()

    assert now is not None
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


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


def test_an_unknown_stream_names_the_nearest(tmp_path: Path) -> None:
    """A misspelt name is answered with the right one."""
    with reading(Api.of(1), tmp_path, PLAIN) as (adapter, _), pytest.raises(MidspanError) as caught:
        adapter.read("itens", Slice())

    assert "items" in caught.value.remedy


def test_a_stamp_keeps_its_form(tmp_path: Path) -> None:
    """The bound is what the system itself wrote."""
    with reading(Api.of(20), tmp_path, system("page")) as (adapter, site):
        ids(adapter, stamp(7))

    assert "since=2026-01-01T00%3A00%3A07" in site.asked[0].path


def test_the_page_for_it_runs(tmp_path: Path) -> None:
    """The example of docs/it/connect-rest.md reads a shop as it is described there."""
    page = (ROOT / "docs" / "it" / "connect-rest.md").read_text(encoding="utf-8")
    text = page.split("```yaml\n")[1].split("```")[0]
    api = Api.of(450)

    def shop(asked: Asked) -> Answer:
        if asked.path == "/api/v2/oauth/token":
            return reply({"access_token": "t", "expires_in": 60})
        url = urlsplit(asked.path)
        query = dict(parse_qsl(url.query))
        if url.path != "/api/v2/orders":
            return reply({"id": int(url.path.rpartition("/")[2]), "changed_at": stamp(1)})
        found = [
            {"id": one["id"], "changed_at": one["changed"]}
            for one in api.items
            if one["changed"] >= query.get("changed_since", "")
        ]
        start = (int(query["page"]) - 1) * int(query["limit"])
        cut = found[start : start + int(query["limit"])]
        return reply({"data": cut, "meta": {"total": len(found)}})

    with serve(shop) as site:
        folder = project(tmp_path, "shop", text)
        adapter = build(RestAdapter, folder, "shop", site.connection())
        whole = records(list(adapter.read("orders", Slice())))
        since = records(list(adapter.read("orders", Slice(lower=stamp(440)))))
        one = records(list(adapter.read("orders", Slice(keys=((7,),)))))
        report = adapter.check()
        adapter.close()

    assert [row["id"] for row in whole] == list(range(1, 451))
    assert [row["id"] for row in since] == list(range(440, 451))
    assert [row["id"] for row in one] == [7]
    assert report.ok
    assert report.streams[0].problem == ""
