"""How two mappings' differences are shown: by field and by what becomes of rows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click

from mappings.comparing import FieldChange, Turn
from mappings.proving.spelling import storable
from midspan.cli.output import print_table
from midspan.cli.rows import MASK, short
from midspan.sync.diff import MappingDiff


def masked(done: MappingDiff) -> MappingDiff:
    """Return a comparison without the values of personal fields."""
    fields = tuple(_hidden(one) if one.personal else one for one in done.comparison.fields)
    return replace(done, comparison=replace(done.comparison, fields=fields))


def plain(done: MappingDiff) -> dict[str, Any]:
    """Return a comparison ready for JSON."""
    found = done.comparison
    return {
        "old": {"mapping": done.old.name, "version": done.old.version},
        "new": {"mapping": done.new.name, "version": done.new.version},
        "source": done.source,
        "rows": found.rows,
        "same": found.same,
        "fields": [
            {
                "field": one.name,
                "personal": one.personal,
                "rows": one.rows,
                "examples": [
                    {"before": storable(each.expected), "after": storable(each.found)}
                    for each in one.examples
                ],
            }
            for one in found.fields
        ],
        "ends": [
            {
                "before": turn.before,
                "after": turn.after,
                "code": turn.code or None,
                "field": turn.field or None,
                "rows": count,
            }
            for turn, count in _sorted(found.turns)
        ],
        "unknown_columns": found.unknown,
    }


def print_diff(done: MappingDiff) -> None:
    """Print which fields change, with a few of their values, and which rows end otherwise."""
    found = done.comparison
    click.echo(
        f"{done.old.name} {done.old.version} → {done.new.name} {done.new.version}, on {found.rows} "
        f"rows of {done.source}: {found.same} the same"
    )
    lines: list[tuple[str, ...]] = []
    for field in found.fields:
        head = (f"{field.name} *" if field.personal else field.name, str(field.rows))
        for one in field.examples:
            lines.append((*head, short(one.expected), short(one.found)))
            head = ("", "")
    if lines:
        print_table(("field", "rows", "before", "after"), lines, lines=False, indent=2)
    for turn, count in _sorted(found.turns):
        click.echo(f"  {count} {_said(turn)}")
    for column in found.unknown:
        click.echo(f"  no row has the column '{column}', which the new mapping reads")
    if any(field.personal for field in found.fields):
        click.echo("* personal data")


def _said(turn: Turn) -> str:
    told = f" ([{turn.code}] in {turn.field})" if turn.code else ""
    if turn.before == turn.after:
        return f"{turn.after} for another reason{told}"
    return f"{turn.before} before, {turn.after} now{told}"


def _sorted(turns: Mapping[Turn, int]) -> list[tuple[Turn, int]]:
    return sorted(turns.items(), key=lambda one: (-one[1], one[0].code, one[0].field))


def _hidden(field: FieldChange) -> FieldChange:
    examples = [
        replace(
            one,
            expected=None if one.expected is None else MASK,
            found=None if one.found is None else MASK,
        )
        for one in field.examples[:1]
    ]
    return replace(field, examples=examples)
