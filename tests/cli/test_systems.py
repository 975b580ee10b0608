"""A person stops all calls into a system with one word, and sees who did."""

import getpass
import json

import pytest
from click.testing import CliRunner

from midspan.cli.main import main

SYSTEM = """
type: file
conn_id: lists
windows: [{from: "00:00", to: "24:00", zone: UTC, lanes: [backfill]}]
streams: {}
"""


@pytest.fixture
def midspan(tmp_path):
    """Run the command on a project of one system."""
    (tmp_path / "config/systems").mkdir(parents=True)
    (tmp_path / "config/systems/lists.yaml").write_text(SYSTEM)
    places = {"MIDSPAN_HOME": str(tmp_path), "MIDSPAN_STATE": str(tmp_path / "state")}
    places |= {"MIDSPAN_STORE_URL": "", "AIRFLOW_CONN_LISTS": f"file://{tmp_path}"}
    return lambda *words, **more: CliRunner().invoke(main, words, env=places | more)


def system(done):
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)["systems"][0]


def test_a_pause_is_kept_with_who_and_why_until_it_is_resumed(midspan):
    """Status shows it to everybody."""
    paused = midspan("pause", "lists", "--why", "month end")
    during = system(midspan("status", "--json"))
    resumed = midspan("resume", "lists")
    after = system(midspan("status", "--json"))

    assert f"lists: paused by {getpass.getuser()}: month end" in paused.stdout
    assert during["paused"]["by"] == getpass.getuser()
    assert during["paused"]["why"] == "month end"
    assert resumed.exit_code == 0
    assert after["paused"] is None


def test_status_shows_which_lanes_a_window_keeps_out(midspan):
    """And until when; the others go on."""
    shown = system(midspan("status", "--json"))

    assert shown["state"] == "closed"
    assert list(shown["closed_until"]) == ["backfill"]
    assert shown["breaker"] == "closed"


def test_without_a_home_the_current_folder_is_the_project(midspan, tmp_path, monkeypatch):
    """Where it holds one; nobody speaks of the demo company inside his own project."""
    monkeypatch.chdir(tmp_path)

    shown = midspan("status", "--json", MIDSPAN_HOME="")

    assert system(shown)["system"] == "lists"


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_an_unknown_system_is_answered_with_the_nearest(midspan, verb):
    """Nothing is paused by mistake."""
    done = midspan(verb, "list")

    assert done.exit_code == 2
    assert "Did you mean 'lists'?" in done.stderr
