"""Notices members that are asked for and that no record of a page has.

Guarantee: a name that vanished is drift, not a column of nothing. A null one is there, and what
was there once is not sought again in each page.
"""

from collections.abc import Sequence
from typing import Any

from adapters.base import BoundStream
from adapters.rest.replies import Records
from adapters.rest.shape import Shape
from adapters.rest.span import Span
from midspan.kernel.errors import DriftError


class Presence:
    """What was seen of one list's columns so far."""

    def __init__(self, stream: BoundStream, shape: Shape) -> None:
        self._stream = stream
        self._shape = shape
        self._present = {*shape.given, *shape.nested}

    def refuse_missing(self, records: Records) -> None:
        """Raise when no record has a column that is asked for; a stamp that is null is there."""
        if not records.items or not self._shape.roots:
            return
        rows: Sequence[Any] = records.items if records.clean else Span(((records, 0),)).rows()
        key = [name.partition(".")[0] for name in self._stream.primary_key]
        needed = {
            name
            for at, name in enumerate(records.columns)
            if name not in self._present and (name in key or not self._shape.sparse)
            if all(row[at] is None for row in rows)
        }
        gone = sorted(needed - records.names()) if rows and needed else []
        # What was there once need not be sought in each page.
        self._present.update(records.columns if rows else ())
        if gone:
            raise DriftError(
                "adapter.field_missing",
                f"no record of '{self._stream.name}' holds {', '.join(gone)}",
                remedy="Correct the stream or its mapping; where the system leaves out what is "
                "empty, say 'sparse: true'",
                stream=self._stream.name,
            )
