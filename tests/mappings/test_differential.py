"""The compiled function and a plain interpreter agree on every row, good or hostile."""

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import mappings
from mappings import CompiledMapping
from mappings.analysis import all_paths
from mappings.paths import Member, Position
from mappings.paths import Path as SourcePath
from shared_services.contracts.entities import EntityType, entity_types
from tests.mappings.helpers import compiled, entity, field, translate, write
from tests.mappings.interpreter import interpret

FOLDER = Path(mappings.__file__).parent
ENTITIES = entity_types()
BATCH = 1_500
VALUES: list[Any] = [
    *(None, "", " ", 0, 1, 2**70, True, False, 1.5, Decimal("1.50"), Decimal("NaN"), [], {}, b"x"),
    *("P", "F", "J", "N", "x" * 300, "\x00", "e\u0301", "at", "AT", "XX", "EUR", "eur", "de_AT"),
    *("A@B.example", "nobody", "+43 664 1234567", "0664 1234567", "ATU13585627", "Unit", "LTR"),
    *("00000001990", "20250101", "2025-03-30T02:30:00", "2025-01-01T00:00:00"),
    *(date(2025, 1, 1), datetime(2025, 1, 1, tzinfo=UTC)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("crm_customers", ENTITIES["customer"]),
        ("erp_customers", ENTITIES["customer"]),
        ("erp_products", ENTITIES["product"]),
        ("pricelist_prices", ENTITIES["price"]),
    ],
)
def test_compiled_and_interpreted_rows_agree(name: str, wanted: EntityType) -> None:
    """Random rows become the same values, or are refused at the same field for the same reason."""
    rng = random.Random(name)  # noqa: S311 - test data, no secret
    mapping = compiled(FOLDER / f"{name}.yaml", wanted)
    good = [example.row for example in mapping.mapping.examples if example.out is not None]
    paths = all_paths(mapping.mapping)

    rows = []
    for _ in range(BATCH):
        row = dict(rng.choice(good))
        for path in rng.sample(paths, rng.randrange(3)):
            row[path.column] = _planted(path, rng.choice(VALUES), rng)
        rows.append(row)

    _assert_alike(mapping, rows)


HARD = """
mapping: m
entity: price/1
fields:
  product_code: {path: code, via: {slice: {length: 6}}, default: NONE, on_error: default}
  currency: {path: currency, via: currency, default: EUR, on_error: default}
  amount: {add: [{multiply: [n, m]}, {divide: [n, {path: d, via: decimal}], places: 4}], places: 2}
  valid_from: {path: day, via: {date: {format: "%Y%m%d", empty: ["00000000", "9999-12-31"]}}}
  unit: {path: unit, via: [{split: {separator: "/"}}, upper], on_error: drop_field}
examples:
  - in: {code: A-12345, currency: chf, n: 3, m: 2, d: "0.5", day: "20250101", unit: kg/x}
    out: {product_code: A-1234, currency: CHF, amount: 12, unit: KG}
"""


def test_calculations_and_given_up_fields_agree(tmp_path: Path) -> None:
    """The newer constructs, on rows as hostile as those of the company's mappings."""
    rng = random.Random("hard")  # noqa: S311 - test data, no secret
    mapping = compiled(write(tmp_path, HARD), ENTITIES["price"])
    good = [example.row for example in mapping.mapping.examples]
    paths = all_paths(mapping.mapping)

    rows = []
    for _ in range(BATCH):
        row = dict(rng.choice(good))
        for path in rng.sample(paths, rng.randrange(4)):
            row[path.column] = rng.choice(VALUES)
        rows.append(row)

    _assert_alike(mapping, rows)


TEXTS: list[Any] = [
    *(None, "", " ", "a", " Ä ", "e\u0301", "\u0301", "x" * 16, "x" * 17, "a\x00", "a\nb", "\xa0"),
    *("\ud800", "\ufffe", 0, b"", b"x", [], 5, False),
]


@pytest.mark.parametrize("repeating", [True, False])
def test_texts_that_are_checked_together_agree(repeating: bool, tmp_path: Path) -> None:
    """Whatever stands beside it, a text is taken, cleaned or refused as if it stood alone."""
    rng = random.Random("texts")  # noqa: S311 - test data, no secret
    fields = [
        "  a: A",
        "  b: {path: B, via: [trim, lower]}",
        "  c: C.x",
        "  d: {path: D, via: trim}",
    ]
    text = "\n".join(["mapping: m", "entity: thing/1", "fields:", *fields])
    spec = entity(
        field("a", required=True, max_length=200), field("b"), field("c", max_length=16), field("d")
    )
    mapping = compiled(write(tmp_path, text), spec)
    rows = [
        {
            "A": "always there" if repeating else f"row {number}",
            "B": rng.choice(TEXTS) if rng.random() < 0.3 else "plain",
            "C": {"x": rng.choice(TEXTS)} if rng.random() < 0.3 else None,
            "D": rng.choice(TEXTS) if rng.random() < 0.3 else f"D{number}",
        }
        for number in range(BATCH)
    ]

    _assert_alike(mapping, rows)


def _assert_alike(mapping: CompiledMapping, rows: list[dict[str, Any]]) -> None:
    """Hold the exact function, row by row, and the quick one, all at once, to the interpreter."""
    wanted = [interpret(mapping.mapping, row) for row in rows]
    done = translate(mapping, *rows)
    found: dict[int, tuple[str, Any]] = {
        index: ("row", row) for index, row in zip(done.indexes, done.rows, strict=True)
    }
    found |= {one.index: ("refused", (one.field, one.code)) for one in done.refusals}
    found |= {index: ("filtered", reason) for index, reason in done.filtered}

    assert [found[index] for index in range(len(rows))] == wanted
    assert len(done.rows) + len(done.refusals) + len(done.filtered) == len(rows)
    assert [_compiled(mapping, row) for row in rows] == wanted
    kinds = [[type(value) for value in row] for row in done.rows]
    assert kinds == [[type(value) for value in told] for way, told in wanted if way == "row"]


def _planted(path: SourcePath, value: Any, rng: random.Random) -> Any:
    """Return a column's content that holds `value` at the end of the path, or short of it."""
    for step in reversed(path.steps):
        if rng.random() < 0.1:
            continue
        if isinstance(step, Member):
            value = {step.name: value}
        elif isinstance(step, Position):
            value = [value]
        else:
            value = [{step.name: rng.choice(step.values), **value}] if type(value) is dict else []
    return value


def _compiled(mapping: CompiledMapping, row: dict[str, Any]) -> tuple[str, Any]:
    done = translate(mapping, row)
    if done.refusals:
        return "refused", (done.refusals[0].field, done.refusals[0].code)
    return ("filtered", done.filtered[0][1]) if done.filtered else ("row", done.rows[0])
