"""Databases to read from, as a pytest plugin: PostgreSQL, MariaDB and SQLite, each its own.

Guarantee: each test has a fresh, empty database on the real server that the environment names
(MIDSPAN_TEST_POSTGRES_URL, MIDSPAN_TEST_MARIADB_URL), dropped afterwards; a server that is not
named is a failure, not a skip.
"""

import logging
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from config.connections import Connection
from midspan.kernel.redaction import Secret

MakeDatabase = Callable[[str], "Database"]

# How the databases call the types that the tests' tables use.
_TYPES = {
    "postgres": {"stamp": "timestamp", "bytes": "bytea", "text": "text", "chars": "varchar(40)"},
    "mariadb": {
        "stamp": "datetime(6)",
        "bytes": "varbinary(16)",
        "text": "longtext",
        "chars": "varchar(40)",
    },
    "sqlite": {"stamp": "text", "bytes": "blob", "text": "text", "chars": "varchar(40)"},
}


# What the tests themselves ask is not what the adapter may not log.
_LOG = "beside"
logging.getLogger(f"sqlalchemy.engine.Engine.{_LOG}").addFilter(lambda _: False)


@dataclass(frozen=True)
class Database:
    """One database: how the adapter is to connect, and a way to meddle with it beside."""

    kind: str
    connection: Connection
    engine: Engine
    native: bool = True

    @property
    def settings(self) -> str:
        """Return what a system's YAML says for this way of reading."""
        return "" if self.native else "native: false"

    def run(self, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        """Run one statement, ``{stamp}`` and the like in this database's words."""
        text = statement
        for name, word in _TYPES[self.kind].items():
            text = text.replace("{" + name + "}", word)
        with self.engine.begin() as connection:
            result = (
                connection.exec_driver_sql(text, values)
                if values
                else (connection.exec_driver_sql(text))
            )
            return [tuple(row) for row in result] if result.returns_rows else []

    def fill(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        """Insert rows into a table."""
        mark = "?" if self.kind == "sqlite" else "%s"
        marks = ", ".join([mark] * len(rows[0]))
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608

    def as_user(self, login: str, password: str) -> "Database":
        """Return the same database, to be read by another user."""
        connection = replace(self.connection, login=login, password=Secret(password))
        return replace(self, connection=connection)

    def with_extra(self, extra: Mapping[str, Any]) -> "Database":
        """Return the same database with other extras of its connection."""
        return replace(self, connection=replace(self.connection, extra=dict(extra)))


def _server(variable: str) -> str:
    url = os.environ.get(variable)
    if not url:
        pytest.fail(f"{variable} is not set: run the tests with `make test`", pytrace=False)
    return url


def _admin(url: str) -> Engine:
    return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")


@contextmanager
def postgres_database(options: str = "") -> Iterator[Database]:
    """Give a database of the PostgreSQL server, created with ``options``."""
    url = make_url(_server("MIDSPAN_TEST_POSTGRES_URL"))
    name, admin = f"legacy_{secrets.token_hex(5)}", _admin(url.render_as_string(False))
    _run(admin, f"CREATE DATABASE {name} {options}")
    own = url.set(database=name)
    try:
        yield Database("postgres", _place(own, "postgres"), _engine(own.render_as_string(False)))
    finally:
        _run(admin, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def mariadb_database() -> Iterator[Database]:
    """Give a database of the MariaDB server."""
    url = make_url(_server("MIDSPAN_TEST_MARIADB_URL")).set(drivername="mariadb+mysqldb")
    name, admin = f"legacy_{secrets.token_hex(5)}", _admin(url.render_as_string(False))
    _run(admin, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    own = url.set(database=name, query={"charset": "utf8mb4"})
    try:
        yield Database("mariadb", _place(own, "mysql"), _engine(own.render_as_string(False)))
    finally:
        _run(admin, f"DROP DATABASE {name}")


@contextmanager
def sqlite_database(folder: Path) -> Iterator[Database]:
    """Give a database file."""
    file = folder / "legacy db.sqlite"
    engine = _engine(f"sqlite:///{file}")
    yield Database("sqlite", Connection("legacy", "sqlite", extra={"path": str(file)}), engine)


def _place(url: Any, scheme: str) -> Connection:
    return Connection(
        "legacy", scheme, url.host, url.port, url.username, Secret(url.password), url.database
    )


def _engine(url: str) -> Engine:
    # A SQL_ASCII database tells no encoding, which SQLAlchemy's own look at it needs.
    arguments = {"client_encoding": "utf8"} if url.startswith("postgresql") else {}
    engine = create_engine(url, poolclass=NullPool, connect_args=arguments, logging_name=_LOG)
    if engine.dialect.name in ("mysql", "mariadb"):
        event.listen(engine, "connect", _without_strictness)
    return engine


def _without_strictness(connection: Any, _record: Any) -> None:
    """Let in what legacy tables hold, such as dates of zeros."""
    cursor = connection.cursor()
    cursor.execute("SET SESSION sql_mode = ''")
    cursor.close()


def _run(admin: Engine, statement: str) -> None:
    with admin.connect() as connection:
        connection.exec_driver_sql(statement)


@pytest.fixture
def make_database(tmp_path: Path) -> Iterator[MakeDatabase]:
    """Return a function that gives a fresh database by the name of its kind."""
    with ExitStack() as stack:

        def make(name: str) -> Database:
            kind, _, way = name.partition(" ")
            if kind == "sqlite":
                database = stack.enter_context(sqlite_database(tmp_path))
            else:
                given = postgres_database() if kind == "postgres" else mariadb_database()
                database = stack.enter_context(given)
            if way == "pymysql":
                return database.with_extra({"driver": "pymysql"})
            return replace(database, native=way != "generic")

        yield make


@pytest.fixture(
    params=[
        "postgres",
        "postgres generic",
        "mariadb",
        "mariadb generic",
        "mariadb pymysql",
        "sqlite",
    ]
)
def database(request: pytest.FixtureRequest, make_database: MakeDatabase) -> Database:
    """Give the test a fresh database of each kind, read in each way there is."""
    return make_database(request.param)


@pytest.fixture(params=["postgres", "mariadb"])
def server(request: pytest.FixtureRequest, make_database: MakeDatabase) -> Database:
    """Give the test a fresh database on each real server."""
    return make_database(request.param)
