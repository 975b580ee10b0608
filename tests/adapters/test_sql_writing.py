"""The sql adapter writes: what is promised beyond the conformance suite."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from midspan.kernel.errors import AccessDenied, ProtocolError, RecordError
from midspan.kernel.writing import Capability, WriteOperation
from tests.adapters.test_sql import opener
from tests.fixtures_sql import Database, MakeDatabase

SYSTEM = """
type: sql
conn_id: legacy
{settings}
streams:
  customers:
    primary_key: [client, id]
    table: customers
    where: {{client: "100"}}
    write: {{operations: [create, update, delete], reference: reference}}
{stream}
"""
COLUMNS = (
    "(client {chars}, id integer, name varchar(10), credit decimal(10,2), born {stamp},"
    " reference varchar(40), PRIMARY KEY (client, id))"
)


@pytest.fixture
def customers(database: Database) -> Database:
    database.run(f"CREATE TABLE customers {COLUMNS}")
    database.fill(
        "customers",
        [("100", 1, "one", "1.50", None, None), ("200", 1, "other", "2.50", None, None)],
    )
    return database


def test_values_are_written_as_what_they_are(customers: Database, tmp_path: Path) -> None:
    """Decimals exactly, date-times to the second, texts with every sign; the client is given."""
    values = {
        "id": 7,
        "name": "O'Är %s",
        "credit": Decimal("12.30"),
        "born": datetime(2026, 2, 28, 12, 30),  # noqa: DTZ001 the column has no zone
    }

    with closing(opener(customers, tmp_path)("", system=SYSTEM)) as adapter:
        result = adapter.write("customers", WriteOperation("create", values), "MS-1")
        record = adapter.lookup("customers", "MS-1")

    assert result.key == ("100", 7)
    assert record is not None
    assert (record["name"], float(record["credit"])) == ("O'Är %s", 12.3)
    assert str(record["born"]).startswith("2026-02-28 12:30:00")


def test_a_change_keeps_to_its_stream(customers: Database, tmp_path: Path) -> None:
    """A record that ``where`` leaves out is none of the stream's, whatever its key."""
    update = WriteOperation("update", {"name": "new"}, ("200", 1))

    with (
        closing(opener(customers, tmp_path)("", system=SYSTEM)) as adapter,
        pytest.raises(RecordError) as caught,
    ):
        adapter.write("customers", update, "")

    assert caught.value.code == "adapter.no_record"
    assert customers.run("SELECT name FROM customers WHERE client = '200'") == [("other",)]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"id": 1, "name": "Secret-77"}, ""),
        ({"id": 8, "name": "Secret-77-too-long"}, "name"),
        ({"id": None, "name": "Secret-77"}, "id"),
    ],
    ids=["twice", "too long", "null"],
)
def test_a_refused_value_is_told_by_its_column_alone(
    server: Database, tmp_path: Path, values: dict[str, object], named: str
) -> None:
    """Constraint, length and null; never cut off, never quoted, and nothing was written."""
    server.run(f"CREATE TABLE customers {COLUMNS}")
    server.fill("customers", [("100", 1, "one", "1.50", None, None)])

    with (
        closing(opener(server, tmp_path)("", system=SYSTEM)) as adapter,
        pytest.raises(RecordError) as caught,
    ):
        adapter.write("customers", WriteOperation("create", values), "MS-1")

    assert caught.value.code == "adapter.write_refused"
    assert "Secret-77" not in str(caught.value)
    if server.kind == "mariadb":  # PostgreSQL does not name the column of a length
        assert named in caught.value.message
    assert len(server.run("SELECT 1 FROM customers")) == 1


def test_a_key_that_names_several_changes_none(database: Database, tmp_path: Path) -> None:
    """What was declared as a key is none: the change is taken back."""
    database.run(f"CREATE TABLE customers {COLUMNS.replace(', PRIMARY KEY (client, id)', '')}")
    database.fill("customers", [("100", 1, name, "0", None, None) for name in ("a", "b")])

    with (
        closing(opener(database, tmp_path)("", system=SYSTEM)) as adapter,
        pytest.raises(ProtocolError) as caught,
    ):
        adapter.write("customers", WriteOperation("delete", key=("100", 1)), "")

    assert caught.value.code == "sql.key_not_unique"
    assert len(database.run("SELECT 1 FROM customers")) == 2


def test_a_query_is_written_by_way_of_its_table(customers: Database, tmp_path: Path) -> None:
    """``into`` names it; without it nothing can be written, and the check says so."""
    query = SYSTEM.replace(
        '    table: customers\n    where: {{client: "100"}}\n',
        "    query: SELECT client, id, name, reference FROM customers\n{into}",
    )
    values = {"client": "100", "id": 9, "name": "nine"}

    with closing(
        opener(customers, tmp_path)("", system=query.replace("{into}", "    into: customers\n"))
    ) as adapter:
        assert adapter.write("customers", WriteOperation("create", values), "R").key == ("100", 9)
        assert adapter.check(deep=True).ok
    with closing(opener(customers, tmp_path)("", system=query.replace("{into}", ""))) as adapter:
        assert Capability.CREATE not in adapter.capabilities("customers")
        (check,) = adapter.check(deep=True).streams

    assert check.writable is False
    assert "into" in check.problem


