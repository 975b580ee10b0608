"""A project around a legacy shop in SQLite, and the command run on it."""

import os
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from midspan.cli.main import main
from midspan.cli.scaffold import make_project

TABLES = """
CREATE TABLE customers (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, mail TEXT, active TEXT,
  created_at TEXT, changed_at TEXT);
CREATE INDEX by_change ON customers (changed_at);
CREATE TABLE orders (no TEXT PRIMARY KEY, customer INTEGER, total NUMERIC, ordered_on TEXT);
CREATE VIEW open_orders AS SELECT * FROM orders;
"""
SYNC = "system: shop\nstream: customers\nentity: customer\nmapping: customers.yaml\n"
MAPPING = """
mapping: customers
entity: customer/1
source: shop.customers
fields:
  kind: {const: company}
  name: name
  email: {path: mail, via: email}
  active: {path: active, via: boolean}
"""


class Shop:
    """A project folder of one system, ``shop``, and its database."""

    def __init__(self, folder):
        self.home = folder / "project"
        self.database = folder / "shop.sqlite"
        self._fill()
        make_project(self.home)
        self.system = self.home / "config/systems/shop.yaml"
        example = self.home / "config/systems/legacy_sql.yaml"
        text = example.read_text().replace("legacy_sql", "shop").replace("Europe/Vienna", "UTC")
        self.system.write_text(text)
        example.unlink()

    def _fill(self):
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        with sqlite3.connect(self.database) as connection:
            connection.executescript(TABLES)
            for n in range(1, 41):
                made = now - timedelta(days=90 - n)
                changed = str(now - timedelta(minutes=n + 2)) if n % 2 else None
                connection.execute(
                    "INSERT INTO customers VALUES (?, ?, ?, 'J', ?, ?)",
                    (
                        n,
                        f"Name {n}",
                        f"m{n}@example.com",
                        str(made),
                        str(changed) * (n % 2) or None,
                    ),
                )
                connection.execute(
                    "INSERT INTO orders VALUES (?, ?, 9.5, ?)", (f"O{n}", n, str(made.date()))
                )
        connection.close()

    def run(self, statement):
        """Run one statement in the database."""
        with sqlite3.connect(self.database) as connection:
            connection.execute(statement)
        connection.close()

    def map_customers(self):
        """Add a sync and a mapping of the customers."""
        (self.home / "config/syncs/shop.customers.yaml").write_text(SYNC)
        (self.home / "mappings/customers.yaml").write_text(MAPPING)

    def midspan(self, *words, **environment):
        """Run the command."""
        inherited = dict.fromkeys(name for name in os.environ if name.startswith("MIDSPAN_"))
        places = {
            "MIDSPAN_HOME": str(self.home),
            "MIDSPAN_STATE": str(self.home / "var"),
            "AIRFLOW_CONN_SHOP": f"sqlite://?path={self.database}",
        }
        return CliRunner().invoke(main, words, env={**inherited, **places, **environment})


@pytest.fixture
def shop(tmp_path):
    """Make the project and its database."""
    return Shop(tmp_path)
