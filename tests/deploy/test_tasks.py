"""The task file and the environment's set-up."""

import re
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)


def test_help_lists_every_task() -> None:
    """``make`` alone shows each task with what it does; a task without a word fails here."""
    tasks = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = _run("make").stdout

    assert set(re.findall(r"^  make ([a-z-]+) +\S", shown, re.MULTILINE)) == tasks


def test_ci_runs_the_developers_task() -> None:
    """CI has no way of its own to test."""
    words = (ROOT / ".ci" / "run").read_text().splitlines()

    assert [line for line in words if not line.startswith("#")][-1] == "make test"


def test_a_finished_set_up_is_not_repeated() -> None:
    """When .venv matches its stamp, the set-up costs next to nothing and says nothing."""
    _run("bash", "deploy/local/bootstrap.sh")
    begun = time.monotonic()
    again = _run("bash", "deploy/local/bootstrap.sh")

    assert again.stderr == ""
    assert time.monotonic() - begun < 1.0


def test_pins_name_no_package_source() -> None:
    """The pinned packages come from wherever the person's own configuration says."""
    assert "://" not in (ROOT / "constraints.txt").read_text()
