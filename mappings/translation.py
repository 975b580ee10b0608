"""A compiled mapping: batches of source rows in, canonical rows and refusals out.

Every row of a batch comes out exactly once: translated, refused or filtered, each with its
index in the batch. Memory is bounded by the batch. A batch that lacks a column the mapping
reads raises before its first row is looked at.
"""

import hashlib
import json
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from config.binding import nearest
from mappings.analysis import all_paths
from mappings.chunks import Plan, Sink
from mappings.compiler import RowFunction, compile_rows
from mappings.converters import Converter
from mappings.model import Mapping
from mappings.quick import ENOUGH_ROWS, compile_quick
from mappings.values import Refused
from midspan.kernel.errors import DriftError
from shared_services.contracts.entities import EntityType, FieldType

LANGUAGE_REVISION = 1
"""Raised when the same mapping file comes to mean something else."""

_MAX_LAYOUTS = 32


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row without a canonical form, by the first field that failed; never its values."""

    index: int
    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Translation:
    """What became of a batch.

    ``rows`` are canonical values in the entity's field order; ``indexes`` are their source
    rows. ``filtered`` holds index and reason of rows left out on purpose. ``lost`` are fields
    of translated rows whose value was refused and given up, as their ``on_error`` says.
    """

    rows: list[tuple[Any, ...]]
    indexes: list[int]
    refusals: list[Refusal]
    filtered: list[tuple[int, str]]
    lost: list[Refusal]


@dataclass(slots=True)
class _Layout:
    """What is made for one layout of columns; the quick plan at the first large batch."""

    exact: RowFunction
    names: tuple[str, ...]
    quick: Plan | None = None


class CompiledMapping:
    """A mapping ready to translate; one instance serves one thread.

    ``version`` changes exactly when the meaning of the mapping does; ``sources`` are the
    top-level columns it reads.
    """

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.name: str = mapping.name
        self.entity: EntityType = mapping.entity
        self.version: str = version_of(mapping)
        self.sources: tuple[str, ...] = tuple(
            dict.fromkeys(path.column for path in all_paths(mapping))
        )
        self.ignored: frozenset[str] = mapping.ignored
        self._reasons = [rule.reason for rule in mapping.filters]
        self._layouts: dict[tuple[str, ...], _Layout] = {}

    def translate(self, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> Translation:
        """Return what becomes of ``rows``, whose values stand in the order of ``columns``.

        Raises DriftError ``mapping.column_gone`` when ``columns`` lack one that is read.
        """
        layout = self._layouts.get(columns) or self._compiled(columns)
        names = layout.names
        done = Translation([], [], [], [], [])

        def refuse(index: int, at: int, error: Refused) -> None:
            done.refusals.append(Refusal(index, names[at] + error.place, error.code, error.message))

        def lose(index: int, at: int, error: Refused) -> None:
            done.lost.append(Refusal(index, names[at] + error.place, error.code, error.message))

        def drop(index: int, rule: int) -> None:
            done.filtered.append((index, self._reasons[rule]))

        put, keep = done.rows.append, done.indexes.append
        if layout.quick is None and columns and len(rows) >= ENOUGH_ROWS:
            layout.quick = compile_quick(self.mapping, columns, rows)
        if layout.quick is None:
            layout.exact(rows, put, keep, refuse, drop, lose)
            return done

        def careful(index: int, row: tuple[Any, ...]) -> None:
            layout.exact(
                (row,),
                put,
                lambda _at: keep(index),
                lambda _at, name, error: refuse(index, name, error),
                lambda _at, rule: drop(index, rule),
                lambda _at, name, error: lose(index, name, error),
            )

        layout.quick.run(rows, Sink(done.rows, done.indexes, careful, drop))
        return done

    def unmapped(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that are neither read nor ignored: harmless drift."""
        known = self.ignored.union(self.sources)
        return tuple(column for column in columns if column not in known)

    def _compiled(self, columns: tuple[str, ...]) -> "_Layout":
        self._check_columns(columns)
        if len(self._layouts) >= _MAX_LAYOUTS:
            self._layouts.clear()
        self._layouts[columns] = _Layout(*compile_rows(self.mapping, columns))
        return self._layouts[columns]

    def _check_columns(self, columns: tuple[str, ...]) -> None:
        gone = [column for column in self.sources if column not in columns]
        if gone:
            listing = ", ".join(f"'{column}'" for column in gone)
            raise DriftError(
                "mapping.column_gone",
                f"the source no longer delivers {listing}, which the mapping reads",
                remedy=nearest(gone[0], columns),
                mapping=self.name,
                column=", ".join(gone),
            )


def compile_mapping(mapping: Mapping) -> CompiledMapping:
    """Return the mapping ready to translate; its functions are made at the first batch."""
    return CompiledMapping(mapping)


def version_of(mapping: Mapping) -> str:
    """Return 12 hex digits that change exactly when the mapping's meaning does.

    Layout, comments, examples, ignored columns and the files' names mean nothing; lookup
    tables and the revisions of the converters in use do.
    """
    meaning = {
        "language": LANGUAGE_REVISION,
        "entity": f"{mapping.entity.name}/{mapping.entity.version}",
        "filters": _canonical(mapping.filters),
        "fields": _canonical(mapping.fields),
        "checks": _canonical(mapping.checks),
    }
    text = json.dumps(meaning, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _is_spoken(spec: "Field[Any]", value: Any) -> bool:
    """Return whether a field is part of the meaning: one added later only where it is used."""
    if spec.metadata.get("added"):
        default = None if spec.default_factory is MISSING else spec.default_factory()
        return bool(value != (default if spec.default is MISSING else spec.default))
    return not spec.metadata.get("unspoken")


def _canonical(item: Any) -> Any:
    if isinstance(item, Converter):
        return [item.name, item.revision]
    if is_dataclass(item):
        spoken = [spec for spec in fields(item) if _is_spoken(spec, getattr(item, spec.name))]
        named = {spec.name: _canonical(getattr(item, spec.name)) for spec in spoken}
        return [type(item).__name__, named]
    if isinstance(item, FieldType):
        return [item.name, item.kind, [_canonical(one) for one in item.fields]]
    if isinstance(item, Dict):
        return {key: _canonical(value) for key, value in item.items()}
    if isinstance(item, tuple):
        return [_canonical(one) for one in item]
    return [type(item).__name__, str(item)] if isinstance(item, date | Decimal) else item
