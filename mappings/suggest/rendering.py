"""Writes a draft down as a mapping file, with its evidence as comments, and tries it.

Guarantee: the text is a mapping file that loads, unless a required field is missing; then the
loader's message says which, and so does a comment. Comments hold names, shares and shapes of
the sample, never its values.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mappings.reader import load_mapping
from mappings.suggest.composing import Line
from mappings.suggest.drafting import Draft
from mappings.translation import compile_mapping
from midspan.kernel.errors import DriftError, Problem

_WIDTH = 100
_LONGEST_WHY = 160


@dataclass(frozen=True, slots=True)
class Trial:
    """What becomes of the sample by a draft: rows translated of those tried.

    ``refused`` counts rows by field and error code; ``problems`` are the loader's own words
    where the draft does not load, and then nothing was tried.
    """

    rows: int
    translated: int
    refused: tuple[tuple[str, str, int], ...] = ()
    problems: tuple[str, ...] = ()


def render(draft: Draft, name: str, trial: Trial | None = None) -> str:
    """Return the text of a mapping file called ``name``."""
    return "\n".join([*_head(draft, trial), *_body(draft, name)]) + "\n"


def try_out(draft: Draft) -> Trial:
    """Load a draft as a mapping, and translate the sample it was made from."""
    problems: list[Problem] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "draft.yaml"
        file.write_text(render(draft, file.stem), "utf-8")
        mapping = load_mapping(file, draft.entity, problems)
    rows = draft.sample.rows
    if mapping is None:
        return Trial(len(rows), 0, problems=tuple(one.message for one in problems))
    try:
        done = compile_mapping(mapping).translate(
            tuple(draft.sample.columns), [tuple(row) for row in rows]
        )
    except DriftError as error:
        return Trial(len(rows), 0, problems=(str(error),))
    counted = Counter((one.field, one.code) for one in done.refusals)
    refused = tuple((*which, count) for which, count in counted.most_common())
    return Trial(len(rows), len(done.rows), refused)


def _head(draft: Draft, trial: Trial | None) -> Iterator[str]:
    sample = draft.sample
    whole = f"{sample.system}.{sample.stream}"
    yield f"# A draft of {whole} by midspan suggest: read each line before use."
    yield f"# {len(sample.rows)} rows were looked at. Before each field: how sure, and why."
    scores = ", ".join(f"{name} {score:.2f}" for name, score in draft.choices)
    yield f"# It looks like: {scores}."
    if trial is not None and not trial.problems:
        yield f"# By this draft {trial.translated} of {trial.rows} rows are translated."
        for field, code, count in trial.refused:
            yield f"# Refused: {count} by {field}, {code}."


def _body(draft: Draft, name: str) -> Iterator[str]:
    yield f"mapping: {_flow(name)}"
    yield f"entity: {draft.entity.name}/{draft.entity.version}"
    yield f"source: {_flow(f'{draft.sample.system}.{draft.sample.stream}')}"
    yield ""
    yield "fields:" if draft.lines else "fields: {}"
    for line in draft.lines:
        yield f"  # {_why(line)}"
        yield f"  {line.field}: {_flow(line.expression)}"
    for field in draft.missing:
        choices = f", one of {', '.join(field.choices)}" if field.choices else ""
        yield f"  # {field.name} is required ({field.kind}{choices}), and no column looks like it."
        yield f"  # Add {field.name}: with the path of its column, or {{const: ...}}."
    if draft.open:
        yield f"  # Nothing was found for {', '.join(one.name for one in draft.open)}."
    if draft.ignored:
        yield ""
        yield "ignore:"
        for left in draft.ignored:
            yield f"  - {_flow(left.column)}  # {_shown(left.why)}"


def _why(line: Line) -> str:
    sure = "confident" if line.confident else "look at it"
    parts = [f"{line.confidence:.2f} {sure}", *line.evidence]
    if line.converts is not None:
        parts.append(f"{line.converts:.0%} of the values convert")
    if line.rivals:
        others = ", ".join(f"{path} {score:.2f}" for path, score in line.rivals)
        parts.append(f"next best: {others}")
    return _shown("; ".join(parts))


def _shown(text: str) -> str:
    """Return a text as one line of a comment; names of columns may hold anything."""
    plain = "".join(one if one.isprintable() else "?" for one in text)
    return plain if len(plain) <= 2 * _LONGEST_WHY else f"{plain[: 2 * _LONGEST_WHY - 1]}…"


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(
        value, default_flow_style=True, width=100_000, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...")
