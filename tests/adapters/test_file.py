"""The file adapter: whole files only, each once, and every bad line with its place."""

import json
import os
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from adapters.file import FileAdapter
from config.connections import Connection, parse_connection
from examples.company import pricelist
from midspan.kernel.errors import AccessDenied, ConfigurationError, MidspanError, ProtocolError
from midspan.kernel.stream import Batch, Slice
from tests.adapters.building import ROOT, Record, build, project, records

SYSTEM = """
type: file
conn_id: drop
encoding: cp1252
stable_for: 50ms
streams:
  prices:
    primary_key: [code]
    cursor: {fields: [_file], type: string}
    files: p_*.txt
    header: {prefix: H, fields: {day: 2-9}}
    detail: {prefix: D, fields: {code: 2-5, amount: 6-9, text: 10-14}}
    trailer: {prefix: T, count: 2-4}
"""

GOOD = b"H20260101\r\nDA001 1.0K\xe4se \r\nDA002 2.0\x80    \r\nT002\r\n"


def opened(folder: Path, home: Path, text: str = SYSTEM) -> FileAdapter:
    connection = parse_connection("drop", f"file://{folder}")
    return build(FileAdapter, project(home, "drop", text), "drop", connection)


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop zone"
    folder.mkdir()
    return folder


@pytest.fixture
def adapter(drop: Path, tmp_path: Path) -> FileAdapter:
    return build(
        FileAdapter,
        project(tmp_path, "drop", SYSTEM),
        "drop",
        Connection("drop", "file", extra={"path": str(drop)}),
    )


def read(adapter: FileAdapter, part: Slice | None = None) -> list[Batch]:
    return list(adapter.read("prices", part or Slice()))


def codes(batches: Sequence[Batch]) -> list[object]:
    return [row["code"] for row in records(batches)]


def last_file(batches: Sequence[Batch]) -> str:
    return str(records(batches)[-1]["_file"])


def test_the_price_list_is_read_by_its_yaml(tmp_path: Path) -> None:
    """The demo's list arrives whole: texts as they were written, the header in every row."""
    drop = tmp_path / "drop"
    drop.mkdir()
    pricelist.write(drop, when=date(2026, 3, 1))
    connection = parse_connection("midspan_pricelist", f"file://{drop}")
    yaml = (ROOT / "config" / "systems" / "pricelist.yaml").read_text(encoding="utf-8")
    home = project(tmp_path, "pricelist", yaml)

    with closing(build(FileAdapter, home, "pricelist", connection)) as adapter:
        batches = list(adapter.read("prices", Slice()))

    (file,) = drop.iterdir()
    lines = file.read_bytes().decode("cp1252").split("\r\n")[1:-2]
    assert [batch.rejects for batch in batches] == [[]]
    assert [
        (row["product"], row["currency"], row["price"], row["text"]) for row in records(batches)
    ] == [(line[1:13].strip(), line[13:16], line[16:27], line[38:78].strip()) for line in lines]
    assert {row["file_date"] for row in records(batches)} == {"20260301"}


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.replace(b"\r\n", b"\n"),
        GOOD.rstrip(b"\r\n"),
        GOOD + b"\x1a",
        GOOD + b"\r\n   \r\n",
        GOOD.replace(b"\r\nT", b"\nT"),
    ],
    ids=["CRLF", "LF", "no last end", "ctrl-Z", "blank end", "mixed"],
)
def test_line_ends_do_not_matter(adapter: FileAdapter, drop: Path, content: bytes) -> None:
    """Whatever ends a line, its values are the same."""
    (drop / "p_1.txt").write_bytes(content)

    rows: list[Record] = records(read(adapter))

    assert [
        (row["day"], row["code"], row["amount"], row["text"], row["_line"]) for row in rows
    ] == [
        ("20260101", "A001", "1.0", "Käse", 2),
        ("20260101", "A002", "2.0", "€", 3),
    ]


