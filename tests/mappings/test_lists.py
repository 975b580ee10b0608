"""Lists of records: the lines of an order, from nested rows to a store and back."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import MetaData, Table, insert, select

from mappings import CompiledMapping, run_examples
from mappings.analysis import columns_of, personal_columns
from midspan.store.engine import Store, open_store
from midspan.store.load import bulk_insert
from midspan.store.revision import Revision
from midspan.store.types import column
from midspan.sync.staging import row_hash
from tests.mappings.helpers import compiled, problems_of, translate, write
from tests.mappings.orders import ORDER, ROW, TEXT, OrderData

NOON = datetime(2025, 1, 1, 11, tzinfo=UTC)
LINES = (
    {
        "sku": "A1",
        "quantity": Decimal("2.5"),
        "unit": "H87",
        "due": date(2025, 2, 1),
        "notes": (),
        "place": 1,
    },
    {
        "sku": "C3",
        "quantity": Decimal(7),
        "unit": None,
        "due": date(2025, 3, 1),
        "place": 3,
        "notes": (
            {"text": "call first", "at": NOON, "order": "4711"},
            {"text": "then ring", "at": NOON, "order": "4711"},
        ),
    },
)
MANY = 1_200


@pytest.fixture
def mapping(tmp_path: Path) -> CompiledMapping:
    """Give the orders' mapping."""
    return compiled(write(tmp_path, TEXT), ORDER)


def changed(**values: Any) -> dict[str, Any]:
    """Return a row of one line that has other values."""
    return ROW | {"POS": [{"art": {"no": "A"}, "qty": "1"} | values]}


def test_items_become_records_with_outer_values_and_their_place(mapping: CompiledMapping) -> None:
    """Paths begin at the item; the row and the record around it are reached; filtered items go."""
    done = translate(mapping, ROW)

    assert done.rows == [("4711/2025", LINES, "EUR")]
    assert [(one.field, one.code) for one in done.lost] == [
        ("lines[2].unit", "mapping.unit.unknown")
    ]


def test_a_large_batch_gives_the_same_records(mapping: CompiledMapping) -> None:
    """What is fast gives what is exact."""
    rows = [ROW | {"NR": str(number), "POS": ROW["POS"][:2]} for number in range(MANY)]

    done = translate(mapping, *rows)

    assert [row[1] for row in done.rows] == [LINES[:1]] * MANY
    assert [row[0] for row in done.rows] == [f"{number}/2025" for number in range(MANY)]


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        (changed(qty="two"), "lines[0].quantity", "mapping.decimal.invalid"),
        (changed(art=None), "lines[0].sku", "mapping.required"),
        (changed(notes=["ok", "x" * 201]), "lines[0].notes[1].text", "mapping.length"),
        (changed(DEL="perhaps"), "lines[0]", "mapping.boolean.invalid"),
        (ROW | {"POS": [ROW["POS"][0], 5]}, "lines[1]", "mapping.path"),
        (ROW | {"POS": 5}, "lines", "mapping.path"),
        (ROW | {"POS": None}, "lines", "mapping.required"),
        (ROW | {"POS": []}, "lines", "mapping.length"),
        (ROW | {"POS": [ROW["POS"][0]] * 51}, "lines", "mapping.length"),
    ],
)
def test_a_refused_item_is_named_by_its_place(
    row: dict[str, Any], field: str, code: str, mapping: CompiledMapping
) -> None:
    """The refusal says which line and which field of it, and the whole row is refused."""
    done = translate(mapping, row)

    assert [(one.field, one.code) for one in done.refusals] == [(field, code)]
    assert done.rows == []


def test_a_single_record_counts_as_a_list_of_one(mapping: CompiledMapping) -> None:
    """XML cannot tell one line from a list with one line in it."""
    done = translate(mapping, ROW | {"POS": ROW["POS"][0]})

    assert done.rows[0][1] == LINES[:1]


def test_only_columns_of_the_row_are_sources(mapping: CompiledMapping) -> None:
    """A member of an item is no column; what an item takes from the row is one."""
    assert columns_of(mapping.mapping) == {"NR", "YEAR", "CUR", "DUE", "POS"}


def test_a_list_with_a_personal_field_is_personal(tmp_path: Path) -> None:
    """Its column is masked as a whole, and so are columns that the file marks."""
    found = compiled(write(tmp_path, TEXT + "ignore: [CONTACT]\npersonal: [CONTACT]\n"), ORDER)

    assert ORDER.field("lines").personal
    assert personal_columns(found.mapping) == {"POS", "NR", "DUE", "CONTACT"}


def test_examples_give_lists(tmp_path: Path) -> None:
    """An example's record holds the fields it names, the others at their defaults."""
    text = TEXT + (
        "examples:\n  - in: {NR: a, YEAR: 1, POS: [{art: {no: B}, qty: 1}]}\n"
        "    out: {lines: [{sku: B, quantity: QTY, place: 1}]}\n"
    )
    right = compiled(write(tmp_path, text.replace("QTY", "1")), ORDER)
    wrong = compiled(write(tmp_path, text.replace("QTY", "2")), ORDER)

    assert run_examples(right) == []
    assert [one.code for one in run_examples(wrong)] == ["mapping.example_failed"]


