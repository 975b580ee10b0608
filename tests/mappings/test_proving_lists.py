"""Lint and golden files reach into the items of nested lists."""

from pathlib import Path

from mappings.lint import Facts, lint_mapping
from mappings.proving.capture import capture
from mappings.proving.goldens import failed_rows, read_golden, write_golden
from shared_services.contracts.entities import FieldType
from tests.mappings.helpers import compiled, entity, field, write

LINE = (
    field("product", required=True, max_length=20),
    field("quantity", "decimal", required=True),
    FieldType("engraving", "string", required=False, nullable=True, personal=True),
)
ORDER = entity(
    field("number", required=True),
    FieldType("lines", "records", required=True, nullable=False, personal=True, fields=LINE),
)
TEXT = """mapping: m
entity: thing/1
fields:
  number: NUM
  lines:
    each:
      of: doc.positions
      filter: [{when: {path: kind, equals: TEXT}, reason: no product}]
      fields:
        product: {path: sku, via: [trim, upper]}
        quantity: {path: qty, via: decimal, default: 1}
        engraving:
          when:
            - {if: {path: kind, equals: TEXT}, then: {const: none}}
            - {if: {path: text, missing: false}, then: text}
"""
ROWS = [
    {
        "NUM": "4711",
        "doc": {
            "secret": "hunter2",
            "positions": [
                {"kind": "P", "sku": "ab-1", "qty": "2", "text": "For Käthe", "cost": "hunter2"},
                {"kind": "TEXT", "text": "Call Weissenbacher first"},
                {"kind": "P", "sku": "ab-2", "qty": "1"},
            ],
        },
    },
    {"NUM": "4712", "doc": {"positions": []}},
    {"NUM": "4713", "doc": {"positions": [{"kind": "P", "sku": "x", "qty": "many"}]}},
]


def test_items_are_cut_and_masked_as_rows_are(tmp_path: Path) -> None:
    """Personal members of an item are masked, unread ones left out, the others kept."""
    mapping = compiled(write(tmp_path, TEXT), ORDER)

    found = capture(mapping, ROWS, b"key", 10)

    text = str([one.row for one in found.rows])
    assert [word for word in ("hunter2", "Käthe", "Weissenbacher") if word in text] == []
    assert len(found.rows) == 3
    assert found.rows[0].row["doc"]["positions"][0]["sku"] == "ab-1"
    assert found.rows[2].outcome.field == "lines[0].quantity"


def test_a_golden_row_with_items_comes_true(tmp_path: Path) -> None:
    """Lists of records are compared record by record."""
    mapping = compiled(write(tmp_path, TEXT), ORDER)
    write_golden(mapping, "shop.orders", capture(mapping, ROWS, b"key", 10).rows)
    golden = read_golden(mapping.mapping)
    changed = compiled(write(tmp_path, TEXT.replace("[trim, upper]", "trim")), ORDER)

    assert golden is not None
    assert failed_rows(mapping, golden) == []
    assert [one.differences[0].field for one in failed_rows(changed, golden)] == ["lines"]


def test_lint_judges_the_fields_of_items(tmp_path: Path) -> None:
    """Branches behind the items' own filter, losses, and names that say which field it is."""
    mapping = compiled(write(tmp_path, TEXT), ORDER)

    findings = lint_mapping(mapping, Facts(rows=[*ROWS, _second_refused()]))

    told = {(one.problem.code, one.field, one.problem.line) for one in findings}
    assert ("lint.unreachable", "lines.engraving", 14) in told
    assert ("lint.lossy", "lines.product", 10) in told
    assert ("lint.filtered", "", 8) in told
    assert not any(code == "lint.column_gone" for code, _, _ in told)
    assert [one.problem.message for one in findings if one.problem.code == "lint.refused"] == [
        "2 of 4 sampled rows are refused: lines[].quantity [mapping.decimal.invalid]"
    ]


def _second_refused() -> dict[str, object]:
    good, bad = {"kind": "P", "sku": "x", "qty": "1"}, {"kind": "P", "sku": "y", "qty": "few"}
    return {"NUM": "4714", "doc": {"positions": [good, bad]}}
