"""Stage: read a slice through the adapter, translate it, and keep it beside its position.

The ceiling is taken from the source's own clock before the first row is read. Rows behind it
are loaded and counted as ``future``, and never move the cursor: whatever commits with an
earlier stamp while this reading goes on is read by the next one. Memory is bounded by the
batch.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import xxhash

from adapters.base import Adapter, BoundStream
from config.model import CursorConfig, Part
from mappings import CompiledMapping, Refusal
from midspan.kernel.errors import RecordError
from midspan.kernel.stream import Batch, Key, Slice
from midspan.store.load import chunked
from midspan.sync.gaps import Gaps
from midspan.sync.marks import RowMarks, first_stamp
from midspan.sync.originals import encode_record
from midspan.sync.shapes import sample
from midspan.sync.spans import Span
from midspan.sync.staging import Progress, Staging, row_hash
from midspan.sync.state import CursorState
from shared_services.golden.model import GoldenModel

_LOG = logging.getLogger(__name__)
PARENTS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """One slice to be staged. ``after_batch`` is called when a batch is safely staged.

    ``span``: only rows whose stamps are in there belong to it; ``gaps``: ids to ask for besides.
    """

    adapter: Adapter
    stream: BoundStream
    parts: Mapping[str, Part]
    mapping: CompiledMapping
    cursor: CursorState
    model: GoldenModel
    after_batch: Callable[[Progress], None]
    full: bool = False
    span: Span | None = None
    gaps: Gaps | None = None


def plan_slice(
    reading: Reading, slice_id: str, source_now: datetime | None, now: datetime
) -> Progress:
    """Return the progress of a slice that has not begun; fixes its ceiling."""
    config = reading.stream.cursor
    as_of = source_now or now
    ceiling = None
    if config is not None:
        ceiling = config.codec.at(as_of - config.commit_lag)
    return Progress(slice_id, ceiling, as_of.isoformat(), parts=dict(reading.cursor.parts))


def stage_slice(reading: Reading, staging: Staging, progress: Progress) -> Progress:
    """Read everything that is left of the slice into staging."""
    names = list(reading.parts)
    if progress.phase == 0:
        lower = None if reading.full else _lower(reading.stream.cursor, reading.cursor.value)
        _read_rows(reading, staging, progress, Slice(lower=lower))
        progress.by_cursor = progress.read
        _next_phase(staging, progress)
    while 1 <= progress.phase <= len(names):
        if reading.cursor.loaded and not reading.full:
            _read_part(reading, staging, progress, names[progress.phase - 1])
        else:
            # A full reading has read every parent; the part's cursor begins at its ceiling.
            _skip_part(reading, progress, names[progress.phase - 1])
        _next_phase(staging, progress)
    if progress.phase == len(names) + 1:
        for keys in staging.parents(PARENTS_AT_ONCE):
            wanted = tuple((key,) for key in keys)
            _read_rows(reading, staging, progress, Slice(keys=wanted), moves_cursor=False)
        _next_phase(staging, progress)
    if progress.phase == len(names) + 2:
        stage_keys(reading, staging, progress, reading.gaps.wanted() if reading.gaps else ())
        _next_phase(staging, progress)
    return progress


def stage_span(reading: Reading, staging: Staging, progress: Progress, span: Span) -> Progress:
    """Read the rows that are left of a span into staging."""
    config = reading.stream.cursor
    lower = config.codec.render(span.lower) if config and span.lower else None
    _read_rows(replace(reading, span=span), staging, progress, Slice(lower=lower))
    return progress


def stage_keys(
    reading: Reading, staging: Staging, progress: Progress, keys: Iterable[Key]
) -> Progress:
    """Read exactly these records into staging, as far as they exist."""
    for wanted in chunked(keys, PARENTS_AT_ONCE):
        part = Slice(keys=tuple(wanted))
        _read_rows(reading, staging, progress, part, moves_cursor=False)
    return progress


def _next_phase(staging: Staging, progress: Progress) -> None:
    progress.phase += 1
    progress.position = None
    staging.append(progress)


def _lower(config: CursorConfig | None, saved: str | None) -> str | None:
    if config is None or saved is None:
        return None
    return config.codec.render(config.codec.shift(saved, config.lookback))


def _read_rows(
    reading: Reading,
    staging: Staging,
    progress: Progress,
    part: Slice,
    *,
    moves_cursor: bool = True,
) -> None:
    position = progress.position if moves_cursor else None
    for found in reading.adapter.read(reading.stream.name, part, position):
        batch = reading.span.cut(found, reading.stream) if reading.span else found
        stage_batch(reading, staging, progress, batch, moves_cursor=moves_cursor)


def stage_batch(
    reading: Reading, staging: Staging, progress: Progress, batch: Batch, *, moves_cursor: bool
) -> None:
    """Translate one batch into staging, and count it."""
    translated = Translator(reading, batch, progress.read)
    rows, refused = translated.run()
    _see_shape(reading, progress, batch)
    if reading.gaps is not None:
        reading.gaps.see(batch.columns, batch.rows)
    progress.read += len(batch.rows) + len(batch.rejects)
    progress.filtered += translated.filtered
    for row in rows:
        _see(progress, row[2], moves_cursor=moves_cursor)
    if moves_cursor:
        progress.position = dict(batch.position)
    staging.append(progress, rows, refused, left=translated.left)
    reading.after_batch(progress)


def _see_shape(reading: Reading, progress: Progress, batch: Batch) -> None:
    sample(progress.shape, batch.columns, batch.rows)
    marks = reading.stream.columns
    for name in reading.mapping.unmapped(batch.columns):
        if name not in marks and name not in progress.unmapped:
            progress.unmapped.append(name)


def _see(progress: Progress, changed: str | None, *, moves_cursor: bool) -> None:
    if changed is None:
        return
    if progress.ceiling is not None and changed >= progress.ceiling:
        progress.future += 1
    elif moves_cursor and (progress.seen is None or changed > progress.seen):
        progress.seen = changed


def _read_part(reading: Reading, staging: Staging, progress: Progress, name: str) -> None:
    cursor = reading.parts[name].cursor
    ceiling = _ceiling(cursor, progress)
    part = Slice(lower=_lower(cursor, reading.cursor.parts.get(name)))
    for batch in reading.adapter.read(name, part, progress.position):
        parent = batch.columns.index(reading.parts[name].parent)
        stamps = [batch.columns.index(field) for field in cursor.fields]
        parents: list[Any] = []
        for row in batch.rows:
            parents += _keys(row[parent])
            changed = _part_stamp(cursor, row, stamps)
            if changed is not None and (ceiling is None or changed < ceiling):
                progress.parts[name] = max(progress.parts.get(name, ""), changed)
        refused = _rejected(batch, progress.read)
        progress.read += len(refused)
        progress.position = dict(batch.position)
        staging.append(progress, refused=refused, parents=parents)
        reading.after_batch(progress)


def _keys(parent: Any) -> Sequence[Any]:
    """Return the parents that a part names: one, none, or a list of them."""
    if parent is None:
        return ()
    return parent if isinstance(parent, list | tuple) else (parent,)


def _skip_part(reading: Reading, progress: Progress, name: str) -> None:
    begin = _ceiling(reading.parts[name].cursor, progress)
    if begin is not None:
        progress.parts[name] = begin


def _ceiling(cursor: CursorConfig, progress: Progress) -> str | None:
    """Return where a part's rows begin that may still be overtaken by earlier ones."""
    return cursor.codec.at(datetime.fromisoformat(progress.as_of) - cursor.commit_lag)


