"""What each condition tests of a row, and what of a mapping file is no condition."""

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.mappings.helpers import compiled, entity, field, problems_of, translate, write

TEXT = entity(field("x"))
HEAD = "mapping: m\nentity: thing/1\nfields:\n"
NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)

CASES: list[tuple[str, dict[str, Any], bool]] = [
    ("{path: a, above: 5}", {"a": 5}, False),
    ("{path: a, above: 5}", {"a": Decimal("5.01")}, True),
    ("{path: a, at_least: 5, below: 9}", {"a": 5}, True),
    ("{path: a, at_least: 5, below: 9}", {"a": 9}, False),
    ("{path: a, at_most: 0.5}", {"a": Decimal("0.50")}, True),
    ("{path: a, at_most: 5}", {"a": None}, False),
    ("{path: a, at_most: 5}", {"a": ""}, False),
    ("{path: a, via: decimal, above: 9}", {"a": "10"}, True),
    ("{path: a, via: integer, above: 9}", {"a": "9"}, False),
    ("{path: a, at_least: 2025-01-01}", {"a": date(2024, 12, 31)}, False),
    ("{path: a, via: {date: {format: '%Y%m%d'}}, at_least: 2025-01-01}", {"a": "20250101"}, True),
    ("{path: a, below: '2025-01-01T13:00:00+00:00'}", {"a": NOON}, True),
    ("{path: a, starts_with: AB}", {"a": "ABC"}, True),
    ("{path: a, starts_with: [AB, X]}", {"a": "XYZ"}, True),
    ("{path: a, starts_with: ab}", {"a": "ABC"}, False),
    ("{path: a, ends_with: C}", {"a": "ABC"}, True),
    ("{path: a, contains: [Z, B]}", {"a": "ABC"}, True),
    ("{path: a, contains: B}", {"a": None}, False),
    ("{path: a, matches: '[A-Z]{2}[0-9]+'}", {"a": "AT12"}, True),
    ("{path: a, matches: '[A-Z]{2}[0-9]+'}", {"a": "AT12x"}, False),
    ("{path: a, matches: ['x+', '\\d+']}", {"a": "123"}, True),
    ("{path: a, matches: '.*'}", {"a": "\ud800"}, False),
    ("{path: a, via: [trim, upper], equals: X}", {"a": " x "}, True),
    ("{path: a, via: boolean, equals: true}", {"a": "ja"}, True),
    ("{path: a, via: date, in: [2025-01-01, 2025-01-02]}", {"a": "2025-01-02"}, True),
    ("{path: a, via: trim, missing: true}", {"a": "  "}, True),
    ("{path: a, via: trim, missing: false}", {"a": "  "}, False),
    ("{coalesce: [a, b], equals: X}", {"b": "X"}, True),
    ("{path: a, lookup: t.csv, equals: person}", {"a": "P"}, True),
    ("{any: [{path: a, equals: 1}, {path: b, via: decimal, above: 1}]}", {"a": 1, "b": "x"}, True),
]


@pytest.mark.parametrize(("condition", "row", "holds"), CASES)
def test_a_condition_holds_or_not(
    condition: str, row: dict[str, Any], holds: bool, tmp_path: Path
) -> None:
    """Bounds, spellings and equality, of a value as it stands or as a converter gives it."""
    text = HEAD + f"  x: {{when: [{{if: {condition}, then: {{const: yes!}}}}]}}\n"
    mapping = compiled(write(tmp_path, text, {"t.csv": "source,canonical\nP,person\n"}), TEXT)

    done = translate(mapping, row)

    assert done.rows == [("yes!" if holds else None,)]


@pytest.mark.parametrize(
    ("condition", "value", "code"),
    [
        ("{path: a, above: 5}", "6", "mapping.type"),
        ("{path: a, above: 5}", True, "mapping.type"),
        ("{path: a, at_least: 2025-01-01}", NOON, "mapping.type"),
        ("{path: a, starts_with: A}", 5, "mapping.type"),
        ("{path: a, via: boolean, equals: true}", "perhaps", "mapping.boolean.invalid"),
    ],
)
def test_a_value_that_cannot_be_compared_refuses_the_row(
    condition: str, value: Any, code: str, tmp_path: Path
) -> None:
    """A text is not silently greater than a number: the row is refused at the field."""
    text = HEAD + f"  x: {{when: [{{if: {condition}, then: {{const: yes!}}}}]}}\n"
    mapping = compiled(write(tmp_path, text), TEXT)

    (refusal,) = translate(mapping, {"a": value}).refusals

    assert (refusal.field, refusal.code) == ("x", code)


def test_a_filter_tests_what_a_converter_gives(tmp_path: Path) -> None:
    """A filter's conditions are those of every other place; its refusal is told as its own."""
    text = HEAD + "  x: a\nfilter: [{when: {path: d, via: date, below: 2020-01-01}, reason: old}]\n"
    mapping = compiled(write(tmp_path, text), TEXT)

    done = translate(
        mapping, {"a": "1", "d": "2019-12-31"}, {"a": "2", "d": "2020-01-01"}, {"d": "x"}
    )

    assert done.filtered == [(0, "old")]
    assert done.rows == [("2",)]
    assert [(one.index, one.field) for one in done.refusals] == [(2, "filter")]


def test_no_expression_takes_longer_than_its_text(tmp_path: Path) -> None:
    """An expression that would keep Python's own engine busy for years is done at once."""
    text = HEAD + "  x: {when: [{if: {path: a, matches: '(a+)+(a+)+b'}, then: a}]}\n"
    mapping = compiled(write(tmp_path, text), TEXT)
    started = time.perf_counter()

    done = translate(mapping, {"a": "a" * 20_000})

    assert done.rows == [(None,)]
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("condition", "code", "part"),
    [
        ("§{path: a, above: 5, equals: 6}", "mapping.condition", "one of"),
        ("{path: a, above: §x}", "mapping.condition", "numbers, dates"),
        ("{path: a, above: §true}", "mapping.condition", "numbers, dates"),
        ("{path: a, via: trim, above: §5}", "mapping.condition", "Add a via"),
        ("{path: a, via: decimal, above: §x}", "mapping.value", "no decimal"),
        ("{path: a, above: 5, below: §2025-01-01}", "mapping.value", "no decimal"),
        ("{path: a, via: boolean, equals: §J}", "mapping.value", "no boolean"),
        ("{path: a, via: date, equals: §2025-02-30}", "mapping.value", "no date"),
        ("{path: a, starts_with: §[]}", "mapping.condition", "holds a text"),
        ("{path: a, via: decimal, contains: §A}", "mapping.kind", "via: text"),
        ("{path: a, matches: §'(a'}", "mapping.condition", "missing )"),
        ("{path: a, matches: §'(?=a)'}", "mapping.condition", "RE2"),
        ("{path: a, §start_with: A}", "mapping.unknown_key", "'starts_with'"),
        ("{path: a, §vio: trim, equals: A}", "mapping.unknown_key", "'via'"),
    ],
)
def test_what_is_no_condition_is_told_at_its_place(
    condition: str, code: str, part: str, tmp_path: Path
) -> None:
    """One problem each, with line, column and what to write."""
    before, after = (HEAD + f"  x: {{when: [{{if: {condition}, then: a}}]}}\n").split("§")
    place = (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)

    (problem,) = problems_of(write(tmp_path, before + after), TEXT)

    assert (problem.line, problem.column) == place
    assert problem.code == code
    assert part in f"{problem.message}. {problem.remedy}"
