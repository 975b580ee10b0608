"""What a broken or hostile SOAP service can do, and what the adapter makes of it."""

import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from adapters.soap.reading import Drift
from config.connections import parse_connection
from config.tree import parse_tree
from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
    SessionExpired,
    TransientError,
)
from midspan.kernel.stream import Slice
from tests.adapters.soap_site import (
    PASSWORD,
    SESSION,
    SYSTEM,
    Answer,
    Site,
    envelope,
    fault,
    item,
    listing,
    make_adapter,
    reply,
    running_site,
    values,
)

BOMB = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">
<!ENTITY c "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>
<b>&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;</b>"""
EXTERNAL = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<b>&x;</b>"""
HTML = b"<!DOCTYPE html><html><body>Please log in</body></html>"


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


def read(site: Site, cache: Path, system: str = SYSTEM) -> list[dict[str, object]]:
    with closing(site.adapter(cache, system, ("id", "name"))) as adapter:
        return [
            dict(values(row, batch.columns))
            for batch in adapter.read("items", Slice())
            for row in batch.rows
        ]


def always(answer: Answer) -> Callable[[int], Answer]:
    return lambda _call: answer


FULL = listing([item(1)]).body
BAD_REPLIES: dict[str, tuple[Answer, type[MidspanError], str]] = {
    "a web page": (Answer(HTML), ProtocolError, "soap.html"),
    "an empty body": (Answer(b""), ProtocolError, "soap.empty_reply"),
    "other XML": (Answer(b"<hello/>"), ProtocolError, "soap.no_envelope"),
    "an XML bomb": (Answer(BOMB), ProtocolError, "soap.doctype"),
    "an external entity": (Answer(EXTERNAL), ProtocolError, "soap.doctype"),
    "no XML": (Answer(b"<a><b></a></b>"), ProtocolError, "soap.not_xml"),
    "half a reply": (Answer(FULL[:-60]), TransientError, "soap.truncated"),
    "a lying length": (Answer(FULL, length=len(FULL) + 9), TransientError, "http.truncated"),
    "another reply": (reply("Other", ""), ProtocolError, "soap.unexpected_reply"),
    "an empty envelope": (envelope(""), ProtocolError, "soap.unexpected_reply"),
    "no result code": (reply("ListItems", "<total>0</total>"), ProtocolError, "soap.no_result"),
    "a fault": (fault("Server", "oops"), ProtocolError, "soap.fault"),
    "a fault with status 200": (fault("Client", "no", 200), ProtocolError, "soap.fault"),
    "a busy fault": (fault("Server", "Database timeout"), TransientError, "soap.fault_busy"),
    "a configured fault": (fault("Server", "Quota used"), TransientError, "soap.fault_busy"),
    "a denying fault": (fault("Client", "Not authorized"), AccessDenied, "soap.fault_denied"),
    "an expired session": (fault("Client", "Session expired"), SessionExpired, "soap.session"),
    "status 503": (Answer(b"busy", 503), TransientError, "http.busy"),
    "status 401": (Answer(HTML, 401), AccessDenied, "http.denied"),
    "in-band busy": (listing([], "E-BUSY"), TransientError, "soap.result_busy"),
    "in-band parameter": (listing([], "E-PARAM"), ProtocolError, "soap.result"),
    "in-band rights": (listing([], "E-RIGHTS"), AccessDenied, "soap.result_denied"),
    "in-band session": (listing([], "E-SESSION"), SessionExpired, "soap.session"),
    "unknown code": (listing([], "E-BUSSY"), ProtocolError, "soap.result_unknown"),
    "fewer than announced": (listing([item(1)], total=3), ProtocolError, "adapter.silent_loss"),
    "rows under another name": (
        reply("ListItems", "<result><code>OK</code></result><total>1</total><rows><item/></rows>"),
        ProtocolError,
        "adapter.silent_loss",
    ),
    "no total": (
        reply("ListItems", "<result><code>OK</code></result>"),
        ProtocolError,
        "soap.path",
    ),
}


