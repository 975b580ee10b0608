"""The folder of a connection: which tables it holds, and one of them open at a time.

Guarantee: the operating system's errors become ours here, and nowhere else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.connections import Connection
from midspan.kernel.errors import AccessDenied, ProtocolError, TransientError
from midspan_dbase.table import Table, open_table


class Folder:
    """Names are found whatever the case of their letters: DOS kept none."""

    def __init__(self, connection: Connection, encoding: str | None) -> None:
        path = str(connection.extra.get("path") or "")
        self._path = Path(path or f"/{connection.schema.lstrip('/')}")
        self._encoding = encoding

    def names(self) -> list[str]:
        """Return the names of all tables."""
        with _translated(self._path):
            found = [path.name for path in self._path.iterdir()]
        return sorted(name for name in found if name.lower().endswith(".dbf"))

    @contextmanager
    def open(self, name: str) -> Iterator[Table]:
        """Open a table; what fails while it is read is translated too."""
        found = [each for each in self.names() if each.lower() == name.lower()]
        path = self._path / (found[0] if found else name)
        with _translated(path), path.open("rb") as file:
            yield open_table(file, path.name, self._encoding)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise ProtocolError(
            "dbase.missing",
            f"{path.name} is not there",
            remedy="Check the connection's path, and that the share is mounted",
        ) from None
    except PermissionError:
        raise AccessDenied(
            "dbase.denied",
            f"{path.name} may not be read",
            remedy="Grant read to the user that runs Midspan",
        ) from None
    except OSError as error:
        raise TransientError(
            "dbase.unreachable", f"{path.name} cannot be read ({type(error).__name__})"
        ) from None
