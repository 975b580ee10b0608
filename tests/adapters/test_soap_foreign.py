"""What services of PHP, Perl and Java stacks do beside their contracts: nothing is lost by it."""

import base64
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from midspan.kernel.errors import MidspanError
from midspan.kernel.stream import Slice
from midspan.kernel.writing import WriteOperation
from tests.adapters.soap_site import Answer, Site, running_site
from tests.adapters.soap_wild import (
    ARRAY,
    asked,
    contract,
    element,
    given,
    open_wild,
    record,
    reply,
    rows_of,
    rpc_contract,
)


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


EXTENDED = (
    '<xs:complexType name="{0}"><xs:complexContent><xs:extension base="t:Partner"><xs:sequence>'
    '<xs:element name="{1}" type="xs:{2}" minOccurs="0"/>'
    "</xs:sequence></xs:extension></xs:complexContent></xs:complexType>"
)
PARTNERS = contract(
    record("Partner", "no xs:int", "name xs:string?")
    + EXTENDED.format("Customer", "segment", "string")
    + EXTENDED.format("Supplier", "duns", "int")
    + element("Find", "from xs:int?")
    + element("FindResponse", "partner t:Partner*")
    + element("Get", "no xs:int")
    + element("GetResponse", "partner t:Partner?"),
    "Find",
    "Get",
)
PARTNERS_YAML = """
address: /
streams:
  partners:
    primary_key: "no"
    operation: Find
    rows: partner
    detail: {operation: Get, arguments: {no: "{no}"}, rows: partner}
"""
TWO_KINDS = (
    '<partner xsi:type="t:Customer"><no>1</no><name>A</name><segment>gold</segment></partner>'
    '<partner xsi:type="t:Supplier"><no>2</no><duns>77</duns></partner>'
)


@pytest.mark.parametrize("columns", [(), ("name", "segment", "duns")])
def test_a_row_of_an_extended_type_keeps_its_own_fields(
    site: Site, tmp_path: Path, columns: tuple[str, ...]
) -> None:
    """Rows may be of any type that extends the declared one: their fields are read, and wanted."""
    site.wsdl = Answer(PARTNERS)
    site.respond = lambda _body, _headers: reply("Find", TWO_KINDS)

    with closing(open_wild(site, tmp_path, PARTNERS_YAML, columns)) as adapter:
        found = rows_of(adapter, "partners")

    assert [(row["segment"], row["duns"]) for row in found] == [("gold", None), (None, 77)]


@pytest.mark.parametrize(
    "inner",
    [
        "",
        '<partner xsi:nil="true"/>',
        '<partner xsi:type="t:Customer" xsi:nil="1"/>',
        "<partner/>",
        '<partner><no xsi:nil="true"/></partner>',
    ],
)
def test_an_empty_record_for_a_key_is_no_record(site: Site, tmp_path: Path, inner: str) -> None:
    """What a system answers for a key that it lacks does not become a record of nothing."""
    site.wsdl = Answer(PARTNERS)
    site.respond = lambda body, _headers: reply(
        "Get", inner if given(body, "no") == "9" else "<partner><no>7</no></partner>"
    )

    with closing(open_wild(site, tmp_path, PARTNERS_YAML)) as adapter:
        found = rows_of(adapter, "partners", Slice(keys=((9,), (7,))))

    assert [row["no"] for row in found] == [7]


NOTICE = b"<br />\n<b>Notice</b>:  Undefined index: x in <b>/srv/a.php</b> on line <b>3</b><br />\n"


