"""How the rest adapter changes records: once, and certain of what it says was done."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from midspan.kernel.errors import (
    AccessDenied,
    MidspanError,
    ProtocolError,
    RecordError,
    TransientError,
    UncertainWrite,
)
from midspan.kernel.writing import WriteKind, WriteOperation
from tests.adapters.http_site import Answer, Asked
from tests.adapters.rest_site import html, opened, reply
from tests.adapters.rest_store import STORE, Store, stored

NAMED = WriteOperation("create", {"name": "SECRET-NAME"})


def changed(kind: WriteKind, values: Mapping[str, Any] | None = None) -> WriteOperation:
    """Return a change of record 7."""
    return WriteOperation(kind, values or {}, ("7",))


def answering(answer: Answer, *methods: str) -> Any:
    """Return what gives this answer to each request by some methods, past the login."""
    return lambda asked: (
        answer if asked.method in (methods or ("POST",)) and "login" not in asked.path else None
    )


def test_a_create_carries_our_reference_and_is_seen(tmp_path: Path) -> None:
    """In the field that write.reference names, and where a header asks for it."""
    with stored() as (store, site):
        adapter = opened(site, tmp_path, STORE)
        made = adapter.write("items", NAMED, "REF-1")
        found = adapter.lookup("items", "REF-1")
        adapter.close()

    assert made.key == ("1",)
    assert store.items[1] == {
        "id": "1",
        "name": "SECRET-NAME",
        "ref": "REF-1",
        **found_stamp(store),
    }
    assert store.idempotency == ["REF-1"]
    assert found is not None
    assert found["name"] == "SECRET-NAME"


def found_stamp(store: Store) -> dict[str, str]:
    return {"changed": store.items[1]["changed"]}


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ("'{values}'", {"name": "Ann", "fax": None, "address": {"city": "Graz"}}),
        (
            '{data: {type: x, attributes: "{values}"}}',
            {
                "data": {
                    "type": "x",
                    "attributes": {"name": "Ann", "fax": None, "address": {"city": "Graz"}},
                }
            },
        ),
        (
            '{n: "{values.name}", f: "{values.fax}", p: "{values.t}", c: "{values.address.city}"}',
            {"n": "Ann", "f": None, "c": "Graz"},
        ),
        ('{no: "{id}", by: "{reference}"}', {"no": "7", "by": "REF-1"}),
    ],
)
def test_values_stand_where_the_body_wants_them(tmp_path: Path, body: str, sent: Any) -> None:
    """Whole, wrapped or one by one; null is sent as null, what is not written is left out."""
    text = STORE.replace("method: PUT", f"method: PUT, body: {body}")
    with stored() as (store, site):
        store.override = answering(Answer(b"", 204), "PUT")
        adapter = opened(site, tmp_path, text)
        values = {"name": "Ann", "fax": None, "address.city": "Graz"}
        assert adapter.write("items", changed("update", values), "REF-1").key == ("7",)
        adapter.close()

    assert json.loads(site.asked[-1].body) == sent


def test_a_decimal_is_written_as_it_is(tmp_path: Path) -> None:
    """As a number in JSON, not rounded and not as text."""
    with stored() as (store, site):
        store.override = answering(Answer(b"", 204), "PUT")
        adapter = opened(site, tmp_path, STORE)
        adapter.write("items", changed("update", {"price": Decimal("19.90")}), "R")
        adapter.close()

    assert site.asked[-1].body == b'{"price":19.90}'


def test_a_body_may_be_xml(tmp_path: Path) -> None:
    """Elements, attributes and lists; every value is escaped."""
    body = '{item: {"@no": "{id}", name: "{values.name}", tags: {tag: [a, b]}, none: null}}'
    text = STORE.replace("method: PUT", f"method: PUT, sends: xml, body: {body}")
    with stored() as (store, site):
        store.override = answering(Answer(b"", 204), "PUT")
        adapter = opened(site, tmp_path, text)
        adapter.write("items", changed("update", {"name": "A & <B>"}), "R")
        adapter.close()

    assert site.asked[-1].headers["Content-Type"] == "application/xml"
    assert (
        site.asked[-1]
        .body.decode()
        .endswith(
            '<item no="7"><name>A &amp; &lt;B&gt;</name><tags><tag>a</tag><tag>b</tag></tags>'
            "<none/></item>"
        )
    )


@pytest.mark.parametrize(
    ("status", "cls", "code"),
    [
        (400, RecordError, "adapter.write_refused"),
        (409, RecordError, "adapter.write_refused"),
        (422, RecordError, "adapter.write_refused"),
        (404, RecordError, "adapter.no_record"),
        (410, RecordError, "adapter.no_record"),
        (403, AccessDenied, "rest.denied"),
        (405, ProtocolError, "http.not_found"),
        (302, ProtocolError, "http.refused"),
        (429, TransientError, "http.busy"),
        (500, UncertainWrite, "adapter.write_uncertain"),
        (503, UncertainWrite, "adapter.write_uncertain"),
    ],
)
def test_each_refusal_of_a_change_has_its_class(
    tmp_path: Path, status: int, cls: type[MidspanError], code: str
) -> None:
    """Whether the record or the configuration is wrong, a person is asked, or nobody knows."""
    answer = Answer(b'{"name": "SECRET-NAME"}', status, {"Location": "/api/elsewhere"})
    with stored() as (store, site):
        store.override = answering(answer, "PUT")
        adapter = opened(site, tmp_path, STORE)
        with pytest.raises(cls) as caught:
            adapter.write("items", changed("update", {"name": "SECRET-NAME"}), "REF-1")
        adapter.close()

    assert caught.value.code == code
    assert "SECRET-NAME" not in str(caught.value)


def test_a_refusal_names_the_fields_it_speaks_of(tmp_path: Path) -> None:
    """The name of a field, never its value."""
    with stored() as (_store, site):
        adapter = opened(site, tmp_path, STORE)
        with pytest.raises(RecordError) as caught:
            adapter.write("items", WriteOperation("create", {"name": "", "city": "Graz"}), "R")
        adapter.close()

    assert "speaks of name, city, ref" in str(caught.value)
    assert "Graz" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "cls", "code"),
    [
        (reply({"error": "E-17 SECRET-NAME"}), RecordError, "adapter.write_refused"),
        (reply({"error": "E-RIGHT"}), AccessDenied, "rest.denied"),
        (reply({"error": "E-WRONG"}), RecordError, "adapter.write_refused"),
        (reply({"error": "E-NONE"}), RecordError, "adapter.no_record"),
        (Answer(b'{"error": "E-BUSY"}', 400), TransientError, "rest.busy"),
        (reply({"error": "E-BUSY"}), UncertainWrite, "adapter.write_uncertain"),
        (html(), UncertainWrite, "adapter.write_uncertain"),
        (Answer(b'{"err'), UncertainWrite, "adapter.write_uncertain"),
    ],
)
def test_an_error_inside_a_success_is_no_success(
    tmp_path: Path, answer: Answer, cls: type[MidspanError], code: str
) -> None:
    """What result and errors say holds for changes; what cannot be read is uncertain."""
    rules = """
