"""Reads golden records; deleted ones are not there, a merged id answers with its successor.

Ids are looked up by one statement, redirects included, so that the answer is of one state of
the data in whatever transaction. A row holds the golden struct's fields and nothing else.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    func,
    select,
    union_all,
)

from shared_services.golden.model import GoldenModel

GoldenRow = dict[str, Any]
_OWN = ("id", "epoch", "sequence", "as_of")


def read_by_ids(
    connection: Connection, model: GoldenModel, ids: Sequence[int]
) -> dict[int, GoldenRow]:
    """Return live golden rows by the id that was asked for; unknown ids are left out."""
    embedded = connection.dialect.name == "sqlite"
    statement, names = _by_ids(model, embedded)
    listed = ",".join(map(str, ids))
    found = connection.execute(statement, {"ids": f"[{listed}]" if embedded else f"{{{listed}}}"})
    rows = {row[0]: dict(zip(names, row[1:], strict=True)) for row in found}
    return {asked: rows[asked] for asked in ids if asked in rows}


def read_rows(connection: Connection, model: GoldenModel, query: Select[Any]) -> list[GoldenRow]:
    """Return the rows of a query that ``select_golden`` began."""
    names = _names(model)
    return [dict(zip(names, row, strict=True)) for row in connection.execute(query)]


def select_golden(model: GoldenModel, *filters: ColumnElement[bool]) -> Select[Any]:
    """Return a query of the live rows that match."""
    return select(*_columns(model)).where(model.golden.c.deleted_at.is_(None), *filters)


def read_page(
    connection: Connection,
    model: GoldenModel,
    filters: Sequence[ColumnElement[bool]],
    *,
    after: int,
    limit: int,
) -> tuple[list[GoldenRow], int | None]:
    """Return up to ``limit`` live rows with an id above ``after``, and the next ``after``."""
    golden = model.golden
    query = select_golden(model, golden.c.id > after, *filters).order_by(golden.c.id)
    rows = read_rows(connection, model, query.limit(limit + 1))
    page = rows[:limit]
    return page, (page[-1]["id"] if len(rows) > limit else None)


@cache
def _by_ids(model: GoldenModel, embedded: bool) -> tuple[CompoundSelect[Any], tuple[str, ...]]:
    """Return the statement, made once for each dialect, and the columns after the id asked for.

    A merged record's own row is deleted, so an id is found in one of the two halves at most.
    """
    golden, redirect, columns = model.golden, model.redirect, _columns(model)
    live = golden.c.deleted_at.is_(None)
    asked = select(golden.c.id.label("asked"), *columns).where(
        live, _is_among(golden.c.id, embedded)
    )
    moved = (
        select(redirect.c.old_id, *columns)
        .join_from(redirect, golden, golden.c.id == redirect.c.new_id)
        .where(live, _is_among(redirect.c.old_id, embedded))
    )
    return union_all(asked, moved), _names(model)


def _is_among(column: Column[Any], embedded: bool) -> ColumnElement[bool]:
    # One parameter however many ids: the statement stays the same, and is prepared once.
    if embedded:
        listed = func.json_each(bindparam("ids")).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(cast(bindparam("ids", type_=Text), ARRAY(BigInteger)))


def _names(model: GoldenModel) -> tuple[str, ...]:
    return (*_OWN, *model.entity.field_names)


def _columns(model: GoldenModel) -> list[Column[Any]]:
    return [model.golden.c[name] for name in _names(model)]
