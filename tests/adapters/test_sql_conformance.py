"""The sql adapter passes the conformance suite on PostgreSQL, MariaDB and SQLite."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from adapters.testing.conformance import AdapterConformance
from tests.adapters.sql_counterpart import MariadbTable, PostgresTable, SqliteTable, Table
from tests.fixtures_sql import Database, mariadb_database, postgres_database, sqlite_database


class OnTables(AdapterConformance):
    """Each kind of database is made once, its table for each promise."""

    system: ClassVar[type[Table]]
    database: ClassVar[str]

    @pytest.fixture
    def counterpart(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Table]:
        database: Database = request.getfixturevalue(self.database)
        table = self.system(database, tmp_path)
        yield table
        table.close()


class TestPostgres(OnTables):
    system = PostgresTable
    database = "postgres"


class TestMariadb(OnTables):
    system = MariadbTable
    database = "mariadb"


class TestSqlite(OnTables):
    system = SqliteTable
    database = "sqlite"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Database]:
    with postgres_database() as database:
        yield database


@pytest.fixture(scope="module")
def mariadb() -> Iterator[Database]:
    with mariadb_database() as database:
        yield database


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with sqlite_database(tmp_path_factory.mktemp("sqlite")) as database:
        yield database