def test_records_fit_their_contract_and_hash_alike(mapping: CompiledMapping) -> None:
    """The published struct takes them, and equal lists are equal to whoever looks for changes."""
    (first,) = translate(mapping, ROW).rows
    again = ROW | {"POS": [dict(reversed(one.items())) for one in ROW["POS"]]}

    order = msgspec.convert(dict(zip(ORDER.field_names, first, strict=True)), OrderData)

    assert order.lines[1].notes[0].text == "call first"
    assert row_hash(translate(mapping, again).rows[0]) == row_hash(first)
    assert row_hash(("4711/2025", LINES[:1], "EUR")) != row_hash(first)


METADATA = MetaData(schema="shelf")
ORDERS = Table(
    "orders", METADATA, *(column(one.name, one.kind, one.fields) for one in ORDER.fields)
)


@pytest.fixture
def store(store_url: str | None, tmp_path: Path) -> Iterator[Store]:
    """Give a store with a table of orders."""
    store = open_store(store_url, tmp_path, "shelf")
    store.create(METADATA, Revision("shelf", "1"))
    yield store
    store.close()


@pytest.mark.parametrize("bulk", [True, False])
def test_a_store_gives_back_the_very_records(
    bulk: bool, store: Store, mapping: CompiledMapping
) -> None:
    """Decimals, days and instants in them come back as such: nothing seems changed."""
    rows = translate(mapping, ROW).rows
    with store.write() as connection:
        if bulk:
            bulk_insert(connection, ORDERS, ORDER.field_names, rows)
        else:
            connection.execute(insert(ORDERS).values(rows))

    with store.read() as connection:
        found = [tuple(row) for row in connection.execute(select(ORDERS))]

    assert found == rows
    assert row_hash(found[0]) == row_hash(rows[0])


EACH = "mapping: m\nentity: order/1\nfields:\n  number: NR\n  lines:\n    each:\n      of: POS\n"
GOOD = "      fields: {sku: art, quantity: {path: qty, via: decimal}}\n"


@pytest.mark.parametrize(
    ("marked", "code", "part"),
    [
        (EACH + "      §fields: {sku: art}\n", "mapping.missing_field", "'quantity'"),
        (EACH + GOOD.replace("{sku", "{§skuu: a, sku"), "mapping.unknown_field", "'sku'"),
        (EACH + GOOD.replace("via: decimal", "via: §decimals"), "mapping.unknown_converter", ""),
        (
            EACH + GOOD.replace("{path", "§{path").replace("decimal", "trim"),
            "mapping.kind",
            "decimal",
        ),
        (
            EACH + GOOD.replace("sku: art", "sku: §^.^.art"),
            "mapping.path_syntax",
            "no record around",
        ),
        (EACH + GOOD + "      §filtr: []\n", "config.unknown_key", "'filter'"),
        (
            EACH + GOOD + "      filter: [§{when: {path: a, equals: 1}}]\n",
            "config.missing",
            "reason",
        ),
        (EACH.replace("POS", "§{path: POS, via: trim}") + GOOD, "mapping.kind", "gives string"),
        (
            "mapping: m\nentity: order/1\nfields:\n  number: NR\n  lines: §POS\n",
            "mapping.kind",
            "each:",
        ),
        (
            EACH.replace("number: NR", "number: {each: §{of: A, fields: {}}}") + GOOD,
            "mapping.kind",
            "no field of records",
        ),
        (
            EACH.replace("number: NR", "number: {position: §1, via: text}") + GOOD,
            "mapping.expression",
            "",
        ),
        (
            EACH.replace("number: NR", "number: §^.NR") + GOOD,
            "mapping.path_syntax",
            "no record around",
        ),
        (EACH.replace("number: NR", "number: {format: §'{}'}") + GOOD, "mapping.path_syntax", ""),
        (
            EACH.replace("number: NR", "number: {format: §'{A'}") + GOOD,
            "mapping.expression",
            "no format",
        ),
        (
            EACH.replace("number: NR", "number: {format: §'A'}") + GOOD,
            "mapping.expression",
            "at least",
        ),
        (
            EACH.replace("number: NR", "number: {format: §'{A:>3}'}") + GOOD,
            "mapping.expression",
            "nothing",
        ),
        (EACH + GOOD + "personal: [§PSO]\n", "mapping.personal", "'POS'"),
    ],
)
def test_what_is_wrong_within_a_list_is_told_at_its_place(
    marked: str, code: str, part: str, tmp_path: Path
) -> None:
    """One problem each, with line, column and the nearest valid name."""
    before, after = marked.split("§")
    place = (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)

    (problem,) = problems_of(write(tmp_path, before + after), ORDER)

    assert (problem.code, problem.line, problem.column) == (code, *place)
    assert part in f"{problem.message}. {problem.remedy}"
