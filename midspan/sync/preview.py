"""A few rows of a stream, as the source has them and as the mapping makes them.

Guarantee: nothing is kept and nothing is changed. Rows are read on the live lane, so that a
person does not wait behind a sync; one batch is read at a time, and no more than needed. A
stream that no sync maps yet is shown with every field it has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from config.binding import nearest
from mappings import CompiledMapping, Refusal
from mappings.model import paths_of
from mappings.paths import Member, Path, Position, Step, member, position, select
from mappings.values import Refused
from midspan.kernel.errors import UnknownName, within
from midspan.kernel.gate import Lane
from midspan.kernel.stream import Batch, Reject, Slice
from midspan.sync.project import BoundSync, Project


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
    stream.
    """

    source: Mapping[str, Any]
    outcome: str
    reason: str = ""
    code: str = ""
    field: str = ""
    fields: tuple[CanonicalField, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """Some rows of a stream. ``personal`` are the source columns that feed personal fields.

    ``entity`` is empty where no sync maps the stream; then nobody knows what is personal.
    """

    system: str
    stream: str
    entity: str
    columns: tuple[str, ...]
    personal: frozenset[str]
    rows: tuple[PreviewRow, ...]
    rejects: tuple[Reject, ...]


def preview(project: Project, system: str, stream: str, rows: int) -> Preview:
    """Read the first ``rows`` rows of a stream or part, and translate them where it is mapped.

    Raises UnknownName ``adapter.unknown_stream`` when the system's file has no such stream.
    """
    bound = project.system(system)
    if stream not in bound.streams:
        raise UnknownName(
            "adapter.unknown_stream",
            f"the file of {system} has no stream '{stream}'",
            remedy=nearest(stream, list(bound.streams)) or "Add it under 'streams'",
        )
    with within(system=system, stream=stream, connection=bound.config.conn_id):
        batches = _read(project, system, stream, rows)
    sync = project.syncs.get(f"{system}.{stream}")
    shown: list[PreviewRow] = []
    for batch in batches:
        shown += _translated(sync, batch) if sync else _plain_rows(batch)
    return Preview(
        system,
        stream,
        sync.config.entity if sync else "",
        tuple(dict.fromkeys(column for batch in batches for column in batch.columns)),
        _personal_columns(sync.mapping) if sync else frozenset(),
        tuple(shown),
        tuple(reject for batch in batches for reject in batch.rejects),
    )


def _read(project: Project, system: str, stream: str, rows: int) -> list[Batch]:
    adapter = project.adapter(system, Lane.LIVE)
    found: list[Batch] = []
    try:
        for batch in adapter.read(stream, Slice()):
            left = rows - sum(len(one.rows) for one in found)
            found.append(replace(batch, rows=batch.rows[:left], rejects=batch.rejects[:rows]))
            if len(batch.rows) >= left:
                break
    finally:
        adapter.close()
    return found


def _plain_rows(batch: Batch) -> list[PreviewRow]:
    return [PreviewRow(dict(zip(batch.columns, row, strict=True)), "read") for row in batch.rows]


def _translated(sync: BoundSync, batch: Batch) -> list[PreviewRow]:
    mapping = sync.mapping
    done = mapping.translate(batch.columns, batch.rows)
    values = dict(zip(done.indexes, done.rows, strict=True))
    refusals = {one.index: one for one in done.refusals}
    filtered = dict(done.filtered)
    shown = []
    for index, row in enumerate(batch.rows):
        source = dict(zip(batch.columns, row, strict=True))
        refusal = refusals.get(index)
        fields = _fields(mapping, source, values.get(index), refusal)
        if refusal is not None:
            reason = (refusal.message, refusal.code, refusal.field)
            shown.append(PreviewRow(source, "refused", *reason, fields))
        elif index in filtered:
            shown.append(PreviewRow(source, "filtered", filtered[index]))
        else:
            shown.append(PreviewRow(source, "translated", fields=fields))
    return shown


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
                field.personal,
                expression is not None,
                tuple(Source(_spelt(path), path.column, _at(path, source)) for path in paths),
                refusal.code if refusal is not None and refused else "",
            )
        )
    return tuple(fields)


def _personal_columns(mapping: CompiledMapping) -> frozenset[str]:
    personal = {field.name for field in mapping.entity.fields if field.personal}
    return frozenset(
        path.column
        for name, expression in mapping.mapping.fields.items()
        if name in personal
        for path in paths_of(expression)
    )


def _spelt(path: Path) -> str:
    return "".join(map(_spelt_step, (Member(path.column), *path.steps))).removeprefix(".")


def _spelt_step(step: Step) -> str:
    if isinstance(step, Member):
        return f"['{step.name}']" if {*step.name} & {*".[]"} else f".{step.name}"
    if isinstance(step, Position):
        return f"[{step.index}]"
    return f"[{step.name}={'|'.join(step.values)}]"


def _at(path: Path, source: Mapping[str, Any]) -> Any:
    value = source.get(path.column)
    try:
        for step in path.steps:
            if isinstance(step, Member):
                value = member(value, step.name)
            elif isinstance(step, Position):
                value = position(value, step.index)
            else:
                value = select(value, step.name, step.values)
    except Refused:
        return None  # the row's own refusal says so
    return value
