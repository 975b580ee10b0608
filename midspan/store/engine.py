"""Engines and units of work.

Embedded, each center owns one SQLite file (WAL) and each sync one staging file; a writer
begins IMMEDIATE, so that two writers queue instead of deadlocking, and no transaction writes
to two files. On PostgreSQL a center owns a schema and staging is a schema of its own.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.schema import CreateSchema

from midspan.kernel.errors import MidspanError, TransientError
from midspan.kernel.redaction import mask_url
from midspan.store.revision import Revision, read_revision, write_revision, written_revision

STAGING = "staging"
_BUSY_SECONDS = 60
# A connection that served this lately is not asked first whether it still lives.
_TRUSTED_SECONDS = 1.0
_SERVED_AT = "midspan_served_at"
_SQLITE_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_SQLITE_OUT_OF_REACH = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}


class Store:
    """One center's database, or one sync's staging."""

    def __init__(self, engine: Engine, schema: str, file: Path | None) -> None:
        self.engine = engine
        self._once = engine if file else _statement_by_statement(engine.url)
        self.schema = schema
        self.file = file

    @property
    def embedded(self) -> bool:
        """Whether this is an SQLite file."""
        return self.file is not None

    @contextmanager
    def read(self, *, once: bool = False) -> Iterator[Connection]:
        """Give a connection that sees one state of the data and writes nothing.

        ``once``: for a single statement, whose state is one by itself; it costs the least.
        """
        engine = self._once if once else self.engine
        with _translated(self), engine.connect() as connection:
            if not once and not self.embedded:
                connection = connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in one transaction: all of it is kept, or nothing."""
        with (
            _translated(self),
            self.engine.connect().execution_options(midspan_writer=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def write_beside(self, staging: "Store") -> Iterator[Connection]:
        """Give a writing transaction that can also read ``staging``'s tables."""
        if not self.embedded:
            with self.write() as connection:
                yield connection
            return
        with (
            _translated(self),
            self.engine.connect().execution_options(midspan_writer=True) as connection,
        ):
            raw = connection.connection.driver_connection
            raw.execute(f"ATTACH DATABASE ? AS {STAGING}", (str(staging.file),))  # type: ignore[union-attr]  # checked out
            try:
                with connection.begin():
                    yield connection
            finally:
                raw.execute(f"DETACH DATABASE {STAGING}")  # type: ignore[union-attr]  # checked out

    def create(self, metadata: MetaData, revision: Revision, *, disposable: bool = False) -> None:
        """Create what is missing of ``metadata``; safe to run from several processes.

        Tables of another revision are dropped when ``disposable``, else they are refused with
        MidspanError ``store.revision``: this version does not know what they hold.
        """
        with self.write() as connection:
            if not self.embedded:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": 0x6D696473})
                connection.execute(CreateSchema(self.schema, if_not_exists=True))
            found = written_revision(connection, self.schema, revision)
            if found != revision.value:
                if not disposable:
                    raise _unknown_revision(self.schema, found, revision)
                metadata.drop_all(connection)
                write_revision(connection, self.schema, revision)
            metadata.create_all(connection)

    def holds(self, revision: Revision) -> bool:
        """Return whether the tables of ``revision`` were ever made, and make nothing.

        Raises MidspanError ``store.revision`` when they are of another.
        """
        with self.read() as connection:
            found = read_revision(connection, self.schema, revision.name)
        if found not in (None, revision.value):
            raise _unknown_revision(self.schema, str(found), revision)
        return found is not None

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()
        self._once.dispose()


def _unknown_revision(schema: str, found: str, known: Revision) -> MidspanError:
    return MidspanError(
        "store.revision",
        f"the tables of {schema} are of revision {found}; this version of Midspan knows "
        f"revision {known.value}",
        remedy="Run the version of Midspan that made them, or migrate them",
    )


def open_store(url: str | None, folder: Path, schema: str) -> Store:
    """Open a center's store: ``folder/{schema}.db``, or its schema at a PostgreSQL ``url``."""
    if url is None:
        return _embedded(store_file(folder, schema), schema)
    return Store(_postgres(url), schema, None)


def store_file(folder: Path, schema: str) -> Path:
    """Return the file of an embedded store."""
    return folder / f"{schema}.db"


def open_staging(url: str | None, folder: Path, sync: str) -> Store:
    """Open a sync's staging: ``folder/{sync}.db``, or the staging schema."""
    if url is None:
        return _embedded(folder / f"{sync}.db", STAGING)
    return Store(_postgres(url), STAGING, None)


def _embedded(file: Path, schema: str) -> Store:
    _require_folder(file.parent, schema)
    engine = create_engine(
        f"sqlite:///{file}",
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        execution_options={"schema_translate_map": {schema: None}},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return Store(engine, schema, file)


def _require_folder(folder: Path, schema: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TransientError(
            "store.unavailable",
            f"the folder {folder} of the store {schema} cannot be made: {error.strerror}",
            remedy="Point MIDSPAN_STATE at a folder that may be written to",
        ) from error


def _prepare_sqlite(raw: Any, _record: Any) -> None:
    # The driver's own transaction handling would begin DEFERRED; we say BEGIN ourselves.
    raw.isolation_level = None
    # SQLite's own folds ASCII alone; PostgreSQL finds "Käthe" by "KÄTHE".
    raw.create_function("lower", 1, _lower, deterministic=True)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
        raw.execute(f"PRAGMA {pragma}")


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _begin_sqlite(connection: Connection) -> None:
    writer = connection.get_execution_options().get("midspan_writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


def _postgres(url: str) -> Engine:
    try:
        if make_url(url).get_backend_name() != "postgresql":
            raise _unsupported(f"names {mask_url(url)}, which is no PostgreSQL")
        return _surely_alive(create_engine(url))
    except (ArgumentError, ValueError):  # not quoted: what is no URL may hold a password anywhere
        raise _unsupported("cannot be read as a URL") from None
    except ImportError as error:
        raise _unsupported(f"names a driver that is not installed ({error.name})") from error


def _statement_by_statement(url: URL) -> Engine:
    """Return an engine without transactions; none is begun, ended or set up for a statement."""
    options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
    return _surely_alive(create_engine(url, pool_reset_on_return=None, **options))


def _surely_alive(engine: Engine) -> Engine:
    """Make the pool ask a connection that has rested for a sign of life, and replace a dead one.

    Asking each time, as the pool's own option does, costs a small read as much as its query.
    """

    def served(_raw: Any, record: Any) -> None:
        record.info[_SERVED_AT] = time.monotonic()

    def ask(raw: Any, record: Any, _proxy: Any) -> None:
        served_at = record.info.get(_SERVED_AT)
        if served_at is None or time.monotonic() - served_at < _TRUSTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(raw)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError("the connection ended while it rested") from error

    event.listen(engine, "checkin", served)
    event.listen(engine, "checkout", ask)
    return engine


def _unsupported(what: str) -> MidspanError:
    return MidspanError(
        "store.unsupported",
        f"MIDSPAN_STORE_URL {what}",
        remedy="Give a postgresql+psycopg:// URL, or unset it for embedded SQLite",
    )


@contextmanager
def _translated(store: Store) -> Iterator[None]:
    """Translate what the driver raises about reaching the store; leave all else alone."""
    try:
        yield
    except DBAPIError as error:
        if _out_of_reach(store, error):
            raise _unavailable(store, error) from error
        if store.embedded and _sqlite_code(error) in _SQLITE_DAMAGED:
            raise _damaged(store) from error
        raise


def _out_of_reach(store: Store, error: DBAPIError) -> bool:
    if not store.embedded:
        return isinstance(error, OperationalError) or error.connection_invalidated
    # SQLite reports a misspelt statement by the same class as a full disk: only codes tell.
    return _sqlite_code(error) in _SQLITE_OUT_OF_REACH


def _sqlite_code(error: DBAPIError) -> int:
    return int(getattr(error.orig, "sqlite_errorcode", 0)) & 0xFF


def _damaged(store: Store) -> MidspanError:
    return MidspanError(
        "store.damaged",
        f"the file {store.file} of the store {store.schema} is damaged, or no database",
        remedy="Put it back from a backup; control.db alone may be removed, and is made anew",
    )


def _unavailable(store: Store, error: DBAPIError) -> TransientError:
    place = str(store.file) if store.file else mask_url(str(store.engine.url))
    # Only the first line of the driver's own text: the statement's values stay out of it.
    reason = str(error.orig).splitlines()[0] if error.orig else type(error).__name__
    return TransientError(
        "store.unavailable",
        f"the store {store.schema} at {place} cannot be used: {reason}",
        remedy="See that the database runs and that its disk has room",
    )
