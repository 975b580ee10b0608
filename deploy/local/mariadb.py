"""MariaDB for a checkout's tests: a private server that is quick and disposable.

Guarantee: it listens on loopback only and lets in one user by a random password, who is made
at each start before the first connection is taken. The data directory appears under its name
only when it is complete. Nothing waits for the disk: a crash of the machine may cost the data,
which tests alone put there.
"""

import os
import secrets
import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.host import (
    LOOPBACK,
    claim,
    find_program,
    fits_socket,
    free_port,
    temporary_place,
)
from deploy.local.server_kind import (
    Kind,
    ProbeFailed,
    Running,
    await_ready,
    make_data,
    succeeds,
)
from deploy.local.server_process import spawn

_VARIABLE = "MIDSPAN_TEST_MARIADB_URL"
_USER = "midspan"
_STANDARD_PORT = 3306
_TIMEOUT_SECONDS = 5.0
_START_SECONDS = 60.0
_PROTOCOL_VERSION = 10
_OPTIONS = (
    f"--bind-address={LOOPBACK}",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--character-set-server=utf8mb4",
    "--performance-schema=OFF",
    "--innodb-buffer-pool-size=32M",
    "--innodb-flush-log-at-trx-commit=0",
)
_GRANTS = """\
CREATE DATABASE IF NOT EXISTS midspan;
CREATE OR REPLACE USER '{user}'@'127.0.0.1' IDENTIFIED BY '{password}';
GRANT ALL ON *.* TO '{user}'@'127.0.0.1' WITH GRANT OPTION;
"""


def _program(name: str) -> Path | None:
    return find_program(name, f"usr/bin/{name}", f"usr/sbin/{name}")


def _is_installed() -> bool:
    return _program("mariadb-install-db") is not None and _program("mariadbd") is not None


def _probe(url: str) -> None:
    """Read the server's greeting; the platform's environment has no driver to log in with."""
    parts = urlsplit(url)
    if parts.scheme.partition("+")[0] not in {"mysql", "mariadb"} or not parts.hostname:
        raise ProbeFailed("it is not a mysql:// URL")
    try:
        with socket.create_connection(
            (parts.hostname, parts.port or _STANDARD_PORT), timeout=_TIMEOUT_SECONDS
        ) as connection:
            greeting = connection.makefile("rb").read(5)
    except OSError as error:
        raise ProbeFailed(str(error)) from error
    # Three bytes length, one sequence number, then the protocol version or an error's mark.
    if len(greeting) < 5 or greeting[4] != _PROTOCOL_VERSION:
        raise ProbeFailed("the server does not let this machine in, or is no MariaDB")


def _standard() -> str | None:
    """Answer never: tests drop and create databases, which no shared server should see."""
    return None


def _data(home: Path) -> Path:
    return home / "data"


def _socket(home: Path) -> Path:
    path = home / "server.sock"
    if fits_socket(path):
        return path
    place = temporary_place(home, os.geteuid())
    claim(place, os.geteuid())
    return place / "server.sock"


def _common_options(data: Path) -> list[str]:
    options = ["--no-defaults", f"--datadir={data}"]
    return [*options, "--user=root"] if os.geteuid() == 0 else options


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath) + ":/usr/sbin", "LANG": "C.UTF-8"}


def _initialise(home: Path) -> None:
    """Make the data directory beside its final place and move it there when it is complete."""
    unfinished = home / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [str(_program("mariadb-install-db")), *_common_options(unfinished)]
    command += ["--auth-root-authentication-method=socket", "--skip-test-db"]
    make_data("mariadb", command, _environment(), home)
    unfinished.rename(_data(home))


def _write_grants(home: Path, password: str) -> Path:
    path = home / "grants.sql"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(_GRANTS.format(user=_USER, password=password))
    return path


def _launch(home: Path) -> Running:
    if not _data(home).exists():
        _initialise(home)
    port, password = free_port(), secrets.token_urlsafe(18)
    command = [str(_program("mariadbd")), *_common_options(_data(home)), *_OPTIONS]
    command += [f"--port={port}", f"--socket={_socket(home)}"]
    command += [f"--pid-file={home / 'server.pid'}"]
    command += [f"--init-file={_write_grants(home, password)}"]
    server = spawn("mariadb", command, _environment(), home)
    url = f"mysql://{_USER}:{password}@{LOOPBACK}:{port}/midspan"
    await_ready(server, lambda: succeeds(_probe, url), home, _START_SECONDS)
    return Running((server,), {_VARIABLE: url})


KIND = Kind(
    name="mariadb",
    variable=_VARIABLE,
    package="mariadb-server",
    programs=frozenset({"mariadbd", "mysqld"}),
    is_installed=_is_installed,
    probe=_probe,
    standard=_standard,
    launch=_launch,
    data=_data,
)
