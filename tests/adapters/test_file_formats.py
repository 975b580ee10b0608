"""What the bytes of a file mean: every format, every codec, every bad line with its place."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from midspan.kernel.errors import DriftError, MidspanError, ProtocolError
from midspan.kernel.stream import Slice
from tests.adapters.file_drop import Drop, drop_of, plain, refused


@pytest.fixture
def drop(tmp_path: Path) -> Iterator[Drop]:
    with drop_of("local", tmp_path) as made:
        yield made


WANTED = [{"id": "1", "name": "Käthe"}, {"id": "2", "name": None}]


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("format: csv", "id,name\n1,Käthe\n2,\n"),
        ("format: tsv", "id\tname\n1\tKäthe\n2\t\n"),
        ("format: csv\ndelimited: {delimiter: ';'}", 'id;name;\r\n"1";"Käthe";\r\n2;;\r\n'),
        ("format: csv\ndelimited: {delimiter: '|~|'}", "id|~|name\n1|~|Käthe\n2|~|\n"),
        ("format: csv\ndelimited: {columns: [id, name]}", "1,Käthe\n2,\n"),
        ("format: csv\ndelimited: {columns: [id, name], header_row: true}", "id,name\n1,Käthe\n2,"),
        ("format: csv\ndelimited: {skip: 2}", "Customers\n\nid,name\n1,Käthe\n2,\n"),
        ("format: csv\ndelimited: {fill: true}", "id,name\n1,Käthe\n2\n"),
        ("format: csv\nnulls: ['\\N']", "id,name\n1,Käthe\n2,\\N\n"),
        ("format: csv\nignore: ['#']", "# written by hand\nid,name\n1,Käthe\n# no more\n2,\n"),
        ("detail: {fields: {id: 1, name: 2-6}}", "1Käthe\n2     \n"),
        ("format: jsonl", '{"id":"1","name":"Käthe"}\n\n{"id":"2","name":null}'),
        ("format: json", '[{"id":"1","name":"Käthe"},{"id":"2","name":null}]'),
        (
            "format: json\nrows: data.rows",
            (
                '{"n":{"x":[1,{"y":"]}"}]},"data":{"rows":[{"id":"1","name":"Käthe"},'
                '{"id":"2","name":null}]},"z":1e5}'
            ),
        ),
        (
            "format: json\nrows: groups.rows",
            '{"groups":[{"rows":[{"id":"1","name":"Käthe"}]},{"rows":{"id":"2","name":null}}]}',
        ),
        (
            "format: xml\nrows: items.item",
            (
                "<x:doc xmlns:x='urn:x'><note/><x:items><x:item><x:id>1</x:id><name>Käthe</name>"
                "</x:item><item><id>2</id><name/></item></x:items></x:doc>"
            ),
        ),
        (
            "format: xml\nrows: item",
            (
                "<d><item><id>1</id><name>K&#228;the</name></item>"
                "<item><id>2</id><name> </name></item></d>"
            ),
        ),
    ],
)  # fmt: skip
def test_a_format_gives_its_records(drop: Drop, keys: str, text: str) -> None:
    """The same two records, however they are written."""
    assert plain(drop.read(keys, text)) == WANTED


def test_quotes_hold_delimiters_and_line_breaks(drop: Drop) -> None:
    """What stands between quotes is the value, whatever it holds; its place is its first line."""
    text = 'id,name\r\n1,"Ann, ""the\r\nfirst"""\r\n2,Bob\r\n'

    batches = drop.read("format: csv", text)

    assert [row["name"] for row in plain(batches)] == ['Ann, "the\r\nfirst"', "Bob"]
    assert batches[0].origin(0) == (b'1,"Ann, ""the\r\nfirst"""', "f_1 line 2, byte 9")
    assert [row[-1] for row in batches[0].rows] == [2, 4]


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("delimited: {escape: '\\'}", 'id,name\n1,"a\\"b\\,c"\n'),
        ("delimited: {quote: ''}", 'id,name\n1,a"b\n'),
    ],
)
def test_quotes_are_what_the_stream_says(drop: Drop, keys: str, text: str) -> None:
    """An escape instead of doubling, or plain characters."""
    (row,) = plain(drop.read(f"format: csv\n{keys}", text))

    assert str(row["name"]).startswith('a"b')


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"9,a,b", "file.ragged"),
        (b"9", "file.ragged"),
        (b'9,"a"b', "file.quote"),
        (b'9,"a', "file.quote"),
        (b"9,a\xff", "file.encoding"),
        (b"9,a\x00", "file.nul"),
    ],
)
def test_a_bad_line_of_a_delimited_file_is_refused_alone(
    drop: Drop, line: bytes, code: str
) -> None:
    """Its bytes, line and byte offset are told; the lines around it are read."""
    batches = drop.read("format: csv", b"id,name\n1,Ann\n" + line + b"\n2,Bob\n3,Cid\n")

    assert refused(batches) == [(code, line, "f_1 line 3, byte 14")]
    assert [row["id"] for row in plain(batches)] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"id":"9"', "file.record"),
        (b"[1]", "file.record"),
        (b'{"id":"\xff"}', "file.encoding"),
    ],
)
def test_a_bad_json_line_is_refused_alone(drop: Drop, line: bytes, code: str) -> None:
    """As in every other format."""
    batches = drop.read("format: jsonl", b'{"id":"1"}\n' + line + b'\n{"id":"2"}\n')

    assert refused(batches) == [(code, line, "f_1 line 2, byte 11")]
    assert [row["id"] for row in plain(batches)] == ["1", "2"]


