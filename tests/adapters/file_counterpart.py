"""A folder with a list that is written anew at each change, as the conformance suite needs it."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from adapters.base import Adapter
from adapters.file import FileAdapter
from adapters.testing import Counterpart, Sample, adapter_from_yaml, through
from adapters.testing.counterpart import Transport
from config.connections import Connection
from config.model import CursorConfig
from midspan.kernel.gate import Gate
from midspan.kernel.stream import Key
from tests.adapters.sftp_site import PASSWORD, SftpSite

SYSTEM = """
type: file
conn_id: legacy
stable_for: 1ms
rows_per_batch: 10
streams:
  customers:
    primary_key: [id]
    cursor: {fields: [changed_at], format: "%Y-%m-%d %H:%M:%S"}
    files: customers.csv
    format: csv
"""


class LocalList(Counterpart):
    """A CSV file on the disk, whose rows say when they were changed."""

    adapter = FileAdapter
    stream = "customers"
    source = "customers.csv"
    primary_key = ("id",)
    text = "name"
    cursor = CursorConfig(("changed_at",), format="%Y-%m-%d %H:%M:%S")
    connection: Connection

    def __init__(self, home: Path) -> None:
        self._home = home
        self._rows: dict[int, Sample] = {}
        self.folder = home / "drop"
        self.folder.mkdir()
        self._write()
        self.connection = Connection("legacy", "file", extra={"path": str(self.folder)})

    def open(
        self,
        gate: Gate,
        address: tuple[str, int] | None = None,
        columns: Sequence[str] = (),
    ) -> Adapter:
        """Return an adapter of the folder."""
        place = through(self.connection, address)
        return adapter_from_yaml(FileAdapter, SYSTEM, self._home, place, gate, columns)

    def put(self, samples: Sequence[Sample]) -> None:
        """Write the list anew, with these records."""
        self._rows |= {sample.number: sample for sample in samples}
        self._write()

    def remove(self, numbers: Sequence[int]) -> None:
        """Write the list anew, without these records."""
        for number in numbers:
            del self._rows[number]
        self._write()

    def key(self, number: int) -> Key:
        """Return a record's key: the file holds texts."""
        return (str(number),)

    def texts(self) -> Sequence[str]:
        """Return what stands in the file."""
        lines = (self.folder / self.source).read_text().splitlines()[1:]
        return [line.split(",")[1] for line in lines]

    def break_stream(self) -> None:
        """Send a list without its columns."""
        (self.folder / self.source).write_text("nothing;of;it\n1;2;3\n")

    def close(self) -> None:
        """End what serves the folder."""

    def _write(self) -> None:
        lines = [
            f"{row.number},{row.text},{row.stamp:%Y-%m-%d %H:%M:%S}\n"
            for row in self._rows.values()
        ]
        file = self.folder / self.source
        file.write_text("id,name,changed_at\n" + "".join(lines))
        # So long ago that even a clock in another zone has it at rest.
        with suppress(OSError):
            os.utime(file, (1_700_000_000, 1_700_000_000))


class SftpList(LocalList):
    """The same behind SFTP."""

    transport: ClassVar[Transport | None] = "tcp"
    own_loggers = ("tests.sftp",)
    secrets = (PASSWORD,)

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._site = SftpSite(self.folder)
        self.connection = self._site.connection()

    @property
    def address(self) -> tuple[str, int] | None:
        """Return where the server listens."""
        return "127.0.0.1", self._site.port

    def close(self) -> None:
        """Stop the server."""
        self._site.close()
