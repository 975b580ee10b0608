"""What a row of a stream looks like: its columns, and where its records stand.

A key or stamp inside a nested record (``meta.changed``) is a column under its whole name.
Without columns that are asked for, a page's columns are all members that its records have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.base import BoundStream
from adapters.rest.spec import ListingSpec


@dataclass(frozen=True, slots=True)
class Shape:
    """Where records stand in a reply, and which members make a row.

    ``roots`` are the members that are read, empty for all; ``nested`` the columns that stand
    inside of one. ``scalar`` is the column of a record that is no object but a value. ``head``
    are the outermost members of a reply that are looked at besides.
    """

    rows: str
    keyed_by: str | None = None
    carry: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()
    roots: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    scalar: str | None = None
    sparse: bool = False
    head: frozenset[str] = frozenset()

    @property
    def steps(self) -> tuple[str, ...]:
        """The path of the records, step by step."""
        return tuple(self.rows.split(".")) if self.rows else ()

    @property
    def given(self) -> tuple[str, ...]:
        """The columns that do not come from the record itself."""
        return (*self.carry, *([self.keyed_by] if self.keyed_by else ()))

    def columns(self, records: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """Return the columns of rows; ``records`` tell them where none are asked for."""
        roots = self.roots or tuple(dict.fromkeys(name for one in records for name in one))
        return tuple(dict.fromkeys((*roots, *self.nested)))


def stream_shape(stream: BoundStream, spec: ListingSpec, *, sparse: bool) -> Shape:
    """Return the shape of a stream's own rows."""
    marks = (*stream.primary_key, *(stream.cursor.fields if stream.cursor else ()))
    plain = _given_names(spec)
    nested = tuple(name for name in marks if "." in name and name not in plain)
    wanted = [name for name in stream.columns if name not in nested]
    # Whoever asks for no columns gets all; whoever does gets key and stamps besides.
    roots = [*marks, *wanted] if stream.columns else []
    return Shape(
        spec.rows,
        spec.keyed_by,
        _steps(spec.carry),
        frozenset(spec.lists),
        tuple(dict.fromkeys(name.partition(".")[0] if name in nested else name for name in roots)),
        nested,
        sparse=sparse,
    )


def detail_shape(shape: Shape, spec: ListingSpec) -> Shape:
    """Return the shape of the records that a detail call returns: the stream's, elsewhere."""
    return replace(
        shape,
        rows=spec.rows,
        keyed_by=spec.keyed_by,
        carry=_steps(spec.carry),
        lists=frozenset(spec.lists) or shape.lists,
    )


def key_shape(stream: BoundStream, spec: ListingSpec) -> Shape:
    """Return the shape of a listing of keys alone."""
    key = stream.primary_key
    plain = _given_names(spec)
    nested = tuple(name for name in key if "." in name and name not in plain)
    roots = tuple(name.partition(".")[0] if name in nested else name for name in key)
    scalar = key[0] if len(key) == 1 else None
    carry = _steps(spec.carry)
    return Shape(
        spec.rows, spec.keyed_by, carry, frozenset(spec.lists), roots, nested, scalar, sparse=True
    )


def inside(record: Any, path: str) -> Any:
    """Return the value at a dotted path of nested records; None where there is none."""
    if isinstance(record, Mapping) and path in record:
        return record[path]
    for step in path.split("."):
        record = record.get(step) if isinstance(record, Mapping) else None
    return record


def _given_names(spec: ListingSpec) -> tuple[str, ...]:
    return (*spec.carry, *([spec.keyed_by] if spec.keyed_by else ()))


def _steps(carry: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(path.split(".")) for name, path in carry.items()}
