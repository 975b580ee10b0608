"""The sql adapter against servers that misbehave, and what each kind holds of its own."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.sql import SqlAdapter
from config.connections import Connection
from midspan.kernel.errors import AccessDenied, DriftError, MidspanError, TransientError
from midspan.kernel.redaction import Secret
from midspan.kernel.stream import Slice
from tests.adapters.building import ROOT, build, project, records
from tests.adapters.test_sql import SYSTEM, TABLE, ids, opener, read
from tests.fixtures_broker import eventually
from tests.fixtures_sql import Database, MakeDatabase, postgres_database

PLAIN = SYSTEM.replace("    cursor", "    #")
MANY = PLAIN.replace("batch: 5", "batch: 500").replace("query: 10", "query: 1000000")
OTHER_SESSIONS = {
    "postgres": "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid()",
    "mariadb": "SELECT id FROM information_schema.processlist WHERE db = database()"
    " AND id <> connection_id()",
}
KILL = {"postgres": "SELECT pg_terminate_backend({})", "mariadb": "KILL {}"}
BIG = {
    "postgres": "SELECT g AS id, repeat('x', 200) AS text FROM generate_series(1, 400000) g",
    "mariadb": "SELECT seq AS id, repeat('x', 200) AS text FROM seq_1_to_400000",
}
SLOW = {
    "postgres": "SELECT g AS id, pg_sleep(0.2) IS NULL AS text FROM generate_series(1, 600) g",
    "mariadb": "SELECT seq AS id, sleep(0.2) AS text FROM seq_1_to_600",
}


def sessions(server: Database) -> list[int]:
    return [row[0] for row in server.run(OTHER_SESSIONS[server.kind])]


def test_a_killed_connection_heals_through_the_gate(server: Database, tmp_path: Path) -> None:
    """The reading goes on behind the last batch: nothing is lost and nothing comes twice."""
    adapter = opener(server, tmp_path)(f"    query: {BIG[server.kind]}", ("text",), MANY)
    seen: list[Any] = []

    with closing(adapter):
        for number, batch in enumerate(adapter.read("customers", Slice())):
            seen += ids([batch])
            if number in (3, 400):
                for session in sessions(server):
                    server.run(KILL[server.kind].format(session))

    assert seen == list(range(1, 400_001))


def test_leaving_early_ends_the_statement_on_the_server(server: Database, tmp_path: Path) -> None:
    """The server does not go on for nobody."""
    adapter = opener(server, tmp_path)(f"    query: {BIG[server.kind]}", ("text",), MANY)
    batches = adapter.read("customers", Slice())
    next(batches)
    assert len(sessions(server)) == 1

    batches.close()  # type: ignore[attr-defined]  # it is a generator

    assert eventually(lambda: not sessions(server), 2)
    adapter.close()


def test_cancelling_reaches_a_statement_that_runs(server: Database, tmp_path: Path) -> None:
    """Another thread closes the adapter: the server stops, and the reader is told so."""
    adapter = opener(server, tmp_path)(f"    query: {SLOW[server.kind]}", ("text",), MANY)
    errors: list[MidspanError] = []

    def run() -> None:
        try:
            list(adapter.read("customers", Slice()))
        except MidspanError as error:
            errors.append(error)

    reader = threading.Thread(target=run)
    reader.start()
    assert eventually(lambda: bool(sessions(server)), 5)
    time.sleep(0.3)
    began = time.monotonic()
    adapter.close()
    reader.join(10)

    assert time.monotonic() - began < 5
    assert [error.code for error in errors] == ["sql.closed"]
    assert eventually(lambda: not sessions(server), 2)


def test_a_statement_ends_at_the_total_timeout(server: Database, tmp_path: Path) -> None:
    """The server itself ends what takes too long."""
    system = MANY.replace("streams:", "timeouts: {{total: 500ms}}\nstreams:")
    adapter = opener(server, tmp_path)(f"    query: {SLOW[server.kind]}", ("text",), system)
    began = time.monotonic()

    with closing(adapter), pytest.raises(TransientError) as caught:
        list(adapter.read("customers", Slice()))

    assert caught.value.code == "sql.timeout"
    assert time.monotonic() - began < 10


def test_a_reading_holds_no_transaction_when_it_is_done(server: Database, tmp_path: Path) -> None:
    """Once the rows are delivered the table can be changed, though the adapter is still open."""
    server.run("CREATE TABLE customers (id integer PRIMARY KEY)")
    server.fill("customers", [(number,) for number in range(30)])

    with closing(opener(server, tmp_path)(system=PLAIN)) as adapter:
        assert len(ids(list(adapter.read("customers", Slice())))) == 30
        server.run("ALTER TABLE customers ADD added integer")
        assert len(ids(list(adapter.read("customers", Slice())))) == 30


def test_a_session_may_not_write(server: Database, tmp_path: Path) -> None:
    """Even a function that writes, called by a query, is refused by the server."""
    server.run("CREATE TABLE log (id integer)")
    if server.kind == "postgres":
        server.run(
            "CREATE FUNCTION note() RETURNS integer LANGUAGE sql AS"
            " 'INSERT INTO log VALUES (1) RETURNING id'"
        )
    else:
        server.run(
            "CREATE FUNCTION note() RETURNS integer MODIFIES SQL DATA"
            " BEGIN INSERT INTO log VALUES (1); RETURN 1; END"
        )
    adapter = opener(server, tmp_path)("    query: SELECT note() AS id", (), PLAIN)

    with closing(adapter), pytest.raises(MidspanError) as caught:
        list(adapter.read("customers", Slice()))

    assert caught.value.code == "sql.statement"
    assert server.run("SELECT * FROM log") == []


@pytest.fixture
def reader(server: Database) -> Iterator[Database]:
    """Make a user who may read `open_table`, and of `customers` nothing."""
    login, host = server.connection.schema, "@'%%'" if server.kind == "mariadb" else ""
    secret = "IDENTIFIED BY" if server.kind == "mariadb" else "PASSWORD"
    server.run("CREATE TABLE customers (id integer PRIMARY KEY)")
    server.run("CREATE TABLE open_table (id integer PRIMARY KEY)")
    server.run(f"CREATE USER {login}{host} {secret} 'pa55-word'")
    server.run(f"GRANT SELECT ON open_table TO {login}{host}")
    yield server.as_user(login, "pa55-word")
    if server.kind == "postgres":
        server.run(f"DROP OWNED BY {login}")
    server.run(f"DROP USER {login}{host}")


def test_a_missing_grant_is_named(reader: Database, tmp_path: Path) -> None:
    """The check tells which table, and what its administrator has to grant."""
    stream = f"{TABLE}\n  others: {{primary_key: [id], table: open_table}}"

    with closing(opener(reader, tmp_path)(stream, system=PLAIN)) as adapter:
        denied, readable = adapter.check().streams

    assert readable.readable
    assert "sql.denied" in denied.problem
    assert "GRANT SELECT ON customers" in denied.problem


Spoil = Callable[[Connection], Connection]


@pytest.mark.parametrize(
    ("spoil", "code", "kind"),
    [
        (lambda one: replace(one, host="nowhere.invalid"), "sql.unreachable", TransientError),
        (lambda one: replace(one, port=1), "sql.unreachable", TransientError),
        (lambda one: replace(one, password=Secret("wr0ng-one")), "sql.login", AccessDenied),
        (lambda one: replace(one, login="nobody"), "sql.login", AccessDenied),
        (lambda one: replace(one, schema="no_such_db"), "sql.no_database", MidspanError),
    ],
    ids=["host", "port", "password", "login", "database"],
)
def test_a_wrong_connection_is_told(
    server: Database, tmp_path: Path, spoil: Spoil, code: str, kind: type[MidspanError],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Each by its own code, and without the secret, in the message as in every log."""
    wrong = replace(server, connection=spoil(server.connection))
    caplog.set_level(logging.DEBUG)

    with closing(opener(wrong, tmp_path)(system=PLAIN)) as adapter, pytest.raises(kind) as caught:
        adapter.check()

    assert caught.value.code == code
    assert caught.value.remedy
    secret = wrong.connection.password.reveal()
    assert secret not in f"{caught.value}{caught.value.__cause__}{caplog.text}"


