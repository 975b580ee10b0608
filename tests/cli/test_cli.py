"""The command says what is wrong, where and what to do, and its exit code says which kind."""

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from midspan.cli.main import main

HOME = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path):
    """Make a project folder with the CRM's sync alone."""
    for folder in ("config/systems", "config/syncs", "mappings"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("config/systems/crm.yaml", "config/syncs/crm.customers.yaml"):
        shutil.copy(HOME / file, tmp_path / file)
    shutil.copy(HOME / "mappings/crm_customers.yaml", tmp_path / "mappings")
    shutil.copytree(HOME / "mappings/lookups", tmp_path / "mappings/lookups")
    return tmp_path


def midspan(home, *words, **environment):
    inherited = dict.fromkeys(name for name in os.environ if name.startswith("MIDSPAN_"))
    places = {"MIDSPAN_HOME": str(home), "MIDSPAN_STATE": str(home / "state")}
    return CliRunner().invoke(main, words, env={**inherited, **places, **environment})


def test_the_demo_companys_project_is_proven_before_it_runs(tmp_path):
    """Configuration, mappings and the mappings' own examples."""
    done = midspan(HOME, "lint", MIDSPAN_STATE=str(tmp_path))

    assert (done.exit_code, done.stderr) == (0, "")
    assert "0 failing examples" in done.stdout


def test_a_misspelt_canonical_field_is_named_with_its_place(home):
    """Before anything runs, with the nearest known name."""
    file = home / "mappings/crm_customers.yaml"
    line = next(
        number
        for number, text in enumerate(file.read_text().splitlines(), 1)
        if text.startswith("  email:")
    )
    file.write_text(file.read_text().replace("\n  email:", "\n  emial:", 1))

    done = midspan(home, "sync", "crm.customers")

    assert done.exit_code == 2
    assert f"crm_customers.yaml:{line}:3" in done.stderr
    assert "Did you mean 'email'?" in done.stderr
    assert not (home / "state").exists()


def test_lint_calls_nobody_and_leaves_nothing(home):
    """No connection is needed, no store is made."""
    done = midspan(home, "lint")

    assert done.exit_code == 0
    assert not (home / "state").exists()


def test_a_broken_system_hides_no_other(home, crm):
    """Every system is checked; the worst finding decides the exit code."""
    shutil.copy(HOME / "config/systems/pricelist.yaml", home / "config/systems")
    uri = crm.url.replace("http://", f"http://{crm.user}:{crm.password}@")

    done = midspan(
        home,
        "check",
        "--json",
        AIRFLOW_CONN_MIDSPAN_CRM=uri,
        AIRFLOW_CONN_MIDSPAN_PRICELIST=f"file://{home}/nowhere",
    )

    found = {one["system"]: one["ok"] for one in json.loads(done.stdout)}
    assert found == {"crm": True, "pricelist": False}
    assert done.exit_code != 0


@pytest.mark.timeout(25)
def test_a_system_that_allows_one_call_at_a_time_is_checked_at_once(home, crm):
    """No call waits for a place that its own caller holds until that expires."""
    file = home / "config/systems/crm.yaml"
    file.write_text(file.read_text().replace("concurrency: 2", "concurrency: 1"))
    uri = crm.url.replace("http://", f"http://{crm.user}:{crm.password}@")

    done = midspan(home, "check", AIRFLOW_CONN_MIDSPAN_CRM=uri)

    assert done.exit_code == 0, done.output


def test_a_wrong_password_is_told_without_showing_it(home, crm):
    """What, where and what to do; exit 2, for a person has to act."""
    uri = crm.url.replace("http://", f"http://{crm.user}:wrong-hunter2@")

    done = midspan(home, "check", AIRFLOW_CONN_MIDSPAN_CRM=uri)

    assert done.exit_code == 2
    assert "midspan_crm" in done.stderr
    assert "wrong-hunter2" not in done.stderr + done.stdout


def test_a_connection_that_nothing_defines_says_where_to_define_it(home):
    """The variable is named."""
    done = midspan(home, "check", "crm")

    assert done.exit_code == 2
    assert "AIRFLOW_CONN_MIDSPAN_CRM" in done.stderr


def test_an_unreachable_system_is_transient(home):
    """Exit 3: it may work later."""
    done = midspan(home, "check", AIRFLOW_CONN_MIDSPAN_CRM="http://u:p@127.0.0.1:1/")

    assert done.exit_code == 3
    assert "127.0.0.1:1" in done.stderr


@pytest.mark.parametrize("words", [("relay",), ("serve", "user_center")])
def test_an_unreachable_broker_ends_a_service_at_its_start(home, words):
    """It names the address and the variable that says another one, never the password."""
    url = "amqp://guest:hunter2@127.0.0.1:1/"

    done = midspan(home, *words, MIDSPAN_AMQP_URL=url)

    assert done.exit_code == 3
    assert "127.0.0.1:1" in done.stderr
    assert "MIDSPAN_AMQP_URL" in done.stderr
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("sync", "crm.custmers"), "Did you mean 'crm.customers'?"),
        (("check", "crn"), "Did you mean 'crm'?"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(home, words, hint):
    """Nobody has to look the names up."""
    done = midspan(home, *words)

    assert done.exit_code == 2
    assert hint in done.stderr


def test_a_home_that_is_no_project_says_so(tmp_path):
    """Exit 2, and MIDSPAN_HOME is named."""
    done = midspan(tmp_path, "lint")

    assert done.exit_code == 2
    assert "MIDSPAN_HOME" in done.stderr


def test_a_dry_run_counts_and_keeps_nothing(home, crm):
    """The ledger is that of a real run; the store stays empty."""
    uri = crm.url.replace("http://", f"http://{crm.user}:{crm.password}@")
    dry = midspan(
        home, "sync", "crm.customers", "--dry-run", "--json", AIRFLOW_CONN_MIDSPAN_CRM=uri
    )

    report = json.loads(dry.stdout)
    status = json.loads(midspan(home, "status", "--json").stdout)
    assert report["balanced"]
    assert report["inserted"] > 100
    assert status["centers"][0]["golden"] == {"customer": 0}
    assert status["syncs"][0]["runs"] == []


def test_a_run_its_ledger_and_what_it_refused_can_be_read_back(home, crm):
    """Sync, status, quarantine: balanced figures, codes and places, no personal value."""
    uri = crm.url.replace("http://", f"http://{crm.user}:{crm.password}@")
    ran = midspan(home, "sync", "crm.customers", "--json", AIRFLOW_CONN_MIDSPAN_CRM=uri)
    report = json.loads(ran.stdout)
    status = json.loads(midspan(home, "status", "--json").stdout)
    refused = json.loads(midspan(home, "quarantine", "list", "--json").stdout)

    assert report["balanced"]
    assert report["quarantined"] == len(refused) == 6
    assert status["syncs"][0]["runs"][-1]["read"] == report["read"]
    assert {row["code"] for row in refused} > {"mapping.email.invalid", "mapping.required"}
    assert "not-an-email" not in json.dumps(refused)
