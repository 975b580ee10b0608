"""Settings of the local Airflow: complete, private to its home, quick on two cores.

Invariant: what a component does depends on these settings and the caller's ``env`` alone.
``AIRFLOW__*`` variables of the surrounding shell are dropped (``AIRFLOW_CONN_*`` and
``AIRFLOW_VAR_*`` are kept), and nothing listens or connects beyond 127.0.0.1. Secrets are
generated once per home and live in files of mode 0600, never in a process's environment.
"""

import base64
import json
import os
import secrets
from pathlib import Path

HOST = "127.0.0.1"
USER = "admin"
PASSWORDS = "simple_auth_manager_passwords.json"

# Measured on two cores; the defaults suit a cluster whose DAGs rarely change. From trigger to
# finished task this saves seconds, at a few per cent of one core when idle.
_TUNING = {
    "CORE__EXECUTOR": "LocalExecutor",
    "CORE__LOAD_EXAMPLES": "False",
    "CORE__PARALLELISM": "4",  # workers are forked up front; four tasks that mostly wait
    "CORE__EXECUTE_TASKS_NEW_PYTHON_INTERPRETER": "False",  # fork: saves 2 s of imports a task
    "CORE__HOSTNAME_CALLABLE": "socket.gethostname",  # no name lookup at start
    "CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "1",
    "CORE__KILLED_TASK_CLEANUP_TIME": "10",
    "API__WORKERS": "1",
    "LOGGING__COLORED_CONSOLE_LOG": "False",
    "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.25",
    "SCHEDULER__JOB_HEARTBEAT_SEC": "2",
    # After a SIGKILL the next scheduler adopts or resets what the dead one had queued.
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "DAG_PROCESSOR__REFRESH_INTERVAL": "5",
    "DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "10",
    "DAG_PROCESSOR__PARSING_PROCESSES": "1",
    "USAGE_DATA_COLLECTION__ENABLED": "False",
}


def environment(home: Path, dags_folder: Path, port: int, execution_port: int) -> dict[str, str]:
    """Return the whole environment of a component, whose APIs listen on the two ports."""
    url = f"http://{HOST}:{port}"
    bundle = {
        "name": "midspan",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(dags_folder)},
    }
    settings = {
        **_TUNING,
        "CORE__DAGS_FOLDER": str(dags_folder),
        "CORE__PLUGINS_FOLDER": str(home / "plugins"),
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / PASSWORDS),
        "CORE__EXECUTION_API_SERVER_URL": f"http://{HOST}:{execution_port}/execution/",
        "API__HOST": HOST,
        "API__PORT": str(port),
        "API__BASE_URL": url,
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}?timeout=30",
        "LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
    }
    return {
        **_surroundings(),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONFIG": str(home / "airflow.cfg"),
        **{f"AIRFLOW__{name}": value for name, value in settings.items()},
    }


def write_secrets(home: Path) -> None:
    """Generate the home's keys and the password of ``admin`` where they do not exist yet."""
    # Airflow writes a configuration of its own, with keys of its own, where it finds none:
    # components that start together would race for it.
    keys = {
        "core": ("fernet_key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()),
        "api": ("secret_key", secrets.token_urlsafe(32)),
        "api_auth": ("jwt_secret", secrets.token_urlsafe(64)),
    }
    sections = (f"[{section}]\n{name} = {value}\n" for section, (name, value) in keys.items())
    _write_once(home / "airflow.cfg", "\n".join(sections))
    _write_once(home / PASSWORDS, json.dumps({USER: secrets.token_urlsafe(12)}) + "\n")


def read_password(home: Path) -> str:
    """Return the password of ``admin`` in this home."""
    return str(json.loads((home / PASSWORDS).read_text())[USER])


def _surroundings() -> dict[str, str]:
    """Return the shell's environment without what would steer or slow Airflow."""
    # Without byte code on disk every start compiles some thousand modules: 15 s instead of 7.
    dropped = {"AIRFLOW_HOME", "AIRFLOW_CONFIG", "PYTHONDONTWRITEBYTECODE"}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in dropped and not name.startswith("AIRFLOW__")
    }
    for name in ("no_proxy", "NO_PROXY"):  # a task reaches its API server directly
        kept[name] = ",".join(filter(None, [kept.get(name, ""), HOST, "localhost"]))
    return kept


def _write_once(path: Path, content: str) -> None:
    """Write ``content`` for the owner's eyes only, unless the file is there; atomic."""
    if path.exists():
        return
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.touch(mode=0o600)
    temporary.write_text(content)
    temporary.replace(path)
