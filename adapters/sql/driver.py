"""What the adapter needs of a database beyond SQLAlchemy's own: one class for each kind.

Guarantee: ``Driver`` itself reads from whatever database SQLAlchemy knows, row by row from
the server where its driver can; the siblings (``postgres``, ``mysql``, ``sqlite``) override
what they do faster or better, and nothing of a particular database is written elsewhere.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Flag, auto
from sqlite3 import OperationalError
from typing import Any, ClassVar, Protocol

from sqlalchemy import URL, Connection, Executable
from sqlalchemy.engine import CursorResult, Inspector
from sqlalchemy.sql.selectable import Select

from adapters.sql.values import Kind
from config.connections import Connection as Place
from midspan.kernel.gate import Timeouts
from midspan.kernel.stream import Row

OWN_EXTRAS = frozenset({"driver", "path"})

_PYTHON_KINDS = {
    int: Kind.INTEGER,
    Decimal: Kind.DECIMAL,
    str: Kind.TEXT,
    bytes: Kind.BYTES,
    bytearray: Kind.BYTES,
    datetime: Kind.LOCAL,
    date: Kind.DATE,
}


class Care(Flag):
    """What is loaded slowly, since the fast way failed at a value.

    With ``MOMENTS`` a date that is none arrives as its text; with ``TEXTS`` those that cannot
    be decoded are marked.
    """

    NONE = 0
    MOMENTS = auto()
    TEXTS = auto()


class Unreadable(Exception):
    """A value of a block has no Python value of its type: read the block with ``care``."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.care = Care.MOMENTS
        if isinstance(error, UnicodeDecodeError | OperationalError):
            self.care = Care.TEXTS


class RowStream(Protocol):
    """Rows on their way from one statement; ``marks``: undecodable texts are marked in them."""

    marks: bool

    def fetch(self, count: int) -> list[Row]:
        """Return the next rows; fewer than ``count`` only at the end."""
        ...

    def close(self) -> None:
        """Give up what the statement holds on the connection, after its end."""
        ...

    def leave(self) -> None:
        """Let go of the rest of the rows, after the statement was cancelled."""
        ...


class Driver:
    """Reads by SQLAlchemy alone.

    ``row_values``: ``(a, b) > (1, 2)`` is understood and uses an index. ``short_queries``: a
    statement must not outlive its batch. ``clock`` asks for the server's time. ``careful``:
    the driver can mark undecodable texts instead of failing. ``transactional``: what was not
    committed did certainly not happen. ``never_times`` are values of a column of times that are
    none, ``timeless`` words that such a column knows beside times. ``times_are_texts``: there are
    no types for times and truth values, so that texts hold them.
    """

    row_values: ClassVar[bool] = False
    short_queries: ClassVar[bool] = False
    careful: ClassVar[bool] = False
    transactional: ClassVar[bool] = False
    clock: ClassVar[str | None] = None
    never_times: ClassVar[tuple[Any, ...]] = ()
    timeless: ClassVar[tuple[str, ...]] = ()
    times_are_texts: ClassVar[bool] = False

    def __init__(self, name: str, encoding: str | None, *, native: bool = True) -> None:
        self.name = name
        self.encoding = encoding
        self.native = native

    def url(self, place: Place, *, writing: bool = False) -> URL:
        """Return where the database is; the connection's extras go to the driver."""
        del writing
        query = {key: str(value) for key, value in place.extra.items() if key not in OWN_EXTRAS}
        return URL.create(
            self.name,
            place.login or None,
            place.password.reveal() or None,
            place.host or None,
            place.port,
            place.schema or None,
            query,
        )

    def connect_arguments(self, timeouts: Timeouts) -> dict[str, Any]:
        """Return the driver's own arguments that bound the connection."""
        del timeouts
        return {}

    def prepare(self, connection: Connection, timeouts: Timeouts, *, writing: bool) -> None:
        """Set up a new connection; it may change nothing unless it is ``writing``."""

    def value(self, value: Any) -> Any:
        """Return a value as a statement that writes binds it."""
        if isinstance(value, Mapping | list | tuple):
            return json.dumps(value, ensure_ascii=False, default=str)
        return value

    def schemas(self, inspector: Inspector) -> list[str | None]:
        """Return the schemas to discover; None is the connection's own."""
        del inspector
        return [None]

    def row_counts(self, schema: str | None) -> Executable | None:
        """Return the statement that tells tables and rows by statistics, None without any."""
        del schema
        return None

    def kinds(self, description: Sequence[Sequence[Any]]) -> list[Kind]:
        """Return what the columns of a result hold, as far as the driver tells."""
        return [
            _PYTHON_KINDS.get(column[1], Kind.OTHER) if isinstance(column[1], type) else Kind.OTHER
            for column in description
        ]

    def lower(self, bound: Any) -> Any:
        """Return a lower bound in the form that this database compares."""
        return bound

    def instant(self, told: Any) -> datetime | None:
        """Return the clock's answer, aware; databases are asked for UTC."""
        if isinstance(told, str):
            told = datetime.fromisoformat(told)
        if not isinstance(told, datetime):
            return None
        return told if told.tzinfo else told.replace(tzinfo=UTC)

    def open(
        self, connection: Connection, statement: Select[Any], size: int, *, care: Care
    ) -> RowStream:
        """Start a statement whose rows stay with the server until they are fetched.

        Its ``fetch`` raises Unreadable for a block that has to be read with more care.
        """
        del care
        return _AlchemyStream(connection, statement, size)

    def cancel(self, connection: Connection) -> None:
        """End what the server does for this connection; called from any thread."""


class _AlchemyStream:
    marks = False

    def __init__(self, connection: Connection, statement: Select[Any], size: int) -> None:
        options = {"stream_results": True, "max_row_buffer": size}
        self._connection = connection
        self._result: CursorResult[Any] = connection.execute(statement, execution_options=options)

    def fetch(self, count: int) -> list[Row]:
        return [tuple(row) for row in self._result.fetchmany(count)]

    def close(self) -> None:
        self._result.close()
        self._connection.rollback()

    def leave(self) -> None:
        self._result.close()


class CursorStream:
    """Rows of a DB-API cursor; ``failures`` are its errors about a value's form."""

    def __init__(
        self,
        cursor: Any,
        done: Callable[[], None],
        failures: tuple[type[Exception], ...],
        *,
        marks: bool,
    ) -> None:
        self.marks = marks
        self._cursor = cursor
        self._done = done
        self._failures = failures

    def fetch(self, count: int) -> list[Row]:
        """Return the next rows; fewer than ``count`` only at the end."""
        try:
            return list(self._cursor.fetchmany(count))
        except self._failures as error:
            raise Unreadable(error) from error

    def close(self) -> None:
        """Close the cursor and end the transaction."""
        self._cursor.close()
        self._done()

    def leave(self) -> None:
        """Do nothing: closing the cursor would read all of its rows."""


def compiled(connection: Connection, statement: Select[Any]) -> tuple[str, Any]:
    """Return a statement's text and its parameters as the connection's driver takes them."""
    text = statement.compile(dialect=connection.dialect)
    values = text.construct_params()
    if text.positiontup is not None:
        return str(text), [values[name] for name in text.positiontup]
    return str(text), values


def raw(connection: Connection) -> Any:
    """Return the driver's own connection."""
    return connection.connection.driver_connection
