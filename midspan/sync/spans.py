"""A span of a stream: the rows whose stamps lie in ``[lower, upper)``.

Guarantee: exactly those rows are let through, whatever the source's own filter yields: it knows
no upper bound, and may begin earlier than it was asked to. A row whose stamp nobody can read is
let through, so that it is refused where everybody sees it; one without a stamp belongs to no
span: the live sync looks at it each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.base import BoundStream
from config.model import CursorConfig
from midspan.kernel.cursor import CursorCodec
from midspan.kernel.errors import MidspanError, RecordError, UnknownName
from midspan.kernel.stream import Batch
from midspan.sync.marks import RowMarks
from midspan.sync.project import BoundSync


@dataclass(frozen=True, slots=True)
class Span:
    """Two canonical cursor texts; ``lower`` None: from the beginning."""

    lower: str | None
    upper: str

    def cut(self, batch: Batch, stream: BoundStream) -> Batch:
        """Return a batch without the rows that are outside; its position and rejects stay."""
        marks = RowMarks(stream, batch.columns)
        kept = [place for place, row in enumerate(batch.rows) if self._holds(marks, row)]
        rows = [batch.rows[place] for place in kept]
        return replace(batch, rows=rows, origin=lambda place: batch.origin(kept[place]))

    def _holds(self, marks: RowMarks, row: Sequence[Any]) -> bool:
        try:
            stamp = marks.stamp(row)
        except RecordError:
            return True
        return stamp is not None and (self.lower or "") <= stamp < self.upper


def require_cursor(sync: BoundSync) -> CursorConfig:
    """Return the cursor of a sync's stream; raise MidspanError ``sync.no_cursor`` without one."""
    if sync.stream.cursor is None:
        raise MidspanError(
            "sync.no_cursor",
            "this stream has no cursor, and so no ranges: each run reads all of it",
            remedy="Run the sync itself",
            sync=sync.name,
        )
    return sync.stream.cursor


def cursor_value(cursor: CursorConfig, spoken: str) -> str:
    """Return a cursor value that a person wrote as canonical text.

    It may be written as the source writes it, or in ISO form. Raises UnknownName ``cursor.value``.
    """
    for codec in (cursor.codec, CursorCodec(cursor.type, cursor.zone)):
        try:
            return codec.parse(spoken)
        except RecordError:
            continue
    raise UnknownName(
        "cursor.value",
        f"'{spoken}' is no {cursor.type}, which the stream's cursor is",
        remedy="Write it as the source does, or as 2026-03-01T12:00:00 (a number for integers)",
    )
