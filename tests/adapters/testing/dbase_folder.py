"""A FoxPro application's folder, as the conformance suite needs it: it writes .dbf files."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from adapters.base import Adapter
from adapters.testing import Counterpart, Sample, adapter_from_yaml
from config.connections import Connection
from config.model import CursorConfig
from midspan.kernel.gate import Gate
from midspan.kernel.stream import Key
from midspan_dbase import DbaseAdapter

SYSTEM = """
type: dbase
conn_id: legacy
rows_per_batch: 10
streams:
  customers:
    table: KUNDEN.DBF
    primary_key: [NUMMER]
    cursor: {fields: [GEAENDERT], lookback: 0s}
"""


@dataclass(frozen=True)
class Field:
    """A field of a table to be written."""

    name: str
    kind: str
    length: int
    decimals: int = 0


FIELDS = (
    Field("NUMMER", "C", 8),
    Field("NAME", "C", 30),
    Field("GEAENDERT", "T", 8),
)


def write_table(
    path: Path,
    fields: Sequence[Field],
    records: Sequence[tuple[Any, ...]],
    *,
    deleted: Sequence[int] = (),
    code_page: int = 0x03,
    version: int = 0x30,
) -> None:
    """Write a table as a FoxPro application does; ``deleted`` records are only marked."""
    first = 32 + 32 * len(fields) + 1
    width = 1 + sum(field.length for field in fields)
    head = struct.pack(
        "<B3BIHH16xBB2x", version, 126, 1, 5, len(records), first, width, 0, code_page
    )
    for field in fields:
        name, kind = field.name.encode("ascii"), field.kind.encode("ascii")
        head += struct.pack("<11sc4xBB14x", name, kind, field.length, field.decimals)
    body = b"".join(
        (b"*" if number in deleted else b" ")
        + b"".join(_bytes(field, value) for field, value in zip(fields, record, strict=True))
        for number, record in enumerate(records)
    )
    path.write_bytes(head + b"\r" + body + b"\x1a")


def _bytes(field: Field, value: Any) -> bytes:
    if isinstance(value, bytes):
        return value.ljust(field.length)
    if isinstance(value, datetime):
        passed = (value - value.replace(hour=0, minute=0, second=0)).total_seconds()
        return struct.pack("<ii", value.toordinal() + 1721425, int(passed * 1000))
    if isinstance(value, date):
        return value.strftime("%Y%m%d").encode("ascii")
    if value is None:
        return b" " * field.length
    text = str(value).encode("cp1252")
    return text.rjust(field.length) if field.kind in "NF" else text.ljust(field.length)


class DbaseFolder(Counterpart):
    """One table of customers; what is deleted is only marked, as applications do."""

    adapter = DbaseAdapter
    stream = "customers"
    source = "KUNDEN.DBF"
    primary_key = ("NUMMER",)
    text = "NAME"
    cursor = CursorConfig(("GEAENDERT",))

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records: dict[int, Sample] = {}
        self._deleted: set[int] = set()
        self.put([])

    def open(
        self, gate: Gate, address: tuple[str, int] | None = None, columns: Sequence[str] = ()
    ) -> Adapter:
        """Return the adapter of the folder."""
        connection = Connection("legacy", "file", extra={"path": str(self.folder)})
        return adapter_from_yaml(DbaseAdapter, SYSTEM, self.folder, connection, gate, columns)

    def put(self, samples: Sequence[Sample]) -> None:
        """Write the table anew."""
        self._records |= {sample.number: sample for sample in samples}
        self._write()

    def remove(self, numbers: Sequence[int]) -> None:
        """Mark records as deleted."""
        self._deleted |= set(numbers)
        self._write()

    def key(self, number: int) -> Key:
        """Return the customer's number."""
        return (f"K{number:05d}",)

    def texts(self) -> Sequence[str]:
        """Return the names of the customers that are not deleted."""
        return [
            sample.text for sample in self._records.values() if sample.number not in self._deleted
        ]

    def break_stream(self) -> None:
        """Rename the table."""
        (self.folder / "KUNDEN.DBF").rename(self.folder / "KUNDEN.OLD")

    def _write(self) -> None:
        samples = list(self._records.values())
        write_table(
            self.folder / "KUNDEN.DBF",
            FIELDS,
            [
                (*self.key(sample.number), sample.text, sample.stamp.replace(tzinfo=None))
                for sample in samples
            ],
            deleted=[i for i, sample in enumerate(samples) if sample.number in self._deleted],
        )
