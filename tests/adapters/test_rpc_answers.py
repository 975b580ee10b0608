"""The rpc adapter against a system that misbehaves, and against another system's conventions."""

import json
import logging
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.rpc import RpcAdapter
from adapters.rpc.values import Typed, unwrap
from midspan.kernel.errors import (
    AccessDenied,
    ConfigurationError,
    DriftError,
    MidspanError,
    ProtocolError,
    RecordError,
    TransientError,
)
from midspan.kernel.stream import Slice
from tests.adapters.building import build, project, records
from tests.adapters.http_site import PASSWORD, Answer, Asked, Site, serve

SYSTEM = """
type: rpc
conn_id: legacy
path: /jsonrpc
type_tag: __class__
session:
  login:
    method: call
    params: {service: common, method: login, args: ["{database}", "{login}", "{password}"]}
  take: {uid: ""}
read:
  method: call
  params:
    service: object
    method: execute_kw
    args: ["{database}", "{uid}", "{password}", "{model}", search_read, ["{filter}"],
           {fields: "{fields}", limit: "{limit}", order: id}]
  filter:
    after: [[id, ">", "{after}"]]
    since: ["|", [write_date, ">=", "{lower}"], [create_date, ">=", "{lower}"]]
    keys: [[id, in, "{keys}"]]
  limit: 2
  rows: page.rows
count: {method: count, params: {filter: "{filter}"}}
errors:
  - {match: "unknown field (?P<name>\\\\w+)", means: drift}
streams:
  books:
    primary_key: [id]
    cursor: {fields: [write_date, create_date], zone: Europe/Vienna}
    model: book
    fields: [title]
    where: [[kind, "=", book]]
"""

Responder = Callable[[str, Any], Any]


def reply(value: Any) -> Answer:
    return Answer(json.dumps({"jsonrpc": "2.0", "id": 1, "result": value}).encode())


def fault(error: Any) -> Answer:
    return Answer(json.dumps({"jsonrpc": "2.0", "id": 1, "error": error}).encode())


def site_of(
    read: Callable[[list[Any], dict[str, Any]], Any], count: int = 3
) -> Callable[[Asked], Answer]:
    """Answer logins and counts; let ``read`` answer with rows or an Answer of its own."""

    def answer(asked: Asked) -> Answer:
        call = json.loads(asked.body)
        if call["method"] == "count":
            return reply(count)
        if call["params"]["method"] == "login":
            return reply(7)
        domain, options = call["params"]["args"][5][0], call["params"]["args"][6]
        rows = read(domain, options)
        return rows if isinstance(rows, Answer) else reply({"page": {"rows": rows}})

    return answer


def book(number: int | str, **more: Any) -> dict[str, Any]:
    return {"id": number, "title": f"b{number}", "write_date": None, "create_date": None, **more}


def shelf(*numbers: int) -> Callable[[list[Any], dict[str, Any]], Any]:
    """Answer as an honest system that holds these books."""

    def read(domain: list[Any], options: dict[str, Any]) -> Any:
        after = next((term[2] for term in domain if term[0] == "id" and term[1] == ">"), 0)
        keys = next((term[2] for term in domain if term[0] == "id" and term[1] == "in"), numbers)
        found = [book(number) for number in numbers if number > after and number in keys]
        return found[: options["limit"]]

    return read


def opened(site: Site, home: Path, text: str = SYSTEM) -> RpcAdapter:
    return build(RpcAdapter, project(home, "legacy", text), "legacy", site.connection())


def ids(site: Site, home: Path, part: Slice | None = None) -> list[Any]:
    with closing(opened(site, home)) as adapter:
        return [row["id"] for row in records(list(adapter.read("books", part or Slice())))]


def test_another_system_is_read_by_its_yaml(tmp_path: Path) -> None:
    """Credentials in each call, named arguments and rows inside the result are configuration."""
    with serve(site_of(shelf(1, 2, 3))) as site:
        assert ids(site, tmp_path) == [1, 2, 3]

        sent = json.loads(site.asked[2].body)
        assert site.asked[2].path == "/jsonrpc"
        assert sent["params"]["args"][:4] == ["books", 7, PASSWORD, "book"]
        assert sent["params"]["args"][5] == [[["kind", "=", "book"], ["id", ">", 2]]]


