"""The first rows of a stream, read for a person who waits.

Guarantee: rows are read through the system's gate on the live lane, one batch at a time and no
more than needed; nothing is kept and no cursor moves.
"""

from dataclasses import replace
from typing import Any

from midspan.kernel.errors import within
from midspan.kernel.gate import Lane
from midspan.kernel.stream import Batch, Slice
from midspan.sync.project import BoundSync, Project


def first_batches(
    project: Project, system: str, stream: str, rows: int, *, whole: bool = False
) -> list[Batch]:
    """Return the first ``rows`` rows of a stream or part, in the batches they came in.

    ``whole``: with every field there is, and not only with those that a mapping reads.
    """
    found: list[Batch] = []
    with within(system=system, stream=stream, connection=project.system(system).config.conn_id):
        adapter = project.adapter(system, Lane.LIVE, whole=whole)
        try:
            for batch in adapter.read(stream, Slice()):
                left = rows - sum(len(one.rows) for one in found)
                found.append(replace(batch, rows=batch.rows[:left], rejects=batch.rejects[:rows]))
                if len(batch.rows) >= left:
                    break
        finally:
            adapter.close()
    return found


def first_rows(
    project: Project, sync: BoundSync, rows: int, *, whole: bool = False
) -> list[dict[str, Any]]:
    """Return the first ``rows`` rows of a sync's stream, each by its columns' names."""
    batches = first_batches(project, sync.config.system, sync.config.stream, rows, whole=whole)
    return [dict(zip(batch.columns, row, strict=True)) for batch in batches for row in batch.rows]
