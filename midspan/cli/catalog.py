"""How a discovered system is shown: in short, stream by stream in full, and as YAML to paste."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import click
import yaml

from midspan.cli.output import age, print_table, print_wrapped
from midspan.governor import KeptStream
from midspan.kernel.catalog import CatalogStream, CursorCandidate
from midspan.sync.catalogs import Found

_GOOD = 0.4
"""A candidate below this score is told of, and not proposed."""

_NOT_A_WORD = re.compile(r"[\W_]+")
_LONGEST_NAME = 40


def print_listing(found: Found) -> None:
    """Print one line for each stream: what it is, and how it could be read."""
    looked = f", listed {age(found.whole)}" if found.whole else ""
    click.echo(f"{found.system}: {len(found.streams)} to read{looked}")
    rows = [
        (
            one.stream.name,
            one.stream.kind,
            _count(one.stream.rows),
            ", ".join(one.stream.primary_key),
            *_best(one.stream),
            ", ".join(one.stream.configured),
        )
        for one in found.streams
    ]
    if rows:
        columns = ("name", "kind", "rows", "key", "best cursor", "score", "read as")
        print_table(columns, rows)


def print_stream(kept: KeptStream) -> None:
    """Print all that is known of one stream."""
    stream = kept.stream
    label = f" «{stream.label}»" if stream.label else ""
    rows = f", about {_count(stream.rows)} rows" if stream.rows is not None else ""
    click.echo(f"{stream.name}{label}: {stream.kind}{rows}, looked at {age(kept.at)}")
    click.echo(f"  read as  {', '.join(stream.configured) or 'no stream reads it'}")
    key = ", ".join(stream.primary_key) or "none found"
    click.echo(f"  key      {key}" + (f": {stream.key_evidence}" if stream.key_evidence else ""))
    click.echo("  cursors" + ("" if stream.cursors else "  no field looks like one"))
    for cursor in stream.cursors:
        click.echo(f"    {cursor.score:.2f}  {_cursor(cursor)}")
        print_wrapped("; ".join(cursor.evidence), 10)
    click.echo("  fields")
    print_table(("name", "type", "native", "null", "about"), _fields(stream), indent=4, lines=False)


def stream_yaml(found: Found, *, everything: bool) -> str:
    """Return streams as they would stand in the system's file, with the evidence as comments.

    ``everything`` leaves out what a stream reads already.
    """
    wanted = [one.stream for one in found.streams if not (everything and one.stream.configured)]
    taken: set[str] = {name for one in found.streams for name in one.stream.configured}
    lines = ["streams:"]
    for stream in wanted:
        name = _name(stream, taken)
        taken.add(name)
        lines += [f"  {name}:", *(f"    {line}" for line in _stream_lines(stream))]
    return "\n".join(lines if wanted else ["# every stream is read already"])


def _stream_lines(stream: CatalogStream) -> Iterator[str]:
    rows = f", about {_count(stream.rows)} rows" if stream.rows is not None else ""
    yield f"# {stream.name}: {stream.kind}{rows}"
    if stream.configured:
        yield f"# already read as {', '.join(stream.configured)}"
    if stream.primary_key:
        yield f"primary_key: {_flow(list(stream.primary_key))}  # {stream.key_evidence}"
    else:
        yield f"# primary_key: name the fields that tell records apart ({stream.key_evidence})"
    best = stream.cursors[0] if stream.cursors else None
    if best is None:
        yield "# no cursor found: every run reads everything"
    else:
        yield from _cursor_lines(best)
    for key, value in stream.config.items():
        yield f"{key}: {_flow(value)}"


def _cursor_lines(cursor: CursorCandidate) -> Iterator[str]:
    for sentence in cursor.evidence:
        yield f"# {sentence}"
    config: dict[str, Any] = {"fields": list(cursor.fields)}
    if cursor.type != "datetime":
        config["type"] = cursor.type
    if cursor.format:
        config["format"] = cursor.format
    if cursor.empty:
        config["empty"] = list(cursor.empty)
    if any("does not say its zone" in one for one in cursor.evidence):
        config["zone"] = "UTC"
        yield "# zone: write the zone whose clock the source shows"
    config |= _lookback(cursor)
    if cursor.score < _GOOD:
        yield f"# too weak to be proposed: cursor: {_flow(config)}"
    else:
        yield f"cursor: {_flow(config)}"


def _lookback(cursor: CursorCandidate) -> dict[str, Any]:
    if cursor.type == "date":
        return {"lookback": "1d"}
    if cursor.type != "integer":
        return {}
    thousands = sum("milliseconds" in one for one in cursor.evidence)
    millions = sum("microseconds" in one for one in cursor.evidence)
    return {"lookback": 120 * 1000**thousands * 1_000_000**millions}


def _name(stream: CatalogStream, taken: set[str]) -> str:
    """Return a short word for a stream that no other stream has."""
    source = stream.name.rpartition(".")[0] if stream.kind == "files" else stream.name
    whole = _word(source) or "stream"
    for name in (_word(re.split(r"[./]", source)[-1]), whole):
        if name and name not in taken:
            return name
    return next(f"{whole}_{n}" for n in range(2, len(taken) + 3) if f"{whole}_{n}" not in taken)


def _word(text: str) -> str:
    return _NOT_A_WORD.sub("_", text).strip("_").lower()[:_LONGEST_NAME]


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(
        value, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _best(stream: CatalogStream) -> tuple[str, str]:
    if not stream.cursors:
        return "", ""
    return _cursor(stream.cursors[0]), f"{stream.cursors[0].score:.2f}"


def _cursor(cursor: CursorCandidate) -> str:
    form = f", {cursor.format}" if cursor.format else ""
    empty = f", empty: {', '.join(map(str, cursor.empty))}" if cursor.empty else ""
    return f"{', then '.join(cursor.fields)} ({cursor.type}{form}{empty})"


def _fields(stream: CatalogStream) -> Sequence[Sequence[str]]:
    rows = []
    for one in stream.fields:
        size = f" {one.size}" if one.size is not None else ""
        refers = f"→ {one.refers_to}" if one.refers_to else ""
        about = " ".join(part for part in (one.label, refers) if part)
        rows.append((one.name, one.type + size, one.native, "" if one.nullable else "no", about))
    return rows


def _count(rows: int | None) -> str:
    return "" if rows is None else f"{rows:,}"
