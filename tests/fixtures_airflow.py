"""Fixtures that run a real Airflow: nothing they start outlives the test session.

``start_airflow(dags_folder, env)`` returns a ready LocalAirflow; all are stopped at the end of
the session. ``airflow`` is one Airflow for a whole module, on the DAGs folder that its
parameter's factory makes::

    def dags(folder: Path) -> None:
        (folder / "tiny.py").write_text(...)

    @pytest.mark.parametrize("airflow", [dags], indirect=True)
    def test_...(airflow: LocalAirflow) -> None: ...
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from deploy.local.airflow import LocalAirflow

StartAirflow = Callable[[Path, Mapping[str, str]], LocalAirflow]


@pytest.fixture(scope="session")
def start_airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartAirflow]:
    """Start an Airflow of its own on a DAGs folder, ready to use; stopped at the end."""
    started: list[LocalAirflow] = []

    def start(dags_folder: Path, env: Mapping[str, str]) -> LocalAirflow:
        home = tmp_path_factory.mktemp("airflow")
        airflow = LocalAirflow(home, dags_folder, None, env, Path(sys.executable))
        airflow.prepare()
        started.append(airflow)
        airflow.start()
        airflow.wait_ready()
        return airflow

    yield start
    for airflow in started:
        airflow.stop()


@pytest.fixture(scope="session")
def airflow(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    start_airflow: StartAirflow,
) -> LocalAirflow:
    """One Airflow on the DAGs that the parameter, a function of a folder, writes there."""
    folder = tmp_path_factory.mktemp("dags")
    request.param(folder)
    return start_airflow(folder, {})