def test_a_missing_right_is_named_before_anything_is_written(
    server: Database, tmp_path: Path
) -> None:
    """The deep check proves each right, changes nothing, and gives the grant's text."""
    login, host = server.connection.schema, "@'%%'" if server.kind == "mariadb" else ""
    secret = "IDENTIFIED BY" if server.kind == "mariadb" else "PASSWORD"
    server.run(f"CREATE TABLE customers {COLUMNS}")
    server.fill("customers", [("100", 1, "one", "1.50", None, None)])
    server.run(f"CREATE USER {login}{host} {secret} 'pa55-word'")
    server.run(f"GRANT SELECT, UPDATE ON customers TO {login}{host}")
    user = server.as_user(login, "pa55-word")

    try:
        with closing(opener(user, tmp_path)("", system=SYSTEM)) as adapter:
            (check,) = adapter.check(deep=True).streams
            with pytest.raises(AccessDenied) as caught:
                adapter.write("customers", WriteOperation("delete", key=("100", 1)), "")
        with closing(opener(server, tmp_path)("", system=SYSTEM)) as adapter:
            (whole,) = adapter.check(deep=True).streams
    finally:
        if server.kind == "postgres":
            server.run(f"DROP OWNED BY {login}")
        server.run(f"DROP USER {login}{host}")

    assert (check.readable, check.writable) == (True, False)
    assert check.grant == f"GRANT INSERT, DELETE ON customers TO {login}"
    assert "GRANT DELETE ON customers" in caught.value.remedy
    assert (whole.problem, whole.writable) == ("", True)
    assert any("no index of customers begins with 'reference'" in one for one in whole.remarks)
    assert len(server.run("SELECT 1 FROM customers")) == 1


def test_a_reference_that_is_no_text_is_found_out(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    """MariaDB takes any word for the number 0: such a column would find records of others."""
    mariadb = make_database("mariadb")
    mariadb.run(f"CREATE TABLE customers {COLUMNS.replace('varchar(40)', 'integer')}")
    mariadb.fill("customers", [("100", 1, "one", "1.50", None, 0)])

    with closing(opener(mariadb, tmp_path)("", system=SYSTEM)) as adapter:
        (check,) = adapter.check(deep=True).streams

    assert check.writable is False
    assert "reference" in check.problem


def test_an_instant_is_written_as_its_moment(server: Database, tmp_path: Path) -> None:
    """Whatever zone it is told in."""
    stamp = "timestamptz" if server.kind == "postgres" else "timestamp NULL"
    server.run(f"CREATE TABLE customers {COLUMNS.replace('{stamp}', stamp)}")
    at = datetime.fromisoformat("2026-07-01T14:00:00+02:00")

    with closing(opener(server, tmp_path)("", system=SYSTEM)) as adapter:
        adapter.write("customers", WriteOperation("create", {"id": 3, "born": at}), "MS-3")
        record = adapter.lookup("customers", "MS-3")

    assert record is not None
    assert record["born"] == datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_a_reference_is_found_as_it_was_written(customers: Database, tmp_path: Path) -> None:
    """One that a collation holds equal, or that reads like a pattern, is somebody else's."""
    customers.run("UPDATE customers SET reference = 'MS-1' WHERE client = '100'")

    with closing(opener(customers, tmp_path)("", system=SYSTEM)) as adapter:
        found = [adapter.lookup("customers", name) for name in ("ms-1", "MS-_", "MS-%", "MS-1")]

    assert [record and record["id"] for record in found] == [None, None, None, 1]


def test_a_record_that_was_moved_on_is_still_found(customers: Database, tmp_path: Path) -> None:
    """The source has taken it out of the stream meanwhile: it must not be made again."""
    customers.run("UPDATE customers SET reference = 'MS-2' WHERE client = '200'")

    with closing(opener(customers, tmp_path)("", system=SYSTEM)) as adapter:
        record = adapter.lookup("customers", "MS-2")

    assert record is not None
    assert record["client"] == "200"


def test_a_file_that_may_not_be_written_is_told(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    """SQLite has no grants; the check finds what the operating system says."""
    sqlite = make_database("sqlite")
    sqlite.run(f"CREATE TABLE customers {COLUMNS}")
    sqlite.run("CREATE TRIGGER no BEFORE DELETE ON customers BEGIN SELECT 1; END")
    view = replace(sqlite)
    view.run("CREATE VIEW only_read AS SELECT * FROM customers")
    system = SYSTEM.replace("table: customers", "table: only_read")

    with closing(opener(view, tmp_path)("", system=system)) as adapter:
        (check,) = adapter.check(deep=True).streams

    assert check.readable
    assert check.writable is False
