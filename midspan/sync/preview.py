"""A few rows of a stream, as the source has them and as the mapping makes them.

Guarantee: nothing is kept and nothing is changed, neither in the source nor in a store; what a
run over these rows would change is only told. Rows are read on the live lane, so that a
person does not wait behind a sync; one batch is read at a time, and no more than needed. A
stream that no sync maps yet is shown with every field it has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mappings import CompiledMapping, Refusal
from mappings.analysis import paths_of, personal_columns
from mappings.places import found_at, spell
from midspan.kernel.errors import RecordError, within
from midspan.kernel.stream import Batch, Reject
from midspan.sync.effects import Effect, Translated, foresee
from midspan.sync.marks import RowMarks
from midspan.sync.project import BoundSync, Project
from midspan.sync.samples import first_batches


@dataclass(frozen=True, slots=True)
class Source:
    """What stands at a place of a source row; ``path`` is spelt as mappings spell it."""

    path: str
    column: str
    value: Any


@dataclass(frozen=True, slots=True)
class CanonicalField:
    """One canonical field, what it became, and what it was made of; ``mapped`` if of anything."""

    name: str
    value: Any
    personal: bool
    mapped: bool
    sources: tuple[Source, ...]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row: ``outcome`` is read (nothing maps it), translated, refused or filtered.

    ``reason`` is why, with the error's code; ``fields`` are empty unless a sync maps the
    stream. ``key`` is None where the row has none; ``effect``, of a translated row, is what
    a run would make of it.
    """

    source: Mapping[str, Any]
    outcome: str
    reason: str = ""
    code: str = ""
    field: str = ""
    fields: tuple[CanonicalField, ...] = ()
    key: str | None = None
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """Some rows of a stream. ``personal`` are the source columns that feed personal fields.

    ``marks`` are the columns that the key and the cursor are made of.
    ``entity`` is empty where no sync maps the stream; then nobody knows what is personal.
    """

    system: str
    stream: str
    entity: str
    columns: tuple[str, ...]
    personal: frozenset[str]
    marks: frozenset[str]
    rows: tuple[PreviewRow, ...]
    rejects: tuple[Reject, ...]


def preview(project: Project, system: str, stream: str, rows: int) -> Preview:
    """Read the first ``rows`` rows of a stream or part, and translate them where it is mapped.

    Raises UnknownName ``adapter.unknown_stream`` when the system's file has no such stream, and
    DriftError ``sync.column_gone`` when the source has no such key or cursor.
    """
    declared = project.stream(system, stream)
    sync = project.syncs.get(f"{system}.{stream}")
    shown: list[PreviewRow] = []
    translated: list[Translated] = []
    batches = first_batches(project, system, stream, rows)
    with within(system=system, stream=stream):
        for batch in filter(lambda one: one.rows, batches):
            marks = RowMarks(declared, batch.columns)
            if sync is None:
                shown += _plain_rows(batch, marks)
            else:
                shown += _Preview(sync, batch, marks, len(shown)).rows(translated)
    effects = foresee(project, sync, translated) if sync else {}
    cursor = declared.cursor.fields if declared.cursor else ()
    return Preview(
        system,
        stream,
        sync.config.entity if sync else "",
        tuple(dict.fromkeys(column for batch in batches for column in batch.columns)),
        personal_columns(sync.mapping.mapping) if sync else frozenset(),
        frozenset((*declared.primary_key, *cursor)),
        tuple(replace(row, effect=effects.get(place)) for place, row in enumerate(shown)),
        tuple(reject for batch in batches for reject in batch.rejects),
    )


def _plain_rows(batch: Batch, marks: RowMarks) -> list[PreviewRow]:
    shown = []
    for row in batch.rows:
        source = dict(zip(batch.columns, row, strict=True))
        try:
            shown.append(PreviewRow(source, "read", key=marks.key(row)))
        except RecordError as error:
            shown.append(PreviewRow(source, "refused", error.message, error.code))
    return shown


class _Preview:
    """Shows a batch as the pipeline would stage it; ``first`` is the place of its first row."""

    def __init__(self, sync: BoundSync, batch: Batch, marks: RowMarks, first: int) -> None:
        self._mapping = sync.mapping
        self._batch = batch
        self._marks = marks
        self._first = first

    def rows(self, translated: list[Translated]) -> list[PreviewRow]:
        """Return each row as it is shown; those that are translated are added to the list."""
        done = self._mapping.translate(self._batch.columns, self._batch.rows)
        values = dict(zip(done.indexes, done.rows, strict=True))
        refusals = {one.index: one for one in done.refusals}
        for index, row in list(values.items()):
            try:
                translated.append(self._staged(index, row))
            except RecordError as error:
                refusals[index] = Refusal(index, "", error.code, error.message)
        filtered = dict(done.filtered)
        return [
            self._shown(index, values.get(index), refusals.get(index), filtered.get(index))
            for index in range(len(self._batch.rows))
        ]

    def _staged(self, index: int, values: tuple[Any, ...]) -> Translated:
        row, marks = self._batch.rows[index], self._marks
        return Translated(self._first + index, marks.key(row), marks.stamp(row), values)

    def _shown(
        self,
        index: int,
        values: Sequence[Any] | None,
        refusal: Refusal | None,
        reason: str | None,
    ) -> PreviewRow:
        row = self._batch.rows[index]
        source = dict(zip(self._batch.columns, row, strict=True))
        try:
            key: str | None = self._marks.key(row)
        except RecordError:
            key = None
        if reason is not None:
            fields = _fields(self._mapping, source, None, None)
            return PreviewRow(source, "filtered", reason, fields=fields, key=key)
        fields = _fields(self._mapping, source, values, refusal)
        if refusal is None:
            return PreviewRow(source, "translated", fields=fields, key=key)
        told = (refusal.message, refusal.code, refusal.field)
        return PreviewRow(source, "refused", *told, fields, key)


def _fields(
    mapping: CompiledMapping,
    source: Mapping[str, Any],
    values: Sequence[Any] | None,
    refusal: Refusal | None,
) -> tuple[CanonicalField, ...]:
    fields = []
    for place, field in enumerate(mapping.entity.fields):
        expression = mapping.mapping.fields.get(field.name)
        paths = dict.fromkeys(paths_of(expression)) if expression is not None else {}
        refused = refusal is not None and refusal.field == field.name
        fields.append(
            CanonicalField(
                field.name,
                None if values is None else values[place],
                field.personal or any(path.column in mapping.mapping.personal for path in paths),
                expression is not None,
                tuple(Source(spell(path), path.column, found_at(path, source)) for path in paths),
                refusal.code if refusal is not None and refused else "",
            )
        )
    return tuple(fields)
