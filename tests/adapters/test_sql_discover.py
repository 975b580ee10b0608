"""The sql adapter looks into a database: tables, views, keys, references, cursors."""

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from midspan.kernel.catalog import Catalog
from tests.adapters.test_sql import opener
from tests.fixtures_sql import Database, MakeDatabase

SYSTEM = """
type: sql
conn_id: legacy
{settings}
streams:
  customers:
    primary_key: [id]
    table: customers
  counted:
    primary_key: [id]
    query: SELECT id, name FROM customers WHERE id > :least
    params: {{least: 3}}
{stream}
"""
START = datetime(2026, 11, 1, 10)  # noqa: DTZ001 the columns have no zone


@pytest.fixture
def shop(database: Database) -> Database:
    """Make tables that refer to each other, a view, and a table without a key."""
    database.run(
        "CREATE TABLE customers (id integer PRIMARY KEY, name varchar(40) NOT NULL,"
        " credit decimal(12,2), changed {stamp}, photo {bytes})"
    )
    database.run(
        "CREATE TABLE orders (id integer PRIMARY KEY, customer integer REFERENCES customers (id),"
        " note {text}, FOREIGN KEY (customer) REFERENCES customers (id))"
    )
    database.run("CREATE TABLE log (line varchar(40))")
    database.run("CREATE VIEW names AS SELECT id, name, changed FROM customers")
    database.run("CREATE INDEX by_change ON customers (changed)")
    database.fill(
        "customers",
        [
            (number, f"Mustermann {number}", "1.50", f"{START + timedelta(hours=number)}", b"\x00")
            for number in range(1, 41)
        ],
    )
    database.fill("orders", [(number, number % 40 + 1, "x") for number in range(1, 10)])
    return database


def discover(database: Database, folder: Path, *names: str) -> Catalog:
    with closing(opener(database, folder)("", system=SYSTEM)) as adapter:
        return adapter.discover(names or None)


def test_all_that_can_be_seen_is_found(shop: Database, tmp_path: Path) -> None:
    """Tables, views and the configured queries, with who reads them and how to."""
    catalog = discover(shop, tmp_path)

    found = {one.name: one for one in catalog.streams}
    assert {name: one.kind for name, one in found.items()} == {
        "customers": "table",
        "log": "table",
        "names": "view",
        "orders": "table",
        "counted": "query",
    }
    assert catalog.remarks == ()
    assert found["customers"].configured == ("customers",)
    assert found["counted"].configured == ("counted",)
    assert found["names"].config == {"table": "names"}
    assert found["counted"].config["params"] == {"least": 3}
    assert "Mustermann" not in repr(catalog)


def test_a_table_tells_its_shape(shop: Database, tmp_path: Path) -> None:
    """Types, lengths, nullness, key, references, rows, and the cursor with its evidence."""
    customers, orders = discover(shop, tmp_path, "customers", "orders").streams

    fields = {one.name: one for one in customers.fields}
    assert (fields["id"].type, fields["name"].type, fields["credit"].type) == (
        "integer",
        "string",
        "decimal",
    )
    assert (fields["name"].size, fields["name"].nullable) == (40, False)
    assert "photo" in fields
    assert customers.primary_key == ("id",)
    assert customers.rows == 40
    assert customers.cursors[0].fields == ("changed",)
    assert any("index" in one for one in customers.cursors[0].evidence)
    assert {one.name: one.refers_to for one in orders.fields}["customer"] == "customers"


def test_a_view_has_its_key_by_evidence(shop: Database, tmp_path: Path) -> None:
    """It declares none; what is unique in the sample is proposed, and said to be that."""
    (names,) = discover(shop, tmp_path, "names").streams

    assert names.primary_key == ("id",)
    assert "unique" in names.key_evidence


def test_a_name_that_is_none_is_a_remark(shop: Database, tmp_path: Path) -> None:
    """The rest is described."""
    catalog = discover(shop, tmp_path, "names", "nmaes")

    assert [one.name for one in catalog.streams] == ["names"]
    assert catalog.remarks == ("there is no table or view 'nmaes' to be seen",)


def test_comments_and_other_schemas_are_told(server: Database, tmp_path: Path) -> None:
    """Labels for people; tables of another schema by their whole name."""
    if server.kind == "postgres":
        server.run("CREATE SCHEMA sales")
        server.run("CREATE TABLE sales.offers (id integer PRIMARY KEY)")
        server.run("COMMENT ON TABLE sales.offers IS 'Offers of the branch'")
        server.run("COMMENT ON COLUMN sales.offers.id IS 'Number'")
    else:
        server.run(
            "CREATE TABLE offers (id integer PRIMARY KEY COMMENT 'Number')"
            " COMMENT 'Offers of the branch'"
        )
    server.run("CREATE TABLE customers (id integer PRIMARY KEY, name {chars})")
    name = "sales.offers" if server.kind == "postgres" else "offers"

    (offers,) = discover(server, tmp_path, name).streams

    assert (offers.name, offers.label) == (name, "Offers of the branch")
    assert offers.fields[0].label == "Number"
    assert offers.config == {"table": name}


def test_dates_and_truth_values_show_in_texts_that_are_all_there_is(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    """SQLite has no types for them: its TEXT is a hint, and what is neither stays a text."""
    database = make_database("sqlite")
    database.run(
        "CREATE TABLE orders (id integer PRIMARY KEY, AEDAT text, ERDAT text, open text, code text)"
    )
    database.fill(
        "orders",
        [
            (
                n,
                f"202601{n:02d}" if n > 5 else "00000000",
                f"202601{n:02d}",
                "J" if n % 2 else "N",
                f"{n}",
            )
            for n in range(1, 20)
        ],
    )

    (orders,) = discover(database, tmp_path, "orders").streams

    assert [one.type for one in orders.fields[1:]] == ["date", "date", "boolean", "string"]
    assert orders.cursors[0].fields == ("AEDAT", "ERDAT")
