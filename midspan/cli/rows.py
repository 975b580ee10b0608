"""How previewed rows are shown: source and canonical side by side, personal data marked.

``masked`` hides what is personal. Where no mapping says what is, every value may be; the columns
of key and cursor are shown, as they are wherever a row is named.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

import click
import msgspec

from midspan.cli.output import ledger_line, print_table, print_wrapped
from midspan.sync.effects import Effect, GoldenEffect
from midspan.sync.preview import CanonicalField, Preview, PreviewRow, Source

MASK = "•••"
_LONGEST = 60


def masked(shown: Preview) -> Preview:
    """Return a preview without what is personal, or may be."""
    harmless = _harmless(shown)
    rows = [
        replace(
            row,
            source={name: _hidden(value, name in harmless) for name, value in row.source.items()},
            fields=tuple(_masked_field(field) for field in row.fields),
            effect=_masked_effect(row),
        )
        for row in shown.rows
    ]
    return replace(shown, rows=tuple(rows))


def plain(shown: Preview) -> dict[str, Any]:
    """Return a preview ready for JSON."""
    return {
        "system": shown.system,
        "stream": shown.stream,
        "entity": shown.entity or None,
        "columns": shown.columns,
        "personal": sorted(shown.personal) if shown.entity else None,
        "rows": [
            {
                "key": row.key,
                "outcome": row.outcome,
                "code": row.code,
                "field": row.field,
                "reason": row.reason,
                "source": row.source,
                "canonical": {field.name: field.value for field in row.fields}
                if row.outcome == "translated"
                else None,
                "store": _plain_effect(row.effect),
            }
            for row in shown.rows
        ],
        "rejects": [
            {"code": one.code, "message": one.message, "where": one.where} for one in shown.rejects
        ],
    }


def _plain_effect(effect: Effect | None) -> dict[str, Any] | None:
    if effect is None:
        return None
    golden = effect.golden
    return {
        "fate": effect.fate,
        "changes": [
            {"field": one.field, "before": one.before, "after": one.after} for one in effect.changes
        ],
        "golden": golden
        and {
            "verb": golden.verb,
            "id": golden.id,
            "changed": golden.changed,
            "merges": golden.merges,
        },
    }


def print_preview(shown: Preview, *, hidden: bool) -> None:
    """Print each row: field by field with what it was made of, or as the source has it.

    ``hidden``: it is masked.
    """
    arrow = f" → {shown.entity}" if shown.entity else ""
    for number, row in enumerate(shown.rows, 1):
        if number > 1:
            click.echo()
        click.echo(f"{shown.system}.{shown.stream}{arrow}, row {number}: {_outcome(row)}")
        if row.effect is not None:
            print_wrapped(_told(row.effect, shown.entity), 2)
        if row.fields:
            _print_mapped(row)
        else:
            names = [(name, short(value)) for name, value in row.source.items()]
            print_table(("source field", "value"), names, lines=False, indent=2)
    for reject in shown.rejects:
        click.echo(f"cannot be read: [{reject.code}] {reject.message} {reject.where}".rstrip())
    if not shown.rows and not shown.rejects:
        click.echo(f"{shown.system}.{shown.stream}: no row")
    _print_notes(shown, hidden=hidden)


def _print_notes(shown: Preview, *, hidden: bool) -> None:
    fields = {field.name: field for row in shown.rows for field in row.fields}.values()
    note = "; --show-personal shows it" if hidden else ""
    if any(field.personal for field in fields):
        click.echo(f"\n* personal data{note}")
    elif hidden and shown.rows:
        click.echo(f"\nhidden is what may be personal{note}")
    left_out = [field.name for field in fields if not field.mapped]
    if left_out:
        print_wrapped(f"not mapped: {', '.join(left_out)}", 0)
    fates: Counter[str] = Counter(row.effect.fate for row in shown.rows if row.effect)
    if fates:
        print_wrapped(f"a run over these rows: {ledger_line(fates)}", 0)


def _print_mapped(row: PreviewRow) -> None:
    changes = {one.field: one for one in (row.effect.changes if row.effect else ())}
    lines: list[tuple[str, ...]] = []
    for field in filter(lambda one: one.mapped or one.name in changes, row.fields):
        name = f"{field.name} *" if field.personal else field.name
        value = f"refused: {field.refused}" if field.refused else short(field.value)
        stored = short(changes[field.name].before) if field.name in changes else ""
        paths = ", ".join(source.path for source in field.sources)
        values = ", ".join(short(source.value) for source in field.sources)
        lines.append((name, value, stored, paths, values))
    used = {source.column for source in _sources(row)}
    rest = [name for name in row.source if name not in used]
    lines += [("", "", "", name, short(row.source[name])) for name in rest]
    columns: tuple[str, ...] = ("field", "canonical", "stored", "from", "source")
    if not changes:
        columns = (*columns[:2], *columns[3:])
        lines = [(*line[:2], *line[3:]) for line in lines]
    print_table(columns, lines, lines=False, indent=2)


def _told(effect: Effect, entity: str) -> str:
    """Return in words what a run would make of a row."""
    if effect.fate == "duplicate":
        return "would count for nothing: a later row has the same key"
    if effect.fate == "unchanged":
        return "would change nothing"
    fields = ", ".join(change.field for change in effect.changes)
    told = f"would be {effect.fate}" + (f": {fields}" if fields else "")
    return told if effect.golden is None else f"{told}; {_told_golden(effect.golden, entity)}"


def _told_golden(golden: GoldenEffect, entity: str) -> str:
    named = f"{entity} {golden.id}" if golden.id is not None else f"a new {entity}"
    told = f"{named} is {golden.verb}"
    if golden.verb == "updated":
        told += f": {', '.join(golden.changed)}"
    if golden.merges:
        told += f"; merged into it: {', '.join(map(str, golden.merges))}"
    return told


def _outcome(row: PreviewRow) -> str:
    if row.outcome == "refused":
        where = f" in {row.field}" if row.field else ""
        return f"refused{where}: [{row.code}] {row.reason}"
    return f"left out: {row.reason}" if row.outcome == "filtered" else row.outcome


def _harmless(shown: Preview) -> frozenset[str]:
    if not shown.entity:
        return shown.marks
    named = {source.column for row in shown.rows for source in _sources(row)}
    return (shown.marks | named) - shown.personal


def _sources(row: PreviewRow) -> list[Source]:
    return list(chain.from_iterable(field.sources for field in row.fields))


def _masked_field(field: CanonicalField) -> CanonicalField:
    if not field.personal:
        return field
    sources = tuple(replace(one, value=_hidden(one.value, False)) for one in field.sources)
    return replace(field, value=_hidden(field.value, False), sources=sources)


def _masked_effect(row: PreviewRow) -> Effect | None:
    if row.effect is None:
        return None
    personal = {field.name for field in row.fields if field.personal}
    changes = tuple(
        replace(
            one,
            before=_hidden(one.before, one.field not in personal),
            after=_hidden(one.after, one.field not in personal),
        )
        for one in row.effect.changes
    )
    return replace(row.effect, changes=changes)


def _hidden(value: Any, harmless: bool) -> Any:
    return value if harmless or value is None else MASK


def short(value: Any) -> str:
    """Return a value in one line of at most sixty signs."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list | tuple):
        value = msgspec.json.encode(value, enc_hook=str).decode()
    if isinstance(value, bytes | bytearray | memoryview):
        value = f"0x{bytes(value).hex()}"
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
