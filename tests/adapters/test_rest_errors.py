"""What a rest system does wrong: each bad answer has its code, its class and its remedy."""

import gzip
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

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
from tests.adapters.building import build, project
from tests.adapters.http_site import Answer, serve
from tests.adapters.rest_site import (
    PLAIN,
    XML,
    Api,
    html,
    ids,
    read_all,
    reading,
    refused,
    reply,
    rows,
    stamp,
    system,
)


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
    assert error.remedy or isinstance(error, TransientError)


@pytest.mark.parametrize(
    ("data", "cls", "code"),
    [
        ([{"id": 1}], DriftError, "adapter.field_missing"),
        ([{"no": 1, "changed": stamp(1), "name": "x"}], DriftError, "adapter.field_missing"),
        ([{"id": 1, "changed": stamp(1), "name": None}], None, ""),
        ([{"id": {"a": 1}, "changed": stamp(1), "name": ["x"]}], None, ""),
        ("none today", ProtocolError, "rest.rows"),
    ],
    ids=["column gone", "key gone", "null is there", "type changed", "list changed"],
)
def test_what_changes_its_shape_is_told_or_passed_on(
    tmp_path: Path, data: Any, cls: type[MidspanError] | None, code: str
) -> None:
    """A name that is gone is drift; of another type, the value is for the mapping to refuse."""
    body = reply({"data": data})
    if cls is None:
        assert len(read_all(body, tmp_path, PLAIN, ["id", "name"])) == 1
        return
    error = refused(body, tmp_path, PLAIN, columns=["id", "name"])

    assert (type(error), error.code) == (cls, code)
    assert error.remedy


PATIENCE = "timeouts: {connect: 300ms, read: 200ms, total: 400ms}\n"
PLACES: dict[str, tuple[dict[str, Any], str]] = {
    "no such host": ({"host": "nowhere.invalid"}, "http.unreachable"),
    "nobody at the port": ({"port": 9}, "http.unreachable"),
    "no port at all": ({"port": 99999}, "http.url"),
    "no host": ({"host": ""}, "http.url"),
    "another protocol": ({"scheme": "ftp"}, "http.url"),
    "plain for TLS": ({"scheme": "https"}, "http.tls"),
}


@pytest.mark.parametrize("place", PLACES)
def test_each_wrong_address_has_its_code(tmp_path: Path, place: str) -> None:
    """What is wrong in the connection is told, and what to correct there."""
    given, code = PLACES[place]
    with serve(Api.of(1)) as site:
        connection = replace(site.connection(), **given)
        folder = project(tmp_path, "legacy", PLAIN + PATIENCE)
        adapter = build(RestAdapter, folder, "legacy", connection)
        with pytest.raises(MidspanError) as caught:
            rows(adapter)
        adapter.close()

    assert caught.value.code == code
    assert "connection" in caught.value.remedy


@pytest.mark.parametrize(
    "answer",
    [Answer(b'{"data": []}', pause=0.1), Answer(b"xx", pause=2.0)],
    ids=["drip", "silence"],
)
def test_a_slow_answer_ends_in_time(tmp_path: Path, answer: Answer) -> None:
    """Waiting and the whole call are bounded; each repetition as well."""
    began = time.monotonic()
    error = refused(answer, tmp_path, PLAIN + PATIENCE)

    assert (type(error), error.code) == (TransientError, "http.timeout")
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("body", [b"", b'{"data": [{"id": 1}]}'])
def test_an_answer_without_length_is_read_to_its_end(tmp_path: Path, body: bytes) -> None:
    """In chunks; and one of status 204 is an empty list."""
    answer = (
        Answer(
            b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
            headers={"Transfer-Encoding": "chunked"},
        )
        if body
        else Answer(b"", 204)
    )
    assert len(read_all(answer, tmp_path)) == len(body and [1])


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


@pytest.mark.parametrize("status", [429, 503, 400])
@pytest.mark.parametrize("dated", [False, True])
def test_retry_after_is_passed_on(tmp_path: Path, status: int, dated: bool) -> None:
    """The system's own word for when decides how long the gate waits: seconds, or a date.

    A rule that calls a reply busy keeps it.
    """
    later = datetime.now(UTC) + timedelta(seconds=77)
    told = format_datetime(later, usegmt=True) if dated else "77"
    busy = Answer(b"E-QUOTA" if status == 400 else b"{}", status, {"Retry-After": told})
    error = refused(busy, tmp_path, PLAIN + "errors: [{match: E-QUOTA, means: busy}]\n")

    assert isinstance(error, TransientError)
    assert error.retry_after == pytest.approx(77, abs=3)


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


def test_an_unknown_stream_names_the_nearest(tmp_path: Path) -> None:
    """A misspelt name is answered with the right one."""
    with reading(Api.of(1), tmp_path, PLAIN) as (adapter, _), pytest.raises(MidspanError) as caught:
        adapter.read("itens", Slice())

    assert "items" in caught.value.remedy
