"""Databases as the conformance suite uses them: one table each, on the real server or file."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from adapters.base import Adapter
from adapters.sql import SqlAdapter
from adapters.testing import counterpart as conformance
from adapters.testing.building import adapter_from_yaml
from adapters.testing.counterpart import READS, WRITES, Counterpart, Sample
from config.connections import Connection
from config.model import CursorConfig
from midspan.kernel.gate import Gate
from midspan.kernel.stream import Key
from midspan.kernel.writing import Capability, Record
from tests.fixtures_sql import Database

PASSWORD = "pa55-word-of-the-reader"  # noqa: S105 of a user that lives for one test
SYSTEM = """
type: sql
conn_id: legacy
rows_per_batch: 10
rows_per_query: 20
streams:
  customers:
    primary_key: id
    cursor: {fields: changed, lookback: 0s}
    table: customers
    write: {operations: [create, update, delete], reference: reference}
"""


class Table(Counterpart):
    """A table of customers; the server counts their keys."""

    capabilities: ClassVar[frozenset[Capability]] = READS | WRITES
    adapter = SqlAdapter
    stream = "customers"
    source = "customers"
    primary_key = ("id",)
    text = "name"
    cursor = CursorConfig(("changed",), lookback=timedelta())
    batch = 11  # one row more than said, where statements are short
    columns: ClassVar[str]

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.connection: Connection = database.connection
        self.secrets = [database.connection.password.reveal()] if database.connection.host else []
        self._home = home
        database.run("DROP TABLE IF EXISTS customers")
        database.run("DROP TABLE IF EXISTS gone")
        database.run(f"CREATE TABLE customers ({self.columns})")
        database.run("CREATE INDEX by_change ON customers (changed)")
        database.run("CREATE INDEX by_reference ON customers (reference)")

    def open(
        self, gate: Gate, address: tuple[str, int] | None = None, columns: Sequence[str] = ()
    ) -> Adapter:
        """Return a fresh adapter by YAML."""
        connection = conformance.through(self.connection, address)
        return adapter_from_yaml(SqlAdapter, SYSTEM, self._home, connection, gate, columns)

    def put(self, samples: Sequence[Sample]) -> None:
        """Insert rows, those of the same number again."""
        self.remove([sample.number for sample in samples])
        rows = [
            (one.number, one.text, one.stamp.replace(tzinfo=None).isoformat(" "), None)
            for one in samples
        ]
        if rows:
            self.database.fill("customers (id, name, changed, reference)", rows)

    def remove(self, numbers: Sequence[int]) -> None:
        """Delete rows."""
        listed = ", ".join(map(str, numbers))
        if listed:
            self.database.run(f"DELETE FROM customers WHERE id IN ({listed})")  # noqa: S608 numbers

    def key(self, number: int) -> Key:
        """Return the number itself."""
        return (number,)

    def texts(self) -> Sequence[str]:
        """Return all names."""
        return [name for (name,) in self.database.run("SELECT name FROM customers")]

    def refused_values(self) -> Record:
        """Return a name that is longer than its column."""
        return {"name": "X" * 60}

    def twin(self, reference: str) -> None:
        """Insert two rows with one reference."""
        for number in (7001, 7002):
            self.database.fill(
                "customers (id, name, changed, reference)",
                [(number, f"T{number}", "2026-01-05 10:00:00", reference)],
            )

    def close(self) -> None:
        """Give up what was made beside the table."""

    def break_stream(self) -> None:
        """Rename the table."""
        self.database.run("ALTER TABLE customers RENAME TO gone")


class Server(Table):
    """A table on a server, which a user of its own may be kept from."""

    transport = "tcp"
    final = b"COMMIT"
    user: ClassVar[str]
    secret: ClassVar[str]

    @property
    def address(self) -> tuple[str, int]:
        """Return where the server listens."""
        place = self.database.connection
        return place.host, place.port or 0

    def deny(self) -> None:
        """Let the adapter come as a user who may read nothing."""
        login = f"denied_{self.database.connection.schema[-6:]}"
        self.database.run(f"CREATE USER {login}{self.user} {self.secret} '{PASSWORD}'")
        self.secrets = [*self.secrets, PASSWORD]
        self.connection = self.database.as_user(login, PASSWORD).connection
        self.admit(login)

    def admit(self, login: str) -> None:
        """Let a user into the database, and no further."""


class PostgresTable(Server):
    """A table in PostgreSQL."""

    columns = (
        "id integer GENERATED BY DEFAULT AS IDENTITY (START 100000) PRIMARY KEY,"
        " name varchar(20), changed timestamp, reference varchar(40)"
    )
    user, secret = "", "PASSWORD"

    def swallow_creates(self) -> None:
        """Let a trigger drop each new row, without a word."""
        self.database.run(
            "CREATE OR REPLACE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN RETURN NULL; END'"
        )
        self.database.run(
            "CREATE TRIGGER swallow BEFORE INSERT ON customers"
            " FOR EACH ROW EXECUTE FUNCTION swallow()"
        )

    def close(self) -> None:
        """Drop the user that was kept out."""
        self.database.run(f"DROP USER IF EXISTS denied_{self.database.connection.schema[-6:]}")


class MariadbTable(Server):
    """A table in MariaDB."""

    columns = (
        "id integer AUTO_INCREMENT PRIMARY KEY, name varchar(20), changed datetime,"
        " reference varchar(40)"
    )
    user, secret = "@'%%'", "IDENTIFIED BY"
    final = b"\x03COMMIT"  # a query of its own, unlike the word in AUTOCOMMIT

    def admit(self, login: str) -> None:
        """Let the user into the database by way of another table."""
        self.database.run("CREATE TABLE IF NOT EXISTS others (id integer)")
        self.database.run(f"GRANT SELECT ON others TO {login}@'%%'")

    def close(self) -> None:
        """Drop the user that was kept out."""
        login = f"denied_{self.database.connection.schema[-6:]}"
        self.database.run(f"DROP USER IF EXISTS {login}@'%%'")


class SqliteTable(Table):
    """A table in SQLite."""

    columns = (
        "id integer PRIMARY KEY, name varchar(20) CHECK (length(name) <= 20), changed text,"
        " reference varchar(40)"
    )

    def swallow_creates(self) -> None:
        """Let a trigger drop each new row, without a word."""
        self.database.run(
            "CREATE TRIGGER swallow BEFORE INSERT ON customers BEGIN SELECT RAISE(IGNORE); END"
        )