def test_a_bound_is_sent_in_the_system_s_own_form(tmp_path: Path) -> None:
    """A wrapped local time, put into each place of the filter."""
    with serve(site_of(shelf())) as site:
        ids(site, tmp_path, Slice(lower="2026-03-01T12:30:00.000005"))

        domain = json.loads(site.asked[1].body)["params"]["args"][5][0]
        assert domain[1] == "|"
        assert domain[2][2] == {
            "__class__": "datetime",
            "year": 2026,
            "month": 3,
            "day": 1,
            "hour": 12,
            "minute": 30,
            "second": 0,
            "microsecond": 5,
        }


def test_a_server_that_caps_its_pages_loses_nothing(tmp_path: Path) -> None:
    """A short page is not the end; only an empty one is."""
    honest = shelf(1, 2, 3)
    with serve(site_of(lambda domain, options: honest(domain, options)[:1])) as site:
        assert ids(site, tmp_path) == [1, 2, 3]


@pytest.mark.parametrize(
    ("read", "part", "cls", "code"),
    [
        (lambda d, o: [book(1), book(2)], Slice(), ProtocolError, "rpc.order"),
        (lambda d, o: [book(2), book(1)], Slice(), ProtocolError, "rpc.order"),
        (lambda d, o: [book("b"), book("b")], Slice(), ProtocolError, "rpc.order"),
        (lambda d, o: [{"title": "x"}], Slice(), ProtocolError, "rpc.key"),
        (lambda d, o: [3, 4], Slice(), ProtocolError, "rpc.rows"),
        (lambda d, o: {"no": "list"}, Slice(), ProtocolError, "rpc.rows"),
        (lambda d, o: [book(5)], Slice(keys=((1,),)), ProtocolError, "rpc.filter_ignored"),
        (lambda d, o: [{"id": 1}], Slice(), DriftError, "adapter.field_missing"),
        (lambda d, o: reply([]), Slice(), ProtocolError, "rpc.rows"),
        (lambda d, o: Answer(b"<html>Log in</html>"), Slice(), ProtocolError, "rpc.not_json"),
        (lambda d, o: Answer(b""), Slice(), ProtocolError, "rpc.not_json"),
        (lambda d, o: Answer(b"\xff\xfe{"), Slice(), ProtocolError, "rpc.not_json"),
        (lambda d, o: Answer(b'{"id": 1}'), Slice(), ProtocolError, "rpc.envelope"),
        (lambda d, o: Answer(b'{"result": {"pa'), Slice(), TransientError, "rpc.truncated"),
        (lambda d, o: Answer(b'{"re', announced=90), Slice(), TransientError, "http.truncated"),
        (lambda d, o: Answer(status=503), Slice(), TransientError, "http.busy"),
        (lambda d, o: Answer(status=404), Slice(), ProtocolError, "http.not_found"),
        (lambda d, o: Answer(status=403), Slice(), AccessDenied, "rpc.denied"),
        (lambda d, o: fault({"message": "Access Denied"}), Slice(), AccessDenied, "rpc.denied"),
        (lambda d, o: fault("Session expired"), Slice(), AccessDenied, "rpc.denied"),
        (lambda d, o: fault(["deadlock detected"]), Slice(), TransientError, "rpc.busy"),
        (lambda d, o: fault("unknown field isbn"), Slice(), DriftError, "rpc.unknown_name"),
        (lambda d, o: fault("Jane Roe, 12 Elm St"), Slice(), ProtocolError, "rpc.fault"),
    ],
    ids=[
        *("begins again", "unsorted", "same key", "no key", "no records", "no list"),
        *("filter ignored", "field gone", "rows elsewhere", "web page", "empty", "garbage"),
        *("no result", "half a reply", "broken off", "overloaded", "no service", "forbidden"),
        *("denied", "never in", "deadlock", "unknown field", "unknown error"),
    ],
)
def test_each_bad_answer_has_its_error(
    tmp_path: Path,
    read: Callable[[list[Any], dict[str, Any]], Any],
    part: Slice,
    cls: type[MidspanError],
    code: str,
) -> None:
    """Nothing passes as data that is none, and nothing of the answer's text is repeated."""
    with serve(site_of(read)) as site, pytest.raises(MidspanError) as caught:
        ids(site, tmp_path, part)

    assert (type(caught.value), caught.value.code) == (cls, code)
    assert "Jane" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_an_error_rule_may_show_a_name(tmp_path: Path) -> None:
    """What a rule's author vouches for is shown: here the field that is gone."""
    answer = site_of(lambda d, o: fault("unknown field isbn"))

    with serve(answer) as site, pytest.raises(DriftError, match="'isbn'"):
        ids(site, tmp_path)


