"""Stores for tests as a pytest plugin: every promise is kept on SQLite and on PostgreSQL.

Guarantee: each test has stores of its own. On PostgreSQL that is a fresh database on the real
server that MIDSPAN_TEST_POSTGRES_URL names, dropped afterwards; without it the test fails.
"""

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from tests.sync.bench import Bench

MakeBench = Callable[..., "Bench"]


class PostgresServer:
    """The real server; makes and drops databases."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._engine: Engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    def create(self, template: str | None = None) -> str:
        """Create a database, empty or as a copy of one nobody is using; return its URL."""
        name = f"midspan_{secrets.token_hex(6)}"
        source = f" TEMPLATE {make_url(template).database}" if template else ""
        self._run(f"CREATE DATABASE {name}{source}")
        return self._url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected."""
        self._run(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    @contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """Give a database for the time of the context."""
        url = self.create(template)
        try:
            yield url
        finally:
            self.drop(url)

    def _run(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(text(statement))


@pytest.fixture(scope="session")
def postgres_server() -> PostgresServer:
    """Give the real PostgreSQL; its absence is a failure, not a skip."""
    url = os.environ.get("MIDSPAN_TEST_POSTGRES_URL")
    if not url:
        pytest.fail(
            "MIDSPAN_TEST_POSTGRES_URL is not set: run the tests with `make test`", pytrace=False
        )
    return PostgresServer(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Give what a project is told of its stores: nothing (SQLite), or an empty database."""
    with _store_url(request) as url:
        yield url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def module_store_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Give the same to all tests of a module that only look."""
    with _store_url(request) as url:
        yield url


@contextmanager
def _store_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    if request.param == "sqlite":
        yield None
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield url


@pytest.fixture(scope="module")
def scripted_adapter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Install the scripted adapter as a third party would: a distribution with an entry point."""
    site = tmp_path_factory.mktemp("site")
    package = site / "scripted_adapter-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Name: scripted-adapter\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(
        "[midspan.adapters]\nscripted = tests.sync.legacy:ScriptedAdapter\n"
    )
    sys.path.append(str(site))
    yield
    sys.path.remove(str(site))


@pytest.fixture
def make_bench(
    scripted_adapter: None, store_url: str | None, tmp_path: Path
) -> Iterator[MakeBench]:
    """Make a bench with settings of its own."""
    with _bench_maker(store_url, tmp_path) as make:
        yield make


@pytest.fixture(scope="module")
def make_module_bench(
    scripted_adapter: None,
    module_store_url: str | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[MakeBench]:
    """Make a bench for all tests of a module that only look."""
    with _bench_maker(module_store_url, tmp_path_factory.mktemp("bench")) as make:
        yield make


@pytest.fixture
def bench(make_bench: MakeBench) -> "Bench":
    """Give a project over two empty scripted systems."""
    return make_bench()


@contextmanager
def _bench_maker(store_url: str | None, folder: Path) -> Iterator[MakeBench]:
    # Imported here: the platform's import is for those tests alone that use it.
    from tests.sync.bench import Bench

    made: list[Bench] = []

    def make(**settings: Any) -> Bench:
        made.append(Bench(folder, store_url, **settings))
        return made[-1]

    yield make
    for bench in made:
        bench.close()