def test_a_bad_record_of_a_json_file_is_refused_alone(drop: Drop) -> None:
    """Where its end can be told; its bytes and its place come with it."""
    text = b'[{"id":"1"},\n {"id":"\xff"}, 7, {"id": 2.50}]'

    batches = drop.read("format: json", text)

    assert [(code, raw) for code, raw, _ in refused(batches)] == [
        ("file.encoding", b'{"id":"\xff"}'),
        ("file.record", b"7"),
    ]
    assert refused(batches)[0][2] == "f_1 line 2, byte 14"
    assert plain(batches) == [{"id": "1"}, {"id": Decimal("2.50")}]
    assert batches[0].origin(1)[0] == b'{"id": 2.50}'


def test_xml_becomes_records_as_json_has_them(drop: Drop) -> None:
    """Attributes, texts beside them, lists, nil; each record's own bytes and place."""
    text = (
        "<d>\n<i id='1' x='a>b'><t lang='de'>Hut</t><l><q>1</q></l><l><q>2</q></l></i>\n"
        "<i id='2' xmlns:s='http://www.w3.org/2001/XMLSchema-instance'>"
        "<t s:nil='true'/><l><q>3</q></l></i><i id='3'/></d>"
    )

    batches = drop.read("format: xml\nrows: i\nlists: [l]\nsparse: true", text.replace("'", '"'))

    (first, second, third) = plain(batches)
    assert first["@id"] == "1"
    assert first["t"] == {"@lang": "de", "#text": "Hut"}
    assert (first["l"], second["l"], third["l"]) == (
        [{"q": "1"}, {"q": "2"}],
        [{"q": "3"}],
        None,
    )
    assert second["t"] is None
    raw, place = batches[0].origin(1)
    assert raw.startswith(b'<i id="2"')
    assert raw.endswith(b"</i>")
    assert place == f"f_1 line 3, byte {text.index('<i id=' + chr(39) + '2')}"
    assert batches[0].origin(2)[0] == b'<i id="3"/>'


CODECS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252", "cp850", "cp037",
          "cp273", "cp500", "shift_jis", "gb18030", "big5", "euc_kr"]  # fmt: skip

JSON_LINES = """{{"id":"1","name":"Ann {0}"}}
{{"id":"2","name":"Bob"}}
{{"id":"3","name":"Cid"}}"""
XML = """<d><i><id>1</id><name>Ann {0}</name></i><i><id>2</id><name>Bob</name></i>
<i><id>3</id><name>Cid</name></i></d>"""


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("format: csv", "id,name\r\n1,Ann {0}\n2,Bob\r3,Cid"),
        ("detail: {fields: {id: 1, name: 3-9}}", "1 Ann {0}  \r\n2 Bob    \n3 Cid     "),
        ("format: jsonl", JSON_LINES),
        ("format: json", "[" + JSON_LINES.replace("\n", ",") + "]"),
        ("format: xml\nrows: i", XML),
    ],
    ids=["csv", "fixed", "jsonl", "json", "xml"],
)  # fmt: skip
def test_every_codec_reads_every_format(drop: Drop, codec: str, keys: str, text: str) -> None:
    """Marks, mixed line ends, wide characters, EBCDIC: the text is what was written."""
    sign = "表" if codec in ("shift_jis", "gb18030", "big5") else "ä" if codec != "euc_kr" else "가"
    content = text.format(sign).encode(codec)
    configured = {"utf-8-sig": "cp1252", "utf-32": "utf-8"}.get(codec, codec)

    batches = drop.read(f"encoding: {configured}\n{keys}", content)

    assert refused(batches) == []
    assert [(row["id"], row["name"]) for row in plain(batches)] == [
        ("1", f"Ann {sign}"),
        ("2", "Bob"),
        ("3", "Cid"),
    ]


