"""The record of a private server: which processes it is and who needs it.

Guarantee: a process is signalled only if it is provably ours. Either its id, its start time
and the boot are as recorded, or it is one of the server's programs working inside the server's
own directory, which also finds what a run started that was killed before it could record it.
A process id alone proves nothing: it is reused.
"""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

_KILLED_SECONDS = 5.0
_POLL_SECONDS = 0.02
_STATE, _STARTED = 0, 19  # positions in /proc/PID/stat, counted after the program's name
# A child's Popen is kept until the child has ended: forgotten earlier, it warns.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Component:
    """A process, identified beyond its id: start in clock ticks since the boot named ``boot``."""

    name: str
    pid: int
    started: int
    boot: str


@dataclass(slots=True)
class Record:
    """A private server as the state directory remembers it.

    ``components`` in the order they were started; ``holders`` the processes that use it;
    ``kept`` that it stays until somebody says down, whoever uses it.
    """

    components: list[Component]
    variables: dict[str, str]
    holders: list[Component] = field(default_factory=list)
    kept: bool = False

    def lives(self) -> bool:
        """Tell whether every process of the server runs."""
        return all(is_alive(component) for component in self.components)

    def is_needed(self) -> bool:
        """Forget holders that have ended and tell whether anyone is left."""
        self.holders = [holder for holder in self.holders if is_alive(holder)]
        return self.kept or bool(self.holders)


def spawn(
    name: str, command: Sequence[str], environment: Mapping[str, str], home: Path
) -> Component:
    """Start a process in a session of its own in ``home``, output appended to its server.log."""
    with (home / "server.log").open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - the command is built by a kind of server
            command,
            cwd=home,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[process.pid] = process
    return identify(name, process.pid)


def identify(name: str, pid: int) -> Component:
    """Return the identity of a process; raises ``FileNotFoundError`` where there is none."""
    return Component(name, pid, int(_stat(pid)[_STARTED]), _boot_id())


def is_alive(component: Component) -> bool:
    """Tell whether exactly this process still runs."""
    if component.boot != _boot_id():
        return False
    try:
        fields = _stat(component.pid)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return int(fields[_STARTED]) == component.started and fields[_STATE] != "Z"


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the server's lock; the kernel frees it when its holder is killed."""
    with (home / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def load(home: Path) -> Record | None:
    """Return the server's record; one that cannot be read counts as none."""
    try:
        fields = json.loads((home / "record.json").read_text())
        return Record(
            components=[Component(**component) for component in fields["components"]],
            variables=fields["variables"],
            holders=[Component(**holder) for holder in fields["holders"]],
            kept=fields["kept"],
        )
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def save(home: Path, record: Record) -> None:
    """Write the record atomically, readable by its owner only: it holds passwords."""
    temporary = home / "record.tmp"
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(record), file, indent=1)
    temporary.replace(home / "record.json")


def forget(home: Path) -> None:
    """Remove the record."""
    (home / "record.json").unlink(missing_ok=True)


def stop(component: Component, number: signal.Signals, grace: float) -> None:
    """Ask a recorded process to end, wait ``grace`` seconds, then SIGKILL it."""
    for tried, seconds in ((number, grace), (signal.SIGKILL, _KILLED_SECONDS)):
        if is_alive(component):
            _signal(component.pid, tried)
        _wait_gone([component], seconds)


def sweep(directories: Collection[Path], programs: Collection[str]) -> None:
    """SIGKILL every process of the named programs that works inside one of the directories."""
    found = [identified for pid in _working_in(directories, programs) for identified in _seen(pid)]
    for component in found:
        _signal(component.pid, signal.SIGKILL)
    _wait_gone(found, _KILLED_SECONDS)


def _stat(pid: int) -> list[str]:
    """Return the kernel's facts about a process from its state on."""
    text = Path(f"/proc/{pid}/stat").read_text()
    return text.rpartition(")")[2].split()  # the name before it may hold spaces and brackets


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _working_in(directories: Collection[Path], programs: Collection[str]) -> list[int]:
    roots = [directory.resolve() for directory in directories]
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            program = (entry / "exe").readlink().name.removesuffix(" (deleted)")
            place = (entry / "cwd").readlink()
        except OSError:
            continue  # ended meanwhile, a kernel thread, or another user's
        if program in programs and any(place.is_relative_to(root) for root in roots):
            found.append(int(entry.name))
    return found


def _seen(pid: int) -> list[Component]:
    try:
        return [identify("leftover", pid)]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _wait_gone(components: Collection[Component], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(is_alive(component) for component in components) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    _reap()


def _reap() -> None:
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            _children.pop(pid, None)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # ended between being seen and being told