def test_overload_is_repeated_and_then_read(tmp_path: Path) -> None:
    """A page that fails for the moment is asked for again, and the read goes on."""
    honest, failures = shelf(1, 2, 3), [Answer(status=503), fault("deadlock detected")]
    with serve(site_of(lambda d, o: failures.pop() if failures else honest(d, o))) as site:
        assert ids(site, tmp_path) == [1, 2, 3]


def test_a_login_that_answers_false_is_refused(tmp_path: Path) -> None:
    """Some systems answer a wrong password with an ordinary result."""
    with serve(lambda _asked: reply(False)) as site, pytest.raises(AccessDenied) as caught:
        ids(site, tmp_path)

    assert caught.value.code == "rpc.login"


def test_a_listing_that_ends_early_is_no_listing(tmp_path: Path) -> None:
    """Fewer keys than the system counts would delete what is there."""
    with (
        serve(site_of(shelf(1, 2, 3), count=4)) as site,
        closing(opened(site, tmp_path)) as adapter,
        pytest.raises(ProtocolError) as caught,
    ):
        list(adapter.keys("books"))

    assert caught.value.code == "adapter.silent_loss"


def test_rows_that_went_during_the_listing_are_no_loss(tmp_path: Path) -> None:
    """The count is taken at both ends, and only fewer than both is a loss."""
    counts = [4, 3]
    honest = site_of(shelf(1, 2, 3))

    def answer(asked: Asked) -> Answer:
        return reply(counts.pop(0)) if b'"count"' in asked.body else honest(asked)

    with serve(answer) as site, closing(opened(site, tmp_path)) as adapter:
        assert [key for keys in adapter.keys("books") for key in keys] == [(1,), (2,), (3,)]


def test_one_bad_record_does_not_stop_its_page(tmp_path: Path) -> None:
    """It travels beside the rows, with its bytes and place; the rest goes on behind it."""
    pages = [
        b'[{"id":1,"title":"","write_date":null,"create_date":{"__class__":"date"}},%s]'
        % b'{"id":2,"title":"b\xff","write_date":null,"create_date":null}',
        b'[{"id":3,"title":"c","write_date":null,"create_date":null}]',
        b"[]",
    ]

    def read(domain: list[Any], options: dict[str, Any]) -> Answer:
        return Answer(b'{"id":1,"result":{"page":{"rows":' + pages.pop(0) + b"}}}")

    with serve(site_of(read)) as site, closing(opened(site, tmp_path)) as adapter:
        batches = list(adapter.read("books", Slice()))

    assert [row["id"] for row in records(batches)] == [3]
    assert [reject.code for reject in batches[0].rejects] == ["rpc.value", "rpc.row"]
    assert batches[0].rejects[1].where == "page 1, record 2"
    assert b"b\xff" in batches[0].rejects[1].raw


def test_a_number_with_a_fraction_stays_exact(tmp_path: Path) -> None:
    """Money that is sent as a plain number is not rounded to a float."""
    answer = site_of(lambda d, o: [] if len(d) > 1 else [book(1, title=19.9)])
    with serve(answer) as site, closing(opened(site, tmp_path)) as adapter:
        (row,) = records(list(adapter.read("books", Slice())))

    assert row["title"] == Decimal("19.9")


