"""The demo's processes: started, recorded at once, and found again by any later demo.

Guarantee: after ``stop_leftovers`` nothing runs that an earlier demo of this folder started,
also where that one was killed in the middle. A recorded process is known by its id and its
start; one that was started and not yet recorded, by the folder it works in.
"""

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import Popen
from typing import Final

from deploy.local import airflow_process, server_process
from deploy.local.airflow_process import Component
from deploy.local.host import tail
from examples.company.erp.server import ErpServer
from examples.demo.places import Places
from midspan.kernel.errors import MidspanError, TransientError

PYTHON: Final = Path(sys.executable)
_GRACE_SECONDS: Final = 6.0
_POLL_SECONDS: Final = 0.05


class Processes:
    """What this demo started itself; Airflow, ERP and broker keep records of their own."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._children: list[Popen[bytes]] = []
        self._started: list[Component] = []

    @property
    def started(self) -> tuple[Component, ...]:
        """Return the processes started so far."""
        return tuple(self._started)

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        env: Mapping[str, str],
        ready: str,
        timeout: float = 40.0,
    ) -> None:
        """Start a process and wait until its log says ``ready``.

        Raises MidspanError ``demo.process_ended`` and TransientError ``demo.process_slow``,
        with the end of its log.
        """
        log = self._places.logs / f"{name}.log"
        with self._lock:
            component, child = airflow_process.spawn(
                name, [str(word) for word in command], env, log, 0
            )
            self._children.append(child)  # collected earlier, it would warn that it still runs
            self._started.append(component)
            airflow_process.save(self._places.record, self._started)
        _await_word(component, log, ready, timeout)

    def require_alive(self) -> None:
        """Raise MidspanError ``demo.process_ended`` for the first that does not run any more."""
        for component, child in zip(self._started, self._children, strict=True):
            if child.poll() is not None:
                raise _ended(component, self._places.logs / f"{component.name}.log", "meanwhile")


def _await_word(component: Component, log: Path, word: str, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while word not in log.read_text(errors="replace"):
        if not airflow_process.is_alive(component):
            raise _ended(component, log, "while it was starting")
        if time.monotonic() > deadline:
            raise TransientError(
                "demo.process_slow",
                f"{component.name} did not start within {timeout:.0f} s:\n{tail(log)}",
                remedy=f"Its whole log is {log}",
            )
        time.sleep(_POLL_SECONDS)


def _ended(component: Component, log: Path, when: str) -> MidspanError:
    return MidspanError(
        "demo.process_ended",
        f"{component.name} ended {when}:\n{tail(log)}",
        remedy=f"Its whole log is {log}",
    )


def stop_leftovers(places: Places) -> bool:
    """Stop whatever an earlier demo of this folder left; tell whether there was anything."""
    recorded = airflow_process.load(places.record)
    airflow = places.local_airflow(PYTHON, None, {})
    found = any(
        airflow_process.members(component) for component in (*recorded, *airflow.components())
    )
    with ThreadPoolExecutor() as pool:
        jobs = [
            pool.submit(airflow_process.stop_all, recorded, _GRACE_SECONDS),
            pool.submit(airflow.stop, _GRACE_SECONDS),
            pool.submit(ErpServer(places.erp).stop),
        ]
    for job in jobs:
        job.result()
    folders = [places.logs, places.airflow / "logs"]
    server_process.sweep(folders, {PYTHON.resolve().name})
    places.record.unlink(missing_ok=True)
    return found


def empty(places: Places) -> None:
    """Begin with an empty folder; nothing of it may be running any more."""
    shutil.rmtree(places.root, ignore_errors=True)
    for folder in (places.root, places.state, places.logs):
        folder.mkdir(parents=True, exist_ok=True)
    places.root.chmod(0o700)


class MemoryWatch:
    """Samples the memory of processes every few seconds and keeps the highest sum, in bytes."""

    def __init__(self, seconds: float = 3.0) -> None:
        self._seconds = seconds
        self._stop = threading.Event()
        self._watched: list[Callable[[], Iterable[Component]]] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak = 0

    def add(self, components: Callable[[], Iterable[Component]]) -> None:
        """Watch what ``components`` returns each time, with all processes of their sessions."""
        self._watched.append(components)

    def start(self) -> None:
        """Begin to sample."""
        self._thread.start()

    def stop(self) -> None:
        """Take a last sample and end."""
        self._stop.set()
        self._thread.join()
        self._sample()

    def _watch(self) -> None:
        while not self._stop.wait(self._seconds):
            self._sample()

    def _sample(self) -> None:
        components = [component for some in tuple(self._watched) for component in some()]
        self.peak = max(self.peak, airflow_process.memory(components))
