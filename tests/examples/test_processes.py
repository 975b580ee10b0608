"""The demo's processes are known by name: one that ends is told of, with its last words."""

import os
import signal
import sys
from pathlib import Path

import pytest

from examples.demo.places import Places
from examples.demo.processes import Processes, stop_leftovers
from midspan.kernel.errors import MidspanError
from tests.fixtures_broker import eventually

SLEEPER = "import time; print('ready', flush=True); time.sleep(60)"


def ended(processes: Processes) -> str:
    """Return what is said of a process that ended, nothing while all run."""
    try:
        processes.require_alive()
    except MidspanError as error:
        return str(error)
    return ""


def test_a_process_that_is_killed_meanwhile_is_named_with_its_log(tmp_path: Path) -> None:
    """Nobody waits for what cannot come any more."""
    places = Places(tmp_path / "demo")
    places.logs.mkdir(parents=True)
    processes = Processes(places)
    for name in ("relay", "shop"):
        processes.start(name, [sys.executable, "-c", SLEEPER], os.environ, "ready")
    assert ended(processes) == ""

    os.kill(processes.started[1].pid, signal.SIGKILL)

    assert eventually(lambda: "[demo.process_ended] shop ended meanwhile" in ended(processes))
    assert str(places.logs / "shop.log") in ended(processes)
    stop_leftovers(places)
    assert "relay ended" in ended(processes)


def test_a_process_that_ends_while_it_starts_is_told_with_its_last_words(tmp_path: Path) -> None:
    """The message quotes the end of its log."""
    places = Places(tmp_path / "demo")
    places.logs.mkdir(parents=True)
    processes = Processes(places)
    command = [sys.executable, "-c", "raise SystemExit('no such place')"]

    with pytest.raises(MidspanError, match="no such place") as caught:
        processes.start("crm", command, os.environ, "ready")

    assert caught.value.code == "demo.process_ended"
    assert "crm ended" in ended(processes)
