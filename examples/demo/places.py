"""Where the demo keeps everything: one folder, which the next demo empties.

The namespace on the broker is made from the folder, so that two demos never meet; the
standard folder's is ``demo``.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.airflow import LocalAirflow

ROOT: Final = Path(__file__).resolve().parents[2]
STANDARD: Final = ROOT / "var" / "demo"


@dataclass(frozen=True, slots=True)
class Places:
    """The files and folders under the demo's ``root``."""

    root: Path

    @property
    def state(self) -> Path:
        """Return the platform's own state (MIDSPAN_STATE)."""
        return self.root / "state"

    @property
    def erp(self) -> Path:
        """Return the folder of the ERP's database and log."""
        return self.root / "erp"

    @property
    def crm(self) -> Path:
        """Return the CRM's database file."""
        return self.root / "crm.sqlite"

    @property
    def prices(self) -> Path:
        """Return the folder where price lists are dropped."""
        return self.root / "prices"

    @property
    def shop(self) -> Path:
        """Return the shop's read model."""
        return self.root / "shop.sqlite"

    @property
    def airflow(self) -> Path:
        """Return Airflow's home."""
        return self.root / "airflow"

    @property
    def logs(self) -> Path:
        """Return the folder of the processes' logs, which is also where they work."""
        return self.root / "logs"

    @property
    def record(self) -> Path:
        """Return the record of started processes."""
        return self.root / "processes.json"

    @property
    def environment(self) -> Path:
        """Return the file that gives a shell the demo's environment."""
        return self.root / "environment"

    @property
    def summary(self) -> Path:
        """Return what the demo measured, for machines."""
        return self.root / "summary.json"

    @property
    def lock(self) -> Path:
        """Return the lock that one running demo holds."""
        return self.root.with_name(f".{self.root.name}.lock")

    @property
    def namespace(self) -> str:
        """Return the first word of the demo's queues and exchanges."""
        if self.root == STANDARD:
            return "demo"
        return f"demo-{hashlib.sha256(os.fsencode(self.root)).hexdigest()[:8]}"

    def center(self, name: str) -> Path:
        """Return the database file of a center."""
        return self.state / "store" / f"{name}.db"

    def local_airflow(self, python: Path, port: int | None, env: Mapping[str, str]) -> LocalAirflow:
        """Return this demo's Airflow on the checkout's DAGs, started or not."""
        return LocalAirflow(self.airflow, ROOT, port, env, python)
