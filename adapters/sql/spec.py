"""The keys that a sql system and its streams add to their YAML.

Names of tables, schemas and columns are identifiers: they are quoted where they need it, and
written in upper case only where the database stores them so. Values are bound.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class SqlSpec:
    """A database.

    ``schema`` is where tables are that name none. ``encoding`` is what texts are really
    written in where the database does not know (SQL_ASCII) or is mistaken (UTF-8 in a column
    declared latin1): they are then decoded here, and a row that cannot be is refused.
    ``rows_per_batch`` are fetched with one call through the gate; ``rows_per_query`` end a
    statement and its transaction, and the next one goes on behind them. ``native: false``
    reads through SQLAlchemy also where a faster way is known.
    """

    schema: str | None = None
    encoding: str | None = None
    rows_per_batch: int = 10_000
    rows_per_query: int = 250_000
    native: bool = True


@dataclass(frozen=True, slots=True)
class SqlStreamSpec:
    """A stream or part of a database: a table or view, or a query.

    ``table`` may name its schema (``sales.customers``). ``query`` is one SELECT without
    ORDER BY, whose ``:names`` are bound to ``params``. ``where`` keeps the rows whose columns
    hold a value (``client: "100"``), one of several (``status: [A, B]``), null, or compare
    as told (``amount: {gt: 0}``; eq, ne, lt, le, gt, ge, like); all conditions hold at once.
    ``into`` is the table that changes go to, where it is not the one that is read: a query's, or
    a view's. ``partitions`` is how many connections read the stream from its beginning at once.
    """

    table: str | None = None
    query: str | None = None
    schema: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, Any] = field(default_factory=dict)
    into: str | None = None
    partitions: int = 1