def test_blank_is_null(adapter: FileAdapter, drop: Path) -> None:
    """A field of blanks holds nothing."""
    (drop / "p_1.txt").write_bytes(b"H20260101\nDA001         \nT001\n")

    (row,) = records(read(adapter))

    assert (row["amount"], row["text"]) == (None, None)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"DA00\x81 1.0Kaese", "file.encoding"),
        (b"DA009 1.0", "file.short_line"),
        (b"XA009 1.0Kaese", "file.record_type"),
    ],
)
def test_a_bad_line_is_a_reject_with_its_bytes(
    adapter: FileAdapter, drop: Path, line: bytes, code: str
) -> None:
    """The rest of the file is read; the line is shown as it came, with line and byte."""
    count = 3 if line.startswith(b"D") else 2
    content = GOOD.replace(b"DA002", line + b"\r\nDA002").replace(b"T002", b"T%03d" % count)
    (drop / "p_1.txt").write_bytes(content)

    batches = read(adapter)

    assert codes(batches) == ["A001", "A002"]
    (reject,) = batches[0].rejects
    assert (reject.code, reject.raw) == (code, line)
    assert reject.where == f"p_1.txt line 3, byte {content.index(line)}"


def test_a_line_too_long_is_a_reject(drop: Path, tmp_path: Path) -> None:
    """Where the length is declared, a longer line has its columns in the wrong places."""
    (drop / "p_1.txt").write_bytes(GOOD.replace(b"2.0", b"2.00"))
    adapter = opened(drop, tmp_path, SYSTEM.replace("    files:", "    length: 14\n    files:"))

    batches = read(adapter)

    assert codes(batches) == ["A001"]
    assert [reject.code for reject in batches[0].rejects] == ["file.long_line"]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (GOOD.replace(b"T002\r\n", b""), "trailer is missing"),
        (GOOD.replace(b"T002", b"T003"), "counts 3"),
        (GOOD.replace(b"T002", b"Txxx"), "no number"),
        (GOOD[:20], "trailer is missing"),
        (GOOD + b"DA003 3.0Kaese\r\n", "after its trailer"),
        (GOOD[11:], "header"),
        (GOOD.replace(b"DA002", b"H20260102\r\nDA002"), "second header"),
        (b"", "empty"),
    ],
)
def test_a_file_that_is_not_whole_is_not_read(
    adapter: FileAdapter, drop: Path, content: bytes, word: str
) -> None:
    """Nothing of it arrives; the message says what is wrong with which file."""
    (drop / "p_1.txt").write_bytes(content)
    batches = adapter.read("prices", Slice())

    with pytest.raises(ProtocolError, match=word) as caught:
        next(batches)

    assert caught.value.code == "file.incomplete"
    assert "p_1.txt" in str(caught.value)
    (check,) = adapter.check().streams
    assert "file.incomplete" in check.problem


