"""Bad input to the sql adapter, as a table: each has its code, and a remedy a person can act on."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
    TransientError,
)
from midspan.kernel.redaction import Secret
from midspan.kernel.stream import Slice
from tests.adapters.test_sql import SYSTEM, TABLE, opener
from tests.fixtures_sql import Database


@dataclass(frozen=True)
class Bad:
    """What is wrong: a connection to spoil, or statements that spoil the table."""

    code: str
    kind: type[MidspanError]
    connection: Callable[[Database], Database] = lambda database: database
    statements: tuple[str, ...] = ()
    only: str = ""


def spoiled(**changes: object) -> Callable[[Database], Database]:
    return lambda database: replace(
        database,
        connection=replace(database.connection, **changes),  # type: ignore[arg-type] # as given
    )


def with_tls(**extra: str) -> Callable[[Database], Database]:
    return lambda database: database.with_extra(extra)


BAD = {
    "host": Bad("sql.unreachable", TransientError, spoiled(host="nowhere.invalid")),
    "port": Bad("sql.unreachable", TransientError, spoiled(port=1)),
    "password": Bad("sql.login", AccessDenied, spoiled(password=Secret("wr0ng-one"))),
    "login": Bad("sql.login", AccessDenied, spoiled(login="nobody")),
    "database": Bad("sql.no_database", ProtocolError, spoiled(schema="no_such_db")),
    "tls required": Bad("sql.tls", AccessDenied, with_tls(sslmode="require"), only="postgres"),
    "tls authority": Bad(
        "sql.tls",
        AccessDenied,
        with_tls(sslmode="verify-full", sslrootcert="/nowhere/ca.pem"),
        only="postgres",
    ),
    "tls wanted": Bad(
        "sql.tls", AccessDenied, with_tls(ssl_mode="VERIFY_IDENTITY"), only="mariadb"
    ),
    "table gone": Bad("sql.no_table", DriftError, statements=("DROP TABLE customers",)),
    "column gone": Bad(
        "sql.column_gone", DriftError, statements=("ALTER TABLE customers DROP COLUMN updated",)
    ),
    "type changed": Bad(
        "sql.cursor_type",
        DriftError,
        statements=(
            "ALTER TABLE customers DROP COLUMN updated",
            "ALTER TABLE customers ADD COLUMN updated integer",
        ),
    ),
}
CASES = [
    pytest.param(server, bad, id=f"{server} {name}")
    for name, bad in BAD.items()
    for server in ("postgres", "mariadb")
    if bad.only in ("", server)
]


@pytest.fixture
def bad(request: pytest.FixtureRequest) -> Bad:
    given: Bad = request.param
    return given


@pytest.mark.parametrize(("server", "bad"), CASES, indirect=True)
def test_bad_input_is_told(server: Database, bad: Bad, tmp_path: Path) -> None:
    """By its code, with a remedy, and without a secret."""
    server.run("CREATE TABLE customers (id integer PRIMARY KEY, updated {stamp}, created {stamp})")
    for statement in bad.statements:
        server.run(statement)
    wrong = bad.connection(server)

    with (
        closing(opener(wrong, tmp_path)(TABLE, system=SYSTEM)) as adapter,
        pytest.raises(bad.kind) as caught,
    ):
        list(adapter.read("customers", Slice(lower="2026-01-01T00:00:00")))

    assert caught.value.code == bad.code
    assert caught.value.remedy
    assert wrong.connection.password.reveal() not in str(caught.value)


@pytest.fixture
def mute() -> Iterator[int]:
    """Give the port of a server that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []
        stopping = threading.Event()

        def accept() -> None:
            listener.settimeout(0.1)
            while not stopping.is_set():
                try:
                    held.append(listener.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1]
        stopping.set()
        thread.join()
        for each in held:
            each.close()


def test_a_server_that_says_nothing_is_given_up(
    server: Database, tmp_path: Path, mute: int
) -> None:
    """Within the system's own timeouts."""
    system = SYSTEM.replace("streams:", "timeouts: {{connect: 1s, read: 1s, total: 1s}}\nstreams:")
    silent = replace(server, connection=replace(server.connection, host="127.0.0.1", port=mute))

    with (
        closing(opener(silent, tmp_path)(TABLE, system=system)) as adapter,
        pytest.raises(TransientError) as caught,
    ):
        adapter.check()

    assert caught.value.code == "sql.unreachable"
