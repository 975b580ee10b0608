"""The classes of values that a stream's mapped columns have: text, number, date and so on.

Guarantee: a column whose values were of some classes in every run of this mapping, and are all
of others in a slice, stops the run before anything is applied. A few values prove nothing, and a
new mapping, or a person who accepts the change, begins anew. Values are looked at in samples of
each batch and never kept.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select, update

from midspan.kernel.errors import DriftError
from midspan.sync.project import BoundSync

Shape = dict[str, dict[str, int]]
"""How many sampled values of each class every column had."""

ENOUGH = 10
_SAMPLED = 50
_CLASSES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    ((bool, int, float, Decimal), "number"),
    (str, "text"),
    ((date, time, timedelta), "time"),
    (bytes, "bytes"),
    (dict, "record"),
    ((list, tuple), "list"),
)


def sample(shape: Shape, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Add the classes of a batch's first values to ``shape``; missing ones have none."""
    for row in rows[:_SAMPLED]:
        for name, value in zip(columns, row, strict=True):
            if value is not None and value != "":
                counts = shape.setdefault(name, {})
                kind = _class_of(value)
                counts[kind] = counts.get(kind, 0) + 1


def judge_shape(sync: BoundSync, before: Mapping[str, Any], shape: Shape) -> None:
    """Raise DriftError ``sync.column_retyped`` when a mapped column's values are of other kinds."""
    for column in sync.mapping.sources:
        was, now = before.get(column, {}), shape.get(column, {})
        enough = sum(was.values()) >= ENOUGH and sum(now.values()) >= ENOUGH
        if enough and not was.keys() & now.keys():
            raise DriftError(
                "sync.column_retyped",
                f"every value of '{column}' is {' or '.join(now)} where it was "
                f"{' or '.join(was)}; nothing was applied",
                remedy="Mend the mapping or the source; if the mapping fits, "
                "`midspan drift SYNC --accept`",
                column=column,
            )


def joined(before: Mapping[str, Mapping[str, int]], shape: Shape) -> Shape:
    """Return what is known of both; counts are bounded."""
    both: Shape = {}
    for column in {**before, **shape}:
        counts = Counter(before.get(column, {})) + Counter(shape.get(column, {}))
        both[column] = {kind: min(count, ENOUGH) for kind, count in counts.items()}
    return both


def last_shape(connection: Connection, sync: BoundSync) -> Shape:
    """Return what the runs of today's mapping have shown."""
    table = sync.model.state.run
    found = connection.execute(
        select(table.c.shape)
        .where(
            table.c.sync == sync.name,
            table.c.mapping_version == sync.mapping.version,
            table.c.shape.is_not(None),
        )
        .order_by(table.c.started_at.desc())
        .limit(1)
    ).scalar()
    return found or {}


def keep_shape(connection: Connection, sync: BoundSync, run_id: str, shape: Shape) -> None:
    """Write down, with a run that is being applied, what all have shown."""
    table = sync.model.state.run
    connection.execute(update(table).where(table.c.id == run_id).values(shape=shape))


def forget_shapes(connection: Connection, sync: BoundSync) -> None:
    """Forget what the runs have shown."""
    table = sync.model.state.run
    connection.execute(update(table).where(table.c.sync == sync.name).values(shape=None))


def _class_of(value: Any) -> str:
    return next((name for types, name in _CLASSES if isinstance(value, types)), "other")
