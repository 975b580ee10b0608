"""The compiled function and a plain interpreter agree on every row, good or hostile."""

import random
from pathlib import Path
from typing import Any

import pytest

import mappings
from mappings.analysis import all_paths
from mappings.paths import Member, Position
from mappings.paths import Path as SourcePath
from shared_services.contracts.entities import EntityType, entity_types
from tests.mappings.alike import BATCH, VALUES, assert_alike
from tests.mappings.helpers import compiled, entity, field, write
from tests.mappings.orders import ORDER, ROW
from tests.mappings.orders import TEXT as ORDERS

FOLDER = Path(mappings.__file__).parent
ENTITIES = entity_types()


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

    assert_alike(mapping, rows)


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

    assert_alike(mapping, rows)


WIDE = """
mapping: m
entity: thing/1
filter:
  - {when: {path: kind, via: trim, matches: "[X-Z]+"}, reason: never}
  - {when: {all: [{path: n, above: 90}, {path: n, at_most: 95}]}, reason: in between}
fields:
  a: {format: "{kind}-{n}", default: none}
  b: {path: code, lookup: {table: t.csv, ignore_case: true, trim: true, unknown: keep}}
  c: {path: code, lookup: {table: dated.csv, at: {path: day, via: date}}, on_error: drop_field}
  d:
    when:
      - {if: {path: day, via: date, below: 2020-01-01}, then: {const: old}}
      - {if: {path: kind, starts_with: [P, F]}, then: {const: kind}}
      - {if: {any: [{path: kind, contains: é}, {path: kind, ends_with: x}]}, then: kind}
    else: {path: code, lookup: {table: t.csv, unknown: missing}}
examples:
  - {in: {kind: P, n: 5, code: " a ", day: "2021-05-05"}, out: {b: one}}
  - {in: {kind: F, n: 93, code: B, day: "2019-05-05"}, filtered: in between}
  - {in: {kind: ax, n: 96, code: q, day: "2022-05-05"}, out: {b: q}}
"""
TABLES = {
    "t.csv": "source,canonical\na,one\nB,two\n",
    "dated.csv": "source,canonical,valid_from,valid_to\nB,x,,2020-01-01\nB,y,2020-01-02,\n",
}


def test_conditions_and_lookups_agree(tmp_path: Path) -> None:
    """Bounds, spellings, dated and lenient lookups, and formats."""
    rng = random.Random("wide")  # noqa: S311 - test data, no secret
    spec = entity(field("a"), field("b"), field("c"), field("d"))
    mapping = compiled(write(tmp_path, WIDE, TABLES), spec)
    good = [example.row for example in mapping.mapping.examples]

    rows = []
    for _ in range(BATCH):
        row = dict(rng.choice(good))
        for name in rng.sample(sorted(row), rng.choice((0, 0, 1, 2))):
            row[name] = rng.choice(VALUES)
        rows.append(row)

    assert_alike(mapping, rows)


def test_lists_agree(tmp_path: Path) -> None:
    """Lists within lists, with values from around them, hostile at any depth."""
    rng = random.Random("lists")  # noqa: S311 - test data, no secret
    mapping = compiled(write(tmp_path, ORDERS), ORDER)

    rows = [dict(_wounded(ROW, rng)) for _ in range(BATCH)]

    assert_alike(mapping, rows)


def _wounded(value: Any, rng: random.Random) -> Any:
    """Return a copy of a tree in which few values are others."""
    if rng.random() < 0.01:
        return value if type(value) is dict and "NR" in value else rng.choice(VALUES)
    if isinstance(value, dict):
        return {name: _wounded(inner, rng) for name, inner in value.items()}
    return [_wounded(inner, rng) for inner in value] if isinstance(value, list) else value


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

    assert_alike(mapping, rows)


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
