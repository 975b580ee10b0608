"""What YAML takes for a number or boolean means in a mapping what its writer sees there."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mappings.examples import run_examples
from tests.mappings.helpers import compiled, entity, field, translate, write
from tests.mappings.linting import CODE, column, facts, found, lint

HEAD = "mapping: m\nentity: thing/1\nfields:\n"
TEXT = entity(field("x"))


def test_columns_may_be_called_no_and_on(tmp_path: Path) -> None:
    """Norway is no truth value, and neither is a column of codes."""
    text = (
        "  x: {concat: [{path: NO}, {path: 007}], separator: 0}\nignore: [ON, 0x10, YES]\n"
        "filter: [{when: {path: OFF, equals: NO}, reason: no}]\npersonal: [NO]\n"
    )

    mapping = compiled(write(tmp_path, HEAD + text), TEXT)
    done = translate(mapping, {"NO": "a", "007": "b"}, {"OFF": "NO"})

    assert (done.rows, done.filtered) == ([("a0b",)], [(1, "no")])
    assert mapping.unmapped(["ON", "0x10", "YES", "NO"]) == ()
    assert mapping.mapping.personal == {"NO"}


@pytest.mark.parametrize("code", ["NO", "yes", "On", "007", "0x10", "12:30:00", "1_0", "010"])
def test_a_code_is_the_text_that_is_written(code: str, tmp_path: Path) -> None:
    """In conditions, constants, tables of words and examples, without a quote around it."""
    text = (
        f"  x: {{when: [{{if: {{path: A, equals: {code}}}, then: {{const: {code}}}}},"
        f" {{if: {{path: A, via: trim, in: [{code}]}}, then: {{const: trimmed}}}},"
        f" {{if: {{path: A, starts_with: {code}}}, then: {{path: B, default: {code}}}}}],"
        f" else: {{path: A, via: {{null_if: {{values: [z{code}, {code}]}}}}}}}}\n"
        f"examples: [{{in: {{A: {code}}}, out: {{x: {code}}}}}, {{in: {{A: '{code}'}}, out: {{x: "
        f"'{code}'}}}}]\n"
    )

    mapping = compiled(write(tmp_path, HEAD + text), TEXT)

    assert run_examples(mapping) == []
    rows = translate(mapping, {"A": code}, {"A": f" {code}"}, {"A": f"{code}!"}, {"A": f"z{code}"})
    assert rows.rows == [(code,), ("trimmed",), (code,), (None,)]


def test_a_number_is_taken_as_it_is_written(tmp_path: Path) -> None:
    """Digits are not lost on the way through a binary number, and zeros before one mean nothing."""
    target = entity(field("d", "decimal"), field("i", "integer"), field("z", "decimal"))
    text = "  d: {const: 12345678901234567.89}\n  i: {const: 010}\n  z: {const: 010}\n"

    done = translate(compiled(write(tmp_path, HEAD + text), target), {})

    assert done.rows == [(Decimal("12345678901234567.89"), 10, Decimal(10))]


LIKE: list[tuple[str, Any]] = [
    ("5", "5"),
    ("'5'", 5),
    ("'5'", Decimal("5.0")),
    ("1.50", "1.50"),
    ("1.50", Decimal("1.5")),
    ("true", "true"),
    ("2025-01-31", "2025-01-31"),
    ("2025-01-31", date(2025, 1, 31)),
    ("2025-01-31", datetime.fromisoformat("2025-01-31")),
    ("2025-01-31 12:00:00", datetime.fromisoformat("2025-01-31 12:00")),
    ("2025-01-31T12:00:00+01:00", datetime(2025, 1, 31, 11, tzinfo=UTC)),
]
UNLIKE: list[tuple[str, Any]] = [
    ("007", 7),
    ("5", "05"),
    ("X", 0),
    ("false", ""),
    ("2025-01-31", date(2025, 2, 1)),
    ("2025-01-31", datetime.fromisoformat("2025-01-31 12:00")),
    ("2025-01-31", None),
]


@pytest.mark.parametrize(
    ("word", "value", "holds"),
    [*((word, value, True) for word, value in LIKE), *((w, value, False) for w, value in UNLIKE)],
)
def test_a_value_is_found_in_whatever_type_the_source_has_it(
    word: str, value: Any, holds: bool, tmp_path: Path
) -> None:
    """One database gives days, another texts; a condition that silently never holds helps none."""
    text = f"  x: {{when: [{{if: {{path: A, equals: {word}}}, then: {{const: hit}}}}]}}\n"

    done = translate(compiled(write(tmp_path, HEAD + text), TEXT), {"A": value})

    assert done.rows == [("hit" if holds else None,)]


def test_options_that_are_texts_take_digits(tmp_path: Path) -> None:
    """A zero that fills a number up needs no quotes, and neither do 1 and 0 for yes and no."""
    text = (
        "  x: {path: A, via: [{unpad: {fill: 0}}, {null_if: {values: [9999, 00]}}]}\n"
        "  b: {path: B, via: {boolean: {yes: [1], no: [0, NO]}}}\n"
    )
    target = entity(field("x"), field("b", "boolean"))
    rows = [{"A": "0012", "B": "1"}, {"A": "9999", "B": "no"}, {"A": "1", "B": "2"}]

    done = translate(compiled(write(tmp_path, HEAD + text), target), *rows)

    assert done.rows == [("12", True), (None, False)]
    assert [one.code for one in done.refusals] == ["mapping.boolean.invalid"]


def test_lint_knows_ignored_columns_by_their_written_names(tmp_path: Path) -> None:
    """A column called NO is found in the catalog, and one called OFF is missed there."""
    known = facts(column("CODE"), column("NO"), column("007"))

    hit = lint(tmp_path, CODE + "ignore: [NO, 007, OFF]\n", known)

    assert found(hit, "lint.unmapped") == []
    assert found(hit, "lint.ignored_unknown") == [("warning", "lint.ignored_unknown", 6, 19)]
