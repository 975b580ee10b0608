"""Column types that hold the same value on SQLite and PostgreSQL.

SQLite knows neither decimals nor instants: a decimal is kept there as its exact text and an
instant as ISO text in UTC, so that equality and order are those of PostgreSQL. Lists of records
are JSON text on both, and come back as the very values that went in.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Protocol

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    LargeBinary,
    Numeric,
    Text,
    TypeDecorator,
)
from sqlalchemy.types import TypeEngine

_ISO = "%Y-%m-%dT%H:%M:%S.%fZ"


class Key(TypeDecorator[str]):
    """A text that rows are found and ordered by: byte by byte, as SQLite does, on any store."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the storage of a dialect."""
        by_bytes = "C" if dialect.name == "postgresql" else None
        return dialect.type_descriptor(Text(collation=by_bytes))


class ExactDecimal(TypeDecorator[Decimal]):
    """NUMERIC, or the exact text where there is no such type."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the storage of a dialect."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Return what the driver stores."""
        if value is None or dialect.name != "sqlite":
            return value
        return format(value, "f")

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Return the decimal."""
        return None if value is None else Decimal(value)


class Instant(TypeDecorator[datetime]):
    """An aware date-time, kept and returned in UTC."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the storage of a dialect."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Return what the driver stores; a naive date-time is a programming error."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        utc = value.astimezone(UTC)
        return utc.strftime(_ISO) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the aware date-time in UTC."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.strptime(value, _ISO).replace(tzinfo=UTC)
        return value.astimezone(UTC)  # type: ignore[no-any-return]  # the driver's datetime


class Json(TypeDecorator[Any]):
    """A JSON value kept as text; it is never searched inside the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return the JSON text."""
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Return the value."""
        return None if value is None else msgspec.json.decode(value)


class Field(Protocol):
    """A field of a record: its name, its kind, and the fields of its own records."""

    @property
    def name(self) -> str:
        """Return the field's name."""

    @property
    def kind(self) -> str:
        """Return the kind of its values."""

    @property
    def fields(self) -> Sequence["Field"]:
        """Return the fields of its records, if it holds any."""


Shape = tuple[tuple[str, str, Any], ...]


class Records(TypeDecorator[tuple[dict[str, Any], ...]]):
    """A list of canonical records: JSON text, read back as the values that were written."""

    impl = Text
    cache_ok = True

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return the JSON text; equal records are equal texts."""
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Return a tuple of dictionaries."""
        return None if value is None else _records(msgspec.json.decode(value), self.shape)


def shape_of(fields: Iterable[Field]) -> Shape:
    """Return names and kinds of a record's fields, those of its records within."""
    return tuple((one.name, one.kind, shape_of(one.fields)) for one in fields)


_READ: dict[str, Callable[[str], Any]] = {
    "decimal": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}


def _records(records: Iterable[dict[str, Any]], shape: Shape) -> tuple[dict[str, Any], ...]:
    return tuple(
        {name: _value(record.get(name), kind, inner) for name, kind, inner in shape}
        for record in records
    )


def _value(value: Any, kind: str, inner: Shape) -> Any:
    if value is None:
        return None
    if kind == "records":
        return _records(value, inner)
    read = _READ.get(kind)
    return read(value) if read else value


_KINDS: dict[str, type[TypeEngine[Any]]] = {
    "string": Text,
    "key": Key,
    "integer": BigInteger,
    "decimal": ExactDecimal,
    "boolean": Boolean,
    "date": Date,
    "datetime": Instant,
    "bytes": LargeBinary,
    "json": Json,
}


def column(name: str, kind: str, fields: Iterable[Field] = (), **options: Any) -> Column[Any]:
    """Return a column of a canonical field's kind, or of kind ``key``, ``bytes`` or ``json``.

    ``fields`` are those of the records in a column of kind ``records``.
    """
    stored = Records(shape_of(fields)) if kind == "records" else _KINDS[kind]()
    return Column(name, stored, **options)
