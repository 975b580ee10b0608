"""Getting in and believing what comes out: HTTP auth, WS-Security, parts, encodings, streams."""

import base64
import hashlib
import logging
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from requests.utils import parse_dict_header
from zeep.wsse.signature import Signature

from adapters.soap.security import verify
from config.connections import Connection
from midspan.kernel.errors import AccessDenied, MidspanError, ProtocolError, TransientError
from midspan.kernel.stream import Slice
from tests.adapters.certificates import Pair, make_pair
from tests.adapters.soap_site import PASSWORD, Answer, Site, running_site
from tests.adapters.soap_wild import contract, element, open_wild, record, reply, rows, rows_of

WSDL = contract(
    record("item", "id xs:int", "name xs:string?", "scan xs:base64Binary?")
    + element("List")
    + element("ListResponse", "count xs:int?", "item t:item*", "state xs:string?"),
    "List",
)
YAML = """
address: /
streams:
  items: {primary_key: id, operation: List, rows: item, count: count}
"""
ONE = "<item><id>1</id><name>Ä</name></item>"


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as site:
        site.wsdl = Answer(WSDL)
        site.respond = lambda *_: reply("List", ONE)
        yield site


def read(site: Site, folder: Path, yaml: str = YAML, **extra: Any) -> list[dict[str, Any]]:
    with closing(open_wild(site, folder, yaml, extra=extra)) as adapter:
        return rows_of(adapter, "items")


def test_basic_auth_goes_with_each_call(site: Site, tmp_path: Path) -> None:
    """Login and password of the connection."""
    read(site, tmp_path, "auth: basic\n" + YAML)

    pair = base64.b64encode(f"clerk:{PASSWORD}".encode()).decode()
    assert site.headers[0]["Authorization"] == f"Basic {pair}"


def test_digest_auth_answers_the_challenge(site: Site, tmp_path: Path) -> None:
    """Once challenged, each further call carries the answer at once."""

    def digest(*parts: str) -> str:
        return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()

    def respond(_: bytes, headers: Mapping[str, str]) -> Answer:
        kind, *told = headers.get("Authorization", "").split(" ", 1)
        given = parse_dict_header("".join(told))
        if kind == "Digest":
            whole = [given[name] for name in ("nonce", "nc", "cnonce", "qop")]
            secret = digest("clerk", "door", PASSWORD)
            if given["response"] == digest(secret, *whole, digest("POST", given["uri"])):
                return reply("List", ONE)
        challenge = 'Digest realm="door", nonce="n1", qop="auth"'
        return Answer(b"", 401, headers={"WWW-Authenticate": challenge})

    site.respond = respond
    with closing(open_wild(site, tmp_path, "auth: digest\n" + YAML)) as adapter:
        found = rows_of(adapter, "items") + rows_of(adapter, "items")

    assert len(found) == 2
    assert len(site.requests) == 3


def test_a_key_may_go_in_an_http_header(site: Site, tmp_path: Path) -> None:
    """A template over what the connection holds."""
    read(site, tmp_path, 'http_headers: {X-Key: "{extra.key}"}\n' + YAML, key="k-1")

    assert site.headers[0]["X-Key"] == "k-1"


def test_a_username_token_goes_with_each_call(site: Site, tmp_path: Path) -> None:
    """As digest, with a stamp of its own; the password itself stays here."""
    read(site, tmp_path, "security: {username: digest, timestamp: 5m}\n" + YAML)

    (sent,) = site.requests
    assert b"clerk</wsse:Username>" in sent
    assert b"#PasswordDigest" in sent
    assert b"Expires>" in sent
    assert PASSWORD.encode() not in sent


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return make_pair(tmp_path_factory.mktemp("ours"), "ours")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return make_pair(tmp_path_factory.mktemp("theirs"), "theirs")


SIGNED = "security: {signature: true, timestamp: 5m}\n" + YAML


def signed(answer: Answer, pair: Pair) -> Answer:
    envelope = etree.fromstring(answer.body)
    Signature(str(pair.key), str(pair.certificate)).apply(envelope, {})
    return Answer(etree.tostring(envelope))


def test_requests_are_signed_and_replies_verified(
    site: Site, tmp_path: Path, ours: Pair, theirs: Pair
) -> None:
    """Their certificate proves the reply, ours the request."""
    site.respond = lambda *_: signed(reply("List", ONE), theirs)
    extra = {"sign_key": str(ours.key), "sign_cert": str(ours.certificate)}

    found = read(site, tmp_path, SIGNED, **extra, peer_cert=str(theirs.certificate))

    assert [row["id"] for row in found] == [1]
    peer = Connection("x", extra={"peer_cert": str(ours.certificate)})
    verify(etree.fromstring(site.requests[0]), peer, "our request")


def wrapped(pair: Pair) -> Answer:
    """Return a reply whose signed body was moved aside, and another put in its place."""
    envelope = etree.fromstring(signed(reply("List", ONE), pair).body)
    body = envelope[-1]
    forged = etree.fromstring(reply("List", "<item><id>666</id></item>").body)[0]
    envelope[0].append(body)
    envelope.append(forged)
    return Answer(etree.tostring(envelope))


@pytest.mark.parametrize("kind", ["unsigned", "signed by another", "changed", "wrapped"])
def test_a_reply_that_proves_nothing_is_refused(
    site: Site, tmp_path: Path, ours: Pair, theirs: Pair, kind: str
) -> None:
    """Whoever is in between cannot put rows in."""
    good = signed(reply("List", ONE), theirs)
    answers = {
        "unsigned": reply("List", ONE),
        "signed by another": signed(reply("List", ONE), ours),
        "changed": Answer(good.body.replace(b"<id>1</id>", b"<id>2</id>")),
        "wrapped": wrapped(theirs),
    }
    site.respond = lambda *_: answers[kind]
    extra = {"sign_key": str(ours.key), "sign_cert": str(ours.certificate)}

    with pytest.raises(ProtocolError) as caught:
        read(site, tmp_path, SIGNED, **extra, peer_cert=str(theirs.certificate))

    assert caught.value.code == "soap.signature"


