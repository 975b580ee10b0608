"""Never twice, never half: manifests, packed files, positions, bounded memory."""

import gzip
import hashlib
import io
import json
import os
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from midspan.kernel.errors import MidspanError, ProtocolError, TransientError
from midspan.kernel.stream import Slice
from tests.adapters.building import records
from tests.adapters.file_drop import Drop, drop_of, plain

CSV = b"id,name\n1,Ann\n2,Bob\n"
KEYS = "files: f_*.csv\nformat: csv"
BUFFERS = ("local.CHUNK", "lines.CHUNK", "packing.BUFFER")
MD5 = hashlib.md5(CSV, usedforsecurity=False).hexdigest()
SHA = hashlib.sha256(CSV).hexdigest()


@pytest.fixture
def drop(tmp_path: Path) -> Iterator[Drop]:
    with drop_of("local", tmp_path) as made:
        yield made


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


MANIFESTS = [
    ("{file: '{name}.done'}", "f_1.csv.done", ""),
    ("{file: '{stem}.ok'}", "f_1.ok", "whatever"),
    ("{file: '{name}.md5', style: sums}", "f_1.csv.md5", MD5),
    ("{file: '{name}.sha', style: sums}", "f_1.csv.sha", f"{SHA} *out/f_1.csv\n"),
    ("{file: SUMS, style: sums}", "SUMS", f"SHA256 (f_1.csv) = {SHA}\n"),
    (
        "{file: 'M_*.csv', style: table, name: file, size: bytes, count: rows, checksum: md5}",
        "M_1.csv",
        f"file;bytes;rows;md5\nf_1.csv;{len(CSV)};2;{MD5.upper()}\n",
    ),
    (
        "{file: m.json, style: json, size: size, count: n}",
        "m.json",
        json.dumps({"files": [{"name": "f_1.csv", "size": len(CSV), "n": 2}]}),
    ),
    (
        "{file: '{name}.json', style: json, count: n}",
        "f_1.csv.json",
        json.dumps({"n": 2}),
    ),
]


@pytest.mark.parametrize(("spec", "name", "text"), MANIFESTS)
def test_a_file_waits_for_its_manifest(drop: Drop, spec: str, name: str, text: str) -> None:
    """Nothing is read before it is there; then the file is."""
    drop.put("f_1.csv", CSV)
    with closing(drop.adapter(f"{KEYS}\nmanifest: {spec}")) as adapter:
        assert list(adapter.read("rows", Slice())) == []
        (check,) = adapter.check(deep=True).streams
        assert check.remarks == ("f_1.csv waits for its manifest, and so does every later file",)

        drop.put(name, text)

        assert len(plain(list(adapter.read("rows", Slice())))) == 2


@pytest.mark.parametrize(
    ("spec", "name", "text", "word"),
    [
        (MANIFESTS[2][0], MANIFESTS[2][1], MD5[:-1] + ("0" if MD5[-1] != "0" else "1"), "checksum"),
        (MANIFESTS[5][0], MANIFESTS[5][1], f"file;bytes;rows;md5\nf_1.csv;9;2;{MD5}\n", "9 bytes"),
        (MANIFESTS[7][0], MANIFESTS[7][1], '{"n": 3}', "3 records"),
    ],
)
def test_a_file_that_differs_from_its_manifest_is_not_read(
    drop: Drop, spec: str, name: str, text: str, word: str
) -> None:
    """Size, checksum, number of records: nothing of it arrives."""
    drop.put("f_1.csv", CSV)
    drop.put(name, text)
    with closing(drop.adapter(f"{KEYS}\nmanifest: {spec}")) as adapter:
        reading = adapter.read("rows", Slice())

        with pytest.raises(ProtocolError, match=word) as caught:
            next(reading)

    assert caught.value.code == "file.incomplete"


