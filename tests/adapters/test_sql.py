"""The sql adapter: one behaviour on every database and by every way of reading it."""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.sql import SqlAdapter
from midspan.kernel.errors import DriftError, MidspanError, ProtocolError
from midspan.kernel.stream import Batch, Slice
from tests.adapters.building import build, project, records
from tests.fixtures_sql import Database

SYSTEM = """
type: sql
conn_id: legacy
rows_per_batch: 5
rows_per_query: 10
{settings}
streams:
  customers:
    primary_key: [id]
    cursor: {{fields: [updated, created], lookback: 0s}}
{stream}
"""
TABLE = "    table: customers"
START = datetime(2026, 1, 1, 10, 0, 0)  # noqa: DTZ001 the databases' columns have no zone
ROWS = 23

Open = Callable[..., SqlAdapter]


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Open:
    return opener(database, tmp_path)


def opener(database: Database, folder: Path) -> Open:
    """Return a function that opens the adapter by YAML; ``stream`` is its last part."""

    def open_adapter(
        stream: str = TABLE, columns: Sequence[str] = (), system: str = SYSTEM, **settings: str
    ) -> SqlAdapter:
        extra = "\n".join([database.settings, *(f"{key}: {settings[key]}" for key in settings)])
        text = system.format(settings=extra, stream=stream)
        return build(
            SqlAdapter, project(folder, "legacy", text), "legacy", database.connection, columns
        )

    return open_adapter


def read(adapter: SqlAdapter, part: Slice | None = None, stream: str = "customers") -> list[Batch]:
    with closing(adapter):
        return list(adapter.read(stream, part or Slice()))


def ids(batches: Sequence[Batch]) -> list[Any]:
    return [row["id"] for row in records(batches)]


def moment(database: Database, seconds: int) -> Any:
    """Return a stamp as this database's tables hold it."""
    stamp = START + timedelta(seconds=seconds)
    return stamp.isoformat(" ") if database.kind == "sqlite" else stamp


