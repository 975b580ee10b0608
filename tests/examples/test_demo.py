"""The whole path, as a user runs it: legacy systems, Airflow, centers, broker and an app."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COUNTED = ("inserted", "updated", "unchanged", "filtered", "quarantined", "duplicate", "stale")
DEMO_SECONDS = 240


def demo(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run the demo's command on a folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", "examples.demo", *words, "--folder", str(folder)],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "132"},
        capture_output=True,
        text=True,
        timeout=DEMO_SECONDS,
        check=False,
    )


@pytest.fixture
def folder(amqp_url: str, tmp_path: Path) -> Iterator[Path]:
    """Name a folder for a demo on the tests' broker; whatever runs there is stopped."""
    folder = tmp_path / "demo"
    yield folder
    assert demo(folder, "down").returncode == 0


@pytest.mark.alone
@pytest.mark.timeout(2 * DEMO_SECONDS)
def test_the_demo_ends_with_every_number_right(folder: Path) -> None:
    """Exit 0, and the summary shows what was read, refused, merged, committed and received."""
    done = demo(folder)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    summary = json.loads((folder / "summary.json").read_text())

    runs = [run for sync in summary["syncs"].values() for run in sync["runs"]]
    assert summary["ok"]
    assert summary["findings"] == []
    assert all(run["read"] == sum(run[name] for name in COUNTED) for run in runs)
    assert sum(run["missing"] for run in runs if run["kind"] == "deletes") == 2
    # How many there are depends on which system's first sync ends first: each run says its own.
    told = sum(run["events"] for run in runs)
    assert summary["events"] == {"committed": told, "received": told}
    assert told > 180
    assert summary["merges"] == 1
    assert sum(one["count"] for one in summary["refused"]) == 8
    assert summary["customer_source_rows"] > summary["golden"]["customer"] > 300


def test_a_taken_port_is_named_before_anything_starts(folder: Path) -> None:
    """The message says which port, for what, and what to do; nothing is left running."""
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1"],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        text=True,
    ) as other:
        assert other.stdout is not None
        port = other.stdout.readline().split(" port ")[1].split()[0]
        done = demo(folder, "--airflow-port", port)
        other.terminate()

    assert done.returncode == 2
    assert f"[demo.port_taken] port {port}, meant for Airflow" in done.stdout
    assert "--airflow-port" in done.stdout
    assert not (folder / "processes.json").exists()


def test_a_broker_that_is_down_is_named_before_anything_starts(tmp_path: Path) -> None:
    """The message names the address and the variable, without the password."""
    url = "amqp://guest:hidden-word@127.0.0.1:1/"
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo", "--folder", str(tmp_path / "demo")],
        cwd=ROOT,
        env=os.environ | {"MIDSPAN_AMQP_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert "MIDSPAN_AMQP_URL names amqp://guest@127.0.0.1:1/" in done.stdout
    assert "hidden-word" not in done.stdout + done.stderr
    assert not (tmp_path / "demo").exists()
