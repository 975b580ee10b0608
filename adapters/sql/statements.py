"""The statements that read a stream: which rows, in which order, behind which key.

Guarantee: identifiers go through SQLAlchemy's own quoting and every value is bound, except
what stands in the stream's ``query``, which is the project's own text. Rows come in the order
of the key alone: a change of the cursor column moves no row while a slice is read.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError
from sqlalchemy.sql.elements import BindParameter, ColumnElement
from sqlalchemy.sql.selectable import FromClause, Select
from sqlalchemy.types import NullType

from adapters.base import BoundStream
from adapters.sql.spec import SqlSpec, SqlStreamSpec
from adapters.sql.values import Kind, key_values
from config.binding import nearest
from midspan.kernel.errors import MidspanError
from midspan.kernel.stream import Key

_COMPARISONS = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column != value,
    "lt": lambda column, value: column < value,
    "le": lambda column, value: column <= value,
    "gt": lambda column, value: column > value,
    "ge": lambda column, value: column >= value,
    "like": lambda column, value: column.like(value),
}


class Statements:
    """Builds one stream's statements; ``target`` is what messages call its table."""

    def __init__(self, spec: SqlSpec, stream: BoundStream) -> None:
        options: SqlStreamSpec = stream.options
        cursor = stream.cursor.fields if stream.cursor else ()
        self.columns = tuple(dict.fromkeys((*stream.primary_key, *cursor, *stream.columns)))
        names = dict.fromkeys((*self.columns, *options.where))
        self.target, self._source = _source(spec, stream.name, options, list(names))
        self._key = [self._source.c[name] for name in stream.primary_key]
        self._cursor = [self._source.c[name] for name in cursor]
        self._where = [
            condition
            for name, wanted in options.where.items()
            for condition in _conditions(stream.name, self._source.c[name], wanted)
        ]

    def describe(self) -> Select[Any]:
        """Return the statement that finds no row and tells the columns' types."""
        return self._select(self.columns).where(sa.false())

    def one(self) -> Select[Any]:
        """Return the statement that reads one row, any."""
        return self._select(self.columns).where(*self._where).limit(1)

    def count(self) -> Select[Any]:
        """Return the statement that counts all rows."""
        return sa.select(sa.func.count()).select_from(self._source).where(*self._where)

    def page(
        self, columns: Sequence[str], lower: Any, after: Key | None, limit: int, *, row_values: bool
    ) -> Select[Any]:
        """Return the rows at ``lower`` or later, behind the key ``after``, in key order."""
        statement = self._select(columns).where(*self._where)
        if lower is not None:
            statement = statement.where(self._since(lower))
        if after is not None:
            statement = statement.where(self._behind(after, row_values))
        return statement.order_by(*self._key).limit(limit)

    def records(self, keys: Sequence[Key], kinds: Sequence[Kind]) -> Select[Any]:
        """Return the rows that ``keys`` name; ``kinds`` are those of the key's columns."""
        statement = self._select(self.columns).where(*self._where)
        if len(self._key) == 1:
            wanted = [_bound(one) for key in keys for one in key_values(key[0], kinds[0])]
            return statement.where(self._key[0].in_(wanted))
        named = []
        for key in keys:
            parts = zip(self._key, key, kinds, strict=True)
            named.append(
                sa.and_(
                    *(
                        column.in_([_bound(one) for one in key_values(part, kind)])
                        for column, part, kind in parts
                    )
                )
            )
        return statement.where(sa.or_(*named))

    def _select(self, columns: Sequence[str]) -> Select[Any]:
        return sa.select(*(self._source.c[name] for name in columns))

    def _since(self, lower: Any) -> ColumnElement[bool]:
        """Return the test of the first cursor field that holds a value.

        A row without any is read each time: nothing tells whether it has changed.
        """
        earlier: list[ColumnElement[bool]] = []
        ways: list[ColumnElement[bool]] = []
        for column in self._cursor:
            ways.append(sa.and_(*earlier, column >= _bound(lower)))
            earlier.append(column.is_(None))
        return sa.or_(*ways, sa.and_(*earlier))

    def _behind(self, after: Key, row_values: bool) -> ColumnElement[bool]:
        values = [_bound(part) for part in after]
        if len(values) == 1:
            return self._key[0] > values[0]
        if row_values:
            return sa.tuple_(*self._key) > sa.tuple_(*values)
        equal: list[ColumnElement[bool]] = []
        ways: list[ColumnElement[bool]] = []
        for column, part in zip(self._key, after, strict=True):
            ways.append(sa.and_(*equal, column > _bound(part)))
            equal.append(column == _bound(part))
        return sa.or_(*ways)


def _source(
    spec: SqlSpec, stream: str, options: SqlStreamSpec, names: Sequence[str]
) -> tuple[str, FromClause]:
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in names]
    if (options.table is None) == (options.query is None):
        raise MidspanError(
            "sql.source",
            f"the stream '{stream}' needs either a table or a query",
            remedy="Give one of the two",
        )
    if options.query is not None:
        return f"the query of '{stream}'", _subquery(stream, options, columns)
    schema, name = options.schema or spec.schema, options.table or ""
    if options.schema is None and "." in name:
        schema, _, name = name.rpartition(".")
    return f"{schema}.{name}" if schema else name, sa.table(name, *columns, schema=schema)


def _subquery(
    stream: str, options: SqlStreamSpec, columns: Sequence[sa.ColumnClause[Any]]
) -> FromClause:
    text = sa.text((options.query or "").strip().rstrip(";"))
    values = [sa.bindparam(name, value, type_=NullType()) for name, value in options.params.items()]
    try:
        text = text.bindparams(*values)
    except ArgumentError:
        raise MidspanError(
            "sql.params",
            f"the params of the stream '{stream}' are not those of its query",
            remedy="Write :name in the query for each of them",
        ) from None
    return text.columns(*columns).subquery("q")


def _conditions(stream: str, column: ColumnElement[Any], wanted: Any) -> list[ColumnElement[bool]]:
    if wanted is None:
        return [column.is_(None)]
    if isinstance(wanted, Mapping):
        return [_comparison(stream, column, name, value) for name, value in wanted.items()]
    if isinstance(wanted, list | tuple):
        return [column.in_([_bound(value) for value in wanted])]
    return [column == _bound(wanted)]


def _comparison(
    stream: str, column: ColumnElement[Any], name: str, value: Any
) -> ColumnElement[bool]:
    if name not in _COMPARISONS:
        raise MidspanError(
            "sql.where",
            f"the stream '{stream}' compares with '{name}', which is none of the comparisons",
            remedy=nearest(name, list(_COMPARISONS)),
        )
    if value is None:
        return column.is_not(None) if name == "ne" else column.is_(None)
    condition: ColumnElement[bool] = _COMPARISONS[name](column, _bound(value))
    return condition


def _bound(value: Any) -> BindParameter[Any]:
    # Without a type: a cast of SQLAlchemy's guess would keep the column from comparing.
    return sa.bindparam(None, value, type_=NullType(), unique=True)
