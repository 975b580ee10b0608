"""Makes DAGs from configuration: one per sync, and one for its deletes.

Parsing reads files only: no network, no database, no adapter is imported. Broken syncs are
left out here, so that they take no healthy DAG down; ``dags/config_check.py`` reports them.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Param

from config.loader import read_project
from config.model import Sync, System
from midspan.kernel.errors import ConfigurationError
from midspan.orchestration.operators import DeletesOperator, SyncOperator

_RETRIES = 3
_FIRST_RETRY = timedelta(seconds=30)
_LONGEST_RETRY = timedelta(minutes=10)


def build_dags(home: Path) -> dict[str, DAG]:
    """Return every healthy DAG of a project folder by its id; never raises."""
    try:
        files, _ = read_project(home)
    except ConfigurationError:
        return {}
    dags = {}
    for sync in files.syncs.values():
        for dag in _dags_of(sync, files.systems[sync.config.system]):
            dags[dag.dag_id] = dag
    return dags


def pool_name(system: str) -> str:
    """Return the Airflow pool that bounds the tasks of one system."""
    return f"midspan_{system}"


def _dags_of(sync: Sync, system: System) -> Iterator[DAG]:
    config = sync.config
    with _dag("sync", sync, config.schedule, full_refresh=True) as dag:
        SyncOperator(task_id="sync", sync=sync.name, entity=config.entity)
    yield dag
    if system.streams[config.stream].config.deletes == "snapshot":
        with _dag("deletes", sync, config.deletes.schedule) as dag:
            DeletesOperator(task_id="deletes", sync=sync.name, entity=config.entity)
        yield dag


def _dag(kind: str, sync: Sync, schedule: str, *, full_refresh: bool = False) -> DAG:
    config = sync.config
    params = {"dry_run": Param(False, type="boolean", description="Judge and count, keep nothing")}
    if full_refresh:
        params["full_refresh"] = Param(
            False, type="boolean", description="Read the stream from its beginning"
        )
    return DAG(
        dag_id=f"{kind}__{config.system}__{config.stream}",
        schedule=schedule,
        catchup=False,
        max_active_runs=1,
        params=params,
        tags=[f"system:{config.system}", f"entity:{config.entity}", f"tier:{config.tier}"],
        doc_md=_documentation(kind, sync),
        default_args={
            "owner": config.owner,
            "pool": pool_name(config.system),
            "retries": _RETRIES,
            "retry_delay": _FIRST_RETRY,
            "retry_exponential_backoff": True,
            "max_retry_delay": _LONGEST_RETRY,
        },
    )


def _documentation(kind: str, sync: Sync) -> str:
    config = sync.config
    does = (
        f"Reads what changed in stream `{config.stream}` of system `{config.system}` and brings "
        f"it into the golden `{config.entity}` records."
        if kind == "sync"
        else f"Compares the keys of stream `{config.stream}` of system `{config.system}` with the "
        f"known rows and deletes those that vanished, at most {config.deletes.max_delete_pct} %."
    )
    return (
        f"{does}\n\n"
        f"Mapping: `mappings/{config.mapping}` · owner: {config.owner} · "
        f"declared in `config/syncs/{sync.node.file.name}`.\n\n"
        "Clearing a run means: run again from today's cursor."
    )