@pytest.mark.parametrize("name", BAD_REPLIES)
def test_a_bad_reply_has_its_class_and_code(site: Site, tmp_path: Path, name: str) -> None:
    """Each bad reply is told apart, and tells what to do where a person must act."""
    answer, kind, code = BAD_REPLIES[name]
    site.listing = always(answer)

    with pytest.raises(MidspanError) as caught:
        read(site, tmp_path)

    assert (type(caught.value), caught.value.code) == (kind, code)
    assert caught.value.remedy or kind in (TransientError, SessionExpired)


BAD_WSDLS = {
    "a web page": (Answer(HTML), "soap.html"),
    "a bomb": (Answer(BOMB), "soap.doctype"),
    "an external entity": (Answer(EXTERNAL), "soap.doctype"),
    "other XML": (Answer(b"<rss/>"), "soap.wsdl"),
    "an empty contract": (
        Answer(b'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>'),
        "soap.port",
    ),
    "nothing": (Answer(b"", 404), "http.not_found"),
}


@pytest.mark.parametrize("name", BAD_WSDLS)
def test_a_bad_wsdl_is_refused_and_not_kept(site: Site, tmp_path: Path, name: str) -> None:
    """What is no WSDL says so before anything is called."""
    site.wsdl, code = BAD_WSDLS[name]

    with pytest.raises(ProtocolError) as caught:
        read(site, tmp_path)

    assert caught.value.code == code
    assert site.requests == []


def test_imports_stay_on_allowed_hosts(site: Site, tmp_path: Path) -> None:
    """An import from elsewhere is refused by name, and the file system is never read."""
    for location in ("http://elsewhere.example/types.xsd", "file:///etc/passwd"):
        site.imports = f'<xs:import namespace="urn:x" schemaLocation="{location}"/>'

        with pytest.raises(ProtocolError) as caught:
            read(site, tmp_path)

        assert caught.value.code == "soap.import_refused"


def test_the_service_address_stays_on_allowed_hosts(site: Site, tmp_path: Path) -> None:
    """A WSDL that sends the password elsewhere is refused, unless the address is configured."""
    site.address = "http://elsewhere.example/service"
    site.listing = always(listing([item(1)]))

    with pytest.raises(ProtocolError) as caught:
        read(site, tmp_path)
    rows = read(site, tmp_path, SYSTEM + "address: /service\n")

    assert caught.value.code == "soap.address_refused"
    assert [row["id"] for row in rows] == [1]


def test_an_unreachable_host_is_a_passing_failure(tmp_path: Path) -> None:
    """Nothing listens: it may later."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    tree = parse_tree(SYSTEM.encode(), Path("legacy.yaml"))
    connection = parse_connection("legacy", f"http://u:p@127.0.0.1:{port}")

    with (
        closing(make_adapter(tree, connection, tmp_path)) as adapter,
        pytest.raises(TransientError) as caught,
    ):
        adapter.check()

    assert caught.value.code == "http.unreachable"


def test_the_kept_wsdl_serves_while_the_system_cannot_give_it(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its age is past, the server is busy: the old one serves, with a warning."""
    site.listing = always(listing([item(1)]))
    read(site, tmp_path)
    site.wsdl = Answer(b"", 503)
    time.sleep(0.01)

    rows = read(site, tmp_path)

    assert [row["id"] for row in rows] == [1]
    assert "the kept one serves" in caplog.text


def test_a_kept_wsdl_that_was_damaged_is_fetched_again(site: Site, tmp_path: Path) -> None:
    """Half a file on the disk is never used."""
    site.listing = always(listing([item(1)]))
    read(site, tmp_path)
    for file in (tmp_path / "soap").iterdir():
        file.write_bytes(file.read_bytes()[:100])

    rows = read(site, tmp_path, SYSTEM.replace("1ms", "1h"))

    assert [row["id"] for row in rows] == [1]