def test_no_value_and_no_secret_is_logged(
    server: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not by the adapter and not by what it stands on, whatever the level."""
    server.run("CREATE TABLE customers (id integer PRIMARY KEY, name {chars})")
    server.fill("customers", [(1, "Erika Mustermann")])
    caplog.set_level(logging.DEBUG)
    stream = f"{TABLE}\n    where: {{name: Erika Mustermann}}"

    found = read(opener(server, tmp_path)(stream, ("name",), PLAIN))
    with pytest.raises(DriftError) as caught:
        read(opener(server, tmp_path)(stream, ("gone",), PLAIN))

    assert len(ids(found)) == 1
    assert "Mustermann" not in caplog.text + str(caught.value)
    assert server.connection.password.reveal() not in caplog.text


def test_what_mariadb_holds(make_database: MakeDatabase, tmp_path: Path) -> None:
    """Dates that are none, unsigned numbers, bits, sets and times arrive, and crash nothing."""
    mariadb = make_database("mariadb")
    mariadb.run(
        "CREATE TABLE customers (id bigint unsigned PRIMARY KEY, flag tinyint(1), born date,"
        " seen datetime, changed timestamp(6) NULL, long_time time, bits bit(9), price"
        " decimal(30,10), kind enum('b','ä'), padded char(5), doc json, stop year)"
    )
    mariadb.run(
        "INSERT INTO customers VALUES (18446744073709551615, 1, '0000-00-00',"
        " '0000-00-00 00:00:00', '2026-07-01 12:00:00.5', '-838:59:59', b'100000001',"
        " '12345678901234567890.0123456789', 'ä', 'ab', '{\"a\": 1.10}', 2026)"
    )
    mariadb.run("INSERT INTO customers (id, born) VALUES (1, '2026-02-30'), (2, '2026-02-28')")
    expected = {
        "id": 18446744073709551615,
        "flag": 1,
        "born": "0000-00-00",
        "seen": "0000-00-00 00:00:00",
        "changed": datetime(2026, 7, 1, 12, 0, 0, 500000, UTC),
        "long_time": "-838:59:59",
        "bits": 257,
        "price": Decimal("12345678901234567890.0123456789"),
        "kind": "ä",
        "padded": "ab",
        "doc": '{"a": 1.10}',
        "stop": 2026,
    }

    with closing(opener(mariadb, tmp_path)(TABLE, tuple(expected), PLAIN)) as adapter:
        batches = list(adapter.read("customers", Slice()))
        asked = list(adapter.read("customers", Slice(keys=(("18446744073709551615",),))))

    whole = records(batches)[-1]
    assert records(asked) == [whole]
    assert whole == expected
    assert [row["born"] for row in records(batches)[:2]] == ["0000-00-00", date(2026, 2, 28)]


def test_what_postgres_holds(make_database: MakeDatabase, tmp_path: Path) -> None:
    """What Python has no value for arrives as its text; documents are records, exactly."""
    postgres = make_database("postgres")
    postgres.run(
        "CREATE TABLE customers (id uuid PRIMARY KEY, flag boolean, born date, seen timestamp,"
        " changed timestamptz, span interval, price numeric(40,10), padded char(5),"
        " doc jsonb, many text[], net inet, valid tsrange)"
    )
    postgres.run(
        "INSERT INTO customers VALUES ('00000000-0000-0000-0000-00000000000a', true, 'infinity',"
        " '0044-03-15 BC', '2026-07-01 14:00:00+02', '1 year 2 days', '123456789012345678.0100',"
        " 'ab', '{\"a\": 1.10}', '{x,y}', '10.0.0.1', '[2026-01-01,)')"
    )
    postgres.run(
        "INSERT INTO customers (id, born) VALUES"
        " ('00000000-0000-0000-0000-00000000000b', '2026-02-28')"
    )
    key = "00000000-0000-0000-0000-00000000000a"
    expected = {
        "id": key,
        "flag": True,
        "born": "infinity",
        "seen": "0044-03-15 00:00:00 BC",
        "changed": datetime(2026, 7, 1, 12, tzinfo=UTC),
        "span": "1 year 2 days",
        "price": Decimal("123456789012345678.0100000000"),
        "padded": "ab   ",
        "doc": {"a": Decimal("1.10")},
        "many": ["x", "y"],
        "net": "10.0.0.1",
        "valid": '["2026-01-01 00:00:00",)',
    }

    with closing(opener(postgres, tmp_path)(TABLE, tuple(expected), PLAIN)) as adapter:
        batches = list(adapter.read("customers", Slice()))
        asked = list(adapter.read("customers", Slice(keys=((key,),))))

    first, second = records(batches)
    assert records(asked) == [first]
    assert first == expected
    assert second["born"] == date(2026, 2, 28)


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Vienna"])
def test_an_instant_is_bounded_in_its_own_zone(
    make_database: MakeDatabase, tmp_path: Path, kind: str, zone: str
) -> None:
    """Whatever the cursor's zone, a column that knows its instants is compared by them."""
    server = make_database(kind)
    stamp = "timestamptz" if kind == "postgres" else "timestamp"
    server.run(f"CREATE TABLE customers (id integer PRIMARY KEY, updated {stamp} NULL)")
    server.run("SET time_zone = '+00:00'" if kind == "mariadb" else "SELECT 1")
    at = "+00:00"
    values = [(1, f"2026-01-01 11:59:59{at}"), (2, f"2026-01-01 12:00:00{at}")]
    server.fill("customers", values)
    system = SYSTEM.replace("[updated, created]", f"[updated], zone: {zone}")
    lower = "2026-01-01T12:00:00" if zone == "UTC" else "2026-01-01T13:00:00"

    assert ids(read(opener(server, tmp_path)(system=system), Slice(lower=lower))) == [2]


def test_invalid_bytes_refuse_their_row_alone_in_mariadb(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    """UTF-8 that was written into a latin1 column is read as what it is; the rest is refused."""
    mariadb = make_database("mariadb")
    mariadb.run("CREATE TABLE customers (id integer PRIMARY KEY, name varbinary(40))")
    mariadb.fill("customers", [(1, "Käse".encode()), (2, b"K\xe4se"), (3, b"ok")])
    mariadb.run("ALTER TABLE customers MODIFY name varchar(40) CHARACTER SET latin1")

    (batch,) = read(opener(mariadb, tmp_path)(TABLE, ("name",), PLAIN, encoding="utf-8"))

    assert [(row["id"], row["name"]) for row in records([batch])] == [(1, "Käse"), (3, "ok")]
    assert [(one.code, one.raw, one.where) for one in batch.rejects] == [
        ("sql.encoding", b"id=2\nname=K\xe4se", "key 2")
    ]


def test_invalid_bytes_refuse_their_row_alone_in_postgres(tmp_path: Path) -> None:
    """A SQL_ASCII database holds whatever was written; the declared encoding reads it."""
    with postgres_database("ENCODING SQL_ASCII LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0") as (
        postgres
    ):
        postgres.run("CREATE TABLE customers (id integer PRIMARY KEY, name text)")
        postgres.run(r"INSERT INTO customers VALUES (1, E'K\xc3\xa4se'), (2, E'\xe4'), (3, 'ok')")
        (batch,) = read(opener(postgres, tmp_path)(TABLE, ("name",), PLAIN))
        (cp1252,) = read(opener(postgres, tmp_path)(TABLE, ("name",), PLAIN, encoding="cp1252"))

    assert [row["name"] for row in records([batch])] == ["Käse", "ok"]
    assert [(one.code, one.raw) for one in batch.rejects] == [("sql.encoding", b"id=2\nname=\xe4")]
    assert records([cp1252])[1]["name"] == "ä"


def test_invalid_bytes_refuse_their_row_alone_in_sqlite(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    """In the middle of a reading, too, which then goes on."""
    sqlite = make_database("sqlite")
    sqlite.run("CREATE TABLE customers (id integer PRIMARY KEY, name text)")
    sqlite.fill("customers", [(number, f"n{number}") for number in range(20)])
    sqlite.run("UPDATE customers SET name = CAST(x'4be4' AS text) WHERE id = 13")

    batches = read(opener(sqlite, tmp_path)(TABLE, ("name",), PLAIN))

    assert ids(batches) == [number for number in range(20) if number != 13]
    assert [one.raw for batch in batches for one in batch.rejects] == [b"id=13\nname=K\xe4"]


def test_a_cursor_of_texts_bounds_by_its_format(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    """Legacy tables hold stamps as texts; the bound is written as they are."""
    sqlite = make_database("sqlite")
    sqlite.run("CREATE TABLE customers (id integer PRIMARY KEY, updated text)")
    sqlite.fill("customers", [(1, "20251231235959"), (2, "20260101100000")])
    system = SYSTEM.replace("[updated, created]", '[updated], format: "%Y%m%d%H%M%S"')

    assert ids(read(opener(sqlite, tmp_path)(system=system), Slice(lower="20260101000000"))) == [2]


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        ("    where: {id: 1}", "sql.source"),
        ("    table: customers\n    query: SELECT 1", "sql.source"),
        ("    query: SELECT 1 AS id\n    params: {a: 1}", "sql.params"),
        ("    table: customers\n    where: {id: {above: 1}}", "sql.where"),
    ],
)
def test_a_wrong_stream_is_told_before_anything_is_asked(
    make_database: MakeDatabase, tmp_path: Path, stream: str, code: str
) -> None:
    """Its own words say what is wrong with it."""
    with pytest.raises(MidspanError) as caught:
        opener(make_database("sqlite"), tmp_path)(stream, (), PLAIN)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("connection", "code"),
    [
        (Connection("legacy"), "sql.dialect"),
        (Connection("legacy", "oracle", "h"), "sql.driver"),
        (Connection("legacy", "firebird", "h"), "sql.driver"),
        (Connection("legacy", "sqlite", extra={"path": "/nowhere/at.all"}), "sql.no_database"),
    ],
)
def test_a_database_that_cannot_be_opened_is_told(
    make_database: MakeDatabase, tmp_path: Path, connection: Connection, code: str
) -> None:
    """An unknown kind, a driver that is not installed, a file that is not there."""
    database = replace(make_database("sqlite"), connection=connection)

    with pytest.raises(MidspanError) as caught:
        opener(database, tmp_path)(TABLE, (), PLAIN).check()

    assert caught.value.code == code


def test_a_position_survives_json(make_database: MakeDatabase, tmp_path: Path) -> None:
    """Keys of decimals and moments come back as what they were."""
    postgres = make_database("postgres")
    postgres.run("CREATE TABLE customers (id numeric, at timestamptz, PRIMARY KEY (id, at))")
    rows = [(number, datetime(2026, 1, 1, number, tzinfo=UTC)) for number in range(12)]
    postgres.fill("customers", rows)
    system = PLAIN.replace("[id]", "[id, at]")
    batches = read(opener(postgres, tmp_path)(system=system))

    position = json.loads(json.dumps(batches[0].position))
    with closing(opener(postgres, tmp_path)(system=system)) as adapter:
        rest = list(adapter.read("customers", Slice(), position))

    assert records(batches[:1]) + records(rest) == records(batches)


def test_the_page_for_it_tells_the_truth(make_database: MakeDatabase, tmp_path: Path) -> None:
    """The example of docs/it/connect-sql.md reads a shop of that shape."""
    page = (ROOT / "docs" / "it" / "connect-sql.md").read_text(encoding="utf-8")
    system = page.partition("```yaml\n")[2].partition("```")[0]
    shop = make_database("mariadb")
    shop.run(
        "CREATE TABLE customers (id integer UNIQUE, client char(3), number integer, kind char(1),"
        " closed date, changed_at datetime, created_at datetime, PRIMARY KEY (client, number))"
    )
    shop.run("CREATE TABLE phones (customer integer, changed_at datetime)")
    shop.run("CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer, state char(1),"
             " ordered_on date)")  # fmt: skip
    shop.run(
        "INSERT INTO customers VALUES (1, '100', 7, 'B', NULL, NULL, '2026-01-05 10:00:00'),"
        " (2, '100', 8, 'A', NULL, NULL, NULL), (3, '200', 7, 'B', NULL, NULL, NULL)"
    )
    shop.run("INSERT INTO orders VALUES (1, 1, 'O', '2026-01-06'), (2, 1, 'X', '2026-01-06')")
    adapter = build(
        SqlAdapter, project(tmp_path, "legacy_shop", system), "legacy_shop", shop.connection
    )

    with closing(adapter):
        assert adapter.check().ok
        customers = list(adapter.read("customers", Slice(lower="2026-01-05T10:00:00")))
        orders = list(adapter.read("open_orders", Slice()))

    assert [(row["client"], row["number"]) for row in records(customers)] == [("100", 7)]
    assert ids(orders) == [1]
