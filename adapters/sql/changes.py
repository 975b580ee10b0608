"""The statements that change a stream's records, and those that prove that one may.

Guarantee: names are quoted and values bound; an update or a delete names one record by its
whole key and keeps to the stream's ``where``. The proving ones touch no row.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from adapters.base import BoundStream
from adapters.sql.driver import Driver
from adapters.sql.spec import SqlSpec, SqlStreamSpec
from adapters.sql.stamps import bound
from adapters.sql.statements import Statements, table_of
from adapters.sql.values import Kind
from midspan.kernel.stream import Key
from midspan.kernel.writing import Record, WriteKind, WriteOperation

RIGHT_OF: dict[WriteKind, str] = {"create": "INSERT", "update": "UPDATE", "delete": "DELETE"}


def written_table(options: SqlStreamSpec) -> str | None:
    """Return the table that changes go to, None where the stream reads a query alone."""
    return options.into or options.table


class Changes:
    """Builds one stream's changes; ``target`` is what messages call its table."""

    def __init__(self, spec: SqlSpec, stream: BoundStream, driver: Driver) -> None:
        options: SqlStreamSpec = stream.options
        self._driver = driver
        self._spec, self._stream = spec, stream
        self._options = replace(
            options, table=written_table(options), query=None, params={}, into=None
        )
        self.target, _ = table_of(spec, self._options, self._options.table or "", ())

    def change(
        self, operation: WriteOperation, values: Record, kinds: list[Kind]
    ) -> sa.Insert | sa.Update | sa.Delete:
        """Return the statement of one change."""
        if operation.kind == "create":
            whole = self._whole(values)
            return self._on(whole).table.insert().values(self._bound(whole))
        statements = self._on(values)
        named = (statements.named([operation.key or ()], kinds), *statements.where)
        if operation.kind == "delete":
            return statements.table.delete().where(*named)
        return statements.table.update().values(self._bound(values)).where(*named)

    def count(self, key: Key, kinds: list[Kind]) -> sa.Select[Any]:
        """Return the statement that counts the records a key names."""
        statements = self._on(())
        return statements.count().where(statements.named([key], kinds))

    def proof(self, kind: WriteKind) -> sa.Insert | sa.Update | sa.Delete:
        """Return a statement that needs the same right as a change, and changes no row."""
        write = self._stream.write
        name = (write.reference if write else None) or self._stream.primary_key[0]
        table = self._on((name,)).table
        if kind == "create":
            nothing = sa.select(table.c[name]).where(sa.false())
            return table.insert().from_select([name], nothing)
        if kind == "update":
            return table.update().values({name: table.c[name]}).where(sa.false())
        return table.delete().where(sa.false())

    def _whole(self, values: Record) -> Record:
        """Return a create's values with those that a record of this stream must have."""
        told = {
            name: value
            for name, value in self._options.where.items()
            if isinstance(value, str | int | float)
        }
        return {**told, **values}

    def _bound(self, values: Record) -> dict[str, Any]:
        return {name: bound(self._driver.value(value)) for name, value in values.items()}

    def _on(self, names: Iterable[str]) -> Statements:
        """Return the statements of the table that is written, which know some more columns."""
        table = replace(self._stream, options=self._options, columns=(), cursor=None)
        return Statements(self._spec, table, tuple(names))
