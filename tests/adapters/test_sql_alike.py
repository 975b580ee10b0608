"""Keys that a database holds equal although their texts differ."""

from contextlib import closing
from pathlib import Path

import pytest

from adapters.sql.alike import alike
from midspan.kernel.stream import Slice
from tests.adapters.test_sql import SYSTEM, opener
from tests.fixtures_sql import Database

PLAIN = SYSTEM.replace("    cursor", "    #")
STREAM = "    table: customers\n    partitions: {count}"
KEYS = ["a", "A", "B", "b ", "b", "B ", "É", "e", "E", "é", "ß", "ss", "SS", "😀", "🍺", "", " "]


@pytest.fixture
def customers(database: Database) -> Database:
    collation = ""
    if database.kind == "mariadb":
        collation = "COLLATE utf8mb4_general_ci"
    database.run(f"CREATE TABLE customers (id {{chars}} {collation}, number integer)")
    database.fill("customers", list(zip(KEYS, range(len(KEYS)), strict=True)))
    return database


@pytest.mark.parametrize("count", [1, 3])
def test_no_block_ends_between_keys_that_count_as_equal(
    customers: Database, tmp_path: Path, count: int
) -> None:
    """Where no unique key forbids it, 'a' and 'A' are two rows, and none is behind the other."""
    open_adapter = opener(customers, tmp_path)

    with closing(open_adapter(STREAM.format(count=count), system=PLAIN)) as adapter:
        batches = list(adapter.read("customers", Slice()))
        listed = [key for keys in adapter.keys("customers") for key in keys]

    numbers = [row[batch.columns.index("number")] for batch in batches for row in batch.rows]
    assert sorted(numbers) == list(range(len(KEYS)))
    assert len(listed) == len(KEYS)


def test_a_resumed_reading_loses_no_such_key(customers: Database, tmp_path: Path) -> None:
    """Whichever batch was the last one."""
    open_adapter = opener(customers, tmp_path)
    with closing(open_adapter(STREAM.format(count=1), system=PLAIN)) as adapter:
        batches = list(adapter.read("customers", Slice()))

    for at, batch in enumerate(batches):
        with closing(open_adapter(STREAM.format(count=1), system=PLAIN)) as adapter:
            rest = list(adapter.read("customers", Slice(), batch.position))
        found = [row for one in (*batches[: at + 1], *rest) for row in one.rows]
        assert len(found) == len(KEYS)


def test_one_row_at_a_time_is_enough(customers: Database, tmp_path: Path) -> None:
    """The smallest batch that can be configured reads all the same."""
    customers.run("DELETE FROM customers WHERE number NOT IN (0, 2, 6, 10)")
    system = PLAIN.replace("batch: 5", "batch: 1").replace("query: 10", "query: 1")

    with closing(opener(customers, tmp_path)(STREAM.format(count=1), system=system)) as adapter:
        numbers = [row[1] for batch in adapter.read("customers", Slice()) for row in batch.rows]

    assert sorted(numbers) == [0, 2, 6, 10]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ø", "O"),
        ("ア", "あ"),
        ("\uff21", "a"),
        ("e\u0301", "é"),
        ("a\u00ad", "A"),
        ("\u0131", "I"),
    ],
)
def test_what_some_collation_holds_equal_is_alike(one: str, other: str) -> None:
    """Accents, width, kana and signs without weight make no other key; numbers are themselves."""
    assert alike((one, 1)) == alike((other, 1))
    assert alike((one, 1)) != alike((other, 2))
