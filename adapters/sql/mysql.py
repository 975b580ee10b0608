"""MariaDB and MySQL: rows stream from the server, through mysqlclient or else PyMySQL.

Guarantee: a statement is one read-only transaction and one snapshot. TIMESTAMP arrives aware
in UTC, DATETIME as it stands there; a date that is none (``0000-00-00``) and TIME arrive as
their text, so that the mapping decides. ``tinyint(1)`` stays a number.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import Connection, Executable, text
from sqlalchemy.engine import Inspector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.selectable import Select

from adapters.sql.driver import Care, CursorStream, Driver, RowStream, compiled, raw
from adapters.sql.values import Kind, decoder
from midspan.kernel.gate import Timeouts

_MARIADB_LIMIT = "SET SESSION max_statement_time = {:.3f}"
_MYSQL_LIMIT = "SET SESSION max_execution_time = {:.0f}"
# Without it, what does not fit is cut off and reported as done.
_STRICT = "SET SESSION sql_mode = CONCAT_WS(',', @@sql_mode, 'STRICT_ALL_TABLES')"
_SYSTEM_SCHEMAS = {"information_schema", "mysql", "performance_schema", "sys"}
_NUMBER = "midspan.number"  # where a connection keeps the server's number for it
_BINARY_FLAG = 128  # of a column: its values are bytes
# The protocol's numbers of column types.
_INTEGERS = (1, 2, 3, 8, 9, 13)
_DECIMALS = (0, 246)
_TIMESTAMP, _DATE, _TIME, _DATETIME, _BIT = 7, 10, 11, 12, 16
_TEXTS = (15, 249, 250, 251, 252, 253, 254)
_KINDS = {
    **dict.fromkeys(_INTEGERS, Kind.INTEGER),
    **dict.fromkeys(_DECIMALS, Kind.DECIMAL),
    **dict.fromkeys(_TEXTS, Kind.BYTES_OR_TEXT),
    _TIMESTAMP: Kind.INSTANT,
    _DATETIME: Kind.LOCAL,
    _DATE: Kind.DATE,
}


class MysqlDriver(Driver):
    """Reads through mysqlclient, or through PyMySQL where that is not installed."""

    # A comparison of rows is understood, but does not use an index.
    row_values: ClassVar[bool] = False
    clock: ClassVar[str | None] = "SELECT UTC_TIMESTAMP(6)"

    @property
    def short_queries(self) -> bool:  # type: ignore[override]  # as below
        """Whether a statement ends with its batch: PyMySQL cannot leave rows unread."""
        return self.name.endswith("pymysql")

    @property
    def careful(self) -> bool:  # type: ignore[override]  # only one of its two drivers can
        """Whether undecodable texts can be marked."""
        return self.native and self.name.endswith("mysqldb")

    def connect_arguments(self, timeouts: Timeouts) -> dict[str, Any]:
        """Bound each wait for the server; the drivers count whole seconds."""
        read = max(round(timeouts.read), 1)
        # One statement is one: what stands behind a semicolon would not be read-only for sure.
        single = {"multi_statements": False} if self.name.endswith("mysqldb") else {}
        return {
            **single,
            "charset": "utf8mb4",
            "connect_timeout": max(round(timeouts.connect), 1),
            "read_timeout": read,
            "write_timeout": read,
        }

    def prepare(self, connection: Connection, timeouts: Timeouts, *, writing: bool) -> None:
        """Set the time limit, UTC, reading alone or strict writing, and how values arrive."""
        own = raw(connection)
        # Noted now: while another thread reads, the driver refuses to tell it.
        connection.info[_NUMBER] = int(own.thread_id())
        cursor = own.cursor()
        is_mariadb = bool(getattr(connection.dialect, "is_mariadb", False))
        limit, unit = (_MARIADB_LIMIT, 1) if is_mariadb else (_MYSQL_LIMIT, 1000)
        cursor.execute(limit.format(timeouts.total * unit))
        cursor.execute("SET SESSION time_zone = '+00:00'")
        cursor.execute(_STRICT if writing else "SET SESSION TRANSACTION READ ONLY")
        if self.encoding and self.careful:
            cursor.execute("SET SESSION character_set_results = NULL")
        cursor.close()
        converters = own.converter if hasattr(own, "converter") else own.decoders
        converters |= {_TIME: str, _BIT: _number}
        converters |= {number: _or_text(parse) for number, parse in _MOMENTS.items()}

    def value(self, value: Any) -> Any:
        """Return a value to bind; an instant in the session's zone, which is UTC."""
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC).replace(tzinfo=None)
        return super().value(value)

    def schemas(self, inspector: Inspector) -> list[str | None]:
        """Return the connection's own database; every one where it names none."""
        if inspector.default_schema_name:
            return [None]
        return [name for name in inspector.get_schema_names() if name not in _SYSTEM_SCHEMAS]

    def row_counts(self, schema: str | None) -> Executable:
        """Return the statement that tells InnoDB's estimates, and other engines' counts."""
        statement = "SELECT table_name, table_rows FROM information_schema.tables"
        statement += " WHERE table_schema = coalesce(:schema, database())"
        return text(f"{statement} AND table_rows IS NOT NULL").bindparams(schema=schema)

    def kinds(self, description: Sequence[Sequence[Any]]) -> list[Kind]:
        """Return what the columns hold, by the protocol's types."""
        return [_KINDS.get(column[1], Kind.OTHER) for column in description]

    def open(
        self, connection: Connection, statement: Select[Any], size: int, *, care: Care
    ) -> RowStream:
        """Start a statement whose rows wait in the server."""
        if not self.native:
            return super().open(connection, statement, size, care=care)
        own = raw(connection)
        failures: tuple[type[Exception], ...] = ()
        marks = False
        cursor = own.cursor()
        if self.careful:
            from MySQLdb.cursors import SSCursor

            cursor = own.cursor(SSCursor)
            failures = (UnicodeDecodeError, ValueError)
            marks = Care.TEXTS in care or bool(self.encoding)
            _decode_texts(own, self.encoding or "utf-8", careful=marks)
            _parse_moments(own, careful=Care.MOMENTS in care)
        cursor.execute(*compiled(connection, statement))
        return CursorStream(cursor, own.rollback, failures, marks=marks)

    def cancel(self, connection: Connection) -> None:
        """Kill the connection's statement, by way of another connection."""
        number = connection.info.get(_NUMBER)
        # A statement that has just ended, or a server that is gone: there is nothing to kill.
        with suppress(SQLAlchemyError), connection.engine.connect() as beside:
            beside.exec_driver_sql(f"KILL QUERY {number}")


def _decode_texts(own: Any, encoding: str, *, careful: bool) -> None:
    decode: Callable[..., Any] = decoder(encoding) if careful else str
    for number in _TEXTS:
        own.converter[number] = ((_BINARY_FLAG, bytes), (None, decode))


def _parse_moments(own: Any, *, careful: bool) -> None:
    # The parsers themselves, without a function of ours around them, cost half.
    for number, parse in _MOMENTS.items():
        own.converter[number] = _or_text(parse) if careful else parse


def _or_text(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    def convert(told: str) -> Any:
        try:
            return parse(told)
        except ValueError:
            return told

    return convert


def _in_utc(told: str) -> datetime:
    return datetime.fromisoformat(f"{told}+00:00")


def _number(value: bytes) -> int:
    return int.from_bytes(value, "big")


_MOMENTS: dict[int, Callable[[str], Any]] = {
    _DATE: date.fromisoformat,
    _DATETIME: datetime.fromisoformat,
    _TIMESTAMP: _in_utc,
}
