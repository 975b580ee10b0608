"""Metadata database of the local Airflow: migrated once per Airflow version, then copied.

Guarantee: a home's database is either absent, or complete at the revision of the installed
Airflow. The migrated template lives in a cache, is written beside its place and moved in one
step, so that a run killed in the middle leaves nothing half migrated behind.
"""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deploy.local.airflow_settings import environment
from midspan.kernel.errors import MidspanError

_MIGRATE_SECONDS = 180
_VERSION = "from importlib.metadata import version; print(version('apache-airflow-core'))"


def provide(home: Path, cache: Path, python: Path) -> None:
    """Give ``home`` a database at the installed Airflow's revision, keeping one it has."""
    database = home / "airflow.db"
    template = _template(cache, python)
    if not database.exists():
        temporary = database.with_suffix(".tmp")
        shutil.copyfile(template, temporary)
        temporary.replace(database)
    elif _revision(database) != _revision(template):
        _migrate(home, database, python)


def installed_version(python: Path) -> str:
    """Return the version of the Airflow that ``python`` imports."""
    result = _run([str(python), "-c", _VERSION], os.environ, 30)
    if result.returncode:
        raise MidspanError(
            "airflow.not_installed",
            f"{python} has no Airflow",
            remedy="install the airflow extra into that environment, or name another Python",
        )
    return result.stdout.strip()


def _template(cache: Path, python: Path) -> Path:
    template = cache / f"airflow-{installed_version(python)}.sqlite"
    if not template.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="migrating-") as folder:
            fresh = Path(folder) / "airflow.db"
            _migrate(Path(folder), fresh, python)
            fresh.replace(template)
    return template


def _migrate(home: Path, database: Path, python: Path) -> None:
    settings = environment(home, home, 0, 0)
    command = [str(python), "-m", "airflow", "db", "migrate"]
    result = _run(command, settings, _MIGRATE_SECONDS)
    if result.returncode:
        raise MidspanError(
            "airflow.migration_failed",
            f"Airflow could not migrate {database}: {_last_line(result.stdout)}",
            remedy="mend what it names (one provider that cannot be imported stops all of "
            "Airflow), or remove that file for a new one",
        )
    # Write-ahead logging is a property of the file: readers and the writer stop blocking each
    # other, which four processes on one SQLite file need.
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def _revision(database: Path) -> str | None:
    """Return the schema revision, or None for a file that never was migrated to its end."""
    connection = sqlite3.connect(database)
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return None
    finally:
        connection.close()
    return str(row[0]) if row else None


def _run(
    command: list[str], settings: Mapping[str, str], seconds: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - fixed arguments, no shell
        command,
        env=dict(settings),
        stdin=subprocess.DEVNULL,
        cwd="/",  # never the caller's folder: Python puts it on the path
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no output"])[-1]