def test_a_mainframes_records_need_no_line_ends(drop: Drop) -> None:
    """EBCDIC in blocks of one length; each block's place is its byte; padding ends the file."""
    content = "".join(f"{at:03d}{'Müller':9}" for at in range(5)).encode("cp273")
    keys = "encoding: cp273\nline_ends: none\nlength: 12\ndetail: {fields: {id: 1-3, name: 4-12}}"

    batches = drop.read(keys, content + b"\x00" * 5)

    assert [row["name"] for row in plain(batches)] == ["Müller"] * 5
    assert batches[0].origin(2)[1] == "f_1 line 3, byte 24"


@pytest.mark.parametrize("end", ["\n", "\x85", "\r\x85", "\r\n"])
def test_a_mainframes_lines_end_as_they_may(drop: Drop, end: str) -> None:
    """EBCDIC's own new line, and the others."""
    content = end.join(["1Ann", "2Bob", ""]).encode("cp500")

    batches = drop.read("encoding: cp500\ndetail: {fields: {id: 1, name: 2-4}}", content)

    assert [row["name"] for row in plain(batches)] == ["Ann", "Bob"]


def test_line_ends_can_be_said(drop: Drop) -> None:
    """Then another character that ends lines elsewhere is part of a value."""
    keys = "line_ends: [crlf]\ndetail: {fields: {id: 1, name: 2-4}}"

    tilde = drop.read("line_ends: ['~']\ndetail: {fields: {id: 1, name: 2}}", "1a~2b~")
    crlf = drop.read(keys, "1a\nb\r\n2cdd\r\n")

    assert [row["name"] for row in plain(tilde)] == ["a", "b"]
    assert [row["name"] for row in plain(crlf)] == ["a\nb", "cdd"]


@pytest.mark.parametrize("padding", [b"\x1a", b"\x1a\x00\x00\x00", b"\n\x1a", b"\x00" * 100])
def test_padding_behind_the_last_line_means_nothing(drop: Drop, padding: bytes) -> None:
    """Ctrl-Z of old programs, NULs up to the end of a block."""
    batches = drop.read("format: csv", b"id,name\n1,Ann" + padding)

    assert plain(batches) == [{"id": "1", "name": "Ann"}]
    assert refused(batches) == []


ORDERS = """records:
  order: {prefix: H, fields: {id: 2-4, day: 5-8}}
  lines: {prefix: L, parent: order, fields: {article: 2-4}}
  notes: {prefix: N, parent: lines, fields: {text: 2-9}}
trailer: {prefix: T, count: 2-4}"""


def test_records_nest_where_they_say_so(drop: Drop) -> None:
    """An order with its lines, and their notes, is one row with all of its bytes."""
    text = "H0010101\nLaaa\nNfragile \nLbbb\nH0020102\nH0030103\nLccc\nT007\n"

    batches = drop.read(ORDERS, text)

    assert plain(batches) == [
        {
            "id": "001",
            "day": "0101",
            "lines": [
                {"article": "aaa", "notes": [{"text": "fragile"}]},
                {"article": "bbb", "notes": []},
            ],
        },
        {"id": "002", "day": "0102", "lines": []},
        {"id": "003", "day": "0103", "lines": [{"article": "ccc", "notes": []}]},
    ]
    assert batches[0].origin(0) == (b"H0010101\nLaaa\nNfragile \nLbbb", "f_1 line 1, byte 0")


@pytest.mark.parametrize(
    ("line", "code"),
    [("Lb", "file.short_line"), ("Xbbb", "file.record_type"), ("Nearly", "file.short_line")],
)
def test_an_order_without_one_of_its_lines_is_refused_whole(
    drop: Drop, line: str, code: str
) -> None:
    """It would be a wrong order; the line is named, and the next order is read."""
    text = f"H0010101\nLaaa\n{line}\nH0020102\nT00{3 if line[0] == 'X' else 4}\n"

    batches = drop.read(ORDERS, text)

    assert [(one[0], one[1]) for one in refused(batches)] == [
        (code, f"H0010101\nLaaa\n{line}".encode())
    ]
    assert "line 3" in batches[0].rejects[0].message
    assert [row["id"] for row in plain(batches)] == ["002"]


