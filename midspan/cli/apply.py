"""Makes what a project needs before its first run: the centers' tables, and Airflow's pools.

Idempotent. A pool bounds the tasks of one system to what its budget allows at the same time;
without its pool a task of the system never starts.
"""

import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from midspan.kernel.errors import MidspanError
from midspan.sync.project import Project

_SECONDS = 120


def create_stores(project: Project) -> list[str]:
    """Create the tables of every center; return the centers' names."""
    for name in project.centers:
        project.store(name)
    return list(project.centers)


def create_pools(project: Project) -> list[str]:
    """Create or resize the pool of every system in the Airflow of this environment."""
    if find_spec("airflow") is None:
        raise MidspanError(
            "apply.no_airflow",
            "Airflow is not installed in this environment",
            remedy="Run this where Airflow runs, or give --no-pools",
        )
    pools = {
        f"midspan_{system.name}": {
            "slots": system.config.budget.concurrency,
            "description": f"Budget of {system.name}",
            "include_deferred": True,
        }
        for system in project.systems.values()
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pools.json"
        file.write_text(json.dumps(pools))
        done = subprocess.run(  # noqa: S603 our own interpreter and a file of ours
            [sys.executable, "-m", "airflow", "pools", "import", str(file)],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    if done.returncode:
        last = ((done.stdout + done.stderr).strip().splitlines() or ["no reason given"])[-1]
        raise MidspanError(
            "apply.pools",
            f"Airflow did not take the pools: {last}",
            remedy="Check AIRFLOW_HOME and that 'airflow db migrate' has run",
        )
    return sorted(pools)