@pytest.fixture
def customers(database: Database) -> list[int]:
    """Make a table of 23 customers, two of a second, and return their ids."""
    database.run(
        "CREATE TABLE customers (id integer PRIMARY KEY, name {chars}, updated {stamp},"
        " created {stamp}, amount decimal(12,3), day date)"
    )
    database.fill(
        "customers",
        [
            (
                number,
                f"Kundin Nº {number}",
                moment(database, number // 2),
                None,
                "12.500",
                "2026-02-28",
            )
            for number in range(1, ROWS + 1)
        ],
    )
    return list(range(1, ROWS + 1))


def test_every_row_arrives_once_in_the_order_of_its_key(opened: Open, customers: list[int]) -> None:
    """Batches are bounded, and the seams of statements lose and repeat nothing."""
    batches = read(opened())

    assert ids(batches) == customers
    assert max(len(batch.rows) for batch in batches) <= 5 + 1


def test_values_arrive_as_what_they_are(
    opened: Open, database: Database, customers: list[int]
) -> None:
    """Decimals are exact, dates are dates; SQLite knows neither and gives what it holds."""
    (first, *_) = records(read(opened(columns=("name", "amount", "day"))))

    assert first["name"] == "Kundin Nº 1"
    assert first["updated"] == moment(database, 0)
    if database.kind != "sqlite":
        assert (first["amount"], first["day"]) == (Decimal("12.500"), date(2026, 2, 28))
        assert str(first["amount"]) == "12.500"


def test_only_what_is_needed_is_read(opened: Open, customers: list[int]) -> None:
    """Key, cursor and the mapped columns; nobody asks for the rest."""
    (batch, *_) = read(opened(columns=("name",)))

    assert batch.columns == ("id", "updated", "created", "name")


def test_a_slice_resumes_behind_every_position(opened: Open, customers: list[int]) -> None:
    """Wherever a reading stopped, the next one gives exactly the rest."""
    batches = read(opened())

    for done, batch in enumerate(batches, 1):
        position = json.loads(json.dumps(batch.position))
        with closing(opened()) as adapter:
            rest = list(adapter.read("customers", Slice(), position))
        assert ids(batches[:done]) + ids(rest) == customers


def test_a_lower_bound_includes_its_own_moment(opened: Open, customers: list[int]) -> None:
    """Rows that share the boundary's second are read again, earlier ones are not."""
    rows = read(opened(), Slice(lower="2026-01-01T10:00:05"))

    assert ids(rows) == list(range(10, ROWS + 1))


def test_a_row_without_a_stamp_is_read_each_time(
    opened: Open, database: Database, customers: list[int]
) -> None:
    """The first field that holds a value counts; without any, nothing tells of a change."""
    database.run("UPDATE customers SET updated = NULL WHERE id IN (2, 3, 4)")
    database.fill("customers", [(99, "x", None, moment(database, 90), "0", None)])
    database.run("UPDATE customers SET created = '2020-01-01 00:00:00' WHERE id = 4")

    rows = read(opened(), Slice(lower="2026-01-01T10:00:11"))

    assert ids(rows) == [2, 3, 22, 23, 99]


def test_composite_keys_resume_behind_every_position(opened: Open, database: Database) -> None:
    """Keys of several columns, texts in the database's own collation among them."""
    database.run(
        "CREATE TABLE order_lines (client {chars}, pos integer, PRIMARY KEY (client, pos))"
    )
    rows = [(client, pos) for client in ("Ärger", "a", "B b", "o'x", "z%") for pos in range(4)]
    database.fill("order_lines", rows)
    system = SYSTEM.replace("[id]", "[client, pos]").replace("    cursor", "    #")
    batches = read(opened("    table: order_lines", system=system))

    assert sorted(row for batch in batches for row in batch.rows) == sorted(rows)
    for done, batch in enumerate(batches, 1):
        position = json.loads(json.dumps(batch.position))
        with closing(opened("    table: order_lines", system=system)) as adapter:
            rest = list(adapter.read("customers", Slice(), position))
        assert records(batches[:done]) + records(rest) == records(batches)


def test_asked_by_key_gives_exactly_these(opened: Open, customers: list[int]) -> None:
    """Records named by key come, also when the keys have been through JSON as texts."""
    assert ids(read(opened(), Slice(keys=((3,), (7,), (404,))))) == [3, 7]
    assert ids(read(opened(), Slice(keys=(("3",), ("7",))))) == [3, 7]


def test_asked_by_composite_key_gives_exactly_these(opened: Open, database: Database) -> None:
    """No record of another combination comes along."""
    database.run(
        "CREATE TABLE order_lines (client {chars}, pos integer, PRIMARY KEY (client, pos))"
    )
    database.fill("order_lines", [("a", 1), ("a", 2), ("b", 1), ("b", 2)])
    system = SYSTEM.replace("[id]", "[client, pos]").replace("    cursor", "    #")

    found = read(opened("    table: order_lines", system=system), Slice(keys=(("a", 2), ("b", 1))))

    assert sorted(row for batch in found for row in batch.rows) == [("a", 2), ("b", 1)]


def test_a_query_is_a_stream(opened: Open, customers: list[int]) -> None:
    """Its params are bound; slices, positions and keys work as on a table."""
    stream = """
    query: |
      SELECT c.id, c.updated, c.created, c.name AS "full_name" FROM customers c
      WHERE c.id > :least AND c.name LIKE '%Nº%';
    params: {least: 3}
    """.replace('"full_name"', "full_name")

    batches = read(opened(stream, columns=("full_name",)), Slice(lower="2026-01-01T10:00:03"))

    assert ids(batches) == list(range(6, ROWS + 1))
    assert records(batches)[0]["full_name"] == "Kundin Nº 6"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("{id: 7}", [7]),
        ("{id: [7, 9, 404]}", [7, 9]),
        ("{id: {gt: 3, le: 5}}", [4, 5]),
        ("{id: {lt: 3}, name: {like: '%2'}}", [2]),
        ("{id: {lt: 3}, created: null}", [1, 2]),
        ("{id: {lt: 3}, created: {ne: null}}", []),
        ("""{name: "' OR 1=1 --"}""", []),
    ],
)
def test_where_keeps_what_it_says(
    opened: Open, customers: list[int], where: str, expected: list[int]
) -> None:
    """Conditions hold at once; a value is never taken for a piece of the statement."""
    assert ids(read(opened(f"{TABLE}\n    where: {where}"))) == expected


def test_names_are_names_whatever_is_in_them(opened: Open, database: Database) -> None:
    """Blanks, quotes, upper case and reserved words in names of tables and columns."""
    quote = "`" if database.kind == "mariadb" else '"'
    names = [quote + name + quote for name in ("Or'der", "select", "Na;me %s")]
    written = names[2] if database.kind == "sqlite" else names[2].replace("%", "%%")
    database.run(
        f"CREATE TABLE {names[0]} (id integer PRIMARY KEY, {names[1]} integer, {written} {{chars}})"
    )
    database.fill(names[0], [(1, 2, "x")])
    system = SYSTEM.replace("    cursor", "    #")

    (row,) = records(read(opened('    table: "Or\'der"', ("select", "Na;me %s"), system)))

    assert row == {"id": 1, "select": 2, "Na;me %s": "x"}


