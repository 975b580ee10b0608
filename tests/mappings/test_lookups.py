"""Lookup tables: other columns, meanings that change in time, unknown codes, the way back."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mappings.analysis import way_back
from tests.mappings.helpers import compiled, entity, field, problems_of, translate, write

TEXT = entity(field("x"), field("n", "integer"))
HEAD = "mapping: m\nentity: thing/1\nfields:\n"
TABLES = {
    "units.csv": "source,canonical,name,pack,preferred\nKg,KGM,Kilogramm,1,yes\n"
    "KILO,KGM,,1000,\nSTK,H87,Stück,,\nST,H87,Stück,,\n",
    "rates.csv": "source,canonical,valid_from,valid_to\n1,20,,2023-12-31\n1,21,2024-01-01,\n"
    "2,10,2020-01-01,2020-12-31\n",
    "cases.csv": "source,canonical\na,one\nA,two\n",
}

FOUND: list[tuple[str, dict[str, Any], Any]] = [
    ("{path: a, lookup: {table: units.csv}}", {"a": "KILO"}, "KGM"),
    ("{path: a, lookup: {table: units.csv, column: name}}", {"a": "STK"}, "Stück"),
    ("{path: a, lookup: {table: units.csv, trim: true}}", {"a": " ST "}, "H87"),
    ("{path: a, lookup: {table: units.csv, trim: true}}", {"a": "  "}, None),
    ("{path: a, lookup: {table: units.csv, ignore_case: true}}", {"a": "kG"}, "KGM"),
    ("{path: a, lookup: {table: units.csv, unknown: keep}}", {"a": "MTR"}, "MTR"),
    ("{path: a, lookup: {table: units.csv, unknown: keep, trim: true}}", {"a": " MTR "}, "MTR"),
    ("{path: a, lookup: {table: units.csv, unknown: missing}}", {"a": "MTR"}, None),
    ("{path: a, lookup: {table: units.csv, unknown: missing}, default: Z}", {"a": "MTR"}, "Z"),
    ("{path: a, lookup: {table: units.csv, column: name, unknown: missing}}", {"a": "KILO"}, None),
    ("{path: a, lookup: {table: cases.csv}}", {"a": "A"}, "two"),
    ("{path: a, lookup: {table: rates.csv, at: d}}", {"a": 1, "d": date(2023, 12, 31)}, "20"),
    ("{path: a, lookup: {table: rates.csv, at: d}}", {"a": "1", "d": date(2024, 1, 1)}, "21"),
    (
        "{path: a, lookup: {table: rates.csv, at: {path: d, via: date}}}",
        {"a": "1", "d": "2024-06-01"},
        "21",
    ),
    (
        "{path: a, lookup: {table: rates.csv, at: d, unknown: missing}}",
        {"a": "2", "d": date(2021, 1, 1)},
        None,
    ),
    ("{path: a, lookup: {table: rates.csv, at: d}}", {"a": None, "d": None}, None),
]


@pytest.mark.parametrize(("expression", "row", "value"), FOUND)
def test_a_code_means_what_the_table_says(
    expression: str, row: dict[str, Any], value: Any, tmp_path: Path
) -> None:
    """By column, by day, whatever its case and the space around it where that is declared."""
    mapping = compiled(write(tmp_path, HEAD + f"  x: {expression}\n", TABLES), TEXT)

    done = translate(mapping, row)

    assert done.rows == [(value, None)]


@pytest.mark.parametrize(
    ("expression", "row", "code"),
    [
        ("{table: units.csv}", {"a": "stk"}, "mapping.lookup.unknown"),
        ("{table: units.csv, column: name}", {"a": "KILO"}, "mapping.lookup.unknown"),
        ("{table: rates.csv, at: d}", {"a": "2", "d": date(2021, 1, 1)}, "mapping.lookup.unknown"),
        ("{table: rates.csv, at: d}", {"a": "2", "d": None}, "mapping.lookup.undated"),
        ("{table: rates.csv, at: d}", {"a": "2", "d": "2020-02-02"}, "mapping.type"),
    ],
)
def test_a_code_without_a_meaning_refuses_the_row(
    expression: str, row: dict[str, Any], code: str, tmp_path: Path
) -> None:
    """On a day before or after its time a code is as unknown as one that never was."""
    mapping = compiled(
        write(tmp_path, HEAD + f"  x: {{path: a, lookup: {expression}}}\n", TABLES), TEXT
    )

    assert [one.code for one in translate(mapping, row).refusals] == [code]


def test_a_column_gives_values_of_the_fields_kind(tmp_path: Path) -> None:
    """A number in a table is one where the field is a number."""
    text = HEAD + "  n: {path: a, lookup: {table: units.csv, column: pack, unknown: missing}}\n"
    mapping = compiled(write(tmp_path, text, TABLES), TEXT)

    assert translate(mapping, {"a": "KILO"}, {"a": "ST"}).rows == [(None, 1000), (None, None)]


@pytest.mark.parametrize(
    ("lookup", "codes", "ambiguous"),
    [
        ("units.csv", {"KGM": "Kg"}, {"H87": ("STK", "ST")}),
        ("{table: units.csv, ignore_case: true}", {"KGM": "Kg"}, {"H87": ("STK", "ST")}),
        ("{table: rates.csv, at: d}", {"21": "1", "10": "2"}, {}),
    ],
)
def test_the_way_back_is_the_preferred_code(
    lookup: str, codes: dict[str, str], ambiguous: dict[str, Any], tmp_path: Path
) -> None:
    """One code of each meaning, as the table spells it; several without preference are told."""
    text = HEAD + f"  x: {{path: a, lookup: {lookup}}}\n"
    found: Any = compiled(write(tmp_path, text, TABLES), TEXT).mapping.fields["x"]

    back = way_back(found)

    assert (back.codes, back.ambiguous) == (codes, ambiguous)


def test_the_way_back_on_a_day_is_by_what_holds_then(tmp_path: Path) -> None:
    """A code that means nothing on that day is not written."""
    text = HEAD + "  x: {path: a, lookup: {table: rates.csv, at: d}}\n"
    found: Any = compiled(write(tmp_path, text, TABLES), TEXT).mapping.fields["x"]

    assert way_back(found, date(2020, 5, 5)).codes == {"20": "1", "10": "2"}
    assert way_back(found, date(2022, 5, 5)).codes == {"20": "1"}


def test_the_tables_content_is_part_of_the_version(tmp_path: Path) -> None:
    """A changed day or value makes rows old; what only the way back needs does not."""
    text = HEAD + "  x: {path: a, lookup: {table: t.csv, at: d}}\n"
    table = "source,canonical,valid_from,preferred\n1,20,2024-01-01,\n"

    def version(content: str) -> str:
        return compiled(write(tmp_path, text, {"t.csv": content}), TEXT).version

    assert version(table) != version(table.replace("2024", "2023"))
    assert version(table) != version(table.replace("20,2024", "21,2024"))
    assert version(table) == version(table.replace("2024-01-01,", "2024-01-01,yes"))


@pytest.mark.parametrize(
    ("lookup", "code", "part"),
    [
        ("{table: §rate.csv}", "mapping.unknown_lookup", "'rates.csv'"),
        ("{table: §units.csv, column: nam}", "mapping.unknown_lookup", "'name'"),
        ("{table: units.csv, unknown: §kept}", "config.value", "keep"),
        ("{table: units.csv, §trimm: true}", "config.unknown_key", "'trim'"),
        ("§rates.csv", "mapping.expression", "Add at:"),
        ("{table: units.csv, at: §d}", "mapping.expression", "valid_from"),
        ("{table: rates.csv, at: §{path: d, via: trim}}", "mapping.kind", "via: date"),
    ],
)
def test_a_lookup_that_cannot_be_is_told_at_its_place(
    lookup: str, code: str, part: str, tmp_path: Path
) -> None:
    """Before a row moves, with the nearest name or what to add."""
    before, after = (HEAD + f"  x: {{path: a, lookup: {lookup}}}\n").split("§")
    place = (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)

    (problem,) = problems_of(write(tmp_path, before + after, TABLES), TEXT)

    assert (problem.line, problem.column) == place
    assert problem.code == code
    assert part in f"{problem.message}. {problem.remedy}"


@pytest.mark.parametrize(
    ("table", "line", "part"),
    [
        ("source,canonical,valid_from\n1,a,2024-13-01\n", 2, "2025-01-31"),
        (
            "source,canonical,valid_from,valid_to\n1,a,2024-01-01,2023-01-01\n",
            2,
            "before it begins",
        ),
        ("source,canonical,valid_from\n1,a,\n1,b,2024-01-01\n", 3, "twice"),
    ],
)
def test_a_table_of_impossible_days_is_told_by_its_line(
    table: str, line: int, part: str, tmp_path: Path
) -> None:
    """A code has one meaning a day."""
    text = HEAD + "  x: {path: a, lookup: {table: t.csv, at: d}}\n"
    file = write(tmp_path, text, {"t.csv": table})

    problem = problems_of(file, TEXT)[0]

    assert (problem.code, problem.line) == ("mapping.lookup_table", line)
    assert part in f"{problem.message}. {problem.remedy}"


def test_codes_that_differ_by_case_alone_do_not_go_with_ignoring_it(tmp_path: Path) -> None:
    """One of the two would be lost."""
    text = HEAD + "  x: {path: a, lookup: {table: cases.csv, ignore_case: true}}\n"

    (problem,) = problems_of(write(tmp_path, text, TABLES), TEXT)

    assert (problem.code, problem.line) == ("mapping.lookup_table", 3)
