"""Lets Airflow's own scheduler run the syncs, and waits for them.

The DAGs keep their schedules; the runs the demo waits for are asked for by name, since it
cannot wait for the next full ten minutes. A run by schedule that falls into the demo is waited
for as well. Every wait is bounded and says at its end what it saw.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from deploy.local.airflow import LocalAirflow
from midspan.kernel.errors import MidspanError, TransientError

SYNCS: Final = ("erp.customers", "erp.products", "crm.customers", "pricelist.prices")
DELETES: Final = ("erp.customers", "erp.products", "crm.customers")
POOL_SLOTS: Final = 2
_FINISHED: Final = {"success", "failed"}
_RUN_SECONDS: Final = 180.0
_POLL_SECONDS: Final = 0.3

Say = Callable[[str], None]


def dag_id(kind: str, sync: str) -> str:
    """Return the id of a sync's DAG; ``kind`` is sync or deletes."""
    return f"{kind}__{sync.replace('.', '__')}"


def open_pools(airflow: LocalAirflow) -> None:
    """Make the pool of each system, without which no task of it would start."""
    for system in sorted({sync.partition(".")[0] for sync in SYNCS}):
        airflow.api.create_pool(f"midspan_{system}", POOL_SLOTS)


def first_runs(airflow: LocalAirflow, say: Say) -> None:
    """Run each sync for the first time; wait for all."""
    syncs = [dag_id("sync", sync) for sync in SYNCS]
    airflow.api.wait_for_dags([*syncs, *(dag_id("deletes", sync) for sync in DELETES)])
    _run(airflow, syncs, say)


def next_runs(airflow: LocalAirflow, say: Say) -> None:
    """Run each sync again, and for the first time look for deletes; wait for all."""
    syncs = [dag_id("sync", sync) for sync in SYNCS]
    _run(airflow, [*syncs, *(dag_id("deletes", sync) for sync in DELETES)], say)


def _run(airflow: LocalAirflow, dags: Iterable[str], say: Say) -> None:
    wanted = {}
    for dag in dags:
        airflow.api.unpause(dag)
        wanted[dag] = airflow.api.trigger(dag)
    _wait(airflow, wanted, say)


def _wait(airflow: LocalAirflow, wanted: Mapping[str, str], say: Say) -> None:
    """Wait until the wanted run of each DAG has succeeded and no run of it is under way."""
    deadline = time.monotonic() + _RUN_SECONDS
    left = dict(wanted)
    while left:
        for dag, run in tuple(left.items()):
            runs = airflow.api.runs(dag)
            if run in runs and _FINISHED.issuperset(runs.values()):
                _require_success(airflow, dag, runs)
                say(f"{dag}: done")
                del left[dag]
        if time.monotonic() > deadline:
            raise _unfinished(airflow, left)
        time.sleep(_POLL_SECONDS if left else 0)


def _require_success(airflow: LocalAirflow, dag: str, runs: Mapping[str, str]) -> None:
    for run, state in runs.items():
        if state != "success":
            raise MidspanError(
                "demo.sync_failed",
                f"Airflow's run {run} of {dag} is {state}\n{_trouble(airflow, dag, [run])}",
                remedy="Its whole log is in Airflow's UI",
            )


def _unfinished(airflow: LocalAirflow, left: Iterable[str]) -> TransientError:
    troubles = (f"{dag}\n{_trouble(airflow, dag, airflow.api.runs(dag))}" for dag in left)
    return TransientError(
        "demo.sync_unfinished",
        f"after {_RUN_SECONDS:.0f} s Airflow has not finished " + "\n".join(troubles),
        remedy="See the tasks in Airflow's UI, and its scheduler's log",
    )


def _trouble(airflow: LocalAirflow, dag: str, runs: Iterable[str]) -> str:
    """Return what the tasks of these runs are at, and the errors that their logs tell of."""
    lines = []
    for run in runs:
        for task in airflow.api.tasks(dag, run):
            lines.append(f"  {run}: {task}")
            if task.state in ("failed", "up_for_retry"):
                log = airflow.api.log(dag, run, task).splitlines()
                lines += [f"    {line}" for line in log if " | " in line]
    return "\n".join(lines)
