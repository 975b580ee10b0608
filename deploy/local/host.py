"""What the set-up asks of this machine: programs, packages, ports and places.

Guarantee: nothing outside the checkout changes, except by the distribution's own package
manager where this user may install, and by one private directory under ``/tmp``, named by
user and state directory, where a server's own user or a socket cannot live in the checkout.
"""

import hashlib
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from midspan.kernel.errors import MidspanError, TransientError

LOOPBACK = "127.0.0.1"
_INSTALL_SECONDS = 900
_NEEDED_BYTES = 300 * 2**20
_SOCKET_PATH_BYTES = 100  # the kernel's limit is 107; a server may append a suffix


class SetupError(MidspanError):
    """The machine lacks something that only a person can give."""

    exit_code = 2


def free_port() -> int:
    """Return a loopback TCP port nobody listens on; another may take it before it is used."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def listens(port: int) -> bool:
    """Tell whether a loopback TCP port accepts connections."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1.0).close()
    except OSError:
        return False
    return True


def find_program(name: str, *patterns: str) -> Path | None:
    """Return the newest program under ``/`` that matches a glob pattern, else the one on PATH."""
    for pattern in patterns:
        found = sorted(Path("/").glob(pattern), key=_version)
        if found:
            return found[-1]
    on_path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    return Path(on_path) if on_path else None


def as_user(user: str) -> list[str]:
    """Return the words before a command that make root run it as ``user``, in the same process."""
    account = pwd.getpwnam(user)
    return [
        "setpriv",
        f"--reuid={account.pw_uid}",
        f"--regid={account.pw_gid}",
        "--clear-groups",
        "--",
    ]


def require_space(directory: Path) -> None:
    """Raise ``TransientError`` when the disk under ``directory`` is too full for a server."""
    free = shutil.disk_usage(directory).free
    if free < _NEEDED_BYTES:
        raise TransientError(
            "setup.disk_full",
            f"only {free // 2**20} MiB are free on the disk of {directory}",
            remedy=f"Free at least {_NEEDED_BYTES // 2**20} MiB there",
        )


def open_to_all(directory: Path) -> bool:
    """Tell whether every user may pass through all parents of ``directory``."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in directory.resolve().parents)


def fits_socket(path: Path) -> bool:
    """Tell whether a Unix socket can be bound at ``path``."""
    return len(os.fsencode(path)) <= _SOCKET_PATH_BYTES


def temporary_place(state: Path, owner: int) -> Path:
    """Return the path under ``/tmp`` that belongs to this state directory and user id."""
    digest = hashlib.sha256(os.fsencode(state.resolve())).hexdigest()[:10]
    return Path(tempfile.gettempdir()) / f"midspan-{owner}-{digest}"


def claim(place: Path, owner: int) -> None:
    """Make ``place`` a directory of mode 0700 owned by ``owner``, or find it to be one.

    Raises ``SetupError`` where somebody else has put something at that name.
    """
    try:
        place.mkdir(mode=0o700)
    except FileExistsError:
        _require_own(place, owner)
    else:
        if owner != os.geteuid():
            os.chown(place, owner, -1)


def install(packages: Sequence[str], variables: Sequence[str], log: Path) -> None:
    """Install Debian packages with apt-get, or raise ``SetupError`` saying what to install.

    ``variables`` name the environment variables by which existing servers are given instead.
    """
    apt = _apt_get()
    if apt is None:
        raise SetupError(
            "setup.package_missing",
            f"not on this machine: {', '.join(packages)}",
            remedy=f"Install:  sudo apt-get install {' '.join(packages)}\n"
            f"or name a server that runs already:  {' or '.join(variables)}",
        )
    command = [*apt, "install", "--yes", "--no-install-recommends", *packages]
    with log.open("wb") as output:
        # A fresh machine has no package lists, or old ones: fetch them when the first try fails.
        done = _succeeds(command, output.fileno()) or (
            _succeeds([*apt, "update"], output.fileno()) and _succeeds(command, output.fileno())
        )
    if not done:
        raise SetupError(
            "setup.package_failed",
            f"apt-get could not install {', '.join(packages)}:\n{tail(log)}",
            remedy=f"Everything it said is in {log}. Mend that and run the command again,\n"
            f"or name a server that runs already:  {' or '.join(variables)}",
        )


def tail(log: Path, lines: int = 5) -> str:
    """Return the last lines of a text file, indented; a missing file has none."""
    if not log.exists():
        return "  (it printed nothing)"
    last = log.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join(f"  {line}" for line in last) or "  (it printed nothing)"


def _version(path: Path) -> list[int]:
    """Sort ``/usr/lib/postgresql/9/...`` before ``.../15/...``."""
    return [int(part) for part in path.parts if part.isdigit()]


def _require_own(place: Path, owner: int) -> None:
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        raise SetupError(
            "setup.place_taken",
            f"{place} is not a directory of this set-up (user id {owner})",
            remedy="Look whose it is and remove it",
        )
    place.chmod(0o700)


def _apt_get() -> list[str] | None:
    """Return the words of an apt-get this user may run without being asked, if any."""
    if shutil.which("apt-get") is None:
        return None
    words = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=120"]
    if os.geteuid() == 0:
        return words
    if shutil.which("sudo") and _succeeds(["sudo", "-n", "true"], subprocess.DEVNULL):
        return ["sudo", "-n", *words]
    return None


def _succeeds(command: Sequence[str], output: int) -> bool:
    done = subprocess.run(  # noqa: S603 - words from this module
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        timeout=_INSTALL_SECONDS,
        check=False,
    )
    return done.returncode == 0