@pytest.mark.parametrize(
    ("spec", "name", "text"),
    [
        (MANIFESTS[2][0], "f_1.csv.md5", "no sum"),
        (MANIFESTS[3][0], "f_1.csv.sha", f"{SHA} other.csv"),
        (MANIFESTS[5][0], "M_1.csv", "name;bytes\nf_1.csv;2\n"),
        (MANIFESTS[6][0], "m.json", "{"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_told(
    drop: Drop, spec: str, name: str, text: str
) -> None:
    """Its own name is, and what to look at."""
    drop.put("f_1.csv", CSV)
    drop.put(name, text)
    with (
        closing(drop.adapter(f"{KEYS}\nmanifest: {spec}")) as adapter,
        pytest.raises(ProtocolError, match=name) as caught,
    ):
        list(adapter.read("rows", Slice()))

    assert caught.value.code == "file.manifest"


def test_a_manifest_older_than_its_file_speaks_of_another(drop: Drop) -> None:
    """A mark that an earlier file of that name left behind vouches for nothing."""
    drop.put("f_1.csv.done", "")
    os.utime(drop.folder / "f_1.csv.done", (1_600_000_000, 1_600_000_000))
    drop.put("f_1.csv", CSV)
    with closing(drop.adapter(f"{KEYS}\nmanifest: {{file: '{{name}}.done'}}")) as adapter:
        assert list(adapter.read("rows", Slice())) == []


def test_a_file_that_a_list_names_and_that_is_missing_is_told(drop: Drop) -> None:
    """The delivery is not there as a whole, so none of it is read; it is tried again."""
    drop.put("f_1.csv", CSV)
    drop.put("SUMS", f"{MD5}  f_1.csv\n{MD5}  f_2.csv\n")
    with (
        closing(drop.adapter(f"{KEYS}\nmanifest: {{file: SUMS, style: sums}}")) as adapter,
        pytest.raises(TransientError, match=r"f_2\.csv") as caught,
    ):
        list(adapter.read("rows", Slice()))

    assert caught.value.code == "file.missing"


def test_a_mark_is_put_away_with_its_file(drop: Drop) -> None:
    """It would vouch for the next file of that name."""
    keys = f"{KEYS}\narchive: done\nmanifest: {{file: '{{name}}.ok'}}"
    drop.put("f_1.csv", CSV)
    drop.put("f_1.csv.ok", "")
    with closing(drop.adapter(keys)) as adapter:
        lower = str(records(list(adapter.read("rows", Slice())))[-1]["_file"])
        list(adapter.read("rows", Slice(lower=lower)))

    assert sorted(one.name for one in (drop.folder / "done").glob("f*")) == [
        "f_1.csv",
        "f_1.csv.ok",
    ]
    assert not list(drop.folder.glob("f*"))


@pytest.mark.parametrize(
    ("keys", "content", "rows"),
    [
        ("", gzip.compress(CSV), 2),
        ("", gzip.compress(CSV[:14]) + gzip.compress(CSV[14:]), 2),
        ("", zipped({"a.csv": CSV}), 2),
        ("member: '*.csv'", zipped({"b.csv": CSV, "a.csv": CSV, "read.me": b"x"}), 4),
        ("member: in/a.csv", zipped({"in/a.csv": CSV, "in/b.csv": CSV}), 2),
    ],
    ids=["gzip", "two gzips", "zip", "several members", "one member"],
)
def test_a_packed_file_is_read_as_it_is(drop: Drop, keys: str, content: bytes, rows: int) -> None:
    """By its first bytes, whatever it is called."""
    batches = drop.read(f"format: csv\n{keys}", content)

    assert len(plain(batches)) == rows


def _half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _bent(content: bytes) -> bytes:
    at = len(content) // 3
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


LONG = b"id,name\n" + b"".join(b"%d,name %d\n" % (at, at * 7919) for at in range(3000))


@pytest.mark.parametrize("harm", [_half, _bent, lambda content: content[:-4]])
@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped({"a": content})])
def test_a_packed_file_that_is_cut_or_bent_is_not_read(
    drop: Drop,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[bytes], bytes],
    pack: Callable[[bytes], bytes],
) -> None:
    """Its checksum is looked at before its first record is handed out."""
    for buffer in BUFFERS:
        monkeypatch.setattr(f"adapters.file.{buffer}", 4096)
    drop.put("f_1.csv", harm(pack(LONG)))
    with closing(drop.adapter(KEYS, batch=10)) as adapter:
        reading = adapter.read("rows", Slice())

        with pytest.raises(ProtocolError) as caught:
            next(reading)

    assert caught.value.code == "file.incomplete"


