"""The ERP's database: built once as a template, copied for every run.

Guarantee: a template stands under its name only when it is complete, and its name is the hash of
everything it was built from, so a changed pin, seed or population makes a new one. A killed
build leaves nothing that a later one would take for finished.
"""

import json
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from examples.company.erp.environment import (
    HERE,
    REQUIREMENTS,
    VAR,
    digest,
    locked,
    python,
    run_inside,
)

DATABASE = "erp"
ADMIN, INTEGRATION = "admin", "midspan"
"""The clerk's login, who may change everything, and the integration's, which may only read."""

BUILD_TIMEOUT_S = 300.0


def template() -> Path:
    """Return the template database, building environment and template when needed."""
    interpreter = python()
    target = VAR / "cache" / f"erp-{_fingerprint()}.sqlite"
    with locked("template"):
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _build(interpreter, target)
    return target


def fresh_copy(folder: Path, passwords: Mapping[str, str]) -> Path:
    """Put a fresh copy of the template into `folder`, with a password per login; return its path.

    Whatever database stood there is gone; no server may be running on it.
    """
    source = template()
    answer = run_inside(python(), "hash_passwords", stdin=json.dumps(dict(passwords)))
    hashes: dict[str, str] = json.loads(answer)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{DATABASE}.sqlite"
    for leftover in folder.glob(f"{target.name}*"):
        leftover.unlink()
    part = folder / "copy.part"
    shutil.copyfile(source, part)
    _set_passwords(part, hashes)
    return part.replace(target)


def _fingerprint() -> str:
    scripts = sorted((HERE / "inside").glob("*.py"))
    population = [HERE.parent / name for name in ("population.py", "lists.py", "tax_ids.py")]
    return digest([REQUIREMENTS, *scripts, *population], sys.version)


def _build(interpreter: Path, target: Path) -> None:
    """Build in a folder of its own beside `target` and move the finished file into place."""
    for leftover in target.parent.glob("erp-build-*"):
        shutil.rmtree(leftover)
    with tempfile.TemporaryDirectory(prefix="erp-build-", dir=target.parent) as name:
        folder = Path(name)
        config = folder / "trytond.conf"
        config.write_text(f"[database]\npath = {folder}\n[cache]\nrecord = 200\n")
        run_inside(interpreter, "build", str(config), DATABASE, timeout_s=BUILD_TIMEOUT_S)
        whole = folder / "whole.sqlite"
        with closing(sqlite3.connect(folder / f"{DATABASE}.sqlite")) as connection:
            connection.execute("VACUUM INTO ?", [str(whole)])
        whole.replace(target)


def _set_passwords(file: Path, hashes: Mapping[str, str]) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for login, password_hash in hashes.items():
            connection.execute(
                "UPDATE res_user SET password_hash = ? WHERE login = ?", [password_hash, login]
            )
