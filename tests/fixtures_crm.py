"""The demo company's CRM as a pytest plugin: a running server over a fresh copy of its data.

Guarantee: each test module that asks for `crm` gets a process, a port and a database of its own;
the process is ended by its id when the module is done.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PASSWORD_VARIABLE = "MIDSPAN_TEST_CRM_PASSWORD"  # noqa: S105 - a variable's name


@dataclass(frozen=True)
class RunningCrm:
    """Where a CRM listens, who may log in, and the file it keeps its customers in."""

    url: str
    db: Path
    user: str = "midspan"
    password: str = "crm-test"  # noqa: S105 - guards made-up customers on the loopback

    @property
    def wsdl(self) -> str:
        """The contract's address."""
        return f"{self.url}?wsdl"


def crm_command(db: Path, *, port: int = 0) -> list[str]:
    """Return the command that serves `db`; port 0 takes a free one."""
    return [
        *(sys.executable, "-m", "examples.company.crm", "--db", str(db), "--port", str(port)),
        *("--user", RunningCrm.user, "--password-env", PASSWORD_VARIABLE),
    ]


@contextmanager
def running_crm(db: Path, *options: str) -> Iterator[RunningCrm]:
    """Serve `db` from a process of its own while the context lasts."""
    process = subprocess.Popen(
        [*crm_command(db), *options],
        cwd=ROOT,
        env=os.environ | {PASSWORD_VARIABLE: RunningCrm.password},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("CRM listens on "), f"the CRM did not start: {line!r}"
        yield RunningCrm(url=line.split()[-1], db=db)
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCrm]:
    """Serve the demo's 180 customers; the sessions are good for seven calls."""
    with running_crm(tmp_path_factory.mktemp("crm") / "crm.sqlite") as running:
        yield running
