"""Processes of the local Airflow, found again by anyone and stopped completely.

Guarantee: after ``stop_all`` returns, no process of a recorded component is left, whether the
caller started it, an earlier process did, or that one was killed in the middle. Every
component leads a session of its own. Airflow's workers and tasks change their process group
but never their session, so the session finds them even when their parents are gone. A process
id alone proves nothing (it is reused): a record holds the boot and the start time as well.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_PROC = Path("/proc")
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Component:
    """A started component: the leader of a session, identified beyond its process id.

    ``started`` is the leader's start in clock ticks since the boot named by ``boot``; ``port``
    is where it listens, 0 for one that does not.
    """

    name: str
    pid: int
    started: int
    boot: str
    port: int


@dataclass(frozen=True, slots=True)
class _Stat:
    state: str
    session: int
    started: int


def boot_id() -> str:
    """Return what identifies the current boot of this machine."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def spawn(
    name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, port: int
) -> tuple[Component, subprocess.Popen[bytes]]:
    """Start ``command`` as leader of a new session, its output appended to ``log``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - the command is built by LocalAirflow
            command,
            cwd=log.parent,  # never the caller's folder: Python puts it on the path
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    stat = _stat(process.pid)
    started = stat.started if stat else 0  # gone already: nothing of it can be found later
    return Component(name, process.pid, started, boot_id(), port), process


def is_alive(component: Component) -> bool:
    """Tell whether the component's leader itself still runs."""
    stat = _stat(component.pid) if component.boot == boot_id() else None
    return stat is not None and stat.started == component.started and stat.state != "Z"


def members(component: Component) -> list[int]:
    """Return the ids of all living processes of the component, leader included.

    The kernel does not reuse an id while a session bears it: a leader with another start time
    therefore means that the recorded session has ended and the id belongs to a stranger.
    """
    if component.boot != boot_id():
        return []
    leader = _stat(component.pid)
    if leader is not None and leader.started != component.started:
        return []
    return [
        pid
        for pid, stat in _all_stats()
        if stat.session == component.pid and stat.started >= component.started and stat.state != "Z"
    ]


def memory(components: Iterable[Component]) -> int:
    """Return the proportional resident memory of the components together, in bytes."""
    return sum(_proportional(pid) for component in components for pid in members(component))


def stop_all(components: Sequence[Component], grace: float) -> None:
    """Ask each leader to end (SIGTERM), wait ``grace`` seconds for all, then SIGKILL the rest.

    Processes whose leader is gone have nobody to end them in order: they are killed at once.
    """
    for component in components:
        if is_alive(component):
            _signal(component.pid, signal.SIGTERM)
        else:
            _kill(component)
    if _gone(components, grace):
        return
    for component in components:
        _kill(component)
    _gone(components, 5.0)


def save(path: Path, components: Sequence[Component]) -> None:
    """Record the components at ``path``, atomically."""
    record = [asdict(component) for component in components]
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(record))
    temporary.replace(path)


def load(path: Path) -> list[Component]:
    """Return what ``save`` recorded; nothing where there is no record."""
    if not path.exists():
        return []
    return [Component(**fields) for fields in json.loads(path.read_text())]


def _gone(components: Sequence[Component], seconds: float) -> bool:
    """Wait until no member is left; an ended leader is reaped where it is our own child."""
    deadline = time.monotonic() + seconds
    while any(members(component) for component in components):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _kill(component: Component) -> None:
    for pid in members(component):
        _signal(pid, signal.SIGKILL)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # ended between being seen and being told


def _all_stats() -> Iterable[tuple[int, _Stat]]:
    for entry in _PROC.iterdir():
        stat = _stat(int(entry.name)) if entry.name.isdigit() else None
        if stat is not None:
            yield int(entry.name), stat


def _stat(pid: int) -> _Stat | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    return _Stat(state=fields[0], session=int(fields[3]), started=int(fields[19]))


def _proportional(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
