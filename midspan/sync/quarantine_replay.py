"""Replay: refused rows are translated again, by the mapping as it is now, and applied once.

Guarantee: what is applied leaves the quarantine in the same transaction, so that a replay that
was killed, or done twice, applies each row exactly once. What is stored and newer is never
overwritten; a row that was read well meanwhile is no more in the quarantine, and not replayed.
The preview tells what would become of each row, and changes nothing.

A row is translated from the record as it came. Where the mended mapping wants a column that
was not read then, or the content is no longer kept, the row is read again by its key.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Connection, delete, func, select

from adapters.base import Adapter
from mappings import Refusal
from midspan.kernel.errors import Conflict, RecordError
from midspan.kernel.stream import Batch, Key, Row, Slice
from midspan.store.load import chunked
from midspan.sync.apply import SliceApply
from midspan.sync.effects import Change, Effect, Translated, foresee
from midspan.sync.judge import judge_leaving
from midspan.sync.lag import Reach
from midspan.sync.marks import RowMarks
from midspan.sync.originals import decode_record
from midspan.sync.project import BoundSync, Project
from midspan.sync.quarantine import Content, Refused, contents, refused_rows
from midspan.sync.report import RunReport
from midspan.sync.run import Run, RunOptions, running
from midspan.sync.stage import Reading, stage_batch
from midspan.sync.staging import Progress, Staging
from shared_services.golden.changes import Changes
from shared_services.golden.counters import lock_entity, read_counter

Outcome = Literal[
    "inserted",
    "updated",
    "unchanged",
    "duplicate",
    "filtered",
    "refused",
    "stale",
    "reread",
    "lost",
]
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a replay would make of a refused row.

    ``reread``: its content does not suffice, it is read again by its key; ``lost``: neither can
    be, only a run that comes by it brings it. ``code``, ``field`` and ``message`` are of a row
    that is refused again.
    """

    entry: Refused
    outcome: Outcome
    changes: tuple[Change, ...] = ()
    code: str = ""
    field: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A refused row whose record is at hand."""

    entry: Refused
    raw: bytes
    columns: tuple[str, ...]
    row: Row


@dataclass(slots=True)
class _Sorted:
    """Refused rows by what can be done about them."""

    kept: list[_Kept] = field(default_factory=list)
    stale: list[Refused] = field(default_factory=list)
    reread: list[tuple[Refused, Key]] = field(default_factory=list)
    lost: list[Refused] = field(default_factory=list)


def foresee_replay(
    project: Project, name: str, *, codes: Sequence[str] = (), ids: Sequence[int] = ()
) -> list[Foreseen]:
    """Return what a replay of these refused rows (all by default) would make of each."""
    sync = project.sync(name)
    found: list[Foreseen] = []
    entries = refused_rows(project, sync, codes=codes, ids=ids)
    with project.store(sync.center.name).read() as connection:
        for some in chunked(entries, _AT_ONCE):
            sorted_ = _sort(connection, sync, some)
            found += [Foreseen(one, "stale") for one in sorted_.stale]
            found += [Foreseen(one, "reread") for one, _ in sorted_.reread]
            found += [Foreseen(one, "lost") for one in sorted_.lost]
            for columns, group in _by_columns(sorted_.kept):
                found += _foreseen(project, sync, columns, group)
    return sorted(found, key=lambda one: one.entry.id)


def replay(
    project: Project,
    name: str,
    *,
    codes: Sequence[str] = (),
    ids: Sequence[int] = (),
    options: RunOptions | None = None,
) -> RunReport:
    """Apply these refused rows (all by default) of a sync that translate now.

    Raises MidspanError, with nothing applied, when another worker runs the sync or a filter
    would leave out too many known rows.
    """
    with running(project, project.sync(name), "replay", options or RunOptions()) as run:
        entries = refused_rows(project, run.sync, codes=codes, ids=ids)
        with run.reading(".replay") as (adapter, staging):
            progress = Progress(f"replay/{uuid4().hex}", None, run.started_at.isoformat())
            staging.begin(progress)
            settled, stale = _stage(run, adapter, staging, progress, entries)
            report = _apply(run, staging, progress, settled, stale)
            staging.clear()
        return report


def _stage(
    run: Run,
    adapter: Adapter,
    staging: Staging,
    progress: Progress,
    entries: Sequence[Refused],
) -> tuple[list[int], list[int]]:
    """Stage what can be translated or read again; return the ids translated, and those stale."""
    reading = _reading(run, adapter)
    settled: list[int] = []
    stale: list[int] = []
    for some in chunked(entries, _AT_ONCE):
        with run.store.read() as connection:
            sorted_ = _sort(connection, run.sync, some)
        for columns, group in _by_columns(sorted_.kept):
            stage_batch(reading, staging, progress, _batch(columns, group), moves_cursor=False)
        settled += [one.entry.id for one in sorted_.kept]
        stale += [one.id for one in sorted_.stale]
        keys = tuple(key for _, key in sorted_.reread)
        if keys:
            for batch in adapter.read(run.sync.stream.name, Slice(keys=keys)):
                stage_batch(reading, staging, progress, batch, moves_cursor=False)
    return settled, stale


def _apply(
    run: Run, staging: Staging, progress: Progress, settled: list[int], stale: list[int]
) -> RunReport:
    now, as_of = run.options.clock.now(), run.cursor.as_of or run.started_at
    changes = Changes(run.sync.model, run.sync.name, staging.rows)
    slice_apply = SliceApply(run.sync, staging, changes, run.run_id, now)
    with run.store.write_beside(staging.store) as connection, changes.kept(connection):
        run.state.hold(connection, run.cursor)
        lock_entity(connection, run.sync.model)
        _require_kept(connection, run.sync, [*settled, *stale])
        ledger, _ = slice_apply.tally(connection, progress, Reach())
        judge_leaving(run.sync.config, *slice_apply.leaving(connection))
        for name in ("read", "stale"):
            ledger.add(name, len(stale))
        last = read_counter(connection, run.sync.model, run.sync.model.entity.name, 0)
        slice_apply.write(connection, last)
        _forget(connection, run, [*settled, *stale])
        counts = run.ingest(now, as_of).apply(connection, changes, last)
        run.state.finish_run(connection, run.run_id, ledger, events=counts.events)
    return run.report(ledger, counts, run.cursor.value)


def _require_kept(connection: Connection, sync: BoundSync, ids: Sequence[int]) -> None:
    """Raise Conflict unless every row that was translated is in the quarantine still."""
    table = sync.model.state.quarantine
    found = 0
    for some in chunked(ids, _AT_ONCE):
        query = select(func.count()).select_from(table).where(table.c.id.in_(some))
        found += connection.execute(query).scalar_one()
    if found != len(ids):
        raise Conflict(
            "quarantine.changed",
            "the quarantine changed while it was replayed; nothing was applied",
            remedy="Replay again",
            sync=sync.name,
        )


def _forget(connection: Connection, run: Run, ids: Sequence[int]) -> None:
    """Drop what was replayed, but what this very run refused again."""
    table = run.sync.model.state.quarantine
    for some in chunked(ids, _AT_ONCE):
        connection.execute(delete(table).where(table.c.id.in_(some), table.c.run_id != run.run_id))


def _reading(run: Run, adapter: Adapter) -> Reading:
    return Reading(
        adapter=adapter,
        stream=run.sync.stream,
        parts={},
        mapping=run.sync.mapping,
        cursor=run.cursor,
        model=run.sync.model,
        after_batch=lambda _progress: run.state.renew(),
    )


def _sort(connection: Connection, sync: BoundSync, entries: Sequence[Refused]) -> _Sorted:
    """Return refused rows by what can be done about them."""
    found = _Sorted()
    content = contents(connection, sync, [one.id for one in entries])
    stored = _stored_stamps(connection, sync, [one.source_key for one in entries])
    for entry in entries:
        kept = _decoded(entry, content.get(entry.id))
        if kept is None:
            found.lost.append(entry)
        elif set(sync.stream.columns) <= set(kept.columns):
            if _is_stale(sync, kept, stored):
                found.stale.append(entry)
            else:
                found.kept.append(kept)
        elif set(sync.stream.primary_key) <= set(kept.columns) and entry.source_key:
            record = dict(zip(kept.columns, kept.row, strict=True))
            key = tuple(record[name] for name in sync.stream.primary_key)
            found.reread.append((entry, key))
        else:
            found.lost.append(entry)
    return found


def _decoded(entry: Refused, content: Content | None) -> _Kept | None:
    if content is None or content.record is None:
        return None
    return _Kept(entry, content.raw, *decode_record(content.record))


def _stored_stamps(
    connection: Connection, sync: BoundSync, keys: Sequence[str | None]
) -> dict[str, str]:
    source = sync.model.source
    query = select(source.c.source_key, source.c.changed).where(
        source.c.sync == sync.name,
        source.c.source_key.in_([key for key in keys if key is not None]),
        source.c.changed.is_not(None),
    )
    return {row.source_key: row.changed for row in connection.execute(query)}


def _is_stale(sync: BoundSync, kept: _Kept, stored: Mapping[str, str]) -> bool:
    """Return whether what is stored of the row has a later stamp than what was refused."""
    try:
        marks = RowMarks(sync.stream, kept.columns)
        key, stamp = marks.key(kept.row), marks.stamp(kept.row)
    except RecordError:
        return False
    return stamp is not None and stored.get(key, "") > stamp


def _by_columns(kept: Sequence[_Kept]) -> Iterator[tuple[tuple[str, ...], list[_Kept]]]:
    for columns, group in groupby(kept, key=lambda one: one.columns):
        yield columns, list(group)


def _batch(columns: tuple[str, ...], kept: Sequence[_Kept]) -> Batch:
    origins = [(one.raw, one.entry.place) for one in kept]
    return Batch(columns, [one.row for one in kept], {}, origin=origins.__getitem__)


def _foreseen(
    project: Project, sync: BoundSync, columns: tuple[str, ...], kept: Sequence[_Kept]
) -> Iterator[Foreseen]:
    rows = [one.row for one in kept]
    done = sync.mapping.translate(columns, rows)
    marks = RowMarks(sync.stream, columns)
    refusals = {one.index: one for one in done.refusals}
    translated: list[Translated] = []
    for index, values in zip(done.indexes, done.rows, strict=True):
        try:
            translated.append(_translated(marks, index, rows[index], values))
        except RecordError as error:
            refusals[index] = Refusal(index, "", error.code, error.message)
    effects = foresee(project, sync, translated)
    for index, one in enumerate(kept):
        yield _told(one.entry, refusals.get(index), effects.get(index))


def _translated(marks: RowMarks, index: int, row: Row, values: tuple[Any, ...]) -> Translated:
    return Translated(index, marks.key(row), marks.stamp(row), values)


def _told(entry: Refused, refusal: Refusal | None, effect: Effect | None) -> Foreseen:
    if refusal is not None:
        told = (refusal.code, refusal.field or "", refusal.message)
        return Foreseen(entry, "refused", (), *told)
    if effect is None:
        return Foreseen(entry, "filtered")
    return Foreseen(entry, effect.fate, effect.changes)
