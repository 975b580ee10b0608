"""Checks systems one after the other, and says what was found of each stream.

A system that cannot be used at all does not keep the others from being checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from midspan.cli.output import print_table, print_wrapped
from midspan.kernel.errors import MidspanError, within
from midspan.kernel.stream import CheckReport, StreamCheck
from midspan.sync.project import Project


@dataclass(frozen=True, slots=True)
class Checked:
    """A system's streams as they were found, or the error that kept all of them away."""

    system: str
    streams: tuple[StreamCheck, ...] = ()
    error: MidspanError | None = None

    @property
    def exit_code(self) -> int:
        """Return the error's own code, 1 when a stream cannot be used, else 0."""
        if self.error is not None:
            return self.error.exit_code
        return 0 if all(one.ok for one in self.streams) else 1

    def as_rows(self) -> list[dict[str, Any]]:
        """Return one entry a stream, ready for JSON; one without a stream for an error."""
        if self.error is not None:
            failed = {"system": self.system, "stream": None, "ok": False}
            return [failed | {"problem": self.error.code, "message": str(self.error)}]
        return [
            {
                "system": self.system,
                "stream": one.stream,
                "ok": one.ok,
                "readable": one.readable,
                "writable": one.writable,
                "problem": one.problem,
                "grant": one.grant,
                "remarks": one.remarks,
            }
            for one in self.streams
        ]


def check_systems(project: Project, names: Sequence[str], *, deep: bool) -> list[Checked]:
    """Check systems; an unknown name raises before anyone is called."""
    for name in names:
        project.system(name)
    return [_checked(project, name, deep=deep) for name in names]


def print_checks(found: Sequence[Checked]) -> None:
    """Print what can be read and written, and below it what cannot and why."""
    rows = [
        (one.system, check.stream, _read(check), _write(check))
        for one in found
        for check in one.streams
    ]
    if rows:
        print_table(("system", "stream", "read", "write"), rows)
    for one in found:
        if one.error is not None:
            click.echo(f"midspan: {one.system}: {one.error}", err=True)
        elif not one.streams:
            click.echo(f"{one.system}: lets us in; its file names no stream yet")
        for check in one.streams:
            _print_notes(one.system, check)


def _checked(project: Project, name: str, *, deep: bool) -> Checked:
    try:
        with within(system=name, connection=project.system(name).config.conn_id):
            return Checked(name, _report(project, name, deep=deep).streams)
    except MidspanError as error:
        return Checked(name, error=error)


def _report(project: Project, name: str, *, deep: bool) -> CheckReport:
    adapter = project.adapter(name)
    try:
        return adapter.check(deep=deep)
    finally:
        adapter.close()


def _read(check: StreamCheck) -> str:
    return "yes" if check.readable else "no"


def _write(check: StreamCheck) -> str:
    return {True: "yes", False: "no", None: "not asked"}[check.writable]


def _print_notes(system: str, check: StreamCheck) -> None:
    notes = [check.problem] if check.problem else []
    if check.grant:
        notes.append(f"Ask for: {check.grant}")
    notes += [f"Note: {remark}" for remark in check.remarks]
    if notes:
        click.echo(f"\n{system} {check.stream}")
    for note in notes:
        print_wrapped(note, 2)
