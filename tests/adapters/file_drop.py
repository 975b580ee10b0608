"""Builds file adapters over a folder of the test's own, on the disk or behind SFTP."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.file import FileAdapter
from adapters.testing import adapter_from_yaml
from adapters.testing.gates import CountingGate
from config.connections import Connection, parse_connection
from midspan.kernel.stream import Batch, Slice
from tests.adapters.building import Record, records
from tests.adapters.sftp_site import sftp_site

HEAD = """
type: file
conn_id: drop
stable_for: 20ms
streams:
  rows:
    primary_key: [id]
    cursor: {fields: [_file], type: string}
"""


@dataclass
class Drop:
    """A folder, and what is needed to read it."""

    folder: Path
    home: Path
    connection: Connection

    def put(self, name: str, content: bytes | str) -> Path:
        """Drop a file."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def adapter(self, keys: str, *, columns: Sequence[str] = (), batch: int = 5000) -> FileAdapter:
        """Return an adapter of one stream with these keys, a YAML line each."""
        head = HEAD.replace("stable_for", f"rows_per_batch: {batch}\nstable_for")
        lines = "".join(f"    {line}\n" for line in keys.strip().splitlines())
        made = adapter_from_yaml(
            FileAdapter,
            head + lines,
            self.home,
            self.connection,
            CountingGate(attempts=3),
            columns,
        )
        assert isinstance(made, FileAdapter)
        return made

    def read(self, keys: str, content: bytes | str, name: str = "f_1") -> list[Batch]:
        """Drop one file and read it."""
        self.put(name, content)
        return list(self.adapter(f"files: f_*\n{keys}").read("rows", Slice()))


@contextmanager
def drop_of(kind: str, home: Path) -> Iterator[Drop]:
    """Make a drop of a kind: ``local`` or ``sftp``."""
    folder = home / "drop zone"
    folder.mkdir()
    if kind == "local":
        yield Drop(folder, home, parse_connection("drop", f"file://{folder}"))
        return
    with sftp_site(folder) as site:
        yield Drop(folder, home, site.connection())


def plain(batches: Sequence[Batch]) -> list[Record]:
    """Return all rows without what the adapter adds."""
    return [
        {name: value for name, value in row.items() if name not in ("_file", "_line")}
        for row in records(batches)
    ]


def refused(batches: Sequence[Batch]) -> list[tuple[str, bytes, str]]:
    """Return all rejects as code, bytes and place."""
    return [(one.code, one.raw, one.where) for batch in batches for one in batch.rejects]
