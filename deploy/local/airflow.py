"""A real Airflow on this machine: API servers, scheduler with LocalExecutor, DAG processor.

Guarantee: everything it has lives under ``home`` and listens on 127.0.0.1; ``stop``, from this
or any other process, leaves no process behind, also where an earlier run was killed; ``start``
clears such leftovers first and keeps the metadata, so DAG runs and their history go on.

::

    airflow = LocalAirflow(home, dags_folder, port=None, env={}, python=Path(sys.executable))
    airflow.prepare()
    airflow.start()
    airflow.wait_ready()
    run = airflow.api.trigger("erp_party", params={"full_refresh": True})
    assert airflow.api.wait_run("erp_party", run, timeout=60) == "success"
    airflow.stop()

``dags_folder`` is the root of the DAG bundle and goes on the path of its DAGs; an
``.airflowignore`` in it says what is parsed (``/*`` and ``!/dags`` for only ``dags/``).
Connections come as ``AIRFLOW_CONN_<ID>`` in ``env`` and are never stored. No triggerer runs:
no operator of ours defers.
"""

import socket
import time
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from subprocess import Popen

from deploy.local import airflow_database, airflow_process
from deploy.local.airflow_api import AirflowApi, Health
from deploy.local.airflow_process import Component
from deploy.local.airflow_settings import (
    HOST,
    USER,
    environment,
    read_password,
    write_secrets,
)
from midspan.kernel.errors import MidspanError, TransientError

_CACHE = Path(__file__).resolve().parents[2] / "var" / "cache"
# The execution API, which only tasks speak to, has a process of its own: both parts take 7 s to
# build their routes, and side by side the first task ends 5 s earlier, for 100 MB.
_COMMANDS = {
    "api-server": ["api-server", "--apps", "core"],
    "execution-api": ["api-server", "--apps", "execution"],
    "scheduler": ["scheduler", "--skip-serve-logs"],  # the API server reads the files itself
    "dag-processor": ["dag-processor"],
}
_WARM_SECONDS = 30.0


class LocalAirflow:
    """One Airflow under ``home``, run by ``python``; see the module for its life.

    ``port`` None chooses a free one at each start. ``env`` is added to every component's
    environment and may override any ``AIRFLOW__*`` setting. ``cache`` keeps the migrated
    template database, one per Airflow version.
    """

    def __init__(
        self,
        home: Path,
        dags_folder: Path,
        port: int | None,
        env: Mapping[str, str],
        python: Path,
        *,
        cache: Path = _CACHE,
    ) -> None:
        self.home = home.resolve()
        self.dags_folder = dags_folder.resolve()
        self.python = python
        self._wanted_port = port
        self._env = dict(env)
        self._cache = cache
        self._record = self.home / "processes.json"
        self._children: list[Popen[bytes]] = []
        self._started_at = datetime.now(UTC)
        self._api: AirflowApi | None = None

    @property
    def port(self) -> int:
        """The port in use; MidspanError where nothing was started under this home."""
        return self._port("api-server")

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"http://{HOST}:{self.port}"

    @property
    def user(self) -> str:
        """The one user, an administrator."""
        return USER

    @property
    def password(self) -> str:
        """The generated password of ``user``; it lies in a file of mode 0600 under ``home``."""
        return read_password(self.home)

    @property
    def api(self) -> AirflowApi:
        """The REST client, logged in as ``user``; also for a run that another process started."""
        if self._api is None or self._api.url != self.url:
            self._api = AirflowApi(self.url, self.user, self.password)
        return self._api

    def prepare(self) -> None:
        """Make the home, its secrets and its migrated database; quick where they exist."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "plugins").mkdir(exist_ok=True)
        write_secrets(self.home)
        airflow_database.provide(self.home, self._cache, self.python)

    def start(self) -> None:
        """Start all components, after stopping what is left of an earlier start of this home.

        Raises MidspanError ``airflow.port_taken`` before anything is started.
        """
        self.stop()
        port = _usable_port(self._wanted_port)
        ports = {"api-server": port, "execution-api": _usable_port(None)}
        settings = environment(self.home, self.dags_folder, port, ports["execution-api"])
        self._started_at = datetime.now(UTC)
        components: list[Component] = []
        for name, arguments in _COMMANDS.items():
            listen = ["--port", str(ports[name])] if name in ports else []
            component, child = airflow_process.spawn(
                name,
                [str(self.python), "-m", "airflow", *arguments, *listen],
                {**settings, **self._env},
                self.log_file(name),
                ports.get(name, 0),
            )
            self._children.append(child)
            components.append(component)
            airflow_process.save(self._record, components)

    def log_file(self, component: str) -> Path:
        """Where ``component`` (the name of its record) writes its own log."""
        return self.home / "logs" / f"{component}.log"

    def wait_ready(self, timeout: float = 90.0) -> None:
        """Wait until every component of this start reports a heartbeat, ``timeout`` seconds.

        Raises MidspanError ``airflow.component_ended`` as soon as one has ended, with the end
        of its log, and TransientError ``airflow.not_ready`` at the timeout.
        """
        deadline = time.monotonic() + timeout
        while not (self._answers() and self.health().ready_since(self._started_at)):
            self._refuse_ended()
            if time.monotonic() > deadline:
                raise TransientError(
                    "airflow.not_ready",
                    f"Airflow under {self.home} is not ready after {timeout:.0f} s",
                    remedy=f"read the logs in {self.home / 'logs'}",
                )
            time.sleep(0.2)

    def health(self) -> Health:
        """Return what the components report; an unreachable API server is reported, not raised."""
        return self.api.health()

    def components(self) -> list[Component]:
        """Return the recorded components, whoever started them."""
        return airflow_process.load(self._record)

    def memory(self) -> int:
        """Return the memory that all processes take together, in bytes (proportional)."""
        return airflow_process.memory(self.components())

    def stop(self, grace: float = 10.0) -> None:
        """Stop every process of this home; running tasks have ``grace`` seconds to end."""
        airflow_process.stop_all(self.components(), grace)
        for child in self._children:
            child.wait(timeout=5)
        self._children.clear()
        self._record.unlink(missing_ok=True)

    def _port(self, name: str) -> int:
        for component in self.components():
            if component.name == name:
                return component.port
        raise MidspanError(
            "airflow.not_started",
            f"no Airflow is started under {self.home}",
            remedy="call start() first",
        )

    def _answers(self) -> bool:
        """Ask the execution API, which builds its routes at the first request, not before."""
        port = self._port("execution-api")
        with closing(HTTPConnection(HOST, port, timeout=_WARM_SECONDS)) as connection:
            try:
                connection.request("GET", "/execution/health")
                return connection.getresponse().status == HTTPStatus.OK
            except OSError:
                return False

    def _refuse_ended(self) -> None:
        for component in self.components():
            if not airflow_process.is_alive(component):
                log = self.log_file(component.name)
                raise MidspanError(
                    "airflow.component_ended",
                    f"Airflow's {component.name} ended while starting: {_tail(log)}",
                    remedy=f"read {log}",
                )


def _tail(log: Path, lines: int = 5) -> str:
    return " | ".join(log.read_text(errors="replace").strip().splitlines()[-lines:])


def _usable_port(wanted: int | None) -> int:
    """Return ``wanted`` where it is free, or any free port for None."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted or 0))
        except OSError as error:
            raise MidspanError(
                "airflow.port_taken",
                f"port {wanted} of {HOST} cannot be used: {error.strerror}",
                remedy="stop the program that has it, or choose another port, or none",
            ) from error
        return int(probe.getsockname()[1])