def test_keys_of_bytes_are_hexadecimal(opened: Open, database: Database) -> None:
    """They can be written down, resumed behind and asked for; other bytes stay bytes."""
    database.run("CREATE TABLE blobs (id {bytes} PRIMARY KEY, photo {bytes})")
    database.fill("blobs", [(bytes([0, number, 255]), bytes([number])) for number in range(12)])
    system = SYSTEM.replace("    cursor", "    #")
    stream = "    table: blobs"
    batches = read(opened(stream, ("photo",), system))

    assert ids(batches) == [f"0x00{number:02x}ff" for number in range(12)]
    assert records(batches)[3]["photo"] == b"\x03"
    with closing(opened(stream, ("photo",), system)) as adapter:
        position = json.loads(json.dumps(batches[0].position))
        rest = list(adapter.read("customers", Slice(), position))
        asked = list(adapter.read("customers", Slice(keys=(("0x0005ff",),))))
    assert ids(batches[:1]) + ids(rest) == ids(batches)
    assert ids(asked) == ["0x0005ff"]


def test_rows_that_share_a_key_are_not_split(opened: Open, database: Database) -> None:
    """A position is never between them, so that none is passed over."""
    database.run("CREATE TABLE doubles (id integer, updated {stamp}, created {stamp})")
    keys = sorted([1, 2, 2, 2, 3, 4, 4, 5, 6, 7, 7, 7, 7, 8])
    database.fill("doubles", [(key, None, None) for key in keys])
    batches = read(opened("    table: doubles"))

    assert ids(batches) == keys
    for done, batch in enumerate(batches, 1):
        with closing(opened("    table: doubles")) as adapter:
            rest = list(adapter.read("customers", Slice(), batch.position))
        assert ids(batches[:done]) + ids(rest) == keys


@pytest.mark.parametrize(
    ("keys", "code"),
    [([5] * 12, "sql.key_not_unique"), ([1, 2, None], "sql.key_null")],
)
def test_a_key_that_is_none_is_told(
    opened: Open, database: Database, keys: list[int | None], code: str
) -> None:
    """Rather than reading on where rows could be lost."""
    database.run("CREATE TABLE doubles (id integer, updated {stamp}, created {stamp})")
    database.fill("doubles", [(key, None, None) for key in keys])

    with pytest.raises(ProtocolError) as caught:
        read(opened("    table: doubles"))

    assert caught.value.code == code


def test_nothing_is_missed_while_others_write(
    opened: Open, database: Database, customers: list[int]
) -> None:
    """Whatever was there throughout is delivered once, though rows come, go and change."""
    seen: list[Any] = []
    with closing(opened()) as adapter:
        for number, batch in enumerate(adapter.read("customers", Slice())):
            seen += ids([batch])
            database.run(f"DELETE FROM customers WHERE id = {number + 1}")  # noqa: S608 a number
            late = moment(database, 900 + number)
            database.fill("customers", [(-number - 1, "before", late, None, "0", None)])
            database.fill("customers", [(1000 + number, "after", late, None, "0", None)])

    assert [one for one in seen if 0 < one < 1000] == customers


def test_keys_are_listed_whole_and_in_order(opened: Open, customers: list[int]) -> None:
    """A key that is not listed counts as deleted, so all are."""
    with closing(opened()) as adapter:
        listed = [key for keys in adapter.keys("customers") for key in keys]

    assert listed == [(number,) for number in customers]