def test_a_file_being_written_waits(adapter: FileAdapter, drop: Path) -> None:
    """A file that still changes is left for the next run, and so is every later one."""
    (drop / "p_1.txt").write_bytes(GOOD)
    (drop / "p_3.txt").write_bytes(GOOD)
    stop = threading.Event()

    def write() -> None:
        with (drop / "p_2.txt").open("wb", buffering=0) as file:
            while not stop.wait(0.005):
                file.write(b"DA001 1.0Kaese\r\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        time.sleep(0.1)
        batches = read(adapter)
    finally:
        stop.set()
        writer.join()

    assert {str(row["_file"])[:7] for row in records(batches)} == {"p_1.txt"}


def test_a_fresh_file_is_waited_for(drop: Path, tmp_path: Path) -> None:
    """What was dropped a moment ago is read in this run, after it rested, even if backdated."""
    adapter = opened(drop, tmp_path, SYSTEM.replace("50ms", "300ms"))
    (drop / "p_1.txt").write_bytes(GOOD)
    os.utime(drop / "p_1.txt", (0, 0))
    began = time.monotonic()

    assert codes(read(adapter)) == ["A001", "A002"]

    assert time.monotonic() - began > 0.2


def test_each_file_is_read_once(adapter: FileAdapter, drop: Path) -> None:
    """A slice begins behind its lower bound's file; a file written anew is a new one."""
    (drop / "p_1.txt").write_bytes(GOOD)
    first = last_file(read(adapter))
    assert read(adapter, Slice(lower=first)) == []

    (drop / "p_2.txt").write_bytes(GOOD)
    second = last_file(read(adapter, Slice(lower=first)))
    assert second.startswith("p_2.txt@")
    assert second > first

    time.sleep(0.01)
    (drop / "p_2.txt").write_bytes(GOOD.replace(b"A001", b"A003"))
    assert codes(read(adapter, Slice(lower=second))) == ["A003", "A002"]


def test_a_slice_resumes_behind_every_position(drop: Path, tmp_path: Path) -> None:
    """Wherever a read stopped, the next one gives the rest, in this file and those after it."""
    adapter = opened(drop, tmp_path, SYSTEM.replace("stable", "rows_per_batch: 1\nstable"))
    (drop / "p_1.txt").write_bytes(GOOD)
    (drop / "p_2.txt").write_bytes(GOOD.replace(b"A00", b"B00"))
    batches = read(adapter)

    for done, batch in enumerate(batches, 1):
        position = json.loads(json.dumps(batch.position))
        rest = list(adapter.read("prices", Slice(), position))
        assert records(batches[:done]) + records(rest) == records(batches)

    assert codes(batches) == ["A001", "A002", "B001", "B002"]


def test_a_file_replaced_after_a_position_begins_again(adapter: FileAdapter, drop: Path) -> None:
    """A position inside a file that is no more does not cut the new one's beginning off."""
    (drop / "p_1.txt").write_bytes(GOOD)
    (batch,) = read(adapter)
    time.sleep(0.01)
    (drop / "p_1.txt").write_bytes(GOOD.replace(b"A001", b"A007"))

    assert codes(list(adapter.read("prices", Slice(), batch.position))) == ["A007", "A002"]


def test_a_refused_row_can_show_where_it_came_from(adapter: FileAdapter, drop: Path) -> None:
    """Quarantine keeps the line's own bytes, its file, line and byte offset."""
    (drop / "p_1.txt").write_bytes(GOOD)
    (batch,) = read(adapter)

    assert batch.origin(1) == (b"DA002 2.0\x80    ", f"p_1.txt line 3, byte {GOOD.index(b'DA002')}")


def test_asked_by_key_gives_exactly_these(adapter: FileAdapter, drop: Path) -> None:
    """The records named by key come from every file, the newest last."""
    (drop / "p_1.txt").write_bytes(GOOD)
    (drop / "p_2.txt").write_bytes(GOOD)

    rows = records(read(adapter, Slice(keys=(("A002",), ("Z999",)))))

    assert [(row["code"], str(row["_file"])[:7]) for row in rows] == [
        ("A002", "p_1.txt"),
        ("A002", "p_2.txt"),
    ]


def test_keys_are_those_of_the_newest_file(adapter: FileAdapter, drop: Path) -> None:
    """What the newest list does not hold is gone."""
    (drop / "p_1.txt").write_bytes(GOOD)
    (drop / "p_2.txt").write_bytes(GOOD.replace(b"A001", b"A003"))

    assert [key for keys in adapter.keys("prices") for key in keys] == [("A003",), ("A002",)]


def test_a_listing_never_ends_early(adapter: FileAdapter, drop: Path) -> None:
    """Neither a missing file nor an unreadable line makes a key count as deleted."""
    with pytest.raises(ProtocolError, match="no file"):
        list(adapter.keys("prices"))

    (drop / "p_1.txt").write_bytes(GOOD.replace(b"A002", b"A00\x81"))
    with pytest.raises(ProtocolError, match="line 3"):
        list(adapter.keys("prices"))


def test_a_folder_tells_no_time(adapter: FileAdapter) -> None:
    """There is no clock to ask."""
    assert adapter.now() is None


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    """The message names the connection and what to look at."""
    adapter = opened(tmp_path / "nowhere", tmp_path)

    with pytest.raises(ProtocolError, match="'drop'") as caught:
        adapter.check()

    assert caught.value.code == "file.folder"


def test_a_file_that_may_not_be_read_is_told(
    adapter: FileAdapter, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rights are a person's to grant; root reads everything, so the refusal is forced here."""
    (drop / "p_1.txt").write_bytes(GOOD)

    def refuse(*_arguments: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AccessDenied) as caught:
        read(adapter)

    assert caught.value.code == "file.denied"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("code: 2-5", "code: 5-2", "config.columns"),
        ("code: 2-5", "code: two", "config.columns"),
        ("code: 2-5", "code: 0-5", "config.columns"),
        ("cp1252", "cp12520", "file.unknown_encoding"),
        ("primary_key: [code]", "primary_key: [cod]", "file.column"),
    ],
)
def test_a_wrong_configuration_is_told_at_once(
    drop: Path, tmp_path: Path, old: str, new: str, code: str
) -> None:
    """Before any file is opened."""
    with pytest.raises(MidspanError) as caught:
        opened(drop, tmp_path, SYSTEM.replace(old, new))

    error = caught.value
    found = error.problems[0].code if isinstance(error, ConfigurationError) else error.code
    assert found == code
