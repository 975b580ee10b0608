"""SQLite: a file that others write while it is read.

Guarantee: the file is read by connections that cannot write, and no statement outlives its
batch, since an open one keeps writers waiting. Values arrive as they are stored; dates are
texts there.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from sqlite3 import OperationalError
from typing import Any, ClassVar
from urllib.parse import quote

from sqlalchemy import URL, Connection
from sqlalchemy.sql.selectable import Select

from adapters.sql.driver import Care, Driver, RowStream, Unreadable, compiled, raw
from adapters.sql.values import Kind, as_iso_text, decoder
from config.connections import Connection as Place
from midspan.kernel.gate import Timeouts
from midspan.kernel.stream import Row


class SqliteDriver(Driver):
    """Reads through Python's own sqlite3."""

    row_values: ClassVar[bool] = True
    short_queries: ClassVar[bool] = True
    careful: ClassVar[bool] = True
    transactional: ClassVar[bool] = True
    clock: ClassVar[str | None] = "SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')"
    times_are_texts: ClassVar[bool] = True
    never_times: ClassVar[tuple[Any, ...]] = (0,)

    def url(self, place: Place, *, writing: bool = False) -> URL:
        """Return the file of the connection's extra ``path``, of its host, or of its schema."""
        path = str(place.extra.get("path") or place.host or f"/{place.schema}")
        file = quote(str(Path(path).absolute()))
        query = {"mode": "rw" if writing else "ro", "uri": "true"}
        return URL.create(self.name, database=f"file:{file}", query=query)

    def connect_arguments(self, timeouts: Timeouts) -> dict[str, Any]:
        """Wait for a writer as long as for an answer; let any thread cancel."""
        return {"timeout": timeouts.read, "check_same_thread": False}

    def value(self, value: Any) -> Any:
        """Return a value to bind; what SQLite has no type for as its text."""
        if isinstance(value, date | time):
            return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
        return str(value) if isinstance(value, Decimal) else super().value(value)

    def kinds(self, description: Sequence[Sequence[Any]]) -> list[Kind]:
        """Return that each value tells its own type."""
        return [Kind.BYTES_OR_TEXT for _ in description]

    def lower(self, bound: Any) -> Any:
        """Return a moment as the text that SQLite's own functions write."""
        return as_iso_text(bound)

    def open(
        self, connection: Connection, statement: Select[Any], size: int, *, care: Care
    ) -> RowStream:
        """Start a statement."""
        if not self.native:
            return super().open(connection, statement, size, care=care)
        own = raw(connection)
        marks = Care.TEXTS in care or bool(self.encoding)
        own.text_factory = decoder(self.encoding or "utf-8") if marks else str
        return _SqliteStream(own, *compiled(connection, statement), marks=marks)

    def cancel(self, connection: Connection) -> None:
        """Interrupt the statement."""
        raw(connection).interrupt()


class _SqliteStream:
    def __init__(self, own: Any, text: str, values: Any, *, marks: bool) -> None:
        self.marks = marks
        self._own = own
        self._cursor = own.cursor()
        self._do(self._cursor.execute, text, values)

    def fetch(self, count: int) -> list[Row]:
        rows: list[Row] = self._do(self._cursor.fetchmany, count)
        return rows

    def close(self) -> None:
        self._cursor.close()
        self._own.rollback()

    def leave(self) -> None:
        self._cursor.close()

    def _do(self, act: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return act(*arguments)
        except OperationalError as error:
            if "Could not decode" in str(error):
                raise Unreadable(error) from error
            raise
