"""The local Airflow runs DAGs, survives being killed, and leaves nothing behind."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import airflow_process
from deploy.local.airflow import LocalAirflow
from midspan.kernel.errors import MidspanError, RemoteError

_TINY = """
from airflow.sdk import DAG, Param, task

with DAG("tiny", schedule=None, params={"fail": Param(False, type="boolean")}, tags=["demo"]):

    @task
    def speak(params=None):
        if params["fail"]:
            raise ValueError("asked to fail")

    speak()
"""


@pytest.fixture(scope="module")
def dags_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle root whose dags/ is parsed, beside a file that would break the parse."""
    root = tmp_path_factory.mktemp("bundle")
    (root / "dags").mkdir()
    (root / "dags" / "tiny.py").write_text(_TINY)
    (root / "broken.py").write_text("from airflow.sdk import DAG\nraise RuntimeError\n")
    (root / ".airflowignore").write_text("/*\n!/dags\n")
    return root


@pytest.fixture(scope="module")
def local(dags_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    """Return one Airflow that the tests of this file start, kill and stop in turn."""
    home = tmp_path_factory.mktemp("airflow")
    airflow = LocalAirflow(home, dags_folder, None, {}, Path(sys.executable))
    airflow.prepare()
    yield airflow
    airflow.stop()


def test_secrets_are_for_the_owner_alone(local: LocalAirflow) -> None:
    """Password and keys are generated, lie in files of mode 0600 and stay the same."""
    password = local.password

    local.prepare()

    assert local.password == password
    for name in ("airflow.cfg", "simple_auth_manager_passwords.json"):
        assert (local.home / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.alone
def test_life_and_death(local: LocalAirflow, dags_folder: Path) -> None:
    """Runs succeed, before and after a SIGKILL of all; a stop from outside leaves nothing."""
    local.start()
    local.wait_ready()
    local.api.wait_for_dags(["tiny"])
    local.api.unpause("tiny")
    first = local.api.trigger("tiny")
    assert local.api.wait_run("tiny", first, timeout=60) == "success"
    failed = local.api.trigger("tiny", {"fail": True})
    assert local.api.wait_run("tiny", failed, timeout=30) == "failed"
    assert "asked to fail" in str(local.api.failure_logs("tiny", failed))
    with pytest.raises(RemoteError, match="404"):
        local.api.trigger("unknown")

    leftovers = local.components()
    for component in leftovers:
        os.kill(component.pid, signal.SIGKILL)
    local.start()
    local.wait_ready()

    assert not any(airflow_process.members(component) for component in leftovers)
    again = local.api.trigger("tiny")
    assert local.api.wait_run("tiny", again, timeout=60) == "success"
    assert local.api.runs("tiny")[first] == "success"

    running = local.components()
    stranger = LocalAirflow(local.home, dags_folder, None, {}, Path(sys.executable))
    stranger.stop()

    assert not any(airflow_process.members(component) for component in running)


def test_a_taken_port_is_refused_before_anything_starts(dags_folder: Path, tmp_path: Path) -> None:
    """The error names the port and what to do; no process was started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        airflow = LocalAirflow(tmp_path, dags_folder, port, {}, Path(sys.executable))

        with pytest.raises(MidspanError, match=f"port {port}.*choose another port"):
            airflow.start()

    assert airflow.components() == []


def test_a_python_without_airflow_is_named(dags_folder: Path, tmp_path: Path) -> None:
    """A wrong interpreter ends with what to install, not with a traceback of Airflow."""
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\nexit 1\n")
    bare.chmod(0o755)
    airflow = LocalAirflow(tmp_path / "home", dags_folder, None, {}, bare, cache=tmp_path)

    with pytest.raises(MidspanError, match="has no Airflow"):
        airflow.prepare()


def test_a_stranger_with_a_reused_id_is_left_alone() -> None:
    """A record whose start time is not the process's own names nobody."""
    mine = airflow_process.Component("x", os.getpid(), 1, airflow_process.boot_id(), 0)

    assert not airflow_process.is_alive(mine)
    assert airflow_process.members(mine) == []
