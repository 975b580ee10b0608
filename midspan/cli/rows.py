"""How previewed rows are shown: source and canonical side by side, personal data marked.

A person who connects a system sees its data on purpose; ``masked`` hides it for a screen that
others see. Where no mapping says what is personal, every value may be.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

import click
import msgspec

from midspan.cli.output import print_table, print_wrapped
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
                "outcome": row.outcome,
                "code": row.code,
                "field": row.field,
                "reason": row.reason,
                "source": row.source,
                "canonical": {field.name: field.value for field in row.fields}
                if row.outcome == "translated"
                else None,
            }
            for row in shown.rows
        ],
        "rejects": [
            {"code": one.code, "message": one.message, "where": one.where} for one in shown.rejects
        ],
    }


def print_preview(shown: Preview) -> None:
    """Print each row: field by field with what it was made of, or as the source has it."""
    arrow = f" → {shown.entity}" if shown.entity else ""
    for number, row in enumerate(shown.rows, 1):
        if number > 1:
            click.echo()
        click.echo(f"{shown.system}.{shown.stream}{arrow}, row {number}: {_outcome(row)}")
        if row.fields:
            _print_mapped(row)
        else:
            names = [(name, _short(value)) for name, value in row.source.items()]
            print_table(("source field", "value"), names, lines=False, indent=2)
    for reject in shown.rejects:
        click.echo(f"cannot be read: [{reject.code}] {reject.message} {reject.where}".rstrip())
    if not shown.rows and not shown.rejects:
        click.echo(f"{shown.system}.{shown.stream}: no row")
    fields = {field.name: field for row in shown.rows for field in row.fields}.values()
    if any(field.personal for field in fields):
        click.echo("\n* personal data")
    left_out = [field.name for field in fields if not field.mapped]
    if left_out:
        print_wrapped(f"not mapped: {', '.join(left_out)}", 0)


def _print_mapped(row: PreviewRow) -> None:
    lines = []
    for field in filter(lambda one: one.mapped, row.fields):
        name = f"{field.name} *" if field.personal else field.name
        value = f"refused: {field.refused}" if field.refused else _short(field.value)
        paths = ", ".join(source.path for source in field.sources)
        values = ", ".join(_short(source.value) for source in field.sources)
        lines.append((name, value, paths, values))
    used = {source.column for source in _sources(row)}
    lines += [("", "", name, _short(row.source[name])) for name in row.source if name not in used]
    print_table(("field", "canonical", "from", "source"), lines, lines=False, indent=2)


def _outcome(row: PreviewRow) -> str:
    if row.outcome == "refused":
        where = f" in {row.field}" if row.field else ""
        return f"refused{where}: [{row.code}] {row.reason}"
    return f"left out: {row.reason}" if row.outcome == "filtered" else row.outcome


def _harmless(shown: Preview) -> set[str]:
    if not shown.entity:
        return set()
    named = {source.column for row in shown.rows for source in _sources(row)}
    return named - shown.personal


def _sources(row: PreviewRow) -> list[Source]:
    return list(chain.from_iterable(field.sources for field in row.fields))


def _masked_field(field: CanonicalField) -> CanonicalField:
    if not field.personal:
        return field
    sources = tuple(replace(one, value=_hidden(one.value, False)) for one in field.sources)
    return replace(field, value=_hidden(field.value, False), sources=sources)


def _hidden(value: Any, harmless: bool) -> Any:
    return value if harmless or value is None else MASK


def _short(value: Any) -> str:
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