def test_a_record_without_its_parent_is_refused(drop: Drop) -> None:
    """It belongs to nobody that is there."""
    batches = drop.read(ORDERS, "Laaa\nH0010101\nT002\n")

    assert [(code, raw) for code, raw, _ in refused(batches)] == [("file.orphan", b"Laaa")]


def test_several_kinds_of_rows_say_which_they_are(drop: Drop) -> None:
    """Their columns are those of all of them; delimited files have kinds as well."""
    keys = """format: csv
records:
  item: {prefix: I, fields: {id: 2, price: 3}}
  fee: {prefix: F, fields: {id: 2, percent: 3}}
header: {prefix: A, fields: {day: 2}}
trailer: {prefix: Z, count: 2}"""

    batches = drop.read(keys, 'A,0101\nI,"1",9.5\nF,2,19\nZ,2\n')

    assert plain(batches) == [
        {"day": "0101", "id": "1", "price": "9.5", "_record": "item", "percent": None},
        {"day": "0101", "id": "2", "price": None, "_record": "fee", "percent": "19"},
    ]


def test_a_kind_may_stand_elsewhere_than_in_front(drop: Drop) -> None:
    """The mark's own column."""
    keys = "records:\n  item: {prefix: I, at: 4, fields: {id: 1-3, name: 5-7}}\nignore: ['#']"

    assert plain(drop.read(keys, "# a list\n001IAnn\n")) == [{"id": "001", "name": "Ann"}]


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ("format: csv\ndetail: {fields: {id: 1-3}}", "config.invalid"),
        ("format: json\ndetail: {fields: {id: 1-3}}", "file.options"),
        ("line_ends: none\ndetail: {fields: {id: 1-3}}", "file.options"),
        ("format: fixed", "file.options"),
        ("detail: {fields: {id: 1}}\nrecords: {x: {fields: {id: 1}}}", "file.options"),
        ("records: {x: {parent: y, fields: {id: 1}}}", "file.options"),
        ("header: {fields: {id: 1}}\ndetail: {fields: {id: 1}}", "file.options"),
        ("detail: {fields: {id: 1, _line: 2}}", "file.options"),
        ("format: csv\nencoding: utf-9", "file.unknown_encoding"),
        ("format: csv\ndelimited: {columns: [nr, name]}", "file.column"),
    ],
)
def test_keys_that_do_not_go_together_are_told_at_once(drop: Drop, keys: str, code: str) -> None:
    """Before any file is looked at."""
    with pytest.raises(MidspanError) as caught:
        drop.adapter(f"files: f_*\n{keys}")

    assert caught.value.code == code


def test_a_mapped_column_that_is_gone_is_drift(drop: Drop) -> None:
    """In the header row, or in every record that names its own."""
    for keys, text in (
        ("format: csv", "id,name\n1,Ann\n"),
        ("format: jsonl", '{"id":1,"name":"Ann"}'),
    ):
        drop.put("f_1", text)
        adapter = drop.adapter(f"files: f_*\n{keys}", columns=("id", "_file", "phone"))

        with pytest.raises(DriftError, match="'phone'") as caught:
            list(adapter.read("rows", Slice()))
        assert caught.value.code == "file.column_gone"


def test_a_header_row_that_changed_is_drift(drop: Drop) -> None:
    """Where the columns are configured too; what stands in the file is not shown."""
    keys = "format: csv\ndelimited: {columns: [id, name, phone], header_row: true}"

    with pytest.raises(DriftError, match="column 2 of f_1 is not 'name'") as caught:
        drop.read(keys, "id,phone,name\n1,2,3\n")

    assert caught.value.code == "file.header_changed"


@pytest.mark.parametrize("head", ["id,id", "id,,name", "id,_file", ""])
def test_a_header_row_that_names_no_columns_is_told(drop: Drop, head: str) -> None:
    """Twice the same, without a name, or none at all."""
    with pytest.raises(ProtocolError) as caught:
        drop.read("format: csv", f"{head}\n")

    assert caught.value.code in ("file.header", "file.incomplete")
