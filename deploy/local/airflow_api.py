"""Client of Airflow's public REST API (version 2), as far as demo, tests and ops use it.

Guarantee: every wait is bounded and says at its end what it saw; a login that expired is
renewed without the caller noticing; what goes wrong is a MidspanError whose class says whether
to try again (TransientError) or not (RemoteError, AccessDenied).
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import requests

from midspan.kernel.errors import AccessDenied, MidspanError, RemoteError, TransientError

_TIMEOUT_SECONDS = (3.05, 30)  # connect, read
_POLL_SECONDS = 0.3
_PAGE = 100  # the API's own limit
_FINISHED = {"success", "failed"}


@dataclass(frozen=True, slots=True)
class Health:
    """What each component reports: its status ("healthy", …) and its last heartbeat."""

    status: Mapping[str, str]
    heartbeat: Mapping[str, datetime]

    def ready_since(self, moment: datetime) -> bool:
        """Tell whether scheduler and DAG processor have reported after ``moment``.

        A heartbeat of an earlier run stays "healthy" for a while: its time shows it.
        """
        beats = [self.heartbeat.get(name) for name in ("scheduler", "dag_processor")]
        healthy = self.status.get("metadatabase") == "healthy"
        return healthy and all(beat is not None and beat >= moment for beat in beats)


@dataclass(frozen=True, slots=True)
class Dag:
    """A DAG as the scheduler knows it."""

    dag_id: str
    is_paused: bool
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DagImportError:
    """A DAG file that could not be parsed; ``stack_trace`` is Airflow's text."""

    filename: str
    stack_trace: str


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task instance; ``state`` is None until it is scheduled, ``map_index`` -1 unmapped."""

    task_id: str
    map_index: int
    state: str | None
    try_number: int

    def __str__(self) -> str:
        index = f"[{self.map_index}]" if self.map_index >= 0 else ""
        return f"{self.task_id}{index} {self.state or 'waiting'} (try {self.try_number})"


class AirflowApi:
    """The API at ``url`` for one user; logs in at the first call."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url.rstrip("/")
        self._credentials = {"username": user, "password": password}
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no .netrc between us and our own machine

    def health(self) -> Health:
        """Return the components' health; an API server that does not answer is a status."""
        try:
            answer = self._send("GET", "/api/v2/monitor/health", None, None).json()
        except TransientError:
            return Health({"api_server": "unreachable"}, {})
        parts = {name: part for name, part in answer.items() if part}
        status = {name: part["status"] for name, part in parts.items() if part["status"]}
        beats = {name: part.get(f"latest_{name}_heartbeat") for name, part in parts.items()}
        return Health(
            {"api_server": "healthy", **status},
            {name: datetime.fromisoformat(beat) for name, beat in beats.items() if beat},
        )

    def dags(self) -> list[Dag]:
        """Return all DAGs that were parsed, in the order of their ids."""
        rows = self._pages("/dags", "dags", {"order_by": "dag_id"})
        return [
            Dag(row["dag_id"], row["is_paused"], tuple(tag["name"] for tag in row["tags"]))
            for row in rows
        ]

    def import_errors(self) -> list[DagImportError]:
        """Return the DAG files that could not be parsed."""
        rows = self._pages("/importErrors", "import_errors", {})
        return [DagImportError(row["filename"], row["stack_trace"]) for row in rows]

    def wait_for_dags(self, dag_ids: Iterable[str], timeout: float = 60.0) -> None:
        """Wait until all ``dag_ids`` are parsed.

        Raises RemoteError ``airflow.dag_import`` as soon as a file cannot be parsed, and
        TransientError ``airflow.dags_missing`` after ``timeout`` seconds.
        """
        wanted, deadline = set(dag_ids), time.monotonic() + timeout
        while missing := wanted - {dag.dag_id for dag in self.dags()}:
            for broken in self.import_errors():
                message = f"{broken.filename} cannot be imported:\n{broken.stack_trace}"
                raise RemoteError("airflow.dag_import", message)
            if time.monotonic() > deadline:
                raise TransientError(
                    "airflow.dags_missing",
                    f"not parsed after {timeout:.0f} s: {', '.join(sorted(missing))}",
                    remedy="read the DAG processor's log",
                )
            time.sleep(_POLL_SECONDS)

    def pause(self, dag_id: str) -> None:
        """Stop the scheduler from creating runs of the DAG."""
        self._call("PATCH", f"/dags/{_part(dag_id)}", {"is_paused": True})

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run the DAG.

        One with a schedule runs its latest past interval at once, though ``catchup`` is off.
        """
        self._call("PATCH", f"/dags/{_part(dag_id)}", {"is_paused": False})

    def trigger(self, dag_id: str, params: Mapping[str, object] | None = None) -> str:
        """Queue a run with ``params`` over the DAG's defaults; return the run's id.

        The DAG must not be paused for the run to start.
        """
        now = datetime.now(UTC).isoformat()
        body = {"logical_date": None, "run_after": now, "conf": dict(params or {})}
        answer = self._call("POST", f"/dags/{_part(dag_id)}/dagRuns", body)
        return str(answer["dag_run_id"])

    def runs(self, dag_id: str) -> dict[str, str]:
        """Return the state of each run of the DAG, by run id, oldest first."""
        rows = self._pages(f"/dags/{_part(dag_id)}/dagRuns", "dag_runs", {"order_by": "id"})
        return {row["dag_run_id"]: row["state"] for row in rows}

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return the run's state: queued, running, success or failed."""
        return str(self._call("GET", _run_path(dag_id, run_id))["state"])

    def wait_run(
        self,
        dag_id: str,
        run_id: str,
        timeout: float,
        on_progress: Callable[[list[TaskState]], None] | None = None,
    ) -> str:
        """Wait for the run's end and return "success" or "failed".

        ``on_progress`` is told the task instances whenever one of them changed. Raises
        TransientError ``airflow.run_unfinished`` after ``timeout`` seconds.
        """
        deadline, seen = time.monotonic() + timeout, list[TaskState]()
        while True:
            state, tasks = self.run_state(dag_id, run_id), self.tasks(dag_id, run_id)
            if on_progress and tasks != seen:
                on_progress(tasks)
                seen = tasks
            if state in _FINISHED:
                return state
            if time.monotonic() > deadline:
                raise TransientError(
                    "airflow.run_unfinished",
                    f"run {run_id} of {dag_id} is {state} after {timeout:.0f} s: "
                    + ("; ".join(map(str, tasks)) or "no task started"),
                    remedy="see whether the DAG is paused, its pool full, or its source slow",
                )
            time.sleep(_POLL_SECONDS)

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        """Return the run's task instances, ordered by task and map index."""
        rows = self._pages(f"{_run_path(dag_id, run_id)}/taskInstances", "task_instances", {})
        found = [
            TaskState(row["task_id"], row["map_index"], row["state"], row["try_number"])
            for row in rows
        ]
        return sorted(found, key=lambda task: (task.task_id, task.map_index))

    def log(self, dag_id: str, run_id: str, task: TaskState) -> str:
        """Return the log of the task's latest try, one event a line."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances/{_part(task.task_id)}"
        query = {"full_content": "true", "map_index": str(task.map_index)}
        answer = self._call("GET", f"{path}/logs/{task.try_number}", query=query)
        return "\n".join(_log_line(event) for event in answer["content"])

    def failure_logs(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Return the log of each failed task instance, by its name, state and try."""
        failed = [task for task in self.tasks(dag_id, run_id) if task.state == "failed"]
        return {str(task): self.log(dag_id, run_id, task) for task in failed}

    def create_pool(self, name: str, slots: int) -> None:
        """Create the pool, or set the slots of the one that exists."""
        pool = {"slots": slots, "include_deferred": False}
        try:
            self._call("POST", "/pools", {"name": name, **pool})
        except RemoteError as error:
            if error.context.get("status") != "409":
                raise
            self._call("PATCH", f"/pools/{_part(name)}", {"pool": name, **pool})

    def _pages(self, path: str, key: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            window = {**query, "limit": str(_PAGE), "offset": str(len(rows))}
            answer = self._call("GET", path, query=window)
            rows += answer[key]
            if not answer[key] or len(rows) >= answer["total_entries"]:
                return rows

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        if "Authorization" not in self._session.headers:
            self._log_in()
        response = self._send(method, f"/api/v2{path}", body, query)
        if response.status_code == requests.codes.unauthorized:  # the token's day is over
            self._log_in()
            response = self._send(method, f"/api/v2{path}", body, query)
        if not response.ok:
            raise _refusal(method, path, response)
        return response.json()

    def _log_in(self) -> None:
        self._session.headers.pop("Authorization", None)
        response = self._send("POST", "/auth/token", self._credentials, None)
        if not response.ok:
            raise AccessDenied(
                "airflow.login_refused",
                f"{self.url} refused the user {self._credentials['username']}",
                remedy="use the password in the password file under Airflow's home",
                status=str(response.status_code),
            )
        self._session.headers["Authorization"] = f"Bearer {response.json()['access_token']}"

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        query: Mapping[str, str] | None,
    ) -> requests.Response:
        try:
            return self._session.request(
                method, f"{self.url}{path}", json=body, params=query, timeout=_TIMEOUT_SECONDS
            )
        except requests.RequestException as error:
            raise TransientError(
                "airflow.unreachable",
                f"{self.url} does not answer ({type(error).__name__})",
                remedy="see whether Airflow runs, and its API server's log",
            ) from error


def _refusal(method: str, path: str, response: requests.Response) -> MidspanError:
    status = response.status_code
    message = f"{method} {path} was answered with HTTP {status}: {response.text[:500]}"
    if status >= requests.codes.server_error:
        return TransientError(
            "airflow.server_error", message, remedy="try again", status=str(status)
        )
    return RemoteError("airflow.refused", message, status=str(status))


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/dags/{_part(dag_id)}/dagRuns/{_part(run_id)}"


def _part(value: str) -> str:
    return quote(value, safe="")


def _log_line(event: str | Mapping[str, Any]) -> str:
    """Return one log event as text, with the error it carries."""
    if isinstance(event, str):
        return event
    errors = (
        f"{error.get('exc_type')}: {error.get('exc_value')}"
        for error in event.get("error_detail") or []
    )
    return " | ".join([str(event.get("event", "")), *errors])
