"""Which driver reads which database, told by the connection's type.

An Airflow connection type, or the scheme of a connection's URI, names a database; SQLAlchemy's
name for it and the driver are looked up here. Whatever is not listed is taken as SQLAlchemy's
own name (``firebird``, ``hana``, ``ibm_db_sa``), so that any dialect installed can be read.
"""

from importlib.util import find_spec
from typing import ClassVar

from adapters.sql.driver import Driver
from adapters.sql.mysql import MysqlDriver
from adapters.sql.postgres import PostgresDriver
from adapters.sql.sqlite import SqliteDriver
from config.connections import Connection as Place
from midspan.kernel.errors import MidspanError


class MssqlDriver(Driver):
    """Reads SQL Server."""

    transactional: ClassVar[bool] = True
    clock: ClassVar[str | None] = "SELECT SYSUTCDATETIME()"


class OracleDriver(Driver):
    """Reads Oracle."""

    transactional: ClassVar[bool] = True
    clock: ClassVar[str | None] = "SELECT SYS_EXTRACT_UTC(SYSTIMESTAMP) FROM dual"


# SQLAlchemy's dialect, the drivers to try in turn, and the class that knows the database.
_KNOWN: dict[str, tuple[str, tuple[str, ...], type[Driver]]] = {
    "postgresql": ("postgresql", ("psycopg",), PostgresDriver),
    "mysql": ("mysql", ("mysqldb", "pymysql"), MysqlDriver),
    "mariadb": ("mariadb", ("mysqldb", "pymysql"), MysqlDriver),
    "sqlite": ("sqlite", ("pysqlite",), SqliteDriver),
    "mssql": ("mssql", ("pyodbc", "pymssql"), MssqlDriver),
    "oracle": ("oracle", ("oracledb",), OracleDriver),
}
_ALIASES = {"postgres": "postgresql", "odbc": "mssql", "sqlite3": "sqlite", "sqlserver": "mssql"}
_MODULES = {"mysqldb": "MySQLdb", "pysqlite": "sqlite3"}
_EXTRAS = {"psycopg": "postgres", "mysqldb": "mysql"}


def driver_for(place: Place, encoding: str | None, *, native: bool = True) -> Driver:
    """Return the driver for a connection; MidspanError ``sql.driver`` when none is installed.

    The connection's extra ``driver`` names SQLAlchemy's driver where another one is wanted.
    """
    scheme, _, asked = place.scheme.lower().partition("+")
    scheme = _ALIASES.get(scheme, scheme)
    asked = str(place.extra.get("driver") or asked)
    if not scheme:
        raise MidspanError(
            "sql.dialect",
            f"the connection '{place.conn_id}' does not say which database it is",
            remedy=f"Give its type: {', '.join(_KNOWN)}, or another one that SQLAlchemy knows",
        )
    dialect, drivers, cls = _KNOWN.get(scheme, (scheme, (), Driver))
    found = asked or next((name for name in drivers if find_spec(_MODULES.get(name, name))), "")
    if drivers and not found:
        raise missing_driver(dialect, drivers[0])
    # What is known of a database holds for the drivers that are listed, no other.
    native = native and found in drivers
    return cls(f"{dialect}+{found}" if found else dialect, encoding, native=native)


def missing_driver(dialect: str, driver: str = "") -> MidspanError:
    """Return the error that a database's driver is not installed."""
    extra = _EXTRAS.get(driver)
    install = f"pip install midspan[{extra}]" if extra else "Install it beside midspan"
    return MidspanError(
        "sql.driver",
        f"no driver for {dialect} is installed" if driver else f"SQLAlchemy knows no '{dialect}'",
        remedy=install,
    )
