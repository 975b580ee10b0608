"""The ERP's own Python environment under `var/erp/venv`.

Guarantee: `python()` returns an interpreter whose packages are exactly those of
requirements.txt. The stamp is written last, so an environment that a killed run left half built,
or that belongs to other pins, is built again from nothing. One process builds, others wait.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from midspan.kernel.errors import MidspanError

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
VAR = ROOT / "var"
REQUIREMENTS = HERE / "requirements.txt"
BUILD_TIMEOUT_S = 300.0
REMEDIES = {
    "demo.erp_install": "Check that the package index can be reached, then start again.",
    "demo.erp_script": "Run `rm -r var/erp var/cache` and start again.",
}


def python() -> Path:
    """Return the interpreter of the ERP's environment, building the environment when needed.

    Raises `MidspanError` (`demo.erp_install`) when the packages cannot be installed.
    """
    folder = VAR / "erp" / "venv"
    stamp = folder / ".complete"
    wanted = digest([REQUIREMENTS], sys.version)
    with locked("environment"):
        if not stamp.exists() or stamp.read_text() != wanted:
            _build(folder)
            stamp.write_text(wanted)
    return folder / "bin" / "python"


def digest(files: Sequence[Path], *more: str) -> str:
    """Return a short hash over the contents of `files` and the strings in `more`."""
    state = hashlib.sha256("\0".join(more).encode())
    for file in files:
        state.update(file.name.encode() + b"\0" + file.read_bytes())
    return state.hexdigest()[:16]


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one process at a time in; a killed holder lets go by itself."""
    folder = VAR / "erp"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def run_inside(
    interpreter: Path, module: str, *arguments: str, stdin: str = "", timeout_s: float = 60.0
) -> str:
    """Run a module of `inside/` in the ERP's environment and return what it printed.

    Raises `MidspanError` (`demo.erp_script`) with the end of its error output.
    """
    name = f"examples.company.erp.inside.{module}"
    command = [str(interpreter), "-m", name, *arguments]
    return _run(command, "demo.erp_script", f"the ERP's script {module} failed", stdin, timeout_s)


def clean_environment() -> Mapping[str, str]:
    """Return this process's environment without what would lead Tryton or Python astray."""
    dropped = ("TRYTOND_", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)}


def _build(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    uv, failed = _uv(), "the packages of the demo's ERP cannot be installed"
    target = str(folder / "bin" / "python")
    create = [uv, "venv", "--quiet", "--python", sys.executable, str(folder)]
    install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", target]
    _run(create, "demo.erp_install", failed, "", BUILD_TIMEOUT_S)
    _run([*install, "-r", str(REQUIREMENTS)], "demo.erp_install", failed, "", BUILD_TIMEOUT_S)


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise MidspanError(
            "demo.erp_install",
            "uv, which installs the demo's ERP, is neither beside this Python nor on the path",
            remedy="Start the demo with `make demo`, which installs it.",
        )
    return found


def _run(command: Sequence[str], code: str, failed: str, stdin: str, timeout_s: float) -> str:
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        command,
        input=stdin,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=clean_environment(),
        timeout=timeout_s,
        check=False,
    )
    if done.returncode:
        end = " | ".join(done.stderr.strip().splitlines()[-4:])
        raise MidspanError(code, f"{failed}: {end}", remedy=REMEDIES[code])
    return done.stdout
