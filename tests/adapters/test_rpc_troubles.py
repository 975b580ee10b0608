"""What can be wrong between us and an rpc system: each trouble its code, its class and remedy."""

import gzip
import json
import xmlrpc.client
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.rpc import RpcAdapter
from config.connections import Connection
from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
    TransientError,
)
from midspan.kernel.redaction import Secret
from midspan.kernel.stream import Batch, Slice
from tests.adapters.building import build, project, records
from tests.adapters.http_site import PASSWORD, Answer, Asked, Site, serve
from tests.adapters.odoo_models import Odoo
from tests.adapters.odoo_site import PERSON, answer, connection
from tests.adapters.rpc_page import example

WAYS = ("xmlrpc", "jsonrpc")
TIMEOUTS = "timeouts: {connect: 1s, read: 300ms, total: 600ms}\n"

Reached = Callable[[Connection], Connection]
Spoil = Callable[[Answer], Answer]


def partners() -> Odoo:
    odoo = Odoo()
    for number in range(1, 6):
        odoo.insert("res.partner", {"name": f"Partner {number}", "credit_limit": 1.5})
    return odoo


def yaml(way: str, old: str = "", new: str = "") -> str:
    whole = example("config/systems/odoo.yaml")
    head = whole if way == "xmlrpc" else example(f"odoo-{way}")
    stream = (
        "  customers: {primary_key: id, model: res.partner, fields: [name, credit_limit, active],\n"
        '    cursor: {fields: write_date, format: "%Y-%m-%d %H:%M:%S"}}\n'
    )
    text = head.partition("streams:")[0] + "streams:\n" + stream
    assert old in text
    return TIMEOUTS + text.replace(old, new).replace("  filter:\n", "  limit: 2\n  filter:\n")


def read(site: Site, home: Path, text: str, reached: Reached = lambda own: own) -> list[Batch]:
    own = reached(connection(site))
    with closing(build(RpcAdapter, project(home, "odoo", text), "odoo", own)) as adapter:
        return list(adapter.read("customers", Slice()))


def is_page(asked: Asked) -> bool:
    return b"search_read" in asked.body


def only_pages(spoil: Spoil, odoo: Odoo) -> Callable[[Asked], Answer]:
    """Answer as Odoo does, and spoil the answers to pages."""

    def respond(asked: Asked) -> Answer:
        whole = answer(odoo, asked)
        return spoil(whole) if is_page(asked) else whole

    return respond


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("reached", "cls", "code", "remedy"),
    [
        (lambda own: replace(own, port=1), TransientError, "http.unreachable", "host and port"),
        (lambda own: replace(own, host="no host"), ProtocolError, "http.url", "host and port"),
        (lambda own: replace(own, scheme="https"), AccessDenied, "http.tls", "certificate"),
        (lambda own: replace(own, schema="nonesuch"), AccessDenied, "rpc.denied", "schema"),
        (lambda own: replace(own, password=Secret("wrong")), AccessDenied, "rpc.login", "password"),
    ],
    ids=["wrong port", "wrong host", "no tls there", "wrong database", "wrong password"],
)
def test_a_wrong_connection_is_told(
    tmp_path: Path, way: str, reached: Reached, cls: type[MidspanError], code: str, remedy: str
) -> None:
    """What of it to correct is named; no secret is."""
    odoo = partners()

    with serve(lambda asked: answer(odoo, asked)) as site, pytest.raises(MidspanError) as caught:
        read(site, tmp_path, yaml(way), reached)

    assert (type(caught.value), caught.value.code) == (cls, code)
    assert remedy in caught.value.remedy
    assert PASSWORD not in str(caught.value)


def html(_whole: Answer) -> Answer:
    return Answer(b"<!DOCTYPE html><html><body>Please log in</body></html>")


