"""What the command says of the systems' gates, and how it pauses and resumes one."""

import getpass
from typing import Any

from midspan.governor.overview import Overview, overview
from midspan.sync.project import Project


def pause_system(project: Project, name: str, why: str) -> dict[str, Any]:
    """Stop all calls into a system; the name of this account is kept with the reason."""
    system = project.system(name)
    project.control.pause(system.name, _who(), why)
    return system_status(project, name)


def resume_system(project: Project, name: str) -> dict[str, Any]:
    """Let calls into a system begin again."""
    project.control.resume(project.system(name).name)
    return system_status(project, name)


def system_status(project: Project, name: str) -> dict[str, Any]:
    """Return how a system's gate stands, ready for JSON."""
    seen = overview(project.control, name, project.system(name).config)
    pause = seen.pause
    return {
        "system": name,
        "state": seen.state,
        "why": _why(seen),
        "paused": pause and {"at": pause.at.isoformat(), "by": pause.by, "why": pause.why},
        "closed_until": {lane: until.isoformat() for lane, until in seen.closed_until.items()},
        "breaker": seen.breaker,
        "breaker_opens": seen.breaker_opens and seen.breaker_opens.isoformat(),
        "last_failure": seen.last_failure,
        "held_until": seen.held_until and seen.held_until.isoformat(),
        "running": seen.running,
        "waiting": seen.waiting,
        "starts": seen.starts,
        "starts_allowed": seen.limits.starts,
        "concurrency": seen.limits.slots,
    }


def _why(seen: Overview) -> str:
    if seen.pause is not None:
        return f"by {seen.pause.by}: {seen.pause.why}"
    if seen.breaker_opens is not None:
        return f"{seen.last_failure}, next try {seen.breaker_opens:%H:%M:%S} UTC"
    return ", ".join(
        f"{lane} until {until:%Y-%m-%d %H:%M} UTC" for lane, until in seen.closed_until.items()
    )


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that has no name.
        return "an unnamed account"
