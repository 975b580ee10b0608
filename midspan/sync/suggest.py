"""Rows and names of a stream to draft a mapping from, read as a person would look at them.

Guarantee: nothing is kept and nothing is changed. Rows are read as samples are, with every
field there is, whatever a mapping of the stream reads; names for people come from what was
discovered before.
"""

from adapters.file.formats.base import PLACE_COLUMNS
from mappings.suggest import Sample
from midspan.kernel.errors import UnknownName
from midspan.kernel.stream import Row
from midspan.sync.catalogs import discover
from midspan.sync.project import Project
from midspan.sync.samples import first_batches


def sample(project: Project, system: str, stream: str, rows: int) -> Sample:
    """Return at most ``rows`` rows of a stream of the system's file.

    Raises UnknownName ``adapter.unknown_stream`` when the file has no such stream.
    """
    project.stream(system, stream)
    columns, read = _read(project, system, stream, rows)
    title, labels = _names(project, system, stream)
    return Sample(system, stream, columns, read, labels, title)


def _read(
    project: Project, system: str, stream: str, rows: int
) -> tuple[tuple[str, ...], list[Row]]:
    """Return the columns of all batches and the rows in their order; what a row lacks is None."""
    batches = first_batches(project, system, stream, rows, whole=True)
    # Where a row stood in its file is told beside it, and no field of the source.
    found = dict.fromkeys(column for batch in batches for column in batch.columns)
    names = tuple(name for name in found if name not in PLACE_COLUMNS)
    records = [
        dict(zip(batch.columns, row, strict=True)) for batch in batches for row in batch.rows
    ]
    return names, [tuple(record.get(name) for name in names) for record in records]


def _names(project: Project, system: str, stream: str) -> tuple[str, dict[str, str]]:
    """Return the source's own words for a stream, and for its fields where it has any."""
    try:
        found = discover(project, system, (stream,))
    except UnknownName:
        return "", {}
    told = found.streams[0].stream
    return f"{told.name} {told.label}", {one.name: one.label for one in told.fields if one.label}