result: {error: error}
errors: [{match: E-RIGHT, means: denied}, {match: E-WRONG, means: refused},
         {match: E-NONE, means: empty}, {match: E-BUSY, means: busy}]
"""
    with stored() as (store, site):
        store.override = answering(answer, "PUT")
        adapter = opened(site, tmp_path, STORE + rules)
        with pytest.raises(cls) as caught:
            adapter.write("items", changed("update", {"name": "x"}), "REF-1")
        adapter.close()

    assert caught.value.code == code


@pytest.mark.parametrize(
    "answer", [Answer(b"OK"), Answer(b"", 204), Answer(b"", 303, {"Location": "/api/items/7"})]
)
def test_a_short_success_is_one(tmp_path: Path, answer: Answer) -> None:
    """Nothing, a word, or a hint where to look; the change is sent once."""
    with stored() as (store, site):
        store.override = answering(answer, "PUT")
        adapter = opened(site, tmp_path, STORE)
        adapter.write("items", changed("update", {"name": "x"}), "REF-1")
        adapter.close()

    assert [asked.method for asked in site.asked] == ["POST", "PUT"]


@pytest.mark.parametrize("status", [307, 308])
def test_a_change_follows_only_a_redirect_before_it_is_done(tmp_path: Path, status: int) -> None:
    """The same request goes to the new place, with its body."""
    moved = Answer(b"", status, {"Location": "/api/items/7?moved=1"})
    with stored() as (store, site):
        store.put(7, {"name": "old"}, "2026-01-01T00:00:00")
        store.override = lambda asked: (
            moved if asked.method == "PUT" and "moved" not in asked.path else None
        )
        adapter = opened(site, tmp_path, STORE)
        adapter.write("items", changed("update", {"name": "new"}), "REF-1")
        adapter.close()

    assert store.items[7]["name"] == "new"


def test_a_create_that_redirects_is_not_sent_twice(tmp_path: Path) -> None:
    """Post, redirect, get: the record was made, and is found."""

    def made(asked: Asked) -> Answer | None:
        if asked.method != "POST" or "login" in asked.path:
            return None
        store.put(5, json.loads(asked.body), "2026-01-01T00:00:00")
        return Answer(b"", 302, {"Location": "/api/items/5"})

    with stored() as (store, site):
        store.override = made
        adapter = opened(site, tmp_path, STORE)
        assert adapter.write("items", NAMED, "REF-1").key == ("5",)
        adapter.close()

    assert len([asked for asked in site.asked if asked.path == "/api/items"]) == 1


@pytest.mark.parametrize("location", ["/api/items/42", "https://h/x/items(42)", "/x/items('42')"])
def test_a_record_that_the_search_does_not_show_yet_is_seen_by_its_key(
    tmp_path: Path, location: str
) -> None:
    """A search index that lags behind does not make a create uncertain."""

    def late(asked: Asked) -> Answer | None:
        if "search" in asked.path:
            return reply({"data": []})
        if asked.method == "POST" and "login" not in asked.path:
            store.put(42, json.loads(asked.body), "2026-01-01T00:00:00")
            return Answer(b"", 201, {"Location": location})
        return None

    text = STORE.replace("key: id}", 'key: "header:Location"}')
    with stored() as (store, site):
        store.override = late
        adapter = opened(site, tmp_path, text)
        assert adapter.write("items", NAMED, "REF-1").key == ("42",)
        adapter.close()


def test_a_search_that_finds_more_finds_ours(tmp_path: Path) -> None:
    """A search by beginning shows others' records as well; they are nobody's answer."""
    with stored() as (store, site):
        for number, ref in enumerate(["REF-10", "REF-1", "REF-11"], 1):
            store.put(number, {"ref": ref, "name": "x"}, "2026-01-01T00:00:00")
        adapter = opened(site, tmp_path, STORE)
        found = adapter.lookup("items", "REF-1")
        assert found is not None
        assert found["id"] == "2"
        assert adapter.lookup("items", "REF-") is None
        adapter.close()


def test_a_search_that_ignores_the_reference_is_given_up(tmp_path: Path) -> None:
    """'There is none' is not said of a list of everything that was not read."""
    everybody = reply({"data": [{"id": n, "ref": f"R{n}"} for n in range(1500)]})
    with stored() as (store, site):
        store.override = lambda asked: everybody if "search" in asked.path else None
        adapter = opened(site, tmp_path, STORE)
        with pytest.raises(ProtocolError) as caught:
            adapter.lookup("items", "REF-1")
        adapter.close()

    assert caught.value.code == "rest.find_ignored"


@pytest.mark.parametrize("shown", [True, False])
def test_a_search_that_shows_keys_alone_is_completed(tmp_path: Path, shown: bool) -> None:
    """By the detail call; where that does not show the reference either, nothing is said."""
    with stored() as (store, site):
        store.put(3, {"ref": "REF-1"} if shown else {}, "2026-01-01T00:00:00")
        store.override = lambda asked: (
            reply({"data": [{"id": "3"}]}) if "search" in asked.path else None
        )
        adapter = opened(site, tmp_path, STORE)
        if shown:
            found = adapter.lookup("items", "REF-1")
            assert found is not None
        else:
            with pytest.raises(ProtocolError) as caught:
                adapter.lookup("items", "REF-1")
            assert caught.value.code == "rest.reference_hidden"
        adapter.close()


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("create: {path", "greate: {path", "greate"),
        ("    update: {", "    granted: {", "'update' is missing"),
        (
            'find: {path: /items/search, rows: data, query: {ref: "{reference}"}}',
            *("keys: {path: /items, rows: data}", "'find' is missing"),
        ),
        ('{ref: "{reference}"}', "{ref: x}", "what is sought"),
        ('delete: {path: "/items/{id}"}', "delete: {path: /items}", "which record"),
        ("key: id}", 'body: {a: "{value}"}}', "Did you mean 'values'"),
    ],
)
def test_a_change_that_cannot_be_made_is_told_before_any_call(
    tmp_path: Path, old: str, new: str, word: str
) -> None:
    """When the adapter is made."""
    assert old in STORE
    with stored() as (_, site):
        with pytest.raises(MidspanError) as caught:
            opened(site, tmp_path, STORE.replace(old, new))

        assert word in str(caught.value)
        assert site.asked == []
