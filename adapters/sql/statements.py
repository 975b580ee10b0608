"""The statements that read a stream: which rows, in which order, behind which key.

Guarantee: identifiers go through SQLAlchemy's own quoting and every value is bound, except
what stands in the stream's ``query``, which is the project's own text. Rows come in the order
of the key alone: a change of the cursor column moves no row while a slice is read.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause, Select
from sqlalchemy.types import NullType

from adapters.base import BoundStream
from adapters.sql.spec import SqlSpec, SqlStreamSpec
from adapters.sql.stamps import Stamps, bound
from adapters.sql.values import Kind, key_values
from config.binding import nearest
from midspan.kernel.errors import MidspanError
from midspan.kernel.stream import Key

Order = Callable[[Any], Any]
Compare = Callable[[Any, Any], ColumnElement[bool]]

_COMPARISONS = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column != value,
    "lt": lambda column, value: column < value,
    "le": lambda column, value: column <= value,
    "gt": lambda column, value: column > value,
    "ge": lambda column, value: column >= value,
    "like": lambda column, value: column.like(value),
}


@dataclass(frozen=True, slots=True)
class Span:
    """The keys behind ``after`` and up to ``upto``, that one included; None is unbounded."""

    after: Key | None = None
    upto: Key | None = None


class Statements:
    """Builds one stream's statements; ``target`` is what messages call its table.

    ``columns`` are the key's, the cursor's and those that the stream names; ``extra`` ones are
    compared only.
    """

    def __init__(self, spec: SqlSpec, stream: BoundStream, extra: Sequence[str] = ()) -> None:
        options: SqlStreamSpec = stream.options
        cursor = stream.cursor.fields if stream.cursor else ()
        self.columns = tuple(dict.fromkeys((*stream.primary_key, *cursor, *stream.columns)))
        names = dict.fromkeys((*self.columns, *options.where, *extra))
        self.target, self._source = _source(spec, stream.name, options, list(names))
        self._key = [self._source.c[name] for name in stream.primary_key]
        self._cursor = [self._source.c[name] for name in cursor]
        self.where = [
            condition
            for name, wanted in options.where.items()
            for condition in _conditions(stream.name, self._source.c[name], wanted)
        ]

    def describe(self) -> Select[Any]:
        """Return the statement that finds no row and tells the columns' types."""
        return self._select(self.columns).where(sa.false())

    @property
    def table(self) -> sa.TableClause:
        """Return the table, of a stream that reads one."""
        return cast("sa.TableClause", self._source)

    def whole(self) -> Select[Any]:
        """Return the statement that finds no row and tells every column there is."""
        return sa.select(sa.literal_column("*")).select_from(self._source).where(sa.false())

    def one(self, stamped: Stamps | None = None) -> Select[Any]:
        """Return the statement that reads one row, any, or one that has a stamp."""
        statement = self._select(self.columns).where(*self.where).limit(1)
        return statement.where(stamped.stamped(self._cursor)) if stamped else statement

    def sample(self, rows: int, order: Order | None) -> Select[Any]:
        """Return some rows: the first in one order of the key, or any."""
        statement = self._select(self.columns).where(*self.where).limit(rows)
        return statement.order_by(*map(order, self._key)) if order else statement

    def count_to(self, most: int) -> Select[Any]:
        """Return the statement that counts rows, up to a number."""
        some = sa.select(sa.literal(1).label("one")).select_from(self._source).limit(most)
        return sa.select(sa.func.count()).select_from(some.subquery("some"))

    def count(self) -> Select[Any]:
        """Return the statement that counts all rows."""
        return sa.select(sa.func.count()).select_from(self._source).where(*self.where)

    def page(
        self,
        columns: Sequence[str],
        since: Stamps | None,
        span: Span,
        limit: int,
        *,
        row_values: bool,
    ) -> Select[Any]:
        """Return the rows that changed, all when None, within a span of keys, in key order."""
        statement = self._select(columns).where(*self.where)
        if since is not None:
            statement = statement.where(since.changed(self._cursor))
        if span.after is not None:
            statement = statement.where(self._beyond(span.after, operator.gt, row_values))
        if span.upto is not None:
            statement = statement.where(self._beyond(span.upto, operator.le, row_values))
        return statement.order_by(*self._key).limit(limit)

    def border(self, after: Key | None, rows: int, *, row_values: bool) -> Select[Any]:
        """Return the key that is ``rows`` behind another one, none when fewer are left."""
        names = [column.name for column in self._key]
        statement = self.page(names, None, Span(after), 1, row_values=row_values)
        return statement.offset(rows - 1)

    def keyless(self) -> Select[Any]:
        """Return one row whose key has a part that is null."""
        null = sa.or_(*(column.is_(None) for column in self._key))
        return sa.select(sa.literal(1)).select_from(self._source).where(*self.where, null).limit(1)

    def later(self, since: Stamps) -> Select[Any]:
        """Return one row whose stamp is at the bound or later."""
        tests = since.changed(self._cursor), since.stamped(self._cursor)
        return self._select(self.columns).where(*self.where, *tests).limit(1)

    def carrying(self, field: str, reference: str, limit: int) -> Select[Any]:
        """Return the rows whose ``field`` holds a reference, and ``field`` as their last column.

        Whatever ``where`` says: a record that the source has moved on since is made already.
        """
        statement = self._select((*self.columns, field))
        return statement.where(self._source.c[field] == bound(reference)).limit(limit)

    def records(
        self, keys: Sequence[Key], kinds: Sequence[Kind], since: Stamps | None = None
    ) -> Select[Any]:
        """Return the rows that ``keys`` name; ``kinds`` are those of the key's columns."""
        statement = self._select(self.columns).where(*self.where, self.named(keys, kinds))
        return statement if since is None else statement.where(since.changed(self._cursor))

    def named(self, keys: Sequence[Key], kinds: Sequence[Kind]) -> ColumnElement[bool]:
        """Return the test whether a row is one that ``keys`` name."""
        if len(self._key) == 1:
            wanted = [bound(one) for key in keys for one in key_values(key[0], kinds[0])]
            return self._key[0].in_(wanted)
        named = []
        for key in keys:
            parts = zip(self._key, key, kinds, strict=True)
            named.append(
                sa.and_(
                    *(
                        column.in_([bound(one) for one in key_values(part, kind)])
                        for column, part, kind in parts
                    )
                )
            )
        return sa.or_(*named)

    def _select(self, columns: Sequence[str]) -> Select[Any]:
        return sa.select(*(self._source.c[name] for name in columns))

    def _beyond(self, key: Key, compare: Compare, row_values: bool) -> ColumnElement[bool]:
        """Compare whole keys, part by part, as the database itself compares."""
        values = [bound(part) for part in key]
        if len(values) == 1:
            return compare(self._key[0], values[0])
        if row_values:
            return compare(sa.tuple_(*self._key), sa.tuple_(*values))
        strict = operator.gt if compare is operator.gt else operator.lt
        equal: list[ColumnElement[bool]] = []
        ways: list[ColumnElement[bool]] = []
        for column, part in zip(self._key, key, strict=True):
            last = len(equal) == len(key) - 1
            ways.append(sa.and_(*equal, (compare if last else strict)(column, bound(part))))
            equal.append(column == bound(part))
        return sa.or_(*ways)


def table_of(
    spec: SqlSpec, options: SqlStreamSpec, name: str, columns: Sequence[str]
) -> tuple[str, sa.TableClause]:
    """Return a table's whole name, as messages call it, and the table with some columns."""
    schema = options.schema or spec.schema
    if options.schema is None and "." in name:
        schema, _, name = name.rpartition(".")
    table = sa.table(name, *(sa.column(one) for one in columns), schema=schema)
    return f"{schema}.{name}" if schema else name, table


def _source(
    spec: SqlSpec, stream: str, options: SqlStreamSpec, names: Sequence[str]
) -> tuple[str, FromClause]:
    if (options.table is None) == (options.query is None):
        raise MidspanError(
            "sql.source",
            f"the stream '{stream}' needs either a table or a query",
            remedy="Give one of the two",
        )
    if options.query is not None:
        columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in names]
        return f"the query of '{stream}'", _subquery(stream, options, columns)
    return table_of(spec, options, options.table or "", names)


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
        return [column.in_([bound(value) for value in wanted])]
    return [column == bound(wanted)]


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
    condition: ColumnElement[bool] = _COMPARISONS[name](column, bound(value))
    return condition