@pytest.mark.parametrize(
    ("before", "behind"),
    [(NOTICE, b""), (b"", NOTICE), (b"\xef\xbb\xbf\r\n\r\n", b"\n"), (b"Warning: x < y\n", NOTICE)],
)
def test_notices_around_an_envelope_are_left_out(
    site: Site, tmp_path: Path, before: bytes, behind: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that prints its warnings into its replies is read all the same, and told of."""
    site.wsdl = Answer(PARTNERS)
    declared = b'<?xml version="1.0" encoding="UTF-8"?>\n'
    whole = declared + reply("Find", TWO_KINDS).body
    site.respond = lambda _body, _headers: Answer(before + whole + behind)

    with closing(open_wild(site, tmp_path, PARTNERS_YAML)) as adapter:
        found = rows_of(adapter, "partners")

    assert [row["no"] for row in found] == [1, 2]
    assert "around its envelope" in caplog.text


def test_a_wsdl_may_begin_with_blank_lines(site: Site, tmp_path: Path) -> None:
    """Blank lines and a mark before the declaration, as PHP pages send them, are no error."""
    declared = b'\xef\xbb\xbf\r\n\n<?xml version="1.0" encoding="utf-8"?>'
    site.wsdl = Answer(declared + PARTNERS)
    site.respond = lambda _body, _headers: reply("Find", TWO_KINDS)

    with closing(open_wild(site, tmp_path, PARTNERS_YAML)) as adapter:
        found = rows_of(adapter, "partners")

    assert [row["no"] for row in found] == [1, 2]


def test_an_envelope_that_breaks_off_behind_a_notice_never_passes(
    site: Site, tmp_path: Path
) -> None:
    """Leaving out a notice does not make a reply whole that is not."""
    site.wsdl = Answer(PARTNERS)
    broken = NOTICE + reply("Find", TWO_KINDS).body[:-20]
    site.respond = lambda _body, _headers: Answer(broken)

    with (
        closing(open_wild(site, tmp_path, PARTNERS_YAML)) as adapter,
        pytest.raises(MidspanError) as raised,
    ):
        rows_of(adapter, "partners")

    assert raised.value.code in ("soap.truncated", "soap.not_xml")


@pytest.mark.parametrize(
    ("encoding", "text"), [("windows-1252", "5 € „Ä“"), ("iso-8859-1", "Ä Ö ÿ")]
)
def test_windows_characters_in_latin_1_are_what_was_meant(
    site: Site, tmp_path: Path, encoding: str, text: str
) -> None:
    """A document that says ISO-8859-1 may hold Windows' characters: they are no control codes."""
    site.wsdl = Answer(PARTNERS)
    rows = f"<partner><no>1</no><name>{text}</name></partner>"
    body = reply("Find", rows).body.decode().encode(encoding)
    declared = b'<?xml version="1.0" encoding="ISO-8859-1"?>' + body
    site.respond = lambda _body, _headers: Answer(declared, content_type="text/xml")

    with closing(open_wild(site, tmp_path, PARTNERS_YAML)) as adapter:
        found = rows_of(adapter, "partners")

    assert [row["name"] for row in found] == [text]


# A service without types of its own, as autodispatching stacks are: each value names its type.
GUESSED = rpc_contract(
    ARRAY.format("List", "xs:anyType"),
    {
        "List": ({"offset": "xs:int", "size": "xs:int"}, {"return": "t:List"}),
        "Next": ({"offset": "xs:int"}, {"return": "t:Page"}),
        "Time": ({}, {"return": "xs:string"}),
        "Put": ({"pairs": "t:Pairs"}, {"return": "xs:string"}),
    },
).replace(
    b"</xs:schema>",
    (
        record("Pair", "name xs:string", "value xs:string")
        + ARRAY.format("Pairs", "t:Pair")
        + record("Page", "number xs:string?", "next xs:int", "rows t:List")
    ).encode()
    + b"</xs:schema>",
)
GUESSED_YAML = """
address: /
types: {base64Binary: string, float: string, double: decimal}
streams:
  things:
    primary_key: id
    operation: List
    arguments: {offset: "{offset}", size: "{page_size}"}
    rows: return.item
    paging: {size: 4, overlap: 2}
"""


def thing(number: int, turn: int = 0) -> str:
    """Return a record; its members stand in another order at each turn."""
    text = base64.b64encode(f"Näme {number}".encode("latin-1" if number % 2 else "utf-8")).decode()
    members = [
        f'<id xsi:type="xs:int">{number}</id>',
        f'<name xsi:type="xs:base64Binary">{text}</name>',
        '<phone xsi:type="xs:float">12345678901234567890</phone>',
        '<price xsi:type="xs:double">0.1</price>',
    ]
    turn %= len(members)
    return f"<item>{''.join(members[turn:] + members[:turn])}</item>"


def test_values_of_guessed_types_are_what_is_meant_by_them(site: Site, tmp_path: Path) -> None:
    """A text sent as bytes, a number sent as a float: ``types`` says what they are, exactly."""
    site.wsdl = Answer(GUESSED)
    site.respond = lambda body, _headers: reply(
        "List",
        f"<return>{''.join([thing(1), thing(2)][int(given(body, 'offset') or 0) :])}</return>",
    )

    with closing(open_wild(site, tmp_path, GUESSED_YAML)) as adapter:
        found = rows_of(adapter, "things")

    assert [row["name"] for row in found] == ["Näme 1", "Näme 2"]
    assert found[0]["phone"] == "12345678901234567890"
    assert found[0]["price"] == Decimal("0.1")


def test_pages_agree_on_records_however_these_are_written(site: Site, tmp_path: Path) -> None:
    """Records that two pages share are known by their content, not by their bytes."""
    site.wsdl = Answer(GUESSED)
    calls: list[int] = []

    def page(body: bytes, _headers: object) -> Answer:
        calls.append(1)
        start = int(given(body, "offset") or 0)
        numbers = range(start + 1, min(start + int(given(body, "size") or 0), 11) + 1)
        ids = {number: f"r{number}-{len(calls)}" for number in numbers}
        rows = "".join(f'<item href="#{name}"/>' for name in ids.values())
        refs = "".join(
            thing(number, len(calls)).replace("<item>", f'<multiRef id="{name}">')
            for number, name in ids.items()
        ).replace("</item>", "</multiRef>")
        whole = reply("List", f"<return>{rows}</return>").body.decode()
        return Answer(whole.replace("</s:Body>", f"{refs}</s:Body>").encode())

    site.respond = page

    with closing(open_wild(site, tmp_path, GUESSED_YAML)) as adapter:
        found = rows_of(adapter, "things")

    assert [row["id"] for row in found] == list(range(1, 12))


def test_a_chain_of_offsets_ends_where_nothing_follows(site: Site, tmp_path: Path) -> None:
    """The next offset of an empty page is that page's own: the list ends, and goes not round."""
    site.wsdl = Answer(GUESSED)
    yaml = """
address: /
result: {code: return.number, ok: ["0"], optional: true}
streams:
  things:
    primary_key: id
    operation: Next
    arguments: {offset: "{cursor}"}
    rows: return.rows.item
    paging: {next: return.next}
"""

    def page(body: bytes, _headers: object) -> Answer:
        start = int(given(body, "offset") or 0)
        rows = "".join(thing(number) for number in range(start + 1, min(start + 2, 5) + 1))
        told = min(start + 2, 5)
        return reply("Next", f"<return><next>{told}</next><rows>{rows}</rows></return>")

    site.respond = page

    with closing(open_wild(site, tmp_path, yaml)) as adapter:
        found = rows_of(adapter, "things")

    assert [row["id"] for row in found] == [1, 2, 3, 4, 5]


def test_a_reply_of_one_value_has_no_result_code(site: Site, tmp_path: Path) -> None:
    """Operations whose reply is a plain value are not judged by a code that cannot be in it."""
    site.wsdl = Answer(GUESSED)
    site.respond = lambda _body, _headers: reply("Time", "<return>2026-03-01 10:00:00</return>")
    yaml = """
address: /
result: {code: return.number, ok: ["0"]}
clock: {operation: Time, path: return, format: "%Y-%m-%d %H:%M:%S"}
"""

    with closing(open_wild(site, tmp_path, yaml)) as adapter:
        told = adapter.now()

    assert told is not None
    assert told.isoformat() == "2026-03-01T10:00:00+00:00"


def test_a_change_s_pairs_stand_beside_fixed_ones(site: Site, tmp_path: Path) -> None:
    """Services that want the key among the pairs get one list of all of them."""
    site.wsdl = Answer(GUESSED)
    site.respond = lambda _body, _headers: reply(asked(_body), "<return>ok</return>")
    yaml = f"""{GUESSED_YAML}
    write: {{operations: [update]}}
    update:
      operation: Put
      arguments: {{pairs: [{{name: id, value: "{{id}}"}}, "{{pairs}}"]}}
"""

    with closing(open_wild(site, tmp_path, yaml)) as adapter:
        adapter.write("things", WriteOperation("update", {"name": "B"}, ("7",)), "r1")

    sent = site.requests[-1].decode()
    values = [part.partition("</")[0].rpartition(">")[2] for part in sent.split("<value")[1:]]
    assert sent.count("<item") == 2
    assert values == ["7", "B"]
