"""The examples of docs/it/connect-files.md read the files that stand beside them."""

import hashlib
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.file import FileAdapter
from config.connections import parse_connection
from midspan.kernel.stream import Slice
from tests.adapters.building import ROOT, build, project, records

PAGE = (ROOT / "docs" / "it" / "connect-files.md").read_text(encoding="utf-8")
CODECS = {"customers_20260301.csv": "cp1252", "stock_7.xml": "iso-8859-1"}
WANTED: dict[str, list[dict[str, Any]]] = {
    "customers_20260301.csv": [
        {"number": "1001", "name": "Maier; Söhne", "city": "Wien"},
        {"number": "1002", "name": "Köhler", "city": "Graz"},
    ],
    "orders_0001.txt": [
        {
            "sent": "20260301",
            "number": "000001",
            "customer": "1001",
            "lines": [
                {"article": "OIL001", "quantity": "3"},
                {"article": "TEX006", "quantity": "12"},
            ],
        },
        {
            "sent": "20260301",
            "number": "000002",
            "customer": "1002",
            "lines": [{"article": "OIL001", "quantity": "1"}],
        },
    ],
    "stock_7.xml": [
        {"@sku": "OIL-001", "name": "Öl", "place": ["A1"]},
        {"@sku": "TEX-006", "name": "Tuch", "place": ["B2", "B3"]},
    ],
}


def block(kind: str, name: str) -> str:
    found = re.search(
        rf"<!-- check: {kind} {re.escape(name)} -->\n+```\w+\n(.*?)```", PAGE, re.DOTALL
    )
    assert found is not None
    return found[1]


@pytest.mark.parametrize("name", WANTED)
def test_an_example_reads_its_file(tmp_path: Path, name: str) -> None:
    """As it is printed; the check passes, and the rows are what the page says."""
    text = block("file-example", name)
    system = Path(text.splitlines()[0].removeprefix("# ")).stem
    folder = tmp_path / "drop"
    folder.mkdir()
    content = block("file-content", name).encode(CODECS.get(name, "utf-8"))
    (folder / name).write_bytes(content)
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    (folder / f"{name}.md5").write_text(f"{digest}  {name}\n")
    quick = text.replace("streams:", "stable_for: 10ms\nstreams:", 1)
    home = project(tmp_path, system, quick)
    connection = parse_connection(system, f"file://{folder}")

    with closing(build(FileAdapter, home, system, connection)) as adapter:
        (stream,) = adapter._streams
        batches = list(adapter.read(stream, Slice()))
        report = adapter.check(deep=True)

    found = [
        {key: value for key, value in row.items() if key not in ("_file", "_line")}
        for row in records(batches)
    ]
    assert found == WANTED[name]
    assert report.ok
    assert not report.streams[0].problem


def test_every_example_is_here() -> None:
    """A new one on the page is run as well."""
    assert re.findall(r"<!-- check: file-example (\S+) -->", PAGE) == list(WANTED)