def test_a_bomb_is_refused(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to far more than it measures."""
    monkeypatch.setattr("adapters.file.packing.ALLOWED", 1024)
    content = gzip.compress(b"id\n" + b"1\n" * 2_000_000)

    with pytest.raises(ProtocolError) as caught:
        drop.read("format: csv\nmax_ratio: 100", content)

    assert caught.value.code == "file.too_large"


@pytest.mark.parametrize(
    ("keys", "content", "code"),
    [
        ("format: json", b'[{"id": 1}, {"id": 2}', "file.malformed"),
        ("format: json", b'[{"id": 1}, {"id', "file.malformed"),
        ("format: json", b'[{"id": 1}] ]', "file.malformed"),
        ("format: json", b"<html>", "file.malformed"),
        ("format: json", b"[" * 5000, "file.malformed"),
        ("format: json\nrows: data", b'{"date": []}', "file.no_rows"),
        ("format: json\nrows: data", b'{"data": 7}', "file.record"),
        ("format: xml\nrows: i", b"<d><i><id>1</id></i>", "file.malformed"),
        ("format: xml\nrows: i", b"<d><i><id>1</id></d>", "file.malformed"),
        ("format: xml\nrows: i", b"<d><i>\xff</i></d>", "file.malformed"),
        ("format: xml\nrows: i", b'<!DOCTYPE d [<!ENTITY a "aa">]><d/>', "file.doctype"),
        ("format: xml\nrows: i", b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><d/>', "file.doctype"),
        ("format: xml\nrows: a.i", b"<d><b/></d>", "file.no_rows"),
        ("format: xml\nrows: i", b"<d>" + b"<i>" * 5000, "file.malformed"),
        ("format: csv", zipped({}), "file.no_member"),
        ("format: csv\nmember: x", zipped({"a": CSV}), "file.no_member"),
        ("format: csv", b"", "file.incomplete"),
        ("format: csv", b"\n\n", "file.incomplete"),
        ("detail: {fields: {id: 1}}", b"1" * 3_000_000, "file.no_lines"),
    ],
)
def test_what_is_not_of_its_format_is_not_read(
    drop: Drop, keys: str, content: bytes, code: str
) -> None:
    """Nothing of it arrives, or each record of it is refused; the check says the same."""
    drop.put("f_1", content)
    with closing(drop.adapter(f"files: f_*\n{keys}")) as adapter:
        try:
            batches = list(adapter.read("rows", Slice()))
            found = batches[0].rejects[0].code
            assert not batches[0].rows
        except MidspanError as error:
            found = error.code
            (check,) = adapter.check(deep=True).streams
            assert code in check.problem

    assert found == code


def test_a_file_without_a_byte_may_be_whole(drop: Drop) -> None:
    """Where the stream says so."""
    assert drop.read("format: csv\nallow_empty: true", b"") == []


ROWS = [{"id": str(at), "name": f"name\n{at}"} for at in range(7)]
SHAPES = {
    "csv": ("format: csv", "id,name\n" + "".join(f'{r["id"]},"{r["name"]}"\n' for r in ROWS)),
    "jsonl": ("format: jsonl", "".join(json.dumps(row) + "\r\n" for row in ROWS)),
    "json": ("format: json\nrows: r", json.dumps({"n": 1, "r": ROWS}, indent=1)),
    "xml": (
        "format: xml\nrows: r",
        "<d>" + "".join(f"<r><id>{r['id']}</id><name>{r['name']}</name></r>\n" for r in ROWS)
        + "</d>",
    ),
    "records": (
        "records: {o: {prefix: H, fields: {id: 2}}, l: {prefix: L, parent: o, fields: {x: 2}}}",
        "".join(f"H{r['id']}\nLa\nLb\n" for r in ROWS),
    ),
}  # fmt: skip


@pytest.mark.parametrize("pack", ["plain", "gz", "zip"])
@pytest.mark.parametrize("shape", SHAPES)
def test_reading_goes_on_behind_every_position(drop: Drop, shape: str, pack: str) -> None:
    """In each format, packed or not, in this file, its other members and the files after it."""
    keys, text = SHAPES[shape]
    content = text.encode()
    packed = {
        "plain": content,
        "gz": gzip.compress(content),
        "zip": zipped({"a": content, "b": content}),
    }
    drop.put("f_1", packed[pack])
    drop.put("f_2", content)
    with closing(drop.adapter(f"files: f_*\n{keys}", batch=2)) as adapter:
        batches = list(adapter.read("rows", Slice()))

        for done, batch in enumerate(batches, 1):
            position = json.loads(json.dumps(batch.position))
            rest = list(adapter.read("rows", Slice(), position))
            assert records(batches[:done]) + records(rest) == records(batches)

    assert len(records(batches)) == len(ROWS) * (3 if pack == "zip" else 2)


@pytest.mark.parametrize("size", [1, 2, 5, 64])
@pytest.mark.parametrize(
    ("keys", "text"),
    [
        *SHAPES.values(),
        ("format: csv", 'id,name\r\n1,"a\r\n""b"\r2,Käse\r\n\r\n3,\n'),
        ("detail: {fields: {id: 1, name: 2-5}}\nencoding: utf-16", "1Käse\r\n2Öl  \n"),
        (
            "format: json\nrows: r",
            '{"x": "a\\\\", "y": [{"]": "}\\""}], "r" : [ {"id": "\\u00e4{"} ,{"id":2}] , "z": 1}',
        ),
        (
            "format: xml\nrows: r",
            "<d a='>'><!-- <r> --><r id='1'><![CDATA[<r>]]><b/></r><r id='2'><b>&amp;ö</b></r></d>",
        ),
    ],
)
def test_it_does_not_matter_where_a_buffer_ends(
    drop: Drop, monkeypatch: pytest.MonkeyPatch, keys: str, text: str, size: int
) -> None:
    """In the middle of a line's end, an escape, a tag, a character."""
    codec = "utf-16" if "utf-16" in keys else "utf-8"
    keys += "\nsparse: true"
    whole = drop.read(keys, text.encode(codec))

    for buffer in ("lines.CHUNK", "formats.json_scan.CHUNK", "formats.xml.CHUNK"):
        monkeypatch.setattr(f"adapters.file.{buffer}", size)
    cut = drop.read(keys, text.encode(codec))

    assert plain(cut) == plain(whole) != []
    origins = [[batch.origin(at) for batch in some for at in range(len(batch.rows))]
               for some in (cut, whole)]  # fmt: skip
    assert origins[0] == origins[1]
    assert all(raw in text.encode(codec) for raw, _ in origins[0] if "utf-16" not in codec)


def _written(shape: str, count: int) -> tuple[str, bytes]:
    text = "x" * 200
    made = {
        "fixed": ("detail: {fields: {id: 1-9, name: 10-209}}", "", f"%09d{text}\n", ""),
        "csv": ("format: csv", "id,name\n", f'%d,"{text}"\n', ""),
        "jsonl": ("format: jsonl", "", f'{{"id":%d,"name":"{text}"}}\n', ""),
        "json": ("format: json\nrows: r\nsparse: true", '{"r":[',
                 f'{{"id":%d,"name":"{text}"}},', "{}]}"),
        "xml": ("format: xml\nrows: r\nsparse: true", "<d>",
                f"<r><id>%d</id><name>{text}</name></r>", "</d>"),
    }  # fmt: skip
    keys, head, row, tail = made[shape]
    body = "".join(row % at for at in range(count))
    return keys, (head + body + tail).encode()


@pytest.mark.parametrize("shape", ["fixed", "csv", "jsonl", "json", "xml"])
def test_memory_is_bounded_by_the_batch(
    drop: Drop, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    """More records take no more of it, with small batches and buffers."""
    for buffer in (*BUFFERS, "formats.json_scan.CHUNK", "formats.xml.CHUNK"):
        monkeypatch.setattr(f"adapters.file.{buffer}", 8 * 1024)
    less, more = (_written(shape, count) for count in (500, 3_000))

    grown = _peak(drop, *more) - _peak(drop, *less)

    assert grown < (len(more[1]) - len(less[1])) / 4


def _peak(drop: Drop, keys: str, content: bytes) -> int:
    """Return the most memory that reading took, in bytes."""
    drop.put("f_1", gzip.compress(content, 1))
    with closing(drop.adapter(f"files: f_*\n{keys}", batch=50)) as adapter:
        tracemalloc.start()
        for _batch in adapter.read("rows", Slice()):
            pass
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak
