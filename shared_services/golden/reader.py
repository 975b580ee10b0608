"""Reads golden records; deleted ones are not there, a merged id answers with its successor."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, select

from midspan.store.load import mappings
from shared_services.golden.model import GoldenModel

S = TypeVar("S", bound=Struct)


def read_by_ids(
    connection: Connection, model: GoldenModel, ids: Sequence[int]
) -> dict[int, Mapping[str, Any]]:
    """Return live golden rows by the id that was asked for; unknown ids are left out."""
    redirect, golden = model.redirect, model.golden
    moves = select(redirect.c.old_id, redirect.c.new_id).where(redirect.c.old_id.in_(ids))
    moved = {old: new for old, new in connection.execute(moves)}  # noqa: C416 rows are no pairs
    wanted = {asked: moved.get(asked, asked) for asked in ids}
    found = connection.execute(
        select(golden).where(
            golden.c.id.in_(sorted(set(wanted.values()))), golden.c.deleted_at.is_(None)
        )
    )
    rows = {row["id"]: row for row in mappings(found)}
    return {asked: rows[real] for asked, real in wanted.items() if real in rows}


def read_page(
    connection: Connection,
    model: GoldenModel,
    filters: Sequence[ColumnElement[bool]],
    *,
    after: int,
    limit: int,
) -> tuple[list[Mapping[str, Any]], int | None]:
    """Return up to ``limit`` live rows with an id above ``after``, and the next ``after``."""
    golden = model.golden
    found = connection.execute(
        select(golden)
        .where(golden.c.id > after, golden.c.deleted_at.is_(None), *filters)
        .order_by(golden.c.id)
        .limit(limit + 1)
    )
    rows = mappings(found)
    page = rows[:limit]
    return page, (page[-1]["id"] if len(rows) > limit else None)


def to_struct(cls: type[S], row: Mapping[str, Any], **more: Any) -> S:
    """Build a golden struct from its row."""
    names = [name for name in cls.__struct_fields__ if name in row]
    return cls(**{name: row[name] for name in names}, **more)
