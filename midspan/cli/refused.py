"""How refused rows are shown: why and where, and what was in them only on demand.

Values of personal fields, and of columns that no mapping names, are hidden unless asked for.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import click

from mappings.analysis import personal_columns
from midspan.cli.output import ledger_line, print_table, printable
from midspan.cli.rows import MASK, short
from midspan.sync.originals import decode_record
from midspan.sync.project import BoundSync, Project
from midspan.sync.quarantine import Refused, RefusedCount, contents, refused_rows
from midspan.sync.quarantine_replay import Foreseen

_TOLD = {
    "reread": "read again by its key",
    "lost": "cannot be translated again; a run that reads it brings it",
    "stale": "left out: what is stored is newer",
    "filtered": "left out by a filter",
}


def print_counts(counted: Sequence[RefusedCount]) -> None:
    """Print how many rows were refused, by sync, code and field."""
    columns = ("sync", "code", "field", "rows", "first seen", "last seen")
    seen = [(one.first_seen, one.last_seen) for one in counted]
    told = [(f"{first:%Y-%m-%d %H:%M}", f"{last:%Y-%m-%d %H:%M}") for first, last in seen]
    rows = [
        (one.sync, one.code, one.field, one.rows, *times)
        for one, times in zip(counted, told, strict=True)
    ]
    print_table(columns, rows)


def print_rows(rows: Sequence[Refused]) -> None:
    """Print one line for each refused row."""
    columns = ("sync", "id", "source_key", "code", "field", "message", "place")
    print_table(columns, [[getattr(row, column) for column in columns] for row in rows])


def plain_entry(
    project: Project, name: str, entry: int, *, raw: bool, personal: bool
) -> dict[str, Any]:
    """Return all about a refused row, ready for JSON; ``raw`` adds its bytes as they came."""
    sync = project.sync(name)
    (found,) = refused_rows(project, sync, ids=[entry])
    with project.store(sync.center.name).read() as connection:
        content = contents(connection, sync, [entry])[entry]
    shown = {field: getattr(found, field) for field in Refused.__dataclass_fields__}
    shown["mapping_version_now"] = sync.mapping.version
    shown["record"] = _record(sync, content.record, personal=personal)
    if raw:
        shown["raw"] = content.raw.decode("utf-8", "backslashreplace")
    return shown


def print_entry(shown: Mapping[str, Any]) -> None:
    """Print all about a refused row."""
    about = [(name, value) for name, value in shown.items() if name not in ("record", "raw")]
    print_table(("about", ""), about, lines=False)
    if shown["record"] is not None:
        rows = [(name, short(value)) for name, value in shown["record"].items()]
        print_table(("source field", "value"), rows, lines=False, indent=2)
    if "raw" in shown:
        click.echo(printable(shown["raw"]))


def plain_foreseen(
    sync: BoundSync, foreseen: Sequence[Foreseen], *, diff: bool, personal: bool
) -> list[dict[str, Any]]:
    """Return what a replay would make of each row; ``diff`` adds values before and after."""
    hidden = set() if personal else {one.name for one in sync.mapping.entity.fields if one.personal}
    return [
        {
            "id": one.entry.id,
            "source_key": one.entry.source_key,
            "was": one.entry.code,
            "outcome": one.outcome,
            "changes": [
                {
                    "field": change.field,
                    "before": MASK if change.field in hidden else change.before,
                    "after": MASK if change.field in hidden else change.after,
                }
                if diff
                else {"field": change.field}
                for change in one.changes
            ],
            "code": one.code or None,
            "field": one.field or None,
            "message": one.message or None,
        }
        for one in foreseen
    ]


def print_foreseen(name: str, told: Sequence[Mapping[str, Any]]) -> None:
    """Print what a replay would make of each row, and how many of each kind."""
    rows = [(one["id"], one["source_key"], one["was"], _becomes(one)) for one in told]
    if rows:
        print_table(("id", "source_key", "was", "becomes"), rows)
    counts = Counter(str(one["outcome"]) for one in told)
    click.echo(f"{name}: {ledger_line(counts) or 'nothing to replay'}")


def _becomes(one: Mapping[str, Any]) -> str:
    if one["outcome"] == "refused":
        return f"refused again: {one['code']} {one['field'] or ''}".rstrip()
    changes = [
        f"{change['field']}: {short(change['before'])} → {short(change['after'])}"
        if "after" in change
        else change["field"]
        for change in one["changes"]
    ]
    told = _TOLD.get(one["outcome"], one["outcome"])
    return f"{told}: {', '.join(changes)}" if changes else told


def _record(sync: BoundSync, kept: bytes | None, *, personal: bool) -> dict[str, Any] | None:
    if kept is None:
        return None
    columns, row = decode_record(kept)
    harmless = set(columns) if personal else _harmless(sync)
    return {
        name: value if name in harmless or value is None else MASK
        for name, value in zip(columns, row, strict=True)
    }


def _harmless(sync: BoundSync) -> set[str]:
    """Return the columns that a mapping or the stream names, and that are not personal."""
    cursor = sync.stream.cursor.fields if sync.stream.cursor else ()
    marks = {*sync.stream.primary_key, *cursor}
    return marks | ({*sync.mapping.sources} - personal_columns(sync.mapping.mapping))
