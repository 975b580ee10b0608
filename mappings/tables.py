"""Lookup tables: CSV files that translate a system's codes into canonical values.

A table has a header line ``source,canonical``; further columns are notes. A code stands in
it once. Its values are checked where the table is used, before a row moves.
"""

import csv
from pathlib import Path

from config.binding import nearest
from config.tree import Node
from midspan.kernel.errors import Problem

FOLDER = "lookups"
MAX_ENTRIES = 200_000


def read_table(node: Node, folder: Path, problems: list[Problem]) -> dict[str, str] | None:
    """Return the table that ``node`` names, code to text; None when problems were added."""
    known = sorted(file.name for file in (folder / FOLDER).glob("*.csv"))
    if node.value not in known:
        problems.append(
            node.problem(
                "mapping.unknown_lookup",
                f"there is no lookup table '{node.value}' in {FOLDER}/",
                nearest(str(node.value), known),
            )
        )
        return None
    file = folder / FOLDER / str(node.value)
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not UTF-8" if isinstance(error, ValueError) else "cannot be read"
        problems.append(Problem("mapping.lookup_table", file, 0, 0, reason))
        return None
    return _entries(text, file, problems)


def _entries(text: str, file: Path, problems: list[Problem]) -> dict[str, str] | None:
    before = len(problems)

    def report(line: int, message: str, remedy: str = "") -> None:
        problems.append(Problem("mapping.lookup_table", file, line, 1, message, remedy))

    reader = csv.reader(text.splitlines(), strict=True)
    table: dict[str, str] = {}
    try:
        if next(reader, [])[:2] != ["source", "canonical"]:
            report(1, "the first line is no header", "Begin with: source,canonical")
        for cells in reader:
            if len(cells) < 2 or not cells[1]:
                report(reader.line_num, "a line holds a code and its canonical value")
            elif cells[0] in table:
                report(reader.line_num, f"the code '{cells[0]}' stands here twice")
            else:
                table[cells[0]] = cells[1]
    except csv.Error as error:
        report(reader.line_num, f"is no CSV: {error}")
    if len(table) > MAX_ENTRIES:
        report(0, f"holds more than {MAX_ENTRIES} codes")
    return table if len(problems) == before else None
