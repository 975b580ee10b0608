"""A legacy table of 20 columns, the same rows on MariaDB and on PostgreSQL.

The servers fill it by themselves, from a row's number alone. ``COLUMNS`` are the 16 that a
mapping reads. Each benchmark has a database of its own, dropped afterwards.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from benchmarks.frame import BenchmarkError
from config.connections import Connection
from midspan.kernel.redaction import Secret

TABLE = "customers"
COLUMNS = (
    *("id", "name", "street", "zip", "city", "country", "phone", "email", "tax_id"),
    *("currency", "amount", "discount", "active", "price_list", "created", "changed"),
)

_DDL = """
CREATE TABLE customers (
    id integer PRIMARY KEY, name varchar(80) NOT NULL, name2 varchar(80), street varchar(80),
    zip varchar(10), city varchar(40), country char(2), phone varchar(30), email varchar(80),
    tax_id varchar(20), currency char(3), amount decimal(12, 2), discount decimal(5, 2),
    active char(1), price_list integer, note varchar(200), clerk varchar(12), flags integer,
    created {moment}, changed {moment} NOT NULL)
"""
_FILL = """
INSERT INTO customers SELECT n, concat('Customer ', n, ' Handels GmbH'), NULL,
    concat('Lange Gasse ', n % 200), concat('', 1000 + n % 9000),
    CASE n % 4 WHEN 0 THEN 'Wien' WHEN 1 THEN 'Graz' WHEN 2 THEN 'Zürich' ELSE 'München' END,
    'AT', concat('+43 1 ', 1000000 + n % 900000), concat('customer', n, '@legacy.example'),
    CASE WHEN n % 3 = 0 THEN NULL ELSE concat('ATU', 10000000 + n) END, 'EUR',
    n % 1000003 / 100.0, n % 50 / 10.0, CASE WHEN n % 10 = 0 THEN 'N' ELSE 'J' END, n % 7,
    concat('Legacy note of record ', n, ', kept for the auditors'), concat('CLERK', n % 40),
    n % 16, {began} + INTERVAL {hours}, {began} + INTERVAL {seconds}
FROM {numbers}
"""
_WORDS = {
    "mariadb": {
        "moment": "datetime",
        "began": "TIMESTAMP '2026-01-01 00:00:00'",
        "hours": "n % 5000 HOUR",
        "seconds": "n SECOND",
        "numbers": "(SELECT seq AS n FROM seq_1_to_{rows}) AS numbers",
    },
    "postgresql": {
        "moment": "timestamp",
        "began": "TIMESTAMP '2026-01-01 00:00:00'",
        "hours": "'1 hour' * (n % 5000)",
        "seconds": "'1 second' * n",
        "numbers": "generate_series(1, {rows}) AS n",
    },
}
_VARIABLES = {
    "mariadb": "MIDSPAN_TEST_MARIADB_URL",
    "postgresql": "MIDSPAN_TEST_POSTGRES_URL",
}
_DRIVERS = {"mariadb": "mysql+mysqldb", "postgresql": "postgresql+psycopg"}
_DLT_DRIVERS = {"mariadb": "mysql+mysqldb", "postgresql": "postgresql+psycopg2"}

SERVERS = tuple(_VARIABLES)


@dataclass(frozen=True, slots=True)
class Place:
    """A filled database: how each contender connects, and the server's version."""

    server: str
    url: URL
    version: str

    @property
    def connection(self) -> Connection:
        """Return it as the adapter connects."""
        scheme = {"mariadb": "mysql", "postgresql": "postgres"}[self.server]
        own = self.url
        password = Secret(str(own.password or ""))
        return Connection(
            *("legacy", scheme, own.host or "", own.port, own.username or "", password),
            schema=own.database or "",
        )

    @property
    def core_url(self) -> str:
        """Return it as SQLAlchemy connects, with the drivers that the adapter uses."""
        return self.url.render_as_string(hide_password=False)

    @property
    def dlt_url(self) -> str:
        """Return it as dlt connects."""
        url = self.url.set(drivername=_DLT_DRIVERS[self.server])
        return url.render_as_string(hide_password=False)


def place_of(url: str) -> Place:
    """Return a filled database by the URL that ``core_url`` gave."""
    parsed = make_url(url)
    server = next(name for name, driver in _DRIVERS.items() if driver == parsed.drivername)
    return Place(server, parsed, "")


@contextmanager
def filled(server: str, rows: int) -> Iterator[Place]:
    """Give a database of a server with its table filled; raise when the server is not named."""
    told = os.environ.get(_VARIABLES[server])
    if not told:
        raise BenchmarkError(f"{_VARIABLES[server]} is not set: run `make bench`")
    admin = make_url(told).set(drivername=_DRIVERS[server])
    if server == "mariadb":
        admin = admin.set(query={"charset": "utf8mb4"})
    name = f"bench_{secrets.token_hex(6)}"
    options = " CHARACTER SET utf8mb4" if server == "mariadb" else ""
    _run(admin, f"CREATE DATABASE {name}{options}")
    try:
        own = admin.set(database=name)
        words = _WORDS[server] | {"numbers": _WORDS[server]["numbers"].format(rows=rows)}
        analyze = "ANALYZE TABLE customers" if server == "mariadb" else "VACUUM ANALYZE customers"
        _run(own, _DDL.format(**words), _FILL.format(**words), analyze)
        yield Place(server, own, _run(own, "SELECT version()"))
    finally:
        _run(admin, f"DROP DATABASE {name}")


def _run(url: URL, *statements: str) -> str:
    """Run statements; return the first value of the last one, or nothing."""
    engine = sa.create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            result = connection.exec_driver_sql(statement.replace("%", "%%"))
        return str(result.scalar()) if result.returns_rows else ""
