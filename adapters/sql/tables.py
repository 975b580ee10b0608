"""What a database says of its own tables: columns, keys, indexes, references, comments.

Guarantee: only descriptions are asked for, each with one call through the gate; what a
dialect cannot describe is empty.
"""

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy import types
from sqlalchemy.engine import Inspector
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import NoSuchTableError, SAWarning

from adapters.sql.errors import translate
from adapters.sql.sessions import Sessions
from adapters.sql.source import Source
from midspan.kernel.catalog import CatalogField, FieldType
from midspan.kernel.gate import Gate, Lane, Timeouts

# The first that fits; SQLAlchemy's integer types and the like are classes beneath these.
_TYPES: tuple[tuple[type[types.TypeEngine[Any]], FieldType], ...] = (
    (types.Boolean, "boolean"),
    (types.Integer, "integer"),
    (types.Float, "float"),
    (types.Numeric, "decimal"),
    (types.DateTime, "datetime"),
    (types.Date, "date"),
    (types.Time, "time"),
    (types.LargeBinary, "bytes"),
    (types.JSON, "record"),
    (types.ARRAY, "list"),
    (types.Interval, "string"),
    (types.Uuid, "string"),
    (types.String, "string"),
)


def inspected(
    sessions: Sessions, gate: Gate, lane: Lane, look: Callable[[Inspector], Any], target: str = ""
) -> Any:
    """Return what ``look`` finds; nothing where the dialect knows no such description."""

    def operation(timeouts: Timeouts) -> Any:
        try:
            with sessions.lent(timeouts) as connection, warnings.catch_warnings():
                warnings.simplefilter("ignore", SAWarning)  # of types that it does not know
                return look(sa.inspect(connection))
        except (NotImplementedError, NoSuchTableError):
            return {}
        except sessions.failures as error:
            sessions.refuse_closed()
            raise translate(error, "", target) from None

    return gate.call(lane, operation)


def indexed_columns(source: Source, table: str) -> Collection[str]:
    """Return the columns with which an index of a table begins."""
    schema, _, name = table.rpartition(".")
    if source.stream.options.schema is not None:
        schema, name = source.stream.options.schema, table

    def look(inspector: Inspector) -> set[str]:
        where = schema or source.spec.schema
        keys = [
            inspector.get_pk_constraint(name, where),
            *inspector.get_unique_constraints(name, where),
        ]
        return leading(inspector.get_indexes(name, where), keys)

    found: Collection[str] = inspected(
        source.sessions, source.gate, source.lane, look, source.bare.target
    )
    return found


def leading(*descriptions: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the first column of each index or constraint."""
    named = [
        one.get("column_names") or one.get("constrained_columns") for one in chain(*descriptions)
    ]
    return {names[0] for names in named if names and names[0]}


def declared_field(column: ReflectedColumn, dialect: sa.Dialect, refers_to: str) -> CatalogField:
    """Return a column as the database describes it."""
    kind = column["type"]
    size = getattr(kind, "length", None) or getattr(kind, "precision", None)
    return CatalogField(
        column["name"],
        _type(kind),
        bool(column["nullable"]),
        _native(kind, dialect),
        size if isinstance(size, int) else None,
        column.get("comment") or "",
        refers_to,
    )


def _type(kind: types.TypeEngine[Any]) -> FieldType:
    found: FieldType | None = next((name for cls, name in _TYPES if isinstance(kind, cls)), None)
    if found is not None:
        return found
    try:
        return "bytes" if kind.python_type is bytes else "unknown"
    except NotImplementedError:
        return "unknown"


def _native(kind: types.TypeEngine[Any], dialect: sa.Dialect) -> str:
    try:
        return kind.compile(dialect=dialect).lower()
    except sa.exc.CompileError:  # a type that the dialect read, and cannot write
        return type(kind).__name__.lower()
