"""A running Tryton for any test that asks for it.

`erp` is one server for the whole session, on a copy of the cached template: read from it, and
leave what is there as it is. `own_erp` is a server of the test's own, to change at will; it costs
about two seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from examples.company.erp.client import Client
from examples.company.erp.provision import ADMIN, INTEGRATION, fresh_copy
from examples.company.erp.server import ErpServer

PASSWORDS = {ADMIN: "clerk-on-loopback", INTEGRATION: "reader-on-loopback"}


@dataclass(frozen=True)
class RunningErp:
    """Where the server is, and how to log in as the integration or as the clerk."""

    server: ErpServer
    user: str = INTEGRATION
    password: str = PASSWORDS[INTEGRATION]

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def database(self) -> str:
        return self.server.database

    @property
    def database_file(self) -> Path:
        return self.server.database_file

    def client(self) -> Client:
        """Log in as the integration user."""
        return Client(self.url, self.database, self.user, self.password)

    def clerk(self) -> Client:
        """Log in as the clerk."""
        return Client(self.url, self.database, ADMIN, PASSWORDS[ADMIN])


@pytest.fixture(scope="session")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    yield from _running(tmp_path_factory.mktemp("erp"))


@pytest.fixture
def own_erp(tmp_path: Path) -> Iterator[RunningErp]:
    yield from _running(tmp_path / "erp")


def _running(folder: Path) -> Iterator[RunningErp]:
    fresh_copy(folder, PASSWORDS)
    with ErpServer(folder) as server:
        yield RunningErp(server)
