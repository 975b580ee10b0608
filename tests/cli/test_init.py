"""A new project is whole from its first minute, and nothing of yours is overwritten."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from midspan.cli.main import main
from midspan.cli.scaffold import TYPES

HOME = Path(__file__).resolve().parents[2]


def init(folder, *words):
    return CliRunner().invoke(main, ["init", str(folder), *words])


def lint(folder):
    places = {"MIDSPAN_HOME": str(folder), "MIDSPAN_STATE": str(folder / "var")}
    return CliRunner().invoke(main, ["lint"], env=places)


@pytest.mark.parametrize("name", TYPES)
def test_a_new_project_is_proven_at_once(tmp_path, name):
    """With an example of any type, and no connection yet."""
    done = init(tmp_path / "acme", "--type", name)

    assert done.exit_code == 0, done.output
    assert (tmp_path / f"acme/config/systems/legacy_{name}.yaml").is_file()
    assert lint(tmp_path / "acme").exit_code == 0


def test_secrets_are_the_owners_alone_and_never_versioned(tmp_path):
    """From the moment the file exists."""
    init(tmp_path / "acme")

    mode = (tmp_path / "acme/secrets.yaml").stat().st_mode
    ignored = (tmp_path / "acme/.gitignore").read_text().split()
    assert stat.S_IMODE(mode) == 0o600
    assert {"secrets.yaml", "var/"} <= set(ignored)


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    """One that holds a repository and nothing more is as good as empty."""
    (tmp_path / "mine/.git").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/thesis.tex").write_text("x")

    assert init(tmp_path / "mine").exit_code == 0
    refused = init(tmp_path / "other")
    assert refused.exit_code == 2
    assert "thesis.tex" in refused.output
    assert [one.name for one in (tmp_path / "other").iterdir()] == ["thesis.tex"]


def test_a_folder_that_cannot_be_made_is_told():
    """In words, with what to look at: not by a trace of our own code."""
    refused = init("/proc/acme")

    assert refused.exit_code == 2
    assert "[cli.file] /proc/acme cannot be read or written" in refused.output


def test_in_a_project_only_the_schemas_are_made_anew(tmp_path):
    """Files that were changed, and those that were deleted on purpose, stay as they are."""
    init(tmp_path)
    system, schema = tmp_path / "config/systems/legacy_sql.yaml", tmp_path / "config/schemas"
    system.write_text("type: sql\nconn_id: mine\n")
    (tmp_path / "README.md").unlink()
    (schema / "sync.schema.json").write_text("{}")

    done = init(tmp_path, "--json")

    assert json.loads(done.stdout)["written"] == ["config/schemas/sync.schema.json"]
    assert system.read_text() == "type: sql\nconn_id: mine\n"
    assert not (tmp_path / "README.md").exists()


def test_an_example_is_added_to_a_project_on_request(tmp_path):
    """And never over a file of that name."""
    init(tmp_path)
    (tmp_path / "config/systems/legacy_rest.yaml").write_text("mine")

    done = init(tmp_path, "--type", "rest", "--type", "soap", "--json")

    assert json.loads(done.stdout)["written"] == ["config/systems/legacy_soap.yaml"]
    assert (tmp_path / "config/systems/legacy_rest.yaml").read_text() == "mine"


@pytest.mark.parametrize("name", ["syncs.py", "config_check.py"])
def test_a_projects_dags_are_those_of_this_checkout(tmp_path, name):
    """One way of doing a thing."""
    init(tmp_path)

    assert (tmp_path / "dags" / name).read_text() == (HOME / "dags" / name).read_text()
