"""The example of a third party's adapter: installed from its own folder, it is there by its name.

Its promises as an adapter are in ``tests/adapters/testing/test_dbase``.
"""

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from config.settings import Settings
from midspan.kernel.errors import ConfigurationError
from midspan.sync.project import assemble
from tests.adapters.testing.dbase_folder import FIELDS, write_table

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "examples" / "adapter_dbase"
SYSTEM = """
type: dbase
conn_id: erp
budget: {rate: 1000}
streams:
  customers:
    table: KUNDEN.DBF
    primary_key: [NUMMER]
    cursor: {fields: [GEAENDERT]}
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Install the package as pip does, into a folder of its own; nothing is fetched."""
    folder = tmp_path / "site"
    source = shutil.copytree(PACKAGE, tmp_path / "source")
    words = ["pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    command = [sys.executable, "-m", *words, "--target", str(folder), str(source)]
    subprocess.run(command, check=True, timeout=100)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project folder with one system, and the system's tables."""
    systems = tmp_path / "config" / "systems"
    systems.mkdir(parents=True)
    (systems / "erp.yaml").write_text(SYSTEM)
    moment = datetime(2026, 1, 5, 10, 0)  # noqa: DTZ001 a FoxPro stamp has no zone
    write_table(tmp_path / "KUNDEN.DBF", FIELDS, [("K1", "Meyer", moment)])
    return tmp_path


def midspan(site: Path, project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a project folder, as where the package is installed."""
    environment = {
        **os.environ,
        "MIDSPAN_HOME": str(project),
        "AIRFLOW_CONN_ERP": json.dumps({"conn_type": "file", "extra": {"path": str(project)}}),
        "PYTHONPATH": str(site),
    }
    command = [str(Path(sys.executable).with_name("midspan")), *words]
    return subprocess.run(
        command,
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_system_of_its_type_can_be_used(installed: Path, project: Path) -> None:
    """``lint`` knows its keys, ``check`` reads its table."""
    lint = midspan(installed, project, "lint")
    check = midspan(installed, project, "check", "--json")

    assert (lint.returncode, lint.stderr) == (0, "")
    assert [(row["stream"], row["ok"]) for row in json.loads(check.stdout)] == [("customers", True)]


def test_without_it_nobody_knows_its_type(project: Path) -> None:
    """It is the installation that makes the type known, nothing in the platform."""
    with pytest.raises(ConfigurationError, match="no adapter 'dbase' is installed"):
        assemble(Settings.from_environment({"MIDSPAN_HOME": str(project)}))
