"""A connection that ended while it rested is noticed before it is used."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from midspan.store import engine
from midspan.store.engine import Store, open_store
from tests.fixtures_store import PostgresServer

Begin = Callable[[Store], AbstractContextManager[Connection]]


@pytest.mark.parametrize(
    "begin",
    [Store.read, Store.write, lambda store: store.read(once=True)],
    ids=["read", "write", "once"],
)
def test_a_connection_that_ended_at_rest_is_replaced(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: Begin
) -> None:
    """Whoever comes after the server was started again notices nothing of it."""
    monkeypatch.setattr(engine, "_TRUSTED_SECONDS", 0.0)
    with postgres_server.database() as url:
        store = open_store(url, tmp_path, "center")
        with begin(store) as connection:
            first = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        _end(url, tmp_path, first)

        with begin(store) as connection:
            second = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()

        store.close()
    assert second != first


def _end(url: str, folder: Path, backend: int) -> None:
    other = open_store(url, folder, "other")
    with other.write() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(:backend, 5000)"), {"backend": backend}
        )
    other.close()
