"""PostgreSQL for a checkout's tests: a private cluster that is quick and disposable.

Guarantee: it listens on loopback only, without a Unix socket, and lets in one superuser by a
random password. The data directory appears under its name only when it is complete. Nothing
waits for the disk: a crash of the machine may cost the data, which tests alone put there.
"""

import os
import pwd
import secrets
import shutil
import signal
from pathlib import Path

from deploy.local.host import (
    LOOPBACK,
    as_user,
    claim,
    find_program,
    free_port,
    listens,
    open_to_all,
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

_VARIABLE = "MIDSPAN_TEST_POSTGRES_URL"
_USER = "midspan"
_SERVER_ACCOUNT = "postgres"  # PostgreSQL refuses to run as root
_START_SECONDS = 60.0
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "timezone": "UTC",
}


def _program(name: str) -> Path | None:
    return find_program(name, f"usr/lib/postgresql/*/bin/{name}")


def _is_installed() -> bool:
    return _program("initdb") is not None and _program("postgres") is not None


def _probe(url: str) -> None:
    # Imported here: it takes a third of a second, which other servers need not pay.
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    try:
        engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 5})
        with engine.connect():
            return
    except (SQLAlchemyError, ImportError) as error:
        reason = getattr(error, "orig", None) or error
        raise ProbeFailed(" ".join(str(reason).split())) from error


def _standard() -> str | None:
    """Answer never: tests drop and create databases, which no shared server should see."""
    return None


def _owner() -> int:
    return pwd.getpwnam(_SERVER_ACCOUNT).pw_uid if os.geteuid() == 0 else os.geteuid()


def _place(home: Path) -> Path:
    """Return the directory that holds data and password, reachable by the server's user."""
    if os.geteuid() != 0 or open_to_all(home):
        return home / "cluster"
    return temporary_place(home, _owner())


def _data(home: Path) -> Path:
    return _place(home) / "data"


def _prefix() -> list[str]:
    return as_user(_SERVER_ACCOUNT) if os.geteuid() == 0 else []


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def _initialise(home: Path) -> None:
    """Make the cluster beside its final place and move it there when it is complete."""
    place = _place(home)
    claim(place, _owner())
    password_file = place / "password"
    password_file.write_text(secrets.token_urlsafe(18))
    password_file.chmod(0o600)
    os.chown(password_file, _owner(), -1)
    unfinished = place / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [*_prefix(), str(_program("initdb")), "--pgdata", str(unfinished)]
    command += ["--username", _USER, "--pwfile", str(password_file), "--auth", "scram-sha-256"]
    command += ["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
    make_data("postgres", command, _environment(), home)
    unfinished.rename(place / "data")


def _launch(home: Path) -> Running:
    data = _data(home)
    if not data.exists():
        _initialise(home)
    # A lock file left by a killed server may bear the id of somebody else's process by now.
    (data / "postmaster.pid").unlink(missing_ok=True)
    port = free_port()
    command = [*_prefix(), str(_program("postgres")), "-D", str(data), "-p", str(port)]
    for name, value in _SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    server = spawn("postgres", command, _environment(), home)
    password = (_place(home) / "password").read_text()
    url = f"postgresql+psycopg://{_USER}:{password}@{LOOPBACK}:{port}/postgres"
    await_ready(server, lambda: listens(port) and succeeds(_probe, url), home, _START_SECONDS)
    return Running((server,), {_VARIABLE: url})


KIND = Kind(
    name="postgres",
    variable=_VARIABLE,
    package="postgresql",
    programs=frozenset({"postgres"}),
    is_installed=_is_installed,
    probe=_probe,
    standard=_standard,
    launch=_launch,
    data=_data,
    stop_signal=signal.SIGINT,  # SIGTERM would wait for clients to leave
)
