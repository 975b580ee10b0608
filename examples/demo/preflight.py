"""What must be right before anything is started or emptied.

Guarantee: the checks change nothing. What is wrong is said with what, where and what to do, by
errors whose exit code is 2 where a person has to act.
"""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.host import SetupError, listens, require_space
from examples.demo.places import ROOT, Places
from examples.demo.processes import PYTHON

MIDSPAN = PYTHON.with_name("midspan")
_LINT_SECONDS = 60


@contextmanager
def only_one(places: Places) -> Iterator[None]:
    """Hold the demo's folder; raises SetupError while another demo works in it."""
    places.lock.parent.mkdir(parents=True, exist_ok=True)
    with places.lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SetupError(
                "demo.runs_already",
                f"another demo is at work in {places.root}",
                remedy="Wait for it, or end it with Ctrl-C where it runs",
            ) from None
        yield


def require_sound_project(home: Path = ROOT) -> str:
    """Prove configuration and mappings; return what ``midspan lint`` said.

    Raises SetupError with every problem's file, line and column.
    """
    done = subprocess.run(  # noqa: S603 our own command
        [MIDSPAN, "lint"],
        env={**os.environ, "MIDSPAN_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=_LINT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise SetupError(
            "demo.project_wrong",
            f"the project's files are wrong:\n{(done.stderr or done.stdout).strip()}",
            remedy="Mend these places, prove it with `midspan lint`, and start again",
        )
    return done.stdout.strip()


def require_port(port: int | None) -> None:
    """Raise SetupError where the port asked for is taken; None asks for any."""
    if port is not None and listens(port):
        raise SetupError(
            "demo.port_taken",
            f"port {port}, meant for Airflow, is taken by another program",
            remedy=f"End that program (`ss -ltnp 'sport = :{port}'` names it), choose another "
            "with --airflow-port, or leave the choice to the demo",
        )


def require_room(places: Places) -> None:
    """Raise TransientError where the disk is too full."""
    places.root.parent.mkdir(parents=True, exist_ok=True)
    require_space(places.root.parent)
