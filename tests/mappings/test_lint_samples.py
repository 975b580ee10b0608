"""Sampled rows prove what a catalog cannot: codes, refusals, filters."""

from pathlib import Path

from tests.mappings.linting import CODE, column, facts, found, lint

UNIT = "  name: {path: UNIT, lookup: units.csv}\n"
COLUMNS = (column("CODE"), column("UNIT"))


def rows(*units: str) -> list[dict[str, str]]:
    return [{"CODE": "x", "UNIT": unit} for unit in units]


def messages(findings, code):
    return [one.problem.message for one in findings if one.problem.code == code]


def test_a_code_that_the_table_lacks_is_an_error(tmp_path: Path) -> None:
    """How many rows, and which codes; entries that no row uses are named."""
    findings = lint(tmp_path, CODE + UNIT, facts(*COLUMNS, rows=rows("STK", "ROL", "ROL", "")))

    assert found(findings, "lint.lookup_unknown") == [("error", "lint.lookup_unknown", 6, 30)]
    assert messages(findings, "lint.lookup_unknown") == [
        "name: 2 of 4 sampled rows hold 1 codes that units.csv lacks: ROL"
    ]
    assert messages(findings, "lint.lookup_unused") == [
        "name: no sampled row uses KG, PCE of units.csv"
    ]


def test_a_table_that_knows_every_code_is_well(tmp_path: Path) -> None:
    """So is one that says what becomes of unknown codes."""
    total = lint(tmp_path, CODE + UNIT, facts(*COLUMNS, rows=rows("STK", "KG", "PCE")))
    kept = lint(
        tmp_path,
        CODE + "  name: {path: UNIT, lookup: {table: units.csv, unknown: keep}}\n",
        facts(*COLUMNS, rows=rows("ROL")),
    )

    assert found(total, "lint.lookup_unknown", "lint.lookup_unused", "lint.refused") == []
    assert found(kept, "lint.lookup_unknown", "lint.refused") == []


def test_rows_that_a_filter_leaves_out_need_no_code(tmp_path: Path) -> None:
    """Only what reaches the table counts."""
    text = CODE + UNIT + "filter: [{when: {path: CODE, equals: TEST}, reason: test}]\n"
    sampled = [{"CODE": "TEST", "UNIT": "ROL"}, {"CODE": "x", "UNIT": "KG"}]

    assert found(lint(tmp_path, text, facts(*COLUMNS, rows=sampled)), "lint.lookup_unknown") == []


def test_codes_of_a_personal_column_are_counted_and_not_shown(tmp_path: Path) -> None:
    """A marked column's values stand nowhere."""
    text = CODE + UNIT + "personal: [UNIT]\n"

    findings = lint(tmp_path, text, facts(*COLUMNS, rows=rows("Weiss")))

    assert found(findings, "lint.lookup_unknown") != []
    assert "Weiss" not in " ".join(str(one.problem) for one in findings)


def test_refusals_are_counted_by_field_and_code(tmp_path: Path) -> None:
    """Some rows refused are a warning, all of them an error."""
    text = CODE + "  amount: {path: UNIT, via: decimal}\n"

    some = lint(tmp_path, text, facts(*COLUMNS, rows=rows("1", "2", "x")))
    every = lint(tmp_path, text, facts(*COLUMNS, rows=rows("x")))

    assert found(some, "lint.refused") == [("warning", "lint.refused", 6, 11)]
    assert messages(some, "lint.refused") == [
        "1 of 3 sampled rows are refused: amount [mapping.decimal.invalid]"
    ]
    assert found(every, "lint.all_refused") == [("error", "lint.all_refused", 6, 11)]


def test_a_sample_of_which_nothing_is_left_is_a_warning(tmp_path: Path) -> None:
    """A filter that takes everything there is."""
    text = CODE + UNIT + "filter: [{when: {path: UNIT, equals: KG}, reason: heavy}]\n"

    hit = lint(tmp_path, text, facts(*COLUMNS, rows=rows("KG", "KG")))

    assert found(hit, "lint.sample_filtered") == [("warning", "lint.sample_filtered", 7, 1)]
