"""Lint finds branches that no row can reach, and never one that a row can."""

from pathlib import Path

import pytest

from midspan.kernel.catalog import CatalogField
from tests.mappings.linting import CODE, column, facts, found, lint

CHOOSE = "  name: {{when: [{}], else: {{const: other}}}}\n"


def case(condition: str, value: str = "x") -> str:
    return f"{{if: {condition}, then: {{const: {value}}}}}"


UNREACHABLE = [
    ("the same again", ("{path: S, equals: A}", "{path: S, equals: A}")),
    ("a part of an earlier list", ("{path: S, in: [A, B]}", "{path: S, equals: B}")),
    (
        "covered by two together",
        ("{path: S, equals: A}", "{not: {path: S, equals: A}}", "{path: T, equals: 1}"),
    ),
    ("the text and the number", ("{path: S, equals: '1'}", "{path: S, equals: 1}")),
    ("a contradiction", ("{all: [{path: S, equals: A}, {path: S, equals: B}]}",)),
    ("missing and a word", ("{all: [{path: S, missing: true}, {path: S, equals: A}]}",)),
    ("within an earlier range", ("{path: N, above: 10}", "{path: N, above: 20}")),
    ("an empty range", ("{path: N, above: 10, below: 5}",)),
    ("a word that begins so", ("{path: S, starts_with: A}", "{path: S, equals: AB}")),
    (
        "the same test of a converted value",
        ("{path: S, via: upper, equals: A}", "{path: S, via: upper, equals: A}"),
    ),
]
REACHABLE = [
    ("another word", ("{path: S, equals: A}", "{path: S, equals: B}")),
    ("the code and the number", ("{path: S, equals: 007}", "{path: S, equals: 7}")),
    ("another column", ("{path: S, equals: A}", "{path: T, equals: A}")),
    ("a wider range", ("{path: N, above: 20}", "{path: N, above: 10}")),
    ("a converted value", ("{path: S, equals: a}", "{path: S, via: upper, equals: A}")),
    (
        "a narrower earlier case",
        ("{all: [{path: S, equals: A}, {path: T, equals: B}]}", "{path: S, equals: A}"),
    ),
    ("a pattern", ("{path: S, matches: 'A.*'}", "{path: S, matches: 'AB'}")),
]


@pytest.mark.parametrize(("name", "cases"), UNREACHABLE)
def test_a_case_that_cannot_be_reached_is_found(
    tmp_path: Path, name: str, cases: tuple[str, ...]
) -> None:
    """The last of these cases never counts."""
    text = CODE + CHOOSE.format(", ".join(map(case, cases)))

    hit = found(lint(tmp_path, text), "lint.unreachable")

    assert [(severity, line) for severity, _, line, _ in hit[:1]] == [("warning", 6)], name


@pytest.mark.parametrize(("name", "cases"), REACHABLE)
def test_a_case_that_can_be_reached_is_not(
    tmp_path: Path, name: str, cases: tuple[str, ...]
) -> None:
    """Nothing is said of what some row could take."""
    text = CODE + CHOOSE.format(", ".join(map(case, cases)))

    assert found(lint(tmp_path, text), "lint.unreachable") == [], name


def test_nothing_is_left_for_else_when_the_cases_take_everything(tmp_path: Path) -> None:
    """Missing and not missing are all there is."""
    cases = "{path: S, missing: true}", "{path: S, missing: false}"
    text = CODE + CHOOSE.format(", ".join(map(case, cases)))

    hit = lint(tmp_path, text)

    assert [one.problem.message for one in hit if one.problem.code == "lint.unreachable"] == [
        "the cases take everything, so that nothing is left for else"
    ]


def test_a_filter_takes_rows_before_the_fields(tmp_path: Path) -> None:
    """A case for rows that a filter leaves out is never reached."""
    text = (
        CODE
        + CHOOSE.format(case("{path: S, equals: TEST}"))
        + ("filter: [{when: {path: S, in: [TEST, DEMO]}, reason: test}]\n")
    )

    assert found(lint(tmp_path, text), "lint.unreachable") == [
        ("warning", "lint.unreachable", 6, 17)
    ]


def test_filters_that_leave_out_nothing_or_everything_are_found(tmp_path: Path) -> None:
    """The second is covered by the first; the third takes whatever is left."""
    text = CODE + (
        "filter:\n  - {when: {path: S, in: [A, B]}, reason: a}\n"
        "  - {when: {path: S, equals: B}, reason: b}\n"
        "  - {when: {any: [{path: T, missing: true}, {path: T, missing: false}]}, reason: c}\n"
    )

    assert found(lint(tmp_path, text), "lint.unreachable", "lint.all_filtered") == [
        ("warning", "lint.unreachable", 8, 5),
        ("error", "lint.all_filtered", 9, 5),
    ]


def test_options_and_defaults_behind_what_is_never_missing_are_found(tmp_path: Path) -> None:
    """A constant, a default and a column of numbers that may not be null always have a value."""
    text = (
        "  code: {coalesce: [{path: CODE, default: none}, OTHER]}\n"
        "  amount: {path: N, default: 0}\n  name: {path: S, default: none}\n"
    )
    known = facts(
        column("CODE"),
        column("OTHER"),
        column("N", "integer", nullable=False),
        column("S", "string", nullable=False),
    )

    assert found(lint(tmp_path, text, known), "lint.unreachable", "lint.unused_default") == [
        ("warning", "lint.unreachable", 5, 50),
        ("warning", "lint.unused_default", 6, 30),
    ]


def test_words_that_a_column_never_equals_are_found(tmp_path: Path) -> None:
    """A column of numbers is compared with a word, or one of days; not with its like as text."""
    known = facts(column("CODE"), column("N", "integer"), column("D", "date"))
    words = ["{path: N, in: ['1', 2]}", "{path: D, equals: 2025-01-31}"]
    never = ["{path: N, in: [one, 2]}", "{path: D, equals: X}"]

    fine = lint(tmp_path, CODE + CHOOSE.format(", ".join(map(case, words))), known)
    hit = lint(tmp_path, CODE + CHOOSE.format(", ".join(map(case, never))), known)

    assert found(fine, "lint.impossible_value") == []
    assert [line for _, _, line, _ in found(hit, "lint.impossible_value")] == [6, 6]


def test_a_column_of_texts_may_hold_other_words_than_were_seen(tmp_path: Path) -> None:
    """That a sample held J and N alone makes no column of booleans, nor one without X."""
    seen = CatalogField("A", "boolean", native="varchar(1)")
    text = CODE + CHOOSE.format(case("{path: A, equals: X}"))

    assert found(lint(tmp_path, text, facts(column("CODE"), seen)), "lint.impossible_value") == []


def test_what_is_too_much_to_try_is_held_for_possible(tmp_path: Path) -> None:
    """Forty columns of ten words each end at once, and without a finding."""
    words = ", ".join(f"w{n}" for n in range(10))
    cases = [case(f"{{path: C{n}, in: [{words}]}}") for n in range(40)]

    assert found(lint(tmp_path, CODE + CHOOSE.format(", ".join(cases))), "lint.unreachable") == []
