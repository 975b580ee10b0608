"""Large batches are translated column by column, and nobody can tell from what comes out."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mappings import CompiledMapping, Translation
from mappings.chunks import CHUNK
from mappings.columnwise import Memo
from mappings.quick import ENOUGH_ROWS
from mappings.values import CACHE_SIZE
from tests.mappings.helpers import compiled, entity, field, write
from tests.mappings.interpreter import interpret

MAPPING = """
mapping: m
entity: thing/1
filter: [{when: {path: GONE, equals: X}, reason: gone}]
fields:
  code: {path: CODE, via: trim}
  name: {path: NAME, via: [trim, lower]}
  price: {path: PRICE, via: decimal}
  net: {path: NET, via: [trim, decimal], default: 0}
  count: {path: COUNT, via: integer}
  day: {path: DAY, via: date}
  at: {path: AT, via: datetime}
  local: {path: LOCAL, via: {datetime: {zone: Europe/Vienna}}}
  both: {concat: [DAY, COUNT], separator: "/"}
  same: {const: always}
"""
THING = entity(
    field("code", required=True, max_length=12),
    field("name", max_length=40),
    field("price", "decimal", required=True),
    field("net", "decimal"),
    field("count", "integer"),
    field("day", "date"),
    field("at", "datetime"),
    field("local", "datetime"),
    field("both"),
    field("same"),
    field("unmapped"),
)
COLUMNS = ("GONE", "CODE", "NAME", "PRICE", "NET", "COUNT", "DAY", "AT", "LOCAL")
HOSTILE: dict[str, list[Any]] = {
    "GONE": ["X", None, "", 1, []],
    "CODE": [None, "", "  ", "x" * 13, " pad ", "\x00", "a\tb", "a\x85", 5, b"x", [], float("nan")],
    "NAME": [None, "", " Ä ", "e\u0301", "\u0301", "ﬀ", "x\ud800", "x" * 41, "Σ", "İ", 0, False],
    "PRICE": [
        *(None, "", "-0", "-0.00", "0.00", ".5", "5.", ".", "1.2.3", "100", "1_000", "1e5", "NaN"),
        *("Infinity", " 7.50 ", "-12.30", "12-", "+1", "٣", "9" * 60, "9" * 61, "1." + "0" * 70),
        *(Decimal("1.50"), Decimal("NaN"), 7, 1.5, True, 2**200),
    ],
    "NET": [None, "", " ", "0", "-0", "1.0", 0, Decimal(0)],
    "COUNT": [None, "", "007", "-5", "-0", "--5", "+5", " 5", "1_0", "²", "9" * 18, "9" * 19, 5],
    "DAY": [None, "", "0000-00-00", "2024-02-30", " 2024-02-29 ", date(2024, 1, 1), 20240101],
    "AT": [
        *(None, "", "2024-01-01T10:00:00", "2024-01-01T10:00:00+02:00", "2024-01-01Z10:00"),
        *("2024-01-01", "0001-01-01T00:00:00+14:00", datetime(2024, 1, 1, tzinfo=UTC), 5),
        datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=5))),
    ],
    "LOCAL": [
        *(None, "", "2024-03-31T02:30:00", "2024-10-27T02:30:00", "2024-01-01", "2024-01-01T1"),
        *("2024-01-01T10:00:00Z", "2024-01-01T10:00", "9999-12-31T23:59:59", "0001-01-01T00:00"),
        *("2024-01-01:00:00", "2024-01-01T10:00:00.5", " 2024-01-01T10:00:00", 7),
    ],
}  # fmt: skip


@pytest.fixture
def mapping(tmp_path: Path) -> CompiledMapping:
    return compiled(write(tmp_path, MAPPING), THING)


def good(number: int) -> tuple[Any, ...]:
    stamp = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    local = stamp.strftime("%Y-%m-%dT%H:%M:%S")
    return (
        *("", f"C{number}", f"Name {number} ", f"{number}.{number % 100:02d}", None, str(number)),
        *(f"2024-01-{1 + number % 28:02d}", stamp.isoformat(), local),
    )


def planted(number: int, column: str, value: Any) -> tuple[Any, ...]:
    row = list(good(number))
    row[COLUMNS.index(column)] = value
    return tuple(row)


def told(done: Translation, count: int) -> list[tuple[str, Any]]:
    """Return what became of each row, with the types of its values; each has to come once."""
    found: dict[int, tuple[str, Any]] = {}
    for index, row in zip(done.indexes, done.rows, strict=True):
        found[index] = ("row", [(type(value), str(value)) for value in row])
    found |= {one.index: ("refused", (one.field, one.code)) for one in done.refusals}
    found |= {index: ("filtered", reason) for index, reason in done.filtered}
    assert len(done.rows) + len(done.refusals) + len(done.filtered) == count
    return [found[index] for index in range(count)]


def wanted(mapping: CompiledMapping, rows: Sequence[tuple[Any, ...]]) -> list[tuple[str, Any]]:
    """Return what the plain interpreter makes of each row."""
    made = [interpret(mapping.mapping, dict(zip(COLUMNS, row, strict=True))) for row in rows]
    return [
        (way, [(type(value), str(value)) for value in said]) if way == "row" else (way, said)
        for way, said in made
    ]


def exact(mapping: CompiledMapping, rows: Sequence[tuple[Any, ...]]) -> list[tuple[str, Any]]:
    """Return what the exact function makes of each row: it alone does small batches at first."""
    fresh = CompiledMapping(mapping.mapping)
    return told(fresh.translate(COLUMNS, list(rows)[: ENOUGH_ROWS - 1]), len(rows))


@pytest.mark.parametrize("column", COLUMNS)
def test_one_odd_value_changes_no_other_row(column: str, mapping: CompiledMapping) -> None:
    """Each hostile value, alone in a column of good ones, comes out as if it stood alone."""
    mapping.translate(COLUMNS, [good(number) for number in range(ENOUGH_ROWS)])

    for value in HOSTILE[column]:
        rows = [*map(good, range(4)), planted(4, column, value), good(5)]
        assert told(mapping.translate(COLUMNS, rows), 6) == wanted(mapping, rows), repr(value)
        assert exact(mapping, rows) == wanted(mapping, rows), repr(value)


def test_hostile_values_side_by_side_agree(mapping: CompiledMapping) -> None:
    """Many odd values in a large batch; rows come out in their order."""
    rng = random.Random("quick")  # noqa: S311 - test data, no secret
    rows = []
    for number in range(3 * CHUNK + 7):
        column = rng.choice(COLUMNS)
        odd = planted(number, column, rng.choice(HOSTILE[column]))
        rows.append(odd if rng.random() < 0.2 else good(number))

    done = mapping.translate(COLUMNS, rows)

    assert told(done, len(rows)) == wanted(mapping, rows)
    assert done.indexes == sorted(done.indexes)
    assert [one.index for one in done.refusals] == sorted(one.index for one in done.refusals)
    assert [index for index, _ in done.filtered] == sorted(index for index, _ in done.filtered)


BATCHES: dict[str, Callable[[int], tuple[Any, ...]]] = {
    "all good": good,
    "all refused": lambda number: planted(number, "PRICE", "no number"),
    "all filtered": lambda number: planted(number, "GONE", "X"),
    "every other refused": lambda number: planted(number, "CODE", f"C{number}" * (number % 2)),
    "every other filtered": lambda number: planted(number, "GONE", "X" * (number % 2)),
    "all missing": lambda number: planted(number, "NAME", None),
    "all typed": lambda number: planted(number, "PRICE", Decimal(number).scaleb(-2)),
    "all bytes": lambda number: planted(number, "NAME", b"bytes"),
}


@pytest.mark.parametrize("case", BATCHES)
def test_uniform_batches_agree(case: str, mapping: CompiledMapping) -> None:
    """Whether the plan was made for such a batch or for another one before it."""
    count = ENOUGH_ROWS + 1
    rows = [BATCHES[case](number) for number in range(count)]
    first = told(mapping.translate(COLUMNS, rows), count)
    mapping.translate(COLUMNS, [good(number) for number in range(count)])
    again = told(mapping.translate(COLUMNS, rows), count)

    assert first == wanted(mapping, rows)
    assert again == first


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_small_batch_after_a_large_one(count: int, mapping: CompiledMapping) -> None:
    """No row, and a single one, are batches too."""
    mapping.translate(COLUMNS, [good(number) for number in range(ENOUGH_ROWS)])
    rows = [good(number) for number in range(count)]

    assert told(mapping.translate(COLUMNS, rows), count) == wanted(mapping, rows)


def test_a_row_that_is_not_as_wide_as_its_columns_is_an_error(mapping: CompiledMapping) -> None:
    """Also where another row makes up for it: values never move to another column."""
    mapping.translate(COLUMNS, [good(number) for number in range(ENOUGH_ROWS)])

    with pytest.raises(ValueError, match="9 values"):
        mapping.translate(COLUMNS, [good(1)[:-1], (*good(2), "more")])


def test_what_is_kept_of_a_column_is_bounded() -> None:
    """A column whose values do not come again after all fills no memory."""
    memo = Memo(str.upper)

    for number in range(CACHE_SIZE + 100):
        assert memo[f"v{number}"] == f"V{number}"

    assert len(memo) <= CACHE_SIZE


def test_equal_values_of_other_types_are_not_taken_for_each_other() -> None:
    """1, 1.0 and True are one key of a dictionary, and three values."""
    memo = Memo(lambda value: type(value))

    assert [memo[value] for value in (1, True, 1.0, "1", None)] == [
        int,
        bool,
        float,
        str,
        type(None),
    ]
