"""The dbase adapter reads what dBase, Clipper and FoxPro write, and refuses what it cannot."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Adapter
from adapters.testing import adapter_from_yaml
from adapters.testing.gates import CountingGate
from config.connections import Connection
from midspan.kernel.errors import DriftError, MidspanError, ProtocolError
from midspan.kernel.stream import Batch, Slice
from midspan_dbase import DbaseAdapter
from tests.adapters.testing.dbase_folder import Field, write_table

SYSTEM = """
type: dbase
conn_id: legacy
rows_per_batch: 2
{encoding}
streams:
  items: {{table: items.dbf, primary_key: [NUMMER]}}
"""
NUMBER = Field("NUMMER", "N", 6)
NAME = Field("NAME", "C", 20)
MOMENT = datetime(2026, 2, 28, 23, 59, 59)  # noqa: DTZ001 a FoxPro stamp has no zone
# Umlauts as the code pages of DOS and Windows write them.
DOS, WINDOWS = "Größe".encode("cp850"), "Größe".encode("cp1252")


def opened(folder: Path, encoding: str = "", columns: Sequence[str] = ()) -> Adapter:
    """Return the adapter of a folder."""
    connection = Connection("legacy", "file", schema=str(folder))
    text = SYSTEM.format(encoding=encoding)
    return adapter_from_yaml(DbaseAdapter, text, folder, connection, CountingGate(), columns)


def read(adapter: Adapter) -> list[Batch]:
    return list(adapter.read("items", Slice()))


def rows(batches: Sequence[Batch]) -> list[tuple[Any, ...]]:
    return [tuple(row) for batch in batches for row in batch.rows]


@pytest.mark.parametrize(
    ("field", "stored", "value"),
    [
        (Field("V", "C", 8), b"ab", "ab"),
        (Field("V", "C", 8), b"", None),
        (Field("V", "N", 8), b"-42", -42),
        (Field("V", "N", 8, 2), b"12.50", Decimal("12.50")),
        (Field("V", "F", 8, 2), b"", None),
        (Field("V", "D", 8), b"20260228", date(2026, 2, 28)),
        (Field("V", "D", 8), b"", None),
        (Field("V", "L", 1), b"T", True),
        (Field("V", "L", 1), b"n", False),
        (Field("V", "L", 1), b"?", None),
        (Field("V", "I", 4), b"\xfe\xff\xff\xff", -2),
        (Field("V", "Y", 8), (123456).to_bytes(8, "little"), Decimal("12.3456")),
        (Field("V", "T", 8), MOMENT, MOMENT),
        (Field("V", "T", 8), b"\0" * 8, None),
    ],
)
def test_values_are_exact(tmp_path: Path, field: Field, stored: Any, value: Any) -> None:
    """Decimals stay decimals, dates are dates, blanks are null."""
    write_table(tmp_path / "ITEMS.DBF", [NUMBER, field], [(1, stored)])

    ((_, found),) = rows(read(opened(tmp_path)))

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("field", "stored"),
    [
        (Field("V", "N", 8), b"********"),
        (Field("V", "D", 8), b"20260230"),
        (Field("V", "L", 1), b"x"),
        (Field("V", "C", 8), b"\x81\x8d"),
    ],
)
def test_what_cannot_be_read_is_put_aside(tmp_path: Path, field: Field, stored: bytes) -> None:
    """The record alone, with its bytes and its place; its neighbours are read."""
    write_table(tmp_path / "ITEMS.DBF", [NUMBER, field], [(1, b""), (2, stored), (3, b"")])

    batches = read(opened(tmp_path))

    (reject,) = [reject for batch in batches for reject in batch.rejects]
    assert (reject.code, reject.where) == ("dbase.value", "ITEMS.DBF record 2")
    assert stored in reject.raw
    assert stored.decode("latin-1") not in reject.message
    assert [number for number, _ in rows(batches)] == [1, 3]


def test_a_key_that_cannot_be_read_ends_the_listing(tmp_path: Path) -> None:
    """A key that is left out would count as deleted."""
    write_table(tmp_path / "ITEMS.DBF", [NUMBER], [(1,), (b"***",)])

    with pytest.raises(ProtocolError, match="record 2"):
        list(opened(tmp_path).keys("items"))


@pytest.mark.parametrize(
    ("code_page", "encoding", "stored"),
    [(0x02, "", DOS), (0x03, "", WINDOWS), (0x00, "encoding: cp850", DOS)],
    ids=["dos", "windows", "configured"],
)
def test_texts_are_read_in_their_code_page(
    tmp_path: Path, code_page: int, encoding: str, stored: bytes
) -> None:
    """The table's own, or the configured one."""
    write_table(tmp_path / "items.dbf", [NUMBER, NAME], [(1, stored)], code_page=code_page)

    assert rows(read(opened(tmp_path, encoding))) == [(1, "Größe")]


