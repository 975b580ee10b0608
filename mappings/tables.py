"""Lookup tables: CSV files that translate a system's codes into canonical values.

A table has a header line that begins ``source,canonical``; a mapping may take another column
in place of ``canonical``, and columns that nobody takes are notes. Three names are reserved:
``valid_from`` and ``valid_to``, the first and last day on which a code has a meaning, and
``preferred``, which marks the code that the way back takes where several mean the same. A code
has one meaning a day. Values are checked where the table is used, before a row moves.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from config.binding import nearest
from config.tree import Node
from mappings.model import Span
from midspan.kernel.errors import Problem

FOLDER = "lookups"
MAX_ENTRIES = 200_000
VALUE = "canonical"
_FROM, _TO, _PREFERRED = "valid_from", "valid_to", "preferred"
RESERVED = ("source", _FROM, _TO, _PREFERRED)

Report = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Table:
    """What a table's codes mean, as text: always, or (``is_dated``) from day to day.

    ``spelling`` holds, where case is nothing, each code as the table spells it.
    """

    spans: dict[str, tuple[Span, ...]]
    is_dated: bool
    preferred: frozenset[str]
    spelling: dict[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a mapping reads a table: which column, and whether codes differ by their case."""

    table: str
    column: str = VALUE
    fold: bool = False


@dataclass(slots=True)
class _Reading:
    """A table under way."""

    spans: dict[str, list[Span]] = field(default_factory=dict)
    preferred: set[str] = field(default_factory=set)
    spelling: dict[str, str] = field(default_factory=dict)


def read_table(node: Node, wanted: Wanted, folder: Path, problems: list[Problem]) -> Table | None:
    """Return the table that ``wanted`` names; None when problems were added.

    What is wrong with its name is told at ``node``, what is wrong in it at its own lines.
    """
    known = sorted(file.name for file in (folder / FOLDER).glob("*.csv"))
    if wanted.table not in known:
        problems.append(
            node.problem(
                "mapping.unknown_lookup",
                f"there is no lookup table '{wanted.table}' in {FOLDER}/",
                nearest(wanted.table, known),
            )
        )
        return None
    file = folder / FOLDER / wanted.table
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError:
        problems.append(Problem("mapping.lookup_table", file, 1, 1, "cannot be read"))
        return None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        remedy = "Save the file as UTF-8"
        problems.append(Problem("mapping.lookup_table", file, line, 1, "is not UTF-8", remedy))
        return None
    return _table(text, file, node, wanted, problems)


def _table(
    text: str, file: Path, node: Node, wanted: Wanted, problems: list[Problem]
) -> Table | None:
    before = len(problems)

    def report(line: int, message: str, remedy: str = "") -> None:
        problems.append(Problem("mapping.lookup_table", file, line, 1, message, remedy))

    reader = csv.reader(text.splitlines(), strict=True)
    reading, header = _Reading(), list[str]()
    try:
        header = [name.strip() for name in next(reader, [])]
        if header[:2] != ["source", VALUE]:
            report(1, "the first line is no header", f"Begin with: source,{VALUE}")
        columns = [name for name in header if name not in RESERVED]
        if wanted.column not in columns:
            message = f"the table '{wanted.table}' has no column '{wanted.column}'"
            remedy = nearest(wanted.column, columns)
            problems.append(node.problem("mapping.unknown_lookup", message, remedy))
        if len(problems) == before:
            _read(_lines(reader, header), reading, wanted, report)
    except csv.Error as error:
        report(reader.line_num, f"is no CSV: {error}")
    if len(reading.spans) > MAX_ENTRIES:
        report(1, f"holds more than {MAX_ENTRIES} codes")
    if len(problems) > before:
        return None
    spans = {code: tuple(some) for code, some in reading.spans.items()}
    is_dated = bool({_FROM, _TO} & {*header})
    return Table(spans, is_dated, frozenset(reading.preferred), reading.spelling)


def _lines(reader: Iterator[list[str]], header: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    for number, cells in enumerate(reader, start=2):
        line = getattr(reader, "line_num", number)
        yield line, dict(zip(header, cells, strict=False))


def _read(
    lines: Iterator[tuple[int, dict[str, str]]], reading: _Reading, wanted: Wanted, report: Report
) -> None:
    for line, cells in lines:
        value = cells.get(wanted.column, "")
        if not value:
            # In a further column a code may have nothing to say.
            if wanted.column == VALUE:
                report(line, "a line holds a code and its canonical value")
            continue
        try:
            first = date.fromisoformat(cells.get(_FROM) or date.min.isoformat())
            last = date.fromisoformat(cells.get(_TO) or date.max.isoformat())
        except ValueError:
            report(line, f"{_FROM} and {_TO} are days such as 2025-01-31, or empty")
            continue
        code = cells["source"].casefold() if wanted.fold else cells["source"]
        others = reading.spans.setdefault(code, [])
        if first > last:
            report(line, f"the code '{cells['source']}' ends before it begins")
        elif any(one.first <= last and first <= one.last for one in others):
            report(line, f"the code '{cells['source']}' stands here twice")
        others.append(Span(first, last, value))
        if wanted.fold:
            reading.spelling.setdefault(code, cells["source"])
        if cells.get(_PREFERRED, "").strip():
            reading.preferred.add(code)
