"""What a changed mapping changes, on rows of the stream it is for.

Guarantee: nothing is written. Rows come through the system's gate, or, without calling anyone,
from the mapping's golden file and examples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mappings import CompiledMapping
from mappings.comparing import Comparison, compare
from mappings.proving.goldens import read_golden
from midspan.kernel.errors import MidspanError
from midspan.sync.project import Project
from midspan.sync.revisions import mapping_of
from midspan.sync.samples import first_rows


@dataclass(frozen=True, slots=True)
class MappingDiff:
    """Two mappings, where the rows came from (a sync's name, or ``files``), and what differs."""

    old: CompiledMapping
    new: CompiledMapping
    source: str
    comparison: Comparison


def diff(
    project: Project, old: str, new: str, rows: int, sync: str = "", *, offline: bool = False
) -> MappingDiff:
    """Compare two mappings on the first ``rows`` rows of a sync's stream.

    ``sync`` is by default the one that uses the new mapping, else the old. ``offline`` takes
    the rows of the golden file and the examples. Raises MidspanError ``diff.entity`` for
    mappings of two entities, and ``diff.no_rows`` where there is nothing to compare them on.
    """
    home = project.settings.home
    before, after = mapping_of(home, old), mapping_of(home, new)
    if before.entity != after.entity:
        raise MidspanError(
            "diff.entity",
            f"{old} makes {before.entity.name}, {new} makes {after.entity.name}",
            remedy="Compare mappings of one entity",
        )
    source = "files" if offline else sync or _sync_of(project, (after.name, before.name))
    # Each mapping may read other fields: rows come with every field there is.
    found = (
        _kept_rows(project, (before, after))
        if offline
        else first_rows(project, project.sync(source), rows, whole=True)
    )
    if not found:
        raise MidspanError(
            "diff.no_rows",
            f"there is no row to compare {old} and {new} on",
            remedy="Capture some with midspan test --capture, or name a stream that has rows",
        )
    return MappingDiff(before, after, source, compare(before, after, found))


def _sync_of(project: Project, names: Sequence[str]) -> str:
    for name in names:
        for one in project.syncs.values():
            if one.mapping.name == name:
                return one.name
    raise MidspanError(
        "diff.no_rows",
        f"no sync uses the mapping {names[0]}",
        remedy="Name one with --sync, or compare --offline",
    )


def _kept_rows(project: Project, mappings: Sequence[CompiledMapping]) -> list[Mapping[str, Any]]:
    """Return the rows of examples and golden files, of the files that the project has."""
    rows: list[Mapping[str, Any]] = []
    for one in mappings:
        mapping = one.mapping
        rows += [example.row for example in mapping.examples]
        own = replace(mapping, file=project.settings.home / "mappings" / f"{mapping.name}.yaml")
        golden = read_golden(own)
        rows += [kept.row for kept in golden.rows] if golden else []
    return [row for place, row in enumerate(rows) if row not in rows[:place]]
