"""What Airflow does about an error is decided by the error's class alone."""

from pathlib import Path

import pytest

from deploy.local.airflow import LocalAirflow

_CLOSED = """
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import DAG

from midspan.kernel.errors import SystemClosed
from midspan.orchestration.operators import SyncOperator

BEEN = Path(__file__).with_suffix(".been")


class Report:
    changed, dry_run = False, False

    def as_dict(self):
        return {"read": 0}


class ClosedOnce(SyncOperator):
    def _run(self, options):
        with BEEN.open("a") as been:
            been.write("x")
        if BEEN.read_text() == "x":
            reopens_at = datetime.now(UTC) + timedelta(seconds=2)
            raise SystemClosed("governor.window_closed", "closed", reopens_at)
        return Report()


with DAG("closed", schedule=None):
    ClosedOnce(task_id="sync", sync="erp.customers", entity="customer", retries=0)
"""


def _dags(folder: Path) -> None:
    (folder / "closed.py").write_text(_CLOSED)


@pytest.mark.parametrize("airflow", [_dags], indirect=True)
def test_a_closed_system_lets_the_task_come_back_without_an_attempt(airflow: LocalAirflow) -> None:
    """A task that may not be repeated at all runs again when the window is over."""
    airflow.api.wait_for_dags(["closed"])
    airflow.api.unpause("closed")
    run = airflow.api.trigger("closed")

    assert airflow.api.wait_run("closed", run, timeout=60) == "success"
    assert (airflow.dags_folder / "closed.been").read_text() == "xx"
