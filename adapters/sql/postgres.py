"""PostgreSQL: rows stream in chunks while the server goes on, values typed by the driver.

Guarantee: a statement is one read-only transaction and one snapshot. Times with a zone arrive
in UTC; what Python has no value for (infinity, years before 1, intervals, ranges) arrives as
its text. In a SQL_ASCII database, where the server knows no encoding, texts are decoded here.
"""

import json
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any, ClassVar

from sqlalchemy import Connection, Executable
from sqlalchemy import text as sql_text
from sqlalchemy.engine import Inspector
from sqlalchemy.sql.selectable import Select

from adapters.sql.driver import Care, Driver, RowStream, Unreadable, compiled, raw
from adapters.sql.values import Kind, Undecodable, decoder
from midspan.kernel.gate import Timeouts
from midspan.kernel.stream import Row

_CHUNK = 1_000
_SYSTEM_SCHEMAS = ("pg_", "information_schema")
_CANCEL_SECONDS = 2.0
_KINDS = {
    **dict.fromkeys((20, 21, 23, 26), Kind.INTEGER),
    **dict.fromkeys((19, 25, 1042, 1043), Kind.TEXT),
    1700: Kind.DECIMAL,
    17: Kind.BYTES,
    1184: Kind.INSTANT,
    1114: Kind.LOCAL,
    1082: Kind.DATE,
}
_AS_TEXT = ("uuid", "time", "timetz", "interval", "inet", "cidr")
_RANGES = ("int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange")
_TEXTS = ("text", "varchar", "bpchar", "name", '"char"', "xml")
_SESSION = (
    "SELECT set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false),"
    " set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, YMD', false),"
    " set_config('application_name', 'midspan', false)"
)


class PostgresDriver(Driver):
    """Reads through psycopg."""

    row_values: ClassVar[bool] = True
    careful: ClassVar[bool] = True
    transactional: ClassVar[bool] = True
    clock: ClassVar[str | None] = "SELECT clock_timestamp()"
    timeless: ClassVar[tuple[str, ...]] = ("infinity", "-infinity")

    def connect_arguments(self, timeouts: Timeouts) -> dict[str, Any]:
        """Bound the connection; a peer that is gone is noticed within the read timeout."""
        third = max(round(timeouts.read / 3), 1)
        return {
            "connect_timeout": max(round(timeouts.connect), 2),  # libpq takes no less
            "keepalives_idle": third,
            "keepalives_interval": third,
            "keepalives_count": 2,
            "tcp_user_timeout": round(timeouts.read * 1000),
            "prepare_threshold": None,
            "client_encoding": "utf8",
        }

    def prepare(self, connection: Connection, timeouts: Timeouts, *, writing: bool) -> None:
        """Set the time limits, UTC, and how values arrive; then allow reading alone."""
        from psycopg.types.json import set_json_loads
        from psycopg.types.string import TextLoader

        own = raw(connection)
        own.autocommit = True
        milliseconds = str(round(timeouts.total * 1000))
        own.execute(_SESSION, (milliseconds, milliseconds))
        own.autocommit = False
        own.read_only = not writing
        set_json_loads(partial(json.loads, parse_float=Decimal), own)
        for name in (*_AS_TEXT, *_RANGES):
            own.adapters.register_loader(name, TextLoader)
        if own.info.parameter_status("server_encoding") == "SQL_ASCII":
            own.execute("SET client_encoding = 'SQL_ASCII'")
            own.commit()

    def value(self, value: Any) -> Any:
        """Return a value to bind; a list is an array."""
        return value if isinstance(value, list) else super().value(value)

    def schemas(self, inspector: Inspector) -> list[str | None]:
        """Return the connection's own schema, and each other one that is not the server's."""
        own = inspector.default_schema_name
        others = [name for name in inspector.get_schema_names() if name != own]
        return [None, *(name for name in others if not name.startswith(_SYSTEM_SCHEMAS))]

    def row_counts(self, schema: str | None) -> Executable:
        """Return the statement that tells what was counted when the tables were analysed."""
        statement = sql_text(
            "SELECT c.relname, c.reltuples FROM pg_class c JOIN pg_namespace n"
            " ON n.oid = c.relnamespace WHERE n.nspname = coalesce(:schema, current_schema())"
            " AND c.relkind IN ('r', 'p', 'm', 'f') AND c.reltuples > 0"
        )
        return statement.bindparams(schema=schema)

    def kinds(self, description: Sequence[Sequence[Any]]) -> list[Kind]:
        """Return what the columns hold, by the types' numbers."""
        return [_KINDS.get(column[1], Kind.OTHER) for column in description]

    def open(
        self, connection: Connection, statement: Select[Any], size: int, *, care: Care
    ) -> RowStream:
        """Start a statement; the server sends on while a block is being worked on."""
        if not self.native:
            return super().open(connection, statement, size, care=care)
        text, values = compiled(connection, statement)
        own = raw(connection)
        cursor = own.cursor()
        ascii_only = own.info.parameter_status("client_encoding") == "SQL_ASCII"
        if ascii_only:
            care |= Care.TEXTS
        if Care.TEXTS in care:
            _mark_texts(cursor.adapters, self.encoding or "utf-8")
        if Care.MOMENTS in care:
            _keep_moments(cursor.adapters)
        stream = _ChunkStream(own, cursor, text, values, min(size, _CHUNK))
        stream.marks = Care.TEXTS in care
        return stream

    def cancel(self, connection: Connection) -> None:
        """Ask the server to end the connection's statement."""
        raw(connection).cancel_safe(timeout=_CANCEL_SECONDS)


class _ChunkStream:
    marks = False

    def __init__(self, own: Any, cursor: Any, text: str, values: Any, chunk: int) -> None:
        from psycopg import DataError, capabilities

        self._own = own
        self._failures = (DataError, UnicodeDecodeError)
        # Before version 17 the client library hands rows over one by one.
        size = chunk if capabilities.has_stream_chunked() else 1
        self._rows = cursor.stream(text, values, size=size)

    def fetch(self, count: int) -> list[Row]:
        from psycopg import DataError

        try:
            return list(islice(self._rows, count))
        except self._failures as error:
            # With a SQLSTATE it is the server's word about the statement, not a value.
            if isinstance(error, DataError) and error.sqlstate:
                raise
            raise Unreadable(error) from error

    def close(self) -> None:
        for _ in self._rows:  # the server's last word; closing before it would cancel
            pass
        self._own.rollback()

    def leave(self) -> None:
        self._rows.close()


def _mark_texts(adapters: Any, encoding: str) -> None:
    """Load texts by ``encoding``, or as undecodable."""
    from psycopg.adapt import Loader

    decode = decoder(encoding)

    class CarefulText(Loader):
        def load(self, data: Any) -> str | Undecodable:
            return decode(bytes(data))

    for name in (0, *_TEXTS, *_AS_TEXT, *_RANGES):
        adapters.register_loader(name, CarefulText)


def _keep_moments(adapters: Any) -> None:
    """Load moments that are beyond Python's as their texts."""
    from psycopg import DataError
    from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader

    def or_text(loader: Any) -> type:
        class CarefulMoment(loader):  # type: ignore[misc]
            def load(self, data: Any) -> Any:
                try:
                    return super().load(data)
                except DataError:
                    return bytes(data).decode("ascii")

        return CarefulMoment

    adapters.register_loader("date", or_text(DateLoader))
    adapters.register_loader("timestamp", or_text(TimestampLoader))
    adapters.register_loader("timestamptz", or_text(TimestamptzLoader))
