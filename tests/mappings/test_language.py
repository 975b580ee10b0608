"""What each construct of the mapping language makes of a row."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from midspan.kernel.errors import DriftError
from shared_services.contracts.entities import EntityType
from tests.mappings.helpers import compiled, entity, field, translate, write

TEXT = entity(field("x"))
TABLES = {"codes.csv": "source,canonical,note\nP,person,\nF,company,Firma\n1,one,\n"}

VALUES: list[tuple[str, dict[str, Any], Any]] = [
    ("a", {"a": "v"}, "v"),
    ("a", {"a": ""}, None),
    ("a", {"a": None}, None),
    ("a", {"a": "e\u0301"}, "é"),
    ("a.b.c", {"a": {"b": {"c": "v"}}}, "v"),
    ("a.b.c", {"a": {"b": None}}, None),
    ("a[0].b", {"a": [{"b": "v"}]}, "v"),
    ("a[-1].b", {"a": [{"b": "u"}, {"b": "v"}]}, "v"),
    ("a[3].b", {"a": []}, None),
    ("a[t=x].b", {"a": [{"t": "y", "b": "u"}, {"t": "x", "b": "v"}]}, "v"),
    ("a[t=x|y].b", {"a": [{"t": "z"}, {"t": "y", "b": "u"}, {"t": "x", "b": "v"}]}, "u"),
    ("a[t='x|y'].b", {"a": [{"t": "x|y", "b": "v"}]}, "v"),
    ("a[t=true].b", {"a": [{"t": False, "b": "u"}, {"t": True, "b": "v"}]}, "v"),
    ("a[t=x].b", {"a": None}, None),
    ("\"['a.b'][0]\"", {"a.b": ["v"]}, "v"),
    ("{const: v}", {}, "v"),
    ("{path: a, via: [trim, upper]}", {"a": " v "}, "V"),
    ("{path: a, via: trim}", {"a": "   "}, None),
    ("{path: a, default: v}", {"a": ""}, "v"),
    ("{path: a, via: trim, default: v}", {"a": " "}, "v"),
    ("{path: a, lookup: codes.csv}", {"a": "F"}, "company"),
    ("{path: a, lookup: codes.csv}", {"a": 1}, "one"),
    ("{path: a, lookup: codes.csv}", {"a": ""}, None),
    ("{path: a, via: upper, lookup: codes.csv, default: none}", {"a": None}, "none"),
    ("{coalesce: [a, b, {const: c}]}", {"a": "", "b": "v"}, "v"),
    ("{coalesce: [a, b, {const: c}]}", {}, "c"),
    ("{coalesce: [a, b], via: upper}", {"b": "v"}, "V"),
    ('{concat: [a, b, c], separator: " "}', {"a": "u", "c": "v"}, "u v"),
    ("{concat: [a, b]}", {}, None),
    ("{when: [{if: {path: a, equals: J}, then: b}]}", {"a": "J", "b": "v"}, "v"),
    ("{when: [{if: {path: a, equals: J}, then: b}]}", {"a": "N", "b": "v"}, None),
    ("{when: [{if: {path: a, in: [1, 2]}, then: b}], else: {const: z}}", {"a": 2, "b": "v"}, "v"),
    ("{when: [{if: {path: a, missing: true}, then: b}], else: a}", {"b": "v"}, "v"),
    ("{when: [{if: {path: a, missing: false}, then: a}], else: b}", {"b": "v"}, "v"),
    (
        "{when: [{if: {all: [{path: a, equals: 1}, {not: {path: b, equals: 2}}]}, then: c}]}",
        {"a": 1, "b": 3, "c": "v"},
        "v",
    ),
    (
        "{when: [{if: {any: [{path: a, equals: 1}, {path: b, equals: 1.5}]}, then: c}]}",
        {"a": 0, "b": Decimal("1.5"), "c": "v"},
        "v",
    ),
    (
        "{path: a, via: {phone: {country_from: b.c}}}",
        {"a": "0664 1234567", "b": {"c": "at"}},
        "+436641234567",
    ),
]


SUMS: list[tuple[str, dict[str, Any], Any]] = [
    ("{add: [a, b, {const: 1}]}", {"a": Decimal("0.1"), "b": Decimal("0.2")}, Decimal("1.3")),
    ("{subtract: [a, b]}", {"a": 1, "b": Decimal("1.00")}, Decimal(0)),
    ("{multiply: [a, {path: b, via: decimal}]}", {"a": 3, "b": "0.333"}, Decimal("0.999")),
    ("{multiply: [a, b]}", {"a": 3, "b": None}, None),
    ("{multiply: [a, b]}", {"a": "", "b": 2}, None),
    ("{divide: [a, b], places: 2}", {"a": 2, "b": 3}, Decimal("0.67")),
    ("{divide: [a, b], places: 2, rounding: down}", {"a": 2, "b": 3}, Decimal("0.66")),
    (
        "{add: [a, b], places: 1, rounding: half_even}",
        {"a": Decimal("0.25"), "b": 0},
        Decimal("0.2"),
    ),
    ("{add: [a, b], default: 7}", {"a": 1}, Decimal(7)),
]


@pytest.mark.parametrize(("expression", "record", "value"), SUMS)
def test_numbers_are_calculated_exactly(
    expression: str, record: dict[str, Any], value: Any, tmp_path: Path
) -> None:
    """Sums and products lose no digit; a quotient is rounded as declared; missing stays missing."""
    text = f"mapping: m\nentity: thing/1\nfields:\n  x: {expression}\n"
    mapping = compiled(write(tmp_path, text), entity(field("x", "decimal")))

    done = translate(mapping, record)

    assert done.rows == [(value,)]
    assert str(done.rows[0][0]) == str(value)


@pytest.mark.parametrize(
    ("row", "code"),
    [({"a": 1, "b": 0}, "mapping.arithmetic"), ({"a": 1.5, "b": 1}, "mapping.type")],
)
def test_numbers_without_a_result_refuse_the_row(
    row: dict[str, Any], code: str, tmp_path: Path
) -> None:
    """A division by zero has no result, and a floating-point number is no exact one."""
    text = "mapping: m\nentity: thing/1\nfields:\n  x: {divide: [a, b], places: 2}\n"
    mapping = compiled(write(tmp_path, text), entity(field("x", "decimal")))

    done = translate(mapping, row)

    assert [one.code for one in done.refusals] == [code]


@pytest.mark.parametrize(
    ("expression", "spec", "value", "kept"),
    [
        ("{path: a, via: email, on_error: drop_field}", field("x"), "nobody", None),
        ("{path: a, via: email, on_error: drop_field}", field("x"), "a@b.example", "a@b.example"),
        ("{path: a, on_error: drop_field}", field("x", max_length=2), "abc", None),
        ("{path: a, via: upper, default: X, on_error: default}", field("x"), 5, "X"),
        (
            "{path: a, default: X, on_error: default}",
            field("x", choices=("X", "Y"), required=True),
            "Z",
            "X",
        ),
    ],
)
def test_a_field_may_be_given_up_instead_of_its_row(
    expression: str, spec: Any, value: Any, kept: Any, tmp_path: Path
) -> None:
    """What ``on_error`` says holds for all that can refuse the field; what was lost is told."""
    text = f"mapping: m\nentity: thing/1\nfields:\n  x: {expression}\n  y: b\n"
    mapping = compiled(write(tmp_path, text), entity(spec, field("y")))

    done = translate(mapping, {"a": value, "b": "v"})

    assert (done.rows, done.refusals) == ([(kept, "v")], [])
    assert [(one.index, one.field) for one in done.lost] == ([] if kept == value else [(0, "x")])


@pytest.mark.parametrize(("expression", "record", "value"), VALUES)
def test_expressions(expression: str, record: dict[str, Any], value: Any, tmp_path: Path) -> None:
    """An expression gives exactly the value its sentence in the language says."""
    text = f"mapping: m\nentity: thing/1\nfields:\n  x: {expression}\n"
    mapping = compiled(write(tmp_path, text, TABLES), TEXT)

    done = translate(mapping, record)

    assert done.rows == [(value,)]
    assert (done.indexes, done.refusals, done.filtered) == ([0], [], [])


@pytest.mark.parametrize(
    ("expression", "spec", "record", "code"),
    [
        ("a", field("x", required=True), {"a": ""}, "mapping.required"),
        ("a", field("x"), {"a": 5}, "mapping.type"),
        ("a", field("x"), {"a": 0}, "mapping.type"),
        ("a", field("x"), {"a": []}, "mapping.type"),
        ("{path: a, via: trim}", field("x"), {"a": 0}, "mapping.type"),
        ("a", field("x"), {"a": "v\x00"}, "mapping.text.invalid"),
        ("a", field("x"), {"a": "\ud800"}, "mapping.text.invalid"),
        ("a", field("x", max_length=2), {"a": "abc"}, "mapping.length"),
        ("a", field("x", min_length=2), {"a": "a"}, "mapping.length"),
        ("a", field("x", pattern="^[A-Z]{2}$"), {"a": "AT\n"}, "mapping.pattern"),
        ("a", field("x", choices=("b", "c")), {"a": "a"}, "mapping.choice"),
        ("a.b", field("x"), {"a": "text"}, "mapping.path"),
        ("a[0]", field("x"), {"a": {"b": 1}}, "mapping.path"),
        ("{path: a, lookup: codes.csv}", field("x"), {"a": "Q"}, "mapping.lookup.unknown"),
        ("{path: a, lookup: codes.csv}", field("x"), {"a": ["P"]}, "mapping.type"),
        ("{concat: [a, b]}", field("x"), {"a": 5}, "mapping.type"),
        ("a", field("x", "decimal"), {"a": 1.5}, "mapping.type"),
        ("a", field("x", "decimal"), {"a": True}, "mapping.type"),
        ("a", field("x", "decimal"), {"a": Decimal("NaN")}, "mapping.decimal.invalid"),
        ("a", field("x", "integer"), {"a": 2**63}, "mapping.integer.invalid"),
        ("a", field("x", "boolean"), {"a": 1}, "mapping.type"),
        ("a", field("x", "date"), {"a": datetime(2025, 1, 1, tzinfo=UTC)}, "mapping.type"),
        (
            "a",
            field("x", "datetime"),
            {"a": datetime(2025, 1, 1)},  # noqa: DTZ001 - naive is what is refused
            "mapping.datetime.invalid",
        ),
    ],
)
def test_refusals_name_field_code_and_class_of_value(
    expression: str, spec: Any, record: dict[str, Any], code: str, tmp_path: Path
) -> None:
    """A row that breaks the contract is refused; the others of its batch are not."""
    text = f"mapping: m\nentity: thing/1\nfields:\n  x: {expression}\n"
    mapping = compiled(write(tmp_path, text, TABLES), entity(spec))

    done = translate(mapping, record, record)

    assert [(one.index, one.field, one.code) for one in done.refusals] == [
        (0, "x", code),
        (1, "x", code),
    ]
    assert done.rows == []


def test_source_values_of_every_kind_become_canonical(tmp_path: Path) -> None:
    """Typed sources need no converter: equal values are equal texts, instants are in UTC."""
    kinds = ("decimal", "integer", "boolean", "date", "datetime")
    wanted = entity(*(field(kind[0:3], kind) for kind in kinds[:4]), field("at", "datetime"))
    text = "mapping: m\nentity: thing/1\nfields: {dec: a, int: b, boo: c, dat: d, at: e}\n"
    mapping = compiled(write(tmp_path, text), wanted)
    moment = datetime.fromisoformat("2025-07-01T12:00:00+02:00")

    done = translate(
        mapping,
        {"a": Decimal("1.500"), "b": 7, "c": False, "d": date(2025, 1, 1), "e": moment},
        {"a": 100, "b": "", "c": "", "d": None, "e": ""},
    )

    assert str(done.rows[0][0]) == "1.5"
    assert done.rows[0][1:4] == (7, False, date(2025, 1, 1))
    assert str(done.rows[0][4]) == "2025-07-01 10:00:00+00:00"
    assert done.rows[1] == (Decimal(100), None, None, None, None)


def test_rows_are_accounted_for_with_their_indexes(tmp_path: Path) -> None:
    """Every row of a batch comes out once: translated, refused or filtered with its reason."""
    text = (
        "mapping: m\nentity: thing/1\n"
        "filter: [{when: {path: d, equals: X}, reason: archived}]\n"
        "fields: {x: a}\nchecks: {day: {path: d, via: lower}}\n"
    )
    mapping = compiled(write(tmp_path, text), entity(field("x", required=True)))

    done = translate(mapping, {"a": "1"}, {"d": "X"}, {}, {"a": "2"}, {"a": "3", "d": 5})

    assert done.indexes == [0, 3]
    assert done.rows == [("1",), ("2",)]
    assert done.filtered == [(1, "archived")]
    assert [(one.index, one.field) for one in done.refusals] == [(2, "x"), (4, "day")]


def test_a_field_without_mapping_takes_the_contracts_default(tmp_path: Path) -> None:
    """An unmapped field holds what the contract says it holds when nothing is known."""
    wanted: EntityType = entity(field("x"), field("y", "boolean", default=True), field("z"))
    mapping = compiled(write(tmp_path, "mapping: m\nentity: thing/1\nfields: {x: a}\n"), wanted)

    assert translate(mapping, {"a": "v"}).rows == [("v", True, None)]


def test_a_vanished_column_stops_the_batch_and_an_added_one_is_named(tmp_path: Path) -> None:
    """Drift is judged by what is mapped: a column that is read, read by none, or ignored."""
    text = "mapping: m\nentity: thing/1\nfields: {x: NAME}\nignore: [old]\n"
    mapping = compiled(write(tmp_path, text), TEXT)

    assert mapping.translate(("old", "NAME", "new"), [(1, "v", 2)]).rows == [("v",)]
    assert mapping.unmapped(("old", "NAME", "new")) == ("new",)
    with pytest.raises(DriftError, match="'NAME'") as caught:
        mapping.translate(("old", "NAMES"), [])
    assert caught.value.code == "mapping.column_gone"
    assert caught.value.context == {"mapping": "m", "column": "NAME"}
    assert "'NAMES'" in caught.value.remedy


def test_text_of_the_file_never_becomes_code(tmp_path: Path) -> None:
    """Names and constants that look like Python are data."""
    column = "raise SystemExit(1)"
    constant = "'); raise SystemExit #"
    text = (
        "mapping: m\nentity: thing/1\nfields:\n"
        f'  x: {{concat: ["{column}", {{const: "{constant}"}}]}}\n'
    )
    mapping = compiled(write(tmp_path, text), TEXT)

    assert mapping.sources == (column,)
    assert translate(mapping, {column: "v"}).rows == [(f"v{constant}",)]