def test_an_error_on_the_third_page_loses_nothing_before_it(site: Site, tmp_path: Path) -> None:
    """Two pages arrive, the third raises, and the read resumes after the second."""

    def page(start: int) -> Answer:
        return listing([item(number) for number in range(start, start + 10)], total=28)

    answers = {1: page(0), 2: page(9)}
    site.listing = lambda call: answers.get(call, listing([], "E-PARAM", "bad page"))
    seen: list[object] = []
    position = None
    with closing(site.adapter(tmp_path, columns=("id",))) as adapter:
        batches = adapter.read("items", Slice())
        for batch in islice(batches, 2):
            seen += [row[0] for row in batch.rows]
            position = batch.position
        with pytest.raises(ProtocolError, match="E-PARAM: bad page"):
            next(batches)
        site.listing = lambda call: page(18)
        for batch in adapter.read("items", Slice(), position):
            seen += [row[0] for row in batch.rows]

    assert seen == list(range(28))


def test_a_session_that_ends_is_renewed_and_the_page_repeated(site: Site, tmp_path: Path) -> None:
    """In band or by fault, the end of a session costs one login and no row."""
    ends = {1: listing([], "E-SESSION"), 3: fault("Client", "session has expired")}
    site.listing = lambda call: ends.get(call, listing([item(1)]))
    with closing(site.adapter(tmp_path)) as adapter:
        adapter._session.login()

        reads = [sum(len(batch.rows) for batch in adapter.read("items", Slice())) for _ in range(2)]

    assert reads == [1, 1]
    assert site.logins == 3


ODD_ROWS: dict[str, tuple[str, dict[str, object], list[Drift]]] = {
    "an unknown element in the middle": (
        "<item><id>7</id><color>red</color><name>seven</name><price>1.50</price></item>",
        {"id": 7, "name": "seven", "price": Decimal("1.50")},
        [Drift("items", "color", "unexpected")],
    ),
    "an unknown element deep inside": (
        (
            "<item><id>7</id><name>seven</name>"
            "<place><zip>1010</zip><city>Wien</city><since>2020-01-02</since></place></item>"
        ),
        {"id": 7, "place": {"city": "Wien", "since": date(2020, 1, 2)}},
        [Drift("items", "place.zip", "unexpected")],
    ),
    "another order": (
        "<item kind='x'><name>seven</name><tag>a</tag><id>7</id><tag>b</tag></item>",
        {"id": 7, "name": "seven", "tag": ["a", "b"], "kind": "x"},
        [Drift("items", "item", "order")],
    ),
    "a missing element": (
        "<item><id>7</id><price>2</price></item>",
        {"id": 7, "name": None, "price": Decimal(2)},
        [Drift("items", "name", "missing")],
    ),
    "values of another type": (
        (
            "<item><id>seven</id><name>x</name><price>cheap</price>"
            "<place><city>Wien</city><since>soon</since></place></item>"
        ),
        {"id": "seven", "price": "cheap", "place": {"city": "Wien", "since": "soon"}},
        [],
    ),
    "nothing where nil is meant": (
        (
            "<item xmlns:i='http://www.w3.org/2001/XMLSchema-instance'><id>7</id><name/>"
            "<price i:nil='true'/></item>"
        ),
        {"id": 7, "name": None, "price": None, "tag": []},
        [],
    ),
}