def test_a_missing_key_is_named(site: Site, tmp_path: Path) -> None:
    """Before anything is sent."""
    with pytest.raises(AccessDenied) as caught:
        read(site, tmp_path, SIGNED)

    assert (caught.value.code, site.requests) == ("soap.sign_key", [])


def parts(content: bytes, cid: str = "scan@x") -> Answer:
    """Return a multi-part reply with one attachment."""
    include = f'<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:{cid}"/>'
    root = reply("List", f"<item><id>1</id><scan>{include}</scan></item>").body
    body = (
        b"--b\r\nContent-Type: application/xop+xml\r\nContent-ID: <root>\r\n\r\n" + root
    ) + b"\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <scan@x>\r\n\r\n"
    kind = 'multipart/related; boundary="b"; type="application/xop+xml"; start="<root>"'
    return Answer(body + content + b"\r\n--b--\r\n", content_type=kind)


def test_attachments_stand_where_the_reply_refers_to_them(site: Site, tmp_path: Path) -> None:
    """MTOM: the bytes arrive as they were attached."""
    site.respond = lambda *_: parts(b"\x89PNG\x00\xff")

    assert read(site, tmp_path)[0]["scan"] == b"\x89PNG\x00\xff"


def test_a_missing_attachment_is_an_error(site: Site, tmp_path: Path) -> None:
    """Never an empty value."""
    site.respond = lambda *_: parts(b"x", cid="other@x")

    with pytest.raises(ProtocolError) as caught:
        read(site, tmp_path)

    assert caught.value.code == "soap.multipart"


def test_a_wrong_charset_header_is_not_believed(site: Site, tmp_path: Path) -> None:
    """The document's own encoding counts; the header's only where it has none that works."""
    for body, kind in (
        (reply("List", ONE).body, "text/xml; charset=iso-8859-1"),
        (reply("List", ONE).body.decode().encode("iso-8859-1"), "text/xml; charset=iso-8859-1"),
    ):
        answer = Answer(body, content_type=kind)
        site.respond = lambda *_, answer=answer: answer

        assert read(site, tmp_path)[0]["name"] == "Ä"


def test_characters_that_xml_forbids_cost_no_row(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Old systems send control characters; they are taken out and counted."""
    site.respond = lambda *_: reply("List", "<item><id>1</id><name>a\x0bb&#x1;</name></item>")
    with caplog.at_level(logging.WARNING):
        found = read(site, tmp_path)

    assert found[0]["name"] == "ab"
    assert "2 characters that XML forbids" in caplog.text


STREAMED = YAML.replace("rows: item,", "rows: item, streaming: true,")


def test_a_large_reply_is_read_in_bounded_memory(site: Site, tmp_path: Path) -> None:
    """Memory is that of a batch, not of the reply."""
    name = "n" * 400
    many = "".join(f"<item><id>{at}</id><name>{name}</name></item>" for at in range(40_000))
    answer = reply("List", f"<count>40000</count>{many}")
    site.respond = lambda *_: answer
    seen = 0
    with closing(open_wild(site, tmp_path, "max_reply_mb: 100\n" + STREAMED)) as adapter:
        batches = adapter.read("items", Slice())
        next(batches)
        before = _resident()
        seen += sum(len(batch.rows) for batch in batches)
        grown = _resident() - before

    assert seen == 39_000
    assert grown < 12 * 2**20


def _resident() -> int:
    """Return this process's memory in bytes, libxml2's included."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


BROKEN_STREAMS: dict[str, tuple[Answer, type[MidspanError], str]] = {
    "several parts": (parts(b"x"), ProtocolError, "soap.streaming_refused"),
    "references": (
        reply("List", "<item href='#a'/>"),
        ProtocolError,
        "soap.streaming_refused",
    ),
    "cut off": (Answer(reply("List", ONE * 50_000).body[:-90]), TransientError, "soap.truncated"),
    "fewer than told": (
        reply("List", f"<count>50001</count>{ONE * 50_000}"),
        ProtocolError,
        "adapter.silent_loss",
    ),
    "a web page": (Answer(b"<!DOCTYPE html><html><p>x</html>"), ProtocolError, "soap.html"),
    "a document type": (
        Answer(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
        ProtocolError,
        "soap.doctype",
    ),
}


@pytest.mark.parametrize("name", BROKEN_STREAMS)
def test_a_stream_that_is_not_whole_raises(site: Site, tmp_path: Path, name: str) -> None:
    """Read piece by piece, a reply is judged like any other."""
    answer, kind, code = BROKEN_STREAMS[name]
    site.respond = lambda *_: answer

    with pytest.raises(MidspanError) as caught:
        read(site, tmp_path, STREAMED)

    assert (type(caught.value), caught.value.code) == (kind, code)


def test_a_stream_is_what_the_whole_reply_is(site: Site, tmp_path: Path) -> None:
    """The same rows; a walk that was broken off begins anew."""
    site.respond = lambda *_: reply("List", ONE * 2500)
    with closing(open_wild(site, tmp_path, STREAMED)) as adapter:
        batches = list(adapter.read("items", Slice()))
        again = rows_of(adapter, "items", Slice(), batches[0].position)
        nothing = rows_of(adapter, "items", Slice(), batches[-1].position)

    assert [row for batch in batches for row in rows(batch)] == read(site, tmp_path) == again
    assert len(batches) == 3
    assert nothing == []
