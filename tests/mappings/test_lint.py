"""Lint finds what would go wrong, at its place, and says nothing of what is well."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from mappings.lint import Facts
from midspan.kernel.catalog import CatalogField
from tests.mappings.helpers import entity, field
from tests.mappings.linting import CODE, column, facts, found, lint


def test_a_sound_mapping_has_neither_error_nor_warning(tmp_path: Path) -> None:
    """Every column is mapped, ignored or the stream's own, and every branch can be reached."""
    text = CODE + (
        "  name: {path: NAME, via: trim}\n  amount: {path: PRICE, via: decimal}\n"
        "  active: {when: [{if: {path: DEL, equals: X}, then: {const: false}}], "
        "else: {const: true}}\nignore: [NOTE]\n"
    )
    known = facts(*(column(name) for name in ("ID", "CODE", "NAME", "PRICE", "DEL", "NOTE")))

    findings = lint(tmp_path, text, known)

    assert [one for one in findings if one.severity != "notice"] == []


def test_columns_are_compared_with_the_catalog(tmp_path: Path) -> None:
    """Read but not there; there but neither read nor ignored; ignored but not there."""
    text = CODE + "  name: {coalesce: [NAME1, {path: NAEM2}]}\nignore: [NOTE, NTOE2]\n"
    known = facts(*(column(name) for name in ("ID", "CODE", "NAME1", "NAME2", "NOTE")))

    findings = lint(tmp_path, text, known)

    assert found(findings, "lint.column_gone", "lint.unmapped", "lint.ignored_unknown") == [
        ("warning", "lint.unmapped", 4, 1),
        ("error", "lint.column_gone", 6, 35),
        ("warning", "lint.ignored_unknown", 7, 16),
    ]
    by_code = {one.problem.code: one.problem for one in findings}
    assert by_code["lint.unmapped"].message.endswith("NAME2")
    assert "'NAME2'" in by_code["lint.column_gone"].remedy


def test_members_of_records_are_no_columns_of_their_own(tmp_path: Path) -> None:
    """A catalog names members, too: the record that is read covers them."""
    known = facts(column("CODE", "record"), column("CODE.id", "integer"))

    findings = lint(tmp_path, "  code: {path: CODE.id, via: text}\n", known)

    assert found(findings, "lint.unmapped", "lint.column_gone") == []


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    """Without a catalog and a sample lint says what it could not prove."""
    text = CODE + "  name: {path: UNIT, lookup: units.csv}\n"

    findings = lint(tmp_path, text, Facts())

    assert found(findings, "lint.no_catalog", "lint.lookup_unproven") == [
        ("notice", "lint.no_catalog", 3, 1),
        ("notice", "lint.lookup_unproven", 6, 30),
    ]


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("  name: {path: N, via: trim}\n", column("N", "integer"), ("warning", 6, 24)),
        ("  amount: N\n", column("N", "string"), ("warning", 6, 11)),
        ("  day: N\n", column("N", "datetime"), ("warning", 6, 8)),
        ("  name: {path: N, via: lower}\n", column("N", "record"), ("warning", 6, 24)),
    ],
)
def test_a_type_that_is_not_taken_is_found(
    tmp_path: Path, text: str, known: CatalogField, expected: tuple[str, int, int]
) -> None:
    """A converter or field that refuses every value of the column's declared type."""
    findings = lint(tmp_path, CODE + text, facts(column("CODE"), known))

    assert found(findings, "lint.type") == [(expected[0], "lint.type", *expected[1:])]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("  amount: {path: N, via: decimal}\n", column("N", "string")),
        ("  amount: N\n", column("N", "integer")),
        ("  day: {path: N, via: date}\n", column("N", "date")),
        ("  day: {path: N, via: date}\n", CatalogField("N", "integer")),
    ],
)
def test_a_type_that_is_taken_or_only_concluded_is_not(
    tmp_path: Path, text: str, known: CatalogField
) -> None:
    """What discovery concluded from values proves no type: a file holds texts only."""
    findings = lint(tmp_path, CODE + text, facts(column("CODE"), known))

    assert found(findings, "lint.type") == []