def test_without_a_code_page_nothing_is_guessed(tmp_path: Path) -> None:
    """A text beyond ASCII is put aside until the encoding is said."""
    write_table(tmp_path / "items.dbf", [NUMBER, NAME], [(1, DOS), (2, b"Plain")], code_page=0)

    batches = read(opened(tmp_path))

    assert rows(batches) == [(2, "Plain")]
    assert [reject.code for batch in batches for reject in batch.rejects] == ["dbase.value"]


def test_a_packed_table_is_read_anew(tmp_path: Path) -> None:
    """Packing moves records: a reading that stood behind them starts again, and misses none."""
    records = [(number,) for number in range(1, 8)]
    write_table(tmp_path / "items.dbf", [NUMBER], records, deleted=[0, 1])
    adapter = opened(tmp_path)
    reading = adapter.read("items", Slice())

    first = next(reading)
    write_table(tmp_path / "items.dbf", [NUMBER], records[2:])
    rest = list(reading)

    assert {number for (number,) in rows([first, *rest])} >= {3, 4, 5, 6, 7}


def test_memos_are_left_out_and_told(tmp_path: Path) -> None:
    """Their texts are in another file: the column is not there, and ``check`` says so."""
    write_table(
        tmp_path / "items.dbf", [NUMBER, Field("NOTES", "M", 10), NAME], [(1, b"", "Meyer")]
    )
    adapter = opened(tmp_path)

    (check,) = adapter.check().streams

    assert check.ok
    assert check.remarks == ("NOTES is kept in another file and not read",)
    assert rows(read(adapter)) == [(1, "Meyer")]


def test_a_field_that_is_gone_is_drift(tmp_path: Path) -> None:
    """What the mapping needs and the table lacks is named, by check and by reading."""
    write_table(tmp_path / "items.dbf", [NUMBER, NAME], [(1, "Meyer")])
    adapter = opened(tmp_path, columns=["NAMES"])

    (check,) = adapter.check().streams
    with pytest.raises(DriftError) as caught:
        read(adapter)

    assert not check.ok
    assert "NAMES" in check.problem
    assert caught.value.code == "dbase.field"


BROKEN = {
    "empty": lambda whole: b"",
    "no header": lambda whole: whole[:20],
    "no fields": lambda whole: whole[:32],
    "cut records": lambda whole: whole[:-8],
    "text": lambda whole: b"No;Name\r\n1;Meyer\r\n" * 3,
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_table_is_refused(tmp_path: Path, how: str) -> None:
    """A file that is none, or shorter than its header says, is no table that ends early."""
    file = tmp_path / "items.dbf"
    write_table(file, [NUMBER, NAME], [(1, "Meyer"), (2, "Schmidt")])
    file.write_bytes(BROKEN[how](file.read_bytes()))

    with pytest.raises(MidspanError) as caught:
        read(opened(tmp_path))

    assert caught.value.code == "dbase.broken"


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """A share that is not mounted is no folder without tables."""
    connection = Connection("legacy", "file", extra={"path": str(tmp_path / "gone")})
    text = SYSTEM.format(encoding="")
    adapter = adapter_from_yaml(DbaseAdapter, text, tmp_path, connection, CountingGate())

    with pytest.raises(ProtocolError, match="gone is not there"):
        adapter.check()
