"""DAGs come from configuration: all of the healthy ones, without touching anything outside."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]

_LOAD = """
import json, sys, time
from pathlib import Path
from airflow.sdk import DAG
from midspan.orchestration.factory import build_dags
began = time.process_time()
dags = build_dags(Path(sys.argv[1]))
spent = time.process_time() - began
heavy = sorted(set(sys.modules) & {"adapters", "zeep", "pika", "lxml", "midspan.store", "mappings"})
print(json.dumps({
    "spent": spent,
    "heavy": heavy,
    "dags": {d.dag_id: {
        "tasks": [t.task_id for t in d.tasks], "tags": sorted(d.tags), "runs": d.max_active_runs,
        "catchup": d.catchup, "doc": d.doc_md, "pool": d.tasks[0].pool,
        "params": sorted(d.params)} for d in dags.values()},
}))
"""


@pytest.fixture
def home(tmp_path):
    for folder in ("config/systems", "config/syncs", "mappings"):
        shutil.copytree(HOME / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.py"))
    return tmp_path


def python(tmp_path, *arguments, home=HOME):
    environment = os.environ | {"AIRFLOW_HOME": str(tmp_path / "af"), "MIDSPAN_HOME": str(home)}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=tmp_path,
    )


def load(tmp_path, home):
    import json

    done = python(tmp_path, "-c", _LOAD, str(home))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_each_sync_is_a_dag_and_its_deletes_another(tmp_path):
    """Named by system and stream, tagged, in the system's pool, one run at a time."""
    loaded = load(tmp_path, HOME)
    dag = loaded["dags"]["sync__erp__customers"]

    assert set(loaded["dags"]) == {
        f"{kind}__{name}"
        for kind in ("sync", "deletes")
        for name in ("erp__customers", "erp__products", "crm__customers", "pricelist__prices")
    }
    assert dag["tags"] == ["entity:customer", "system:erp", "tier:gold"]
    assert (dag["runs"], dag["catchup"], dag["pool"]) == (1, False, "midspan_erp")
    assert dag["params"] == ["dry_run", "full_refresh"]
    assert "erp_customers.yaml" in dag["doc"]


def test_parsing_reads_files_only(tmp_path):
    """No adapter, broker, mapping or store is imported to make the DAGs."""
    assert load(tmp_path, HOME)["heavy"] == []


def test_a_broken_sync_is_left_out_and_reported_apart(tmp_path, home):
    """The healthy DAGs stay; the check raises with file, line and column."""
    (home / "config/syncs/erp.customers.yaml").write_text("system: epr\nstream: customers\n")

    dags = load(tmp_path, home)["dags"]
    check = python(tmp_path, str(HOME / "dags" / "config_check.py"), home=home)

    assert "sync__erp__customers" not in dags
    assert "sync__crm__customers" in dags
    assert check.returncode != 0
    assert "erp.customers.yaml:1:1" in check.stderr


def test_a_misspelt_mapping_field_shows_in_airflow(tmp_path, home):
    """With file, line, column and the right name, before any run needs the mapping."""
    mapping = home / "mappings" / "erp_customers.yaml"
    mapping.write_text(mapping.read_text().replace("\n  email:", "\n  emial:", 1))

    check = python(tmp_path, str(HOME / "dags" / "config_check.py"), home=home)

    assert check.returncode != 0
    assert re.search(r"erp_customers\.yaml:\d+:3: .*Did you mean 'email'", check.stderr)


def test_the_check_of_a_healthy_project_is_silent(tmp_path):
    """No DAG, no error."""
    assert python(tmp_path, str(HOME / "dags" / "config_check.py")).returncode == 0


def test_a_project_that_is_none_gives_no_dag_and_no_crash(tmp_path):
    """The DAG file never raises."""
    assert load(tmp_path, tmp_path)["dags"] == {}