def test_losses_are_named(tmp_path: Path) -> None:
    """Case, rounding, parts that are cut off, the time of day, a value that is given up."""
    text = (
        "  code: {path: CODE, via: [upper, {slice: {length: 4}}], default: none}\n"
        "  name: {path: 'TAGS[0]', via: trim}\n"
        "  amount: {divide: [{path: A, via: decimal}, {path: B, via: decimal}], places: 2}\n"
        "  day: {path: DAY, via: {date: {format: '%Y-%m-%d %H:%M'}}, on_error: drop_field}\n"
    )

    findings = lint(tmp_path, text)

    lost = [one.problem.message for one in findings if one.problem.code == "lint.lossy"]
    assert [line.split(": ")[0] for line in lost] == [
        "code",
        "code",
        "name",
        "amount",
        "day",
        "day",
    ]
    assert "rounded to 2 places (half_up)" in lost[3]
    assert any("time of day" in line for line in lost)


def test_filters_and_codes_of_one_meaning_are_named(tmp_path: Path) -> None:
    """Rows that are left out, and codes that write-back cannot tell apart."""
    text = CODE + (
        "  name: {path: UNIT, lookup: units.csv}\n"
        "filter: [{when: {path: DEL, equals: X}, reason: deleted}]\n"
    )

    findings = lint(tmp_path, text)

    assert found(findings, "lint.many_to_one", "lint.filtered") == [
        ("notice", "lint.many_to_one", 6, 30),
        ("notice", "lint.filtered", 7, 10),
    ]
    messages = [one.problem.message for one in findings]
    assert "name: the codes STK, PCE all become 'piece'" in messages


def test_required_values_that_rows_may_lack_are_named(tmp_path: Path) -> None:
    """A required field of a column that may be empty; fields that nobody fills; long texts."""
    text = "  code: CODE\n"

    findings = lint(tmp_path, text, facts(column("CODE", size=40)))

    codes = ("lint.may_be_missing", "lint.empty_fields", "lint.length")
    assert found(findings, *codes) == [
        ("notice", "lint.empty_fields", 4, 1),
        ("notice", "lint.may_be_missing", 5, 9),
        ("notice", "lint.length", 5, 9),
    ]


def test_ways_back_are_judged_field_by_field(tmp_path: Path) -> None:
    """Joined texts, branches and calculations have no way back; a column has one."""
    text = (
        "  code: CODE\n  name: {concat: [A, B]}\n"
        "  amount: {add: [{path: C, via: decimal}, {path: D, via: decimal}]}\n"
    )

    findings = lint(tmp_path, text)

    lost = [one.field for one in findings if one.problem.code == "lint.not_reversible"]
    assert lost == ["name", "amount"]


PERSON = entity(field("name", required=True), field("label"), field("hidden"))


def personal(text: str, folder: Path, rows: Sequence[Mapping[str, Any]] | None = None) -> Any:
    fields = tuple(
        one if one.name != "hidden" else type(one)("hidden", "string", False, True, True)
        for one in PERSON.fields
    )
    wanted = entity(*fields)
    columns = [column(name) for name in ("N", "SALES_MAIL", "P")]
    return lint(folder, text, facts(*columns, rows=rows), wanted)


def test_personal_data_on_its_way_to_every_app_is_found(tmp_path: Path) -> None:
    """A marked column in a public field is an error; one that is personal elsewhere, a warning."""
    text = "  name: N\n  label: {path: P, via: trim}\n  hidden: N\npersonal: [P]\n"

    exposed = personal(text, tmp_path)
    suspected = personal("  name: SALES_MAIL\n  hidden: P\nignore: [N]\n", tmp_path)

    assert found(exposed, "lint.personal_exposed", "lint.personal_shared") == [
        ("warning", "lint.personal_shared", 5, 9),
        ("error", "lint.personal_exposed", 6, 17),
    ]
    assert found(suspected, "lint.personal_suspected") == [
        ("warning", "lint.personal_suspected", 5, 9)
    ]


def test_values_that_look_personal_are_found_and_not_shown(tmp_path: Path) -> None:
    """Sampled e-mail addresses under an innocent name."""
    rows = [{"N": f"kaethe.{n}@weiss.example", "P": None} for n in range(4)]

    findings = personal("  name: N\nignore: [P, SALES_MAIL]\n", tmp_path, rows)

    assert found(findings, "lint.personal_suspected") == [
        ("warning", "lint.personal_suspected", 5, 9)
    ]
    assert "kaethe" not in " ".join(str(one.problem) for one in findings)
