"""Streams that are read by several connections at once: no row twice, none between two ranges."""

import json
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from midspan.kernel.errors import MidspanError, ProtocolError
from midspan.kernel.stream import Slice
from tests.adapters.test_sql import SYSTEM, ids, opener
from tests.adapters.test_sql_servers import KILL, sessions
from tests.adapters.test_sql_servers import PLAIN as ONE_BY_ONE
from tests.fixtures_sql import Database

STREAM = "    table: customers\n    partitions: {count}"
COUNT = 200
PLAIN = ONE_BY_ONE.replace("batch: 5", "batch: 20").replace("query: 10", "query: 40")


@pytest.fixture(autouse=True)
def short_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.sql.partitions._RANGE", 30)


@pytest.fixture
def spread(database: Database) -> list[int]:
    """Make a table whose keys are far from even, and return them."""
    database.run("CREATE TABLE customers (id bigint PRIMARY KEY, name {chars})")
    keys = [number if number < COUNT // 2 else number * 10**9 for number in range(COUNT)]
    database.fill("customers", [(key, f"n{key}") for key in keys])
    return keys


def test_every_row_arrives_once(database: Database, tmp_path: Path, spread: list[int]) -> None:
    """However the keys are spread."""
    with closing(opener(database, tmp_path)(STREAM.format(count=3), system=PLAIN)) as adapter:
        found = ids(list(adapter.read("customers", Slice())))

    assert sorted(found) == spread


def test_it_resumes_behind_every_position(
    database: Database, tmp_path: Path, spread: list[int]
) -> None:
    """By as many connections, or by another number of them."""
    opened = opener(database, tmp_path)
    with closing(opened(STREAM.format(count=3), system=PLAIN)) as adapter:
        batches = list(adapter.read("customers", Slice()))

    for done in range(1, len(batches), 5):
        position = json.loads(json.dumps(batches[done - 1].position))
        with closing(opened(STREAM.format(count=done % 3 + 1), system=PLAIN)) as adapter:
            rest = list(adapter.read("customers", Slice(), position))
        assert sorted(ids(batches[:done]) + ids(rest)) == spread


def test_a_reading_in_order_goes_on_in_parallel(
    database: Database, tmp_path: Path, spread: list[int]
) -> None:
    """Somebody sets partitions while a slice is half read."""
    opened = opener(database, tmp_path)
    with closing(opened(STREAM.format(count=1), system=PLAIN)) as adapter:
        reading = adapter.read("customers", Slice())
        begun = [next(reading), next(reading)]
        reading.close()  # type: ignore[attr-defined]  # it is a generator
    with closing(opened(STREAM.format(count=3), system=PLAIN)) as adapter:
        rest = list(adapter.read("customers", Slice(), begun[-1].position))

    assert sorted(ids(begun) + ids(rest)) == spread


def test_ranges_end_where_the_database_says(database: Database, tmp_path: Path) -> None:
    """Composite keys of texts, in whatever collation, with cases and accents."""
    database.run("CREATE TABLE customers (client {chars}, id integer, PRIMARY KEY (client, id))")
    clients = ["a", "B", "Ärger", "b-1", "Z", "z z", "ß", "_x", "1", "É"]
    rows = sorted((client, number) for client in clients for number in range(12))
    database.fill("customers", rows)
    system = PLAIN.replace("[id]", "[client, id]")

    with closing(opener(database, tmp_path)(STREAM.format(count=3), system=system)) as adapter:
        batches = list(adapter.read("customers", Slice()))

    assert sorted(row for batch in batches for row in batch.rows) == rows


def test_a_null_key_is_told(database: Database, tmp_path: Path) -> None:
    """It would be in no range, and be missed without a word."""
    database.run("CREATE TABLE customers (id integer, name {chars})")
    database.fill("customers", [(number, "x") for number in (1, 2, None)])

    with (
        closing(opener(database, tmp_path)(STREAM.format(count=2), system=PLAIN)) as adapter,
        pytest.raises(ProtocolError) as caught,
    ):
        list(adapter.read("customers", Slice()))

    assert caught.value.code == "sql.key_null"


def test_killed_connections_heal(server: Database, tmp_path: Path) -> None:
    """Each range goes on behind its own last block."""
    server.run("CREATE TABLE customers (id integer PRIMARY KEY)")
    server.fill("customers", [(number,) for number in range(COUNT)])
    seen: list[Any] = []

    with closing(opener(server, tmp_path)(STREAM.format(count=3), system=PLAIN)) as adapter:
        for number, batch in enumerate(adapter.read("customers", Slice())):
            seen += ids([batch])
            if number == 2:
                for session in sessions(server):
                    with suppress(OperationalError):  # it may have ended by itself
                        server.run(KILL[server.kind].format(session))

    assert sorted(seen) == list(range(COUNT))


@pytest.mark.parametrize(
    "end", [lambda adapter, rows: rows.close(), lambda adapter, _: adapter.close()]
)
def test_leaving_early_ends_all_of_them(
    server: Database, tmp_path: Path, end: Callable[[Any, Any], None]
) -> None:
    """No connection and no thread goes on for nobody; what is closed says so."""
    server.run("CREATE TABLE customers (id integer PRIMARY KEY)")
    server.fill("customers", [(number,) for number in range(COUNT)])

    with closing(opener(server, tmp_path)(STREAM.format(count=3), system=PLAIN)) as adapter:
        reading = adapter.read("customers", Slice())
        next(reading)
        end(adapter, reading)
        try:
            list(reading)
        except MidspanError as error:
            assert error.code == "sql.closed"  # noqa: PT017 a generator that was closed just ends

    assert sessions(server) == []


def test_changes_are_read_in_order(server: Database, tmp_path: Path) -> None:
    """A slice from some moment on is small: one connection does, and no key is counted."""
    server.run("CREATE TABLE customers (id integer PRIMARY KEY, updated {stamp}, created {stamp})")
    server.fill(
        "customers", [(number, f"2026-01-01 00:{number:02d}:00", None) for number in range(60)]
    )

    adapter = opener(server, tmp_path)(STREAM.format(count=3), system=SYSTEM)
    with closing(adapter):
        batches = list(adapter.read("customers", Slice(lower="2026-01-01T00:30:00")))

    assert ids(batches) == list(range(30, 60))
    assert "after" in batches[0].position