def test_a_listing_that_ends_early_raises(
    opened: Open, customers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the database delivers fewer keys than it counts, nothing may be deleted."""
    monkeypatch.setattr("adapters.sql.reader.StreamReader._count", lambda _: ROWS + 1)

    with closing(opened()) as adapter, pytest.raises(ProtocolError) as caught:
        list(adapter.keys("customers"))

    assert caught.value.code == "adapter.silent_loss"


def test_the_source_tells_its_own_time(opened: Open, customers: list[int]) -> None:
    """Aware, and on this machine within a moment of ours."""
    with closing(opened()) as adapter:
        told = adapter.now()

    assert told is not None
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=2)


def test_a_check_reads_each_stream_and_part(
    opened: Open, database: Database, customers: list[int]
) -> None:
    """What can be read is said to be; what cannot is told by name."""
    part = "{parent: id, cursor: {fields: [u]}, table: nowhere}"
    stream = f"{TABLE}\n    parts:\n      phones: {part}"

    with closing(opened(stream)) as adapter:
        whole, phones = adapter.check().streams

    assert (whole.stream, whole.readable) == ("customers", True)
    assert (phones.stream, phones.readable) == ("customers.phones", False)
    assert "sql.no_table" in phones.problem


def test_a_part_marks_its_parents(opened: Open, database: Database, customers: list[int]) -> None:
    """A part is read by its own cursor; its rows name the parents, each as often as it has."""
    database.run("CREATE TABLE phones (id integer PRIMARY KEY, customer integer, at {stamp})")
    rows = [(number, number // 3, moment(database, number)) for number in range(1, 21)]
    database.fill("phones", rows)
    stream = f"""{TABLE}
    parts:
      phones: {{parent: customer, cursor: {{fields: [at]}}, table: phones}}"""

    found = read(opened(stream), Slice(lower="2026-01-01T10:00:15"), "customers.phones")

    assert [row["customer"] for row in records(found)] == [5, 5, 5, 6, 6, 6]


def test_a_refused_row_shows_where_it_came_from(opened: Open, customers: list[int]) -> None:
    """Quarantine keeps every value that was read, and the row's key."""
    (batch, *_) = read(opened(columns=("name",)))

    raw, where = batch.origin(1)

    assert where == "key 2"
    assert "name=Kundin Nº 2".encode() in raw.split(b"\n")


@pytest.mark.parametrize(
    ("lost", "expected"),
    [("name", "name"), ("updated", "updated"), ("id", "id")],
)
def test_a_column_that_is_gone_is_named(
    opened: Open, database: Database, lost: str, expected: str
) -> None:
    """Drift stops the stream that uses the column, and says which."""
    columns = {"id": "integer", "name": "{chars}", "updated": "{stamp}", "created": "{stamp}"}
    kept = ", ".join(f"{name} {kind}" for name, kind in columns.items() if name != lost)
    database.run(f"CREATE TABLE customers ({kept})")

    with pytest.raises(DriftError) as caught:
        read(opened(columns=("name",)))

    assert caught.value.code == "sql.column_gone"
    assert expected in caught.value.message


def test_a_cursor_of_another_type_is_told(
    opened: Open, database: Database, customers: list[int]
) -> None:
    """A date-time cursor on a column of numbers would read anything or nothing."""
    if database.kind == "sqlite":
        database.run("SELECT 1")
        assert opened().now() is not None  # its columns have no type that could change
        return
    system = SYSTEM.replace("[updated, created]", "[amount]")

    with pytest.raises(DriftError) as caught:
        read(opened(system=system), Slice(lower="2026-01-01T10:00:00"))

    assert caught.value.code == "sql.cursor_type"


def test_a_closed_adapter_reads_no_more(opened: Open, customers: list[int]) -> None:
    """What is cancelled says so, and is not repeated."""
    adapter = opened()
    batches = adapter.read("customers", Slice())
    next(batches)
    adapter.close()

    for reading in (batches, adapter.read("customers", Slice())):
        with pytest.raises(MidspanError) as caught:
            list(reading)
        assert caught.value.code == "sql.closed"


def test_an_abandoned_reading_holds_nothing(
    opened: Open, database: Database, customers: list[int]
) -> None:
    """After a few rows the reader leaves; the table can be changed at once."""
    with closing(opened()) as adapter:
        batches = adapter.read("customers", Slice())
        next(batches)
        batches.close()  # type: ignore[attr-defined]  # it is a generator
        database.run("DROP TABLE customers")

        with pytest.raises(DriftError):
            list(adapter.read("customers", Slice()))


def test_many_rows_take_the_memory_of_a_batch(opened: Open, database: Database) -> None:
    """Rows stay with the server until they are asked for."""
    rows = 300_000
    numbers = {
        "postgres": "SELECT g AS id, repeat('x', 100) AS text FROM generate_series(1, 300000) g",
        "mariadb": "SELECT seq AS id, repeat('x', 100) AS text FROM seq_1_to_300000",
        "sqlite": "SELECT id, text FROM numbers",
    }
    if database.kind == "sqlite":
        database.run("CREATE TABLE numbers (id integer PRIMARY KEY, text text)")
        database.run(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300000)"
            " INSERT INTO numbers SELECT i, printf('%0100d', 0) FROM n"
        )
    system = SYSTEM.replace("    cursor", "    #").replace("batch: 5", "batch: 2000")
    system = system.replace("query: 10", "query: 150000")
    adapter = opened(f"    query: {numbers[database.kind]}", ("text",), system)
    before, most, count = _resident(), 0, 0

    with closing(adapter):
        for batch in adapter.read("customers", Slice()):
            count += len(batch.rows)
            most = max(most, _resident())

    assert count == rows
    assert most - before < 24 * 1024, f"{most - before} KiB more"


def _resident() -> int:
    """Return this process's memory in KiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0])
