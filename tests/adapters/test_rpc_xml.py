"""XML-RPC replies from systems that are not trusted, and calls as they are sent."""

import xmlrpc.client
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from adapters.rpc.values import Typed
from adapters.rpc.wire import Fault, Rows
from adapters.rpc.xmlrpc import XmlRpc
from midspan.kernel.errors import MidspanError, ProtocolError, RecordError, TransientError

WIRE = XmlRpc(Typed())


def reply(value: str, head: str = "<?xml version='1.0'?>") -> bytes:
    return (
        f"{head}<methodResponse><params><param><value>{value}</value></param></params>"
        "</methodResponse>"
    ).encode()


def listed(*items: str) -> bytes:
    data = "".join(f"<value>{item}</value>" for item in items)
    return reply(f"<array><data>{data}</data></array>")


def value_of(text: str) -> Any:
    return WIRE.result(reply(text)).value()


def sent(value: Any, typed: Typed | None = None) -> Any:
    """Return what Python's own XML-RPC makes of a parameter that we send."""
    body = XmlRpc(typed or Typed()).request("do", [value])
    (received,), method = xmlrpc.client.loads(body, use_builtin_types=True)
    assert method == "do"
    return received


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<int>-7</int>", -7),
        ("<i4>7</i4>", 7),
        ("<i8>9007199254740993</i8>", 9007199254740993),
        ("<biginteger>123456789012345678901</biginteger>", 123456789012345678901),
        ("<double>19.90</double>", Decimal("19.90")),
        ("<double>0.1</double>", Decimal("0.1")),
        ("<bigdecimal>1234567890.12345678901</bigdecimal>", Decimal("1234567890.12345678901")),
        ("<boolean>1</boolean>", True),
        ("<boolean>0</boolean>", False),
        ("<string> a &amp; b </string>", " a & b "),
        ("plain &lt;text&gt;", "plain <text>"),
        ("", ""),
        ("<string></string>", ""),
        ("<nil/>", None),
        ("<base64>\nAP8=\n</base64>", b"\x00\xff"),
        ("<dateTime.iso8601>20260102T03:04:05</dateTime.iso8601>", (2026, 1, 2, 3, 4, 5)),
        ("<dateTime.iso8601>2026-01-02T03:04:05</dateTime.iso8601>", (2026, 1, 2, 3, 4, 5)),
        ("<array><data/></array>", []),
        ("<struct/>", {}),
        ("<struct><member><name>a</name><value>b</value></member></struct>", {"a": "b"}),
    ],
)
def test_values_are_exact(text: str, value: Any) -> None:
    """Nothing is rounded, cut or guessed, whatever dialect the system speaks."""
    expected = datetime(*value) if isinstance(value, tuple) else value  # noqa: DTZ001 as sent

    found = value_of(text)

    assert found == expected
    assert isinstance(found, type(expected))


def test_a_prefixed_type_is_known() -> None:
    """Java's servers write their extensions in a namespace of their own."""
    head = '<?xml version="1.0"?>'
    body = reply("<ex:nil xmlns:ex='http://ws.apache.org/xmlrpc/namespaces/extensions'/>", head)

    assert WIRE.result(body).value() is None


def test_a_zone_stays() -> None:
    """A date-time that says its zone keeps it."""
    moment = value_of("<dateTime.iso8601>20260102T03:04:05Z</dateTime.iso8601>")

    assert moment == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "<int>7.5</int>",
        "<int>seven</int>",
        "<double>NaN</double>",
        "<boolean>maybe</boolean>",
        "<base64>*</base64>",
        "<dateTime.iso8601>00000000T00:00:00</dateTime.iso8601>",
    ],
)
def test_a_value_that_is_none_costs_its_row_alone(text: str) -> None:
    """The others of its list are whole; its own bytes are kept."""
    body = listed("<int>1</int>", f"<array><data><value>{text}</value></data></array>", "ok")

    rows = WIRE.result(body).rows("")

    assert (rows.values[0], rows.values[2]) == (1, "ok")
    assert [error.code for error in rows.damaged.values()] == ["rpc.value"]
    assert text.encode() in rows.origin(1)
    with pytest.raises(RecordError):
        value_of(text)


