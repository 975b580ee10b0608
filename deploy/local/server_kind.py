"""What a kind of server declares, and how a starting one is watched.

Guarantee: each of the three siblings (``rabbitmq``, ``postgres``, ``mariadb``) ends in one
``KIND``; everything that finds, starts, records and stops servers reads nothing else of them.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.host import SetupError, tail
from deploy.local.server_process import Component, is_alive
from midspan.kernel.errors import TransientError

_POLL_SECONDS = 0.1
_MAKE_SECONDS = 180


class ProbeFailed(Exception):
    """A server did not let us in; the text says why, without secrets."""


class ServerDied(Exception):
    """A private server ended while it was starting; the text is its last words."""


@dataclass(frozen=True, slots=True)
class Running:
    """A private server that has just been started and lets us in."""

    components: tuple[Component, ...]
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of server.

    ``variable`` names an existing one by its URL; ``programs`` are the names of its
    executables as the kernel shows them; ``probe`` logs in and raises ``ProbeFailed``;
    ``standard`` returns the URL of one on the standard port that lets us in; ``launch`` starts
    a private one in the given directory; ``places`` are the directories such a one works in,
    and ``data`` what it keeps there.
    """

    name: str
    variable: str
    package: str
    programs: frozenset[str]
    is_installed: Callable[[], bool]
    probe: Callable[[str], None]
    standard: Callable[[], str | None]
    launch: Callable[[Path], Running]
    data: Callable[[Path], Path]
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 20.0

    def places(self, home: Path) -> tuple[Path, ...]:
        """Return every directory that a private server's processes work in."""
        return home, self.data(home)


def make_data(
    name: str, command: Sequence[str], environment: Mapping[str, str], home: Path
) -> None:
    """Run the tool that makes a server's data directory, its output in ``home/init.log``."""
    log = home / "init.log"
    with log.open("wb") as output:
        done = subprocess.run(  # noqa: S603 - the command is built by a sibling of this module
            command,
            cwd="/",  # the server's own user may not enter the checkout
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=_MAKE_SECONDS,
            check=False,
        )
    if done.returncode != 0:
        raise SetupError(
            "setup.server_init",
            f"{Path(command[0]).name} could not make the data of {name} in {home}:\n{tail(log)}",
            remedy=f"Everything it said is in {log}",
        )


def await_ready(component: Component, ready: Callable[[], bool], home: Path, limit: float) -> None:
    """Wait until ``ready``; raise ``ServerDied``, or ``TransientError`` after ``limit`` seconds."""
    deadline = time.monotonic() + limit
    while not ready():
        if not is_alive(component):
            raise ServerDied(tail(home / "server.log"))
        if time.monotonic() > deadline:
            raise TransientError(
                "setup.server_slow",
                f"{component.name} did not answer within {limit:.0f} s of its start:\n"
                + tail(home / "server.log"),
                remedy=f"Its whole log is {home / 'server.log'}",
            )
        time.sleep(_POLL_SECONDS)


def succeeds(probe: Callable[[str], None], url: str) -> bool:
    """Tell whether a probe lets us in."""
    try:
        probe(url)
    except ProbeFailed:
        return False
    return True


def address(url: str) -> str:
    """Return a URL as it may be shown: without its password."""
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{user}{parts.hostname}{port}{parts.path}"