@pytest.mark.parametrize("name", ODD_ROWS)
def test_a_row_unlike_its_wsdl_keeps_its_values(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """What differs is drift, reported once and without values; what is known still arrives."""
    row, expected, drift = ODD_ROWS[name]
    site.listing = always(listing([row, row]))
    with closing(
        site.adapter(tmp_path, columns=("id", "name", "price", "place", "tag", "kind"))
    ) as adapter:
        (batch,) = adapter.read("items", Slice())

        assert len(batch.rows) == 2
        found = values(batch.rows[0], batch.columns)
        assert {key: found[key] for key in expected} == expected
        assert adapter.drift == drift
    assert sum("differ from the WSDL" in line for line in caplog.messages) == len(drift)
    assert "seven" not in caplog.text
    assert "cheap" not in caplog.text


def test_a_mapped_field_that_the_wsdl_lost_stops_the_stream(site: Site, tmp_path: Path) -> None:
    """A vanished field is named with its nearest neighbour before a row is read."""
    with (
        closing(site.adapter(tmp_path, columns=("id", "nmae"))) as adapter,
        pytest.raises(DriftError, match="'nmae'") as caught,
    ):
        list(adapter.read("items", Slice()))

    assert caught.value.code == "adapter.field_vanished"
    assert "'name'" in caught.value.remedy


WRONG_SYSTEMS = {
    "operation": ("operation: ListItems", "operation: ListItem", "soap.operation", "ListItems"),
    "argument": ('size: "{page_size}"', 'sise: "{page_size}"', "soap.arguments", "size"),
    "rows path": ("rows: items.item", "rows: items.itme", "soap.path", "item"),
    "session path": (
        "session: sessionId",
        "session: sessionID",
        "soap.no_session",
        "login.session",
    ),
}


@pytest.mark.parametrize("name", WRONG_SYSTEMS)
def test_a_wrong_configuration_names_what_is_right(site: Site, tmp_path: Path, name: str) -> None:
    """A misspelt name is answered with the nearest that the WSDL knows."""
    right, wrong, code, hint = WRONG_SYSTEMS[name]

    with pytest.raises(ProtocolError) as caught:
        read(site, tmp_path, SYSTEM.replace(right, wrong))

    assert caught.value.code == code
    assert hint in caught.value.remedy


def test_foreign_error_texts_show_nothing_secret_or_personal(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault that echoes password, session, address and phone is masked."""
    caplog.set_level(logging.DEBUG)
    told = f"bad {PASSWORD} {SESSION} for anna@example.org, +43 664 1234567"
    site.listing = always(fault("Server", told))

    with pytest.raises(ProtocolError) as caught:
        read(site, tmp_path)

    shown = str(caught.value) + caplog.text
    assert "bad *** *** for ***" in shown
    for secret in (PASSWORD, SESSION, "anna@", "1234567"):
        assert secret not in shown


def test_the_session_may_travel_in_a_soap_header(site: Site, tmp_path: Path) -> None:
    """A header template is filled with the session for every call after the login."""
    site.listing = always(listing([item(1)]))

    read(site, tmp_path, SYSTEM + 'headers: {auth: {sessionId: "{session}"}}\n')

    login, listed = site.requests[:2]
    header = f"<ns0:sessionId>{SESSION}</ns0:sessionId></ns0:Auth></soap-env:Header>"
    assert b"Header" not in login
    assert header.encode() in listed


def test_a_warning_lets_the_rows_pass(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A code under 'warn' is logged and is no error."""
    site.listing = always(listing([item(1)], "W-OLD", "use version 3"))

    rows = read(site, tmp_path)

    assert [row["id"] for row in rows] == [1]
    assert "ListItems answers W-OLD: use version 3" in caplog.text


def test_check_tells_a_single_streams_trouble(site: Site, tmp_path: Path) -> None:
    """The login works, the stream does not: the report says which and why."""
    site.listing = always(listing([], "E-RIGHTS"))
    with closing(site.adapter(tmp_path)) as adapter:
        report = adapter.check()

    assert not report.ok
    assert "E-RIGHTS" in report.streams[0].problem


def test_a_reply_without_bound_is_cut_off(site: Site, tmp_path: Path) -> None:
    """A reply larger than allowed is not read to its end."""
    site.listing = always(Answer(b" " * (2 * 1024 * 1024)))

    with pytest.raises(ProtocolError) as caught:
        read(site, tmp_path, SYSTEM + "max_reply_mb: 1\n")

    assert caught.value.code == "http.too_large"


def test_without_a_clock_operation_the_servers_date_counts(site: Site, tmp_path: Path) -> None:
    """The HTTP Date header is the source's own time then."""
    with closing(site.adapter(tmp_path)) as adapter:
        now = adapter.now()

    assert now is not None
    assert abs(now.timestamp() - time.time()) < 5