def _part_stamp(cursor: CursorConfig, row: Sequence[Any], stamps: Sequence[int]) -> str | None:
    """Return a part's stamp; an unreadable one marks the parent and moves no cursor."""
    try:
        return first_stamp(cursor.codec.read, row, stamps)
    except RecordError:
        return None


def _rejected(batch: Batch, first: int) -> list[tuple[Any, ...]]:
    """Return what the adapter could not read as refused rows, counted from ``first``."""
    return [
        (
            *(first + index, f"raw:{xxhash.xxh3_128_hexdigest(reject.raw)}"),
            *(None, reject.code, None, reject.message, reject.where, reject.raw, None),
        )
        for index, reject in enumerate(batch.rejects)
    ]


class Translator:
    """Turns one batch into staged rows and refused rows."""

    def __init__(self, reading: Reading, batch: Batch, first: int) -> None:
        self.filtered = 0
        self.left: list[tuple[int, str]] = []
        self._first = first
        self._batch = batch
        self._mapping = reading.mapping
        self._marks = RowMarks(reading.stream, batch.columns)
        names = reading.mapping.entity.field_names
        self._hashers = [rule.hasher(names) for rule in reading.model.rules]

    def run(self) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Return the staged rows and the refused rows of the batch."""
        translation = self._mapping.translate(self._batch.columns, self._batch.rows)
        self.filtered = len(translation.filtered)
        self._leave(index for index, _ in translation.filtered)
        self._tell_lost(translation.lost)
        refused = [self._refused(refusal) for refusal in translation.refusals]
        rows: list[tuple[Any, ...]] = []
        marks, source = self._marks, self._batch.rows
        for index, values in zip(translation.indexes, translation.rows, strict=True):
            try:
                key, changed = marks.key(source[index]), marks.stamp(source[index])
                found = (self._first + index, key, changed, row_hash(values))
                rows.append((*found, *(hashed(values) for hashed in self._hashers), *values))
            except RecordError as error:
                refused.append(self._refused(Refusal(index, "", error.code, error.message)))
        refused += _rejected(self._batch, self._first + len(self._batch.rows))
        return rows, refused

    def _leave(self, indexes: Iterable[int]) -> None:
        """Note the keys of rows left out: the center may hold them from before."""
        for index in indexes:
            with suppress(RecordError):
                key = self._marks.key(self._batch.rows[index])
                self.left.append((self._first + index, key))

    def _tell_lost(self, lost: Sequence[Refusal]) -> None:
        for (field, code), count in Counter((one.field, one.code) for one in lost).items():
            _LOG.warning(
                "%s: %d values of %s given up (%s)", self._mapping.name, count, field, code
            )

    def _refused(self, refusal: Refusal) -> tuple[Any, ...]:
        raw, place = self._batch.origin(refusal.index)
        row = self._batch.rows[refusal.index]
        try:
            key: str | None = self._marks.key(row)
        except RecordError:
            key = None
        # An adapter that keeps no bytes must not make one row of all that have no key.
        told = raw or repr(row).encode()
        identity = f"key:{key}" if key else f"raw:{xxhash.xxh3_128_hexdigest(told)}"
        ordinal = self._first + refusal.index
        record = encode_record(self._batch.columns, row)
        told_why = (refusal.code, refusal.field, refusal.message, place)
        return (ordinal, identity, key, *told_why, raw, record)
