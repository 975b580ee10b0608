"""Sets of rows in and out of a store, the fast way each database has."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, Result, Table, Text, func, insert, literal, select
from sqlalchemy import cast as sql_cast

T = TypeVar("T")


def bulk_insert(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Append rows, given in the order of ``columns``, by COPY or by executemany."""
    if connection.dialect.name == "postgresql":
        _copy(connection, table, columns, rows)
        return
    values = [dict(zip(columns, row, strict=True)) for row in rows]
    if values:
        connection.execute(insert(table), values)


def upsert(connection: Connection, table: Table) -> Any:
    """Return an INSERT that knows ON CONFLICT, in the connection's dialect."""
    # A dialect costs a tenth of a second to import: only the one in use is.
    dialect = import_module(f"sqlalchemy.dialects.{connection.dialect.name}")
    return dialect.insert(table)


def json_text(connection: Connection, text: ColumnElement[str]) -> ColumnElement[str]:
    """Return an expression for ``text`` as JSON writes it, quoted and escaped."""
    if connection.dialect.name == "postgresql":
        return cast("ColumnElement[str]", sql_cast(func.to_json(text), Text))
    return cast("ColumnElement[str]", func.json_quote(text))


def gather_statistics(connection: Connection, *tables: Table) -> None:
    """Tell the planner what freshly filled tables hold, in the caller's transaction.

    PostgreSQL knows nothing of rows that were just written, and plans as if there were few.
    """
    preparer = connection.dialect.identifier_preparer
    for table in tables if connection.dialect.name == "postgresql" else ():
        connection.exec_driver_sql(f"ANALYZE {preparer.format_table(table)}")


def is_empty(connection: Connection, table: Table) -> bool:
    """Return whether a table holds no row at all."""
    return connection.execute(select(literal(1)).select_from(table).limit(1)).first() is None


@contextmanager
def indexed_afterwards(connection: Connection, table: Table) -> Iterator[None]:
    """Fill an empty table inside this context; its indexes are built once, when it is full.

    Who reads the table waits for the end of the caller's transaction. A table that is not
    empty keeps its indexes.
    """
    indexes = sorted(table.indexes, key=lambda one: str(one.name))
    late = indexes if is_empty(connection, table) else []
    for index in late:
        index.drop(connection)
    yield
    for index in late:
        index.create(connection)


def mappings(result: Result[Any]) -> list[Mapping[str, Any]]:
    """Return a result's rows by column name."""
    return cast("list[Mapping[str, Any]]", result.mappings().all())


def chunked(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield ``items`` in lists of at most ``size``."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _copy(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    preparer = connection.dialect.identifier_preparer
    target = preparer.format_table(table)
    names = ", ".join(preparer.quote(name) for name in columns)
    binders = [_binder(connection, table, name) for name in columns]
    cursor: Any = connection.connection.cursor()
    with cursor.copy(f"COPY {target} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(
                [
                    value if bind is None or value is None else bind(value)
                    for bind, value in zip(binders, row, strict=True)
                ]
            )
    cursor.close()


def _binder(connection: Connection, table: Table, name: str) -> Any:
    # The type as this dialect has it: the generic decimal would pass through a float.
    return table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
