"""The lists of a large batch are translated together, and nobody can tell from what comes out."""

import random
from pathlib import Path
from typing import Any

import pytest

from mappings import CompiledMapping
from mappings.quick import ENOUGH_ROWS
from tests.mappings.helpers import compiled, entity, field, translate, write
from tests.mappings.interpreter import interpret

MAPPING = """
mapping: m
entity: thing/1
fields:
  number: NUMBER
  lines:
    each:
      of: LINES
      fields:
        sku: {path: sku, via: trim}
        amount: {path: amount, via: decimal, default: 1}
        first: parts[0].name
        same: {const: always}
"""
LINE = (
    field("sku", required=True, max_length=8),
    field("amount", "decimal"),
    field("first"),
    field("same"),
    field("unmapped"),
)
ELSEWHERE = {
    "the row around": "sku: {path: ^.NUMBER, via: trim}",
    "the place": "sku: {path: sku, via: trim}\n        place: {position: 1}",
    "a filter": "sku: sku\n      filter: [{when: {path: amount, equals: '2.50'}, reason: two}]",
    "the item itself": "sku: {path: sku, via: [trim, upper]}\n        first: {path: ^.NUMBER}",
}
ODD: list[Any] = [
    *(None, "", [], {}, "text", 5, ({"sku": "tuple"},), {"sku": "alone"}, [None], [5], [[]]),
    *([{}], [{"sku": None}], [{"sku": " "}], [{"sku": "x" * 9}], [{"sku": 5}], [{"sku": "a\x00"}]),
    [{"sku": "a", "amount": "no"}, {"sku": "b"}],
    [{"sku": "a", "parts": [{"name": "p"}]}, {"sku": "b", "parts": "text"}],
    [{"sku": f"s{number}", "amount": str(number)} for number in range(60)],
]


def good(number: int) -> dict[str, Any]:
    lines = [
        {"sku": f" S{number}-{line}"[:8], "amount": f"{line}.50", "parts": [{"name": f"p{line}"}]}
        for line in range(number % 4)
    ]
    return {"NUMBER": str(number), "LINES": lines}


def made(folder: Path, text: str = MAPPING, **more: Any) -> CompiledMapping:
    spec = entity(field("number"), field("lines", "records", fields=LINE, **more))
    return compiled(write(folder, text), spec)


def assert_agrees(mapping: CompiledMapping, rows: list[dict[str, Any]]) -> None:
    done = translate(mapping, *rows)
    found: dict[int, Any] = {
        index: ("row", row) for index, row in zip(done.indexes, done.rows, strict=True)
    }
    found |= {one.index: ("refused", (one.field, one.code)) for one in done.refusals}
    wanted = [interpret(mapping.mapping, row) for row in rows]

    assert [found[index] for index in range(len(rows))] == wanted
    assert [_types(found[index]) for index in range(len(rows))] == list(map(_types, wanted))


def _types(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_types(one) for one in value]
    if isinstance(value, dict):
        return [(name, _types(one)) for name, one in value.items()]
    return type(value)


@pytest.mark.parametrize("required", [True, False])
def test_one_odd_list_changes_no_other_row(required: bool, tmp_path: Path) -> None:
    """Each hostile list, alone among good ones, comes out as if it stood alone."""
    bounds: dict[str, Any] = {"required": required, "min_length": int(required), "max_length": 50}
    mapping = made(tmp_path, **bounds)
    translate(mapping, *map(good, range(ENOUGH_ROWS)))

    for lines in ODD:
        assert_agrees(mapping, [good(1), {"NUMBER": "2", "LINES": lines}, good(3)])


def test_hostile_lists_side_by_side_agree(tmp_path: Path) -> None:
    """Many odd lists in a large batch."""
    rng = random.Random("lists")  # noqa: S311 - test data, no secret
    rows = [
        {"NUMBER": str(number), "LINES": rng.choice(ODD)} if rng.random() < 0.01 else good(number)
        for number in range(ENOUGH_ROWS + 1)
    ]

    assert_agrees(made(tmp_path), rows)


@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_list_that_needs_more_than_its_items_agrees(case: str, tmp_path: Path) -> None:
    """The row around an item, its place, filters: what the whole column cannot tell."""
    start = MAPPING.index("sku:")
    spec = (*LINE, field("place", "integer"))
    text = MAPPING[:start] + ELSEWHERE[case] + "\n"
    thing = entity(field("number"), field("lines", "records", fields=spec))

    assert_agrees(compiled(write(tmp_path, text), thing), [good(one) for one in range(ENOUGH_ROWS)])