def spans(rows: Rows) -> list[bytes]:
    return [rows.origin(at) for at in range(len(rows.values))]


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_rows_keep_their_bytes(encoding: str) -> None:
    """In the system's own encoding, wherever the list stands in the result."""
    rows = "<value><string>Z\u00f6e</string></value><value ><int>2</int></value >"
    text = f"<struct><member><name>page</name><value><array><data>{rows}</data></array></value>"
    head = f"<?xml version='1.0' encoding='{encoding}'?>"
    body = reply(f"{text}</member></struct>", head).decode().encode(encoding)

    found = WIRE.result(body).rows("page")

    assert list(found.values) == ["Z\u00f6e", 2]
    if encoding != "utf-16":
        assert b"".join(spans(found)) == rows.encode(encoding)


@pytest.mark.parametrize(
    ("body", "cls", "code"),
    [
        (b"", ProtocolError, "rpc.not_xml"),
        (b"  \n", ProtocolError, "rpc.not_xml"),
        (b"<!DOCTYPE html><html><p>Log in</p></html>", ProtocolError, "rpc.not_xml"),
        (b"<html><p>Log in<br></html>", ProtocolError, "rpc.not_xml"),
        (b'{"jsonrpc": "2.0"}', ProtocolError, "rpc.not_xml"),
        (b"\x1f\x8b\x08 garbage", ProtocolError, "rpc.not_xml"),
        (b"<methodResponse/>", ProtocolError, "rpc.envelope"),
        (b"<other><value>1</value></other>", ProtocolError, "rpc.envelope"),
        (reply("<array><data>" * 150 + "</data></array>" * 150), ProtocolError, "rpc.too_deep"),
        (reply("&boom;", "<!DOCTYPE a [<!ENTITY boom 'x'>]>"), ProtocolError, "rpc.not_xml"),
        (
            reply("&x;", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"),
            ProtocolError,
            "rpc.not_xml",
        ),
        (reply("&boom;"), ProtocolError, "rpc.not_xml"),
        (reply("<int>1</int>")[:-20], TransientError, "rpc.truncated"),
        (listed("a", "b")[:90], TransientError, "rpc.truncated"),
    ],
)
def test_what_is_no_reply_is_refused(body: bytes, cls: type[MidspanError], code: str) -> None:
    """No entity is followed, no depth exhausts anything, nothing is half read."""
    with pytest.raises(MidspanError) as caught:
        WIRE.result(body).value()

    assert (type(caught.value), caught.value.code) == (cls, code)


def test_a_reply_cut_anywhere_is_never_a_short_one() -> None:
    """Whatever is left of it raises."""
    whole = listed("<int>1</int>", "two", "<nil/>")

    for end in range(len(whole)):
        with pytest.raises(MidspanError):
            WIRE.result(whole[:end])


def test_a_fault_is_its_code_and_text() -> None:
    """Rules look for both."""
    body = xmlrpc.client.dumps(xmlrpc.client.Fault(4, "no & never"), methodresponse=True)

    with pytest.raises(Fault) as caught:
        WIRE.result(body.encode())

    assert caught.value.text == "4: no & never"


@pytest.mark.parametrize(
    "value",
    [
        *(7, -7, 2**31, -(2**63), True, False, None, "a <b> & 'c'", "Zo\u00eb", "", b"\x00\xff"),
        *([1, [2, []]], {"a": {"b": None}}, 19.5),
    ],
)
def test_what_is_sent_is_what_arrives(value: Any) -> None:
    """Python's own reader sees the very value."""
    assert sent(value) == value


def test_typed_values_are_sent_as_the_system_takes_them() -> None:
    """Decimals as numbers or texts, date-times natively or in the system's format, in UTC."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    naive = moment.replace(tzinfo=None)

    assert sent(Decimal("19.90")) == 19.9
    assert sent(Decimal("19.90"), Typed(decimals="text")) == "19.90"
    assert sent(Decimal("19.90"), Typed("__class__")) == {
        "__class__": "Decimal",
        "decimal": "19.90",
    }
    assert sent(moment) == naive
    assert sent(moment, Typed(datetimes="%Y-%m-%d %H:%M:%S")) == "2026-01-02 03:04:05"
    assert sent(date(2026, 1, 2)) == "2026-01-02"


@pytest.mark.parametrize(
    "make", [lambda: "a\x00b", lambda: "\ud800", lambda: 2**63, lambda: object()]
)
def test_what_has_no_form_is_refused_before_it_is_sent(make: Callable[[], Any]) -> None:
    """It is the record's fault, told without its value."""
    with pytest.raises(RecordError) as caught:
        sent(make())

    assert caught.value.code == "rpc.unsendable"