def cut_gzip(whole: Answer) -> Answer:
    packed = gzip.compress(whole.body)
    headers = {**whole.headers, "Content-Encoding": "gzip"}
    return Answer(packed[: len(packed) // 2], headers=headers)


def half(whole: Answer) -> Answer:
    return replace(whole, body=whole.body[: len(whole.body) // 2])


def without_field(whole: Answer) -> Answer:
    return replace(whole, body=whole.body.replace(b"credit_limit", b"credit_limits"))


def no_list(whole: Answer) -> Answer:
    if whole.headers["Content-Type"] == "text/xml":
        return replace(whole, body=xmlrpc.client.dumps((7,), methodresponse=True).encode())
    return replace(whole, body=b'{"jsonrpc": "2.0", "id": 1, "result": 7}')


def drip(whole: Answer) -> Answer:
    return replace(whole, pause=0.05)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("spoil", "cls", "codes"),
    [
        (html, ProtocolError, {"rpc.not_xml", "rpc.not_json"}),
        (lambda _whole: Answer(), ProtocolError, {"rpc.not_xml", "rpc.not_json"}),
        (lambda _whole: Answer(b"\x00\xff"), ProtocolError, {"rpc.not_xml", "rpc.not_json"}),
        (half, TransientError, {"rpc.truncated"}),
        (cut_gzip, TransientError, {"http.truncated", "rpc.truncated"}),
        (lambda whole: replace(whole, announced=10**6), TransientError, {"http.truncated"}),
        (
            lambda whole: replace(whole, reset=True),
            TransientError,
            {"http.truncated", "http.unreachable"},
        ),
        (drip, TransientError, {"http.timeout"}),
        (lambda _whole: Answer(status=502), TransientError, {"http.busy"}),
        (lambda _whole: Answer(status=404), ProtocolError, {"http.not_found"}),
        (without_field, DriftError, {"adapter.field_missing"}),
        (no_list, ProtocolError, {"rpc.rows"}),
    ],
    ids=[
        *("html", "empty", "garbage", "half", "cut gzip", "broken off", "reset", "drip"),
        *("gateway", "not found", "field gone", "type changed"),
    ],
)
def test_a_spoilt_page_is_told(
    tmp_path: Path, way: str, spoil: Spoil, cls: type[MidspanError], codes: set[str]
) -> None:
    """Never a short result that looks whole; nothing of the reply is repeated."""
    with (
        serve(only_pages(spoil, partners())) as site,
        pytest.raises(MidspanError) as caught,
    ):
        read(site, tmp_path, yaml(way))

    assert isinstance(caught.value, cls)
    assert caught.value.code in codes
    assert "Partner" not in str(caught.value)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("old", "new", "code", "word"),
    [
        ("path: /", "path: /web", "http.not_found", "path"),
        ("fields: [name,", "fields: [nam,", "rpc.unknown_name", "fields"),
        ("model: res.partner", "model: res.partners", "rpc.unknown_name", "model"),
        ("method: execute_kw", "method: execute_kv", "rpc.fault", "'errors'"),
    ],
    ids=["path", "field", "model", "method"],
)
def test_a_wrong_name_is_told(
    tmp_path: Path, way: str, old: str, new: str, code: str, word: str
) -> None:
    """What the YAML misspells has its code, and the remedy says where to look."""
    odoo = partners()

    with serve(lambda asked: answer(odoo, asked)) as site, pytest.raises(MidspanError) as caught:
        read(site, tmp_path, yaml(way, old, new))

    assert caught.value.code == code
    assert word in caught.value.remedy
    assert PERSON not in str(caught.value)


@pytest.mark.parametrize("way", WAYS)
def test_a_missing_grant_is_told(tmp_path: Path, way: str) -> None:
    """By the model that may not be read."""
    odoo = partners()
    odoo.denied.add(("res.partner", "read"))

    with serve(lambda asked: answer(odoo, asked)) as site, pytest.raises(AccessDenied) as caught:
        read(site, tmp_path, yaml(way))

    assert caught.value.code == "rpc.denied"
    assert "'res.partner'" in caught.value.message
    assert "Grant" in caught.value.remedy


@pytest.mark.parametrize(
    ("way", "good", "bad", "code"),
    [
        ("xmlrpc", b"Partner 2", b"Partner \xff", "rpc.row"),
        ("jsonrpc", b"Partner 2", b"Partner \xff", "rpc.row"),
        ("xmlrpc", b"Partner 2", b"Par\x0btner", "rpc.row"),
        ("jsonrpc", b"Partner 2", b"Par\n\x0btner", "rpc.row"),
        ("xmlrpc", b"Partner 2", b"Par&#0;ner", "rpc.row"),
        ("xmlrpc", b"<double>2.5<", b"<double>2.x<", "rpc.value"),
    ],
    ids=[
        "bytes in xml",
        "bytes in json",
        "control in xml",
        "control in json",
        "no character",
        "no number",
    ],
)
def test_a_bad_row_costs_itself_alone(
    tmp_path: Path, way: str, good: bytes, bad: bytes, code: str
) -> None:
    """It is refused with the bytes it came in; the pages go on behind it."""
    odoo = partners()
    odoo.tables["res.partner"][2]["credit_limit"] = 2.5

    def spoil(whole: Answer) -> Answer:
        return replace(whole, body=whole.body.replace(good, bad))

    with serve(only_pages(spoil, odoo)) as site:
        batches = read(site, tmp_path, yaml(way))

    assert [row["id"] for row in records(batches)] == [1, 3, 4, 5]
    (reject,) = [reject for batch in batches for reject in batch.rejects]
    assert (reject.code, reject.where) == (code, "page 1, record 2")
    assert bad in reject.raw


@pytest.mark.parametrize("way", WAYS)
def test_a_session_that_ends_is_opened_anew(tmp_path: Path, way: str) -> None:
    """In the middle of a job, told inside a reply of success: no row is missed."""
    odoo, pages = partners(), []

    def respond(asked: Asked) -> Answer:
        if is_page(asked):
            pages.append(asked)
        return expired(way) if is_page(asked) and len(pages) == 2 else answer(odoo, asked)

    with serve(respond) as site:
        batches = read(site, tmp_path, yaml(way))
        logins = [asked for asked in site.asked if b"login" in asked.body or b"auth" in asked.body]

    assert [row["id"] for row in records(batches)] == [1, 2, 3, 4, 5]
    assert len(logins) == 2


def expired(way: str) -> Answer:
    text = "odoo.http.SessionExpiredException: Session expired"
    if way == "xmlrpc":
        fault = xmlrpc.client.Fault(1, text)
        return Answer(xmlrpc.client.dumps(fault, methodresponse=True).encode())
    error: dict[str, Any] = {"code": 100, "message": "Odoo Session Expired", "data": {"name": text}}
    return Answer(json.dumps({"jsonrpc": "2.0", "id": 1, "error": error}).encode())


def test_records_without_a_stamp_do_not_count_as_old(tmp_path: Path) -> None:
    """What a declared value stands for proves nothing about the filter."""
    odoo = partners()
    for record in odoo.tables["res.partner"].values():
        record["write_date"] = "1970-01-01 00:00:00"
    text = yaml("xmlrpc", '[[write_date, ">=", "{lower}"]]', '[[id, ">", 0]]')
    text = text.replace("fields: write_date,", "fields: write_date, empty: [1970-01-01],")
    with (
        serve(lambda asked: answer(odoo, asked)) as site,
        closing(
            build(RpcAdapter, project(tmp_path, "odoo", text), "odoo", connection(site))
        ) as adapter,
    ):
        batches = list(adapter.read("customers", Slice(lower="2026-01-01 00:00:00")))

    assert sum(len(batch.rows) for batch in batches) == len(odoo.tables["res.partner"])


@pytest.mark.parametrize("way", WAYS)
def test_a_filter_that_is_ignored_is_told(tmp_path: Path, way: str) -> None:
    """Whoever asks for changes and gets old records only is not fed all of them for ever."""
    odoo = partners()
    text = yaml(way, '[[write_date, ">=", "{lower}"]]', '[[id, ">", 0]]')
    with (
        serve(lambda asked: answer(odoo, asked)) as site,
        closing(
            build(RpcAdapter, project(tmp_path, "odoo", text), "odoo", connection(site))
        ) as adapter,
    ):
        with pytest.raises(ProtocolError) as caught:
            list(adapter.read("customers", Slice(lower="2099-01-01 00:00:00")))
        (check,) = adapter.check(deep=True).streams

    assert caught.value.code == "rpc.filter_ignored"
    assert "far future" in check.problem
