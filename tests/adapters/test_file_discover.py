"""What is found in a folder: streams that are configured, and files that nobody reads yet."""

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from midspan.kernel.catalog import CatalogStream
from midspan.kernel.stream import Slice
from tests.adapters.file_drop import Drop, drop_of, plain


@pytest.fixture(params=["local", "sftp"])
def drop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Drop]:
    with drop_of(request.param, tmp_path) as made:
        yield made


def found(drop: Drop, *names: str) -> list[CatalogStream]:
    with closing(drop.adapter("files: p_*.csv\nformat: csv")) as adapter:
        return list(adapter.discover(names or None).streams)


ROWS = [(str(at), f"Käthe {at}", f"2026-01-{at:02d}T10:00:00") for at in range(1, 21)]


def _lines(delimiter: str, head: bool = True) -> str:
    names = [("id", "name", "changed_at")] if head else []
    return "".join(delimiter.join(row) + "\r\n" for row in [*names, *ROWS])


def _json() -> list[dict[str, str]]:
    return [dict(zip(("id", "name", "changed_at"), row, strict=True)) for row in ROWS]


XML = (
    "<export><customers>"
    + "".join(
        f"<customer><id>{a}</id><name>{b}</name><changed_at>{c}</changed_at></customer>"
        for a, b, c in ROWS
    )
    + "</customers></export>"
)

FILES: list[tuple[bytes, dict[str, Any]]] = [
    (_lines(",").encode(), {"format": "csv"}),
    (_lines(";").encode("cp1252"), {"format": "csv", "encoding": "cp1252",
                                    "delimited": {"delimiter": ";"}}),
    (_lines("\t").encode("utf-16"), {"format": "tsv"}),
    (_lines("|").encode("utf-8-sig"), {"format": "csv", "delimited": {"delimiter": "|"}}),
    (gzip.compress(_lines(",").encode()), {"format": "csv"}),
    ("\n".join(map(json.dumps, _json())).encode(), {"format": "jsonl"}),
    (json.dumps(_json(), indent=1).encode(), {"format": "json"}),
    (json.dumps({"customers": _json()}, indent=1).encode(), {"format": "json",
                                                             "rows": "customers"}),
    (XML.encode(), {"format": "xml", "rows": "customers.customer"}),
]  # fmt: skip


@pytest.mark.parametrize(("content", "config"), FILES)
def test_files_of_no_stream_are_described(
    drop: Drop, content: bytes, config: dict[str, Any]
) -> None:
    """Format, encoding, delimiter, path; fields, key and cursor; the keys read the file."""
    drop.put("c_2026_01.dat", content)
    drop.put("c_2026_02.dat", content)

    (_prices, stream) = found(drop)

    assert stream.name == "c_*_*.dat"
    assert stream.label == "2 files"
    assert stream.config == {"files": "c_*_*.dat", **config}
    assert [field.name for field in stream.fields] == ["id", "name", "changed_at"]
    assert stream.primary_key == ("id",)
    assert [one.fields for one in stream.cursors][:2] == [("_file",), ("changed_at",)]
    assert "Käthe" not in repr(stream)
    keys = "\n".join(f"{name}: {json.dumps(value)}" for name, value in stream.config.items())
    with closing(drop.adapter(keys)) as adapter:
        assert plain(list(adapter.read("rows", Slice())))[0] == _json()[0]


def test_a_file_without_a_header_row_gets_names(drop: Drop) -> None:
    """Its first line holds numbers, so it is no header."""
    drop.put("c_1.txt", _lines(";", head=False).encode())

    (stream,) = found(drop, "c_*.txt")

    assert stream.config["delimited"]["columns"] == ("field_1", "field_2", "field_3")


def test_a_configured_stream_is_described_as_it_is_read(drop: Drop) -> None:
    """By its own keys, under the pattern it reads; its files are no group besides."""
    drop.put("p_1.csv", _lines(",").encode())

    (stream,) = found(drop)

    assert (stream.name, stream.configured) == ("p_*.csv", ("rows",))
    assert {field.name: field.type for field in stream.fields}["changed_at"] == "datetime"


def test_what_cannot_be_looked_into_is_a_remark(drop: Drop) -> None:
    """One broken file hides no other."""
    drop.put("p_1.csv", _lines(",").encode())
    drop.put("z_1.zip", b"PK\x03\x04 and no more")
    drop.put("y_1.bin", bytes(range(256)) * 8)
    with closing(drop.adapter("files: p_*.csv\nformat: csv")) as adapter:
        catalog = adapter.discover()

    assert [stream.name for stream in catalog.streams] == ["p_*.csv", "y_*.bin"]
    assert [one.partition(":")[0] for one in catalog.remarks] == ["z_*.zip"]