def test_no_secret_is_logged_or_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Also when everything goes wrong, the password stays out of every log and message."""
    caplog.set_level(logging.DEBUG)
    answer = site_of(lambda d, o: Answer(status=503))

    with serve(answer) as site, pytest.raises(TransientError) as caught:
        ids(site, tmp_path)

    assert PASSWORD not in caplog.text + str(caught.value)
    assert "http.busy" in caplog.text


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('"{limit}"', '"{limits}"', "Did you mean 'limit'"),
        ('[[id, in, "{keys}"]]', '[[id, in, "{keyz}"]]', "Did you mean 'keys'"),
        ("unknown field (?P", "unknown field (?X", "config.pattern"),
        ("primary_key: [id]", "primary_key: [id, title]", "key of several fields"),
    ],
)
def test_a_wrong_configuration_is_told_before_any_call(
    tmp_path: Path, old: str, new: str, word: str
) -> None:
    """Misspelt placeholders and patterns show when the adapter is made."""
    with serve(site_of(shelf())) as site:
        with pytest.raises(MidspanError) as caught:
            opened(site, tmp_path, SYSTEM.replace(old, new))

        assert word in str(caught.value)
        assert site.asked == []


def test_a_misspelt_placeholder_has_file_and_line(tmp_path: Path) -> None:
    """The editor can jump to it."""
    with serve(site_of(shelf())) as site, pytest.raises(ConfigurationError) as caught:
        opened(site, tmp_path, SYSTEM.replace('"{limit}"', '"{limits}"'))

    (problem,) = caught.value.problems
    assert problem.file.name == "legacy.yaml"
    assert SYSTEM.splitlines()[problem.line - 1].find('"{limit}"') == problem.column - 1


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=None),  # noqa: DTZ001 naive as the wire has it
        date(2026, 1, 2),
        time(3, 4, 5, 6),
        timedelta(seconds=90.5),
        Decimal("19.90"),
        b"\x00\xff",
        [Decimal(1), {"a": date(2026, 1, 2)}],
        "text",
        None,
        7,
    ],
    ids=lambda value: type(value).__name__,
)
def test_typed_values_survive_the_wire(value: Any) -> None:
    """What is wrapped on one end is the same value on the other."""
    assert unwrap(json.loads(json.dumps(Typed("__class__").wrap(value))), "__class__") == value


def test_an_unknown_wrapper_stays_what_it_is() -> None:
    """A type nobody told us about is data, not an error."""
    odd = {"__class__": "Point", "x": 1}

    assert unwrap(odd, "__class__") == odd


@pytest.mark.parametrize("odd", [{"__class__": "Decimal", "decimal": "ten"}, {"__class__": "date"}])
def test_a_broken_wrapper_is_the_record_s_fault(odd: dict[str, Any]) -> None:
    """It is refused with its row instead of stopping the stream."""
    with pytest.raises(RecordError):
        unwrap(odd, "__class__")


def test_related_records_have_plain_names() -> None:
    """A record beside its id takes the id's place, at every depth and in either order."""
    row = {"party.": {"id": 5, "lang.": None}, "party": 5, "lines.": [{"product.": {"code": "A"}}]}

    assert unwrap(row, None) == {
        "party": {"id": 5, "lang": None},
        "lines": [{"product": {"code": "A"}}],
    }


def test_the_clock_of_a_system_without_login(tmp_path: Path) -> None:
    """It is taken from the first answer there is."""
    text = SYSTEM.replace("session:\n", "session: {}\nx:\n").split("x:\n")[0] + (
        "read:\n" + SYSTEM.split("read:\n")[1]
    ).replace('"{uid}"', "1")
    with serve(site_of(shelf(1))) as site, closing(opened(site, tmp_path, text)) as adapter:
        now = adapter.now()

    assert now is not None
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=5)
