"""How the command speaks: tables and plain words for people, JSON for machines.

A progress line is shown only where a person is watching. Errors go to standard error, with
their code and remedy, and decide the exit code: 0 ok, 1 findings, 2 configuration, 3 transient.
"""

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec

import click
import msgspec
from rich.console import Console
from rich.table import Table

from midspan.kernel.errors import MidspanError

P = ParamSpec("P")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def guarded(function: Callable[P, int | None]) -> Callable[P, None]:
    """Run a verb: its errors become a message and an exit code, its result the exit code."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = function(*args, **kwargs) or 0
        except MidspanError as error:
            click.echo(f"midspan: {error}", err=True)
            code = error.exit_code
        sys.exit(code)

    return run


def print_json(value: Any) -> None:
    """Print a value as JSON, indented."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "") -> None:
    """Print rows under their columns."""
    table = Table(*columns, title=title or None, title_justify="left")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    Console().print(table)


def ledger_line(counts: Mapping[str, Any]) -> str:
    """Return the parts of a ledger that are not zero, in words."""
    return ", ".join(f"{name} {value}" for name, value in counts.items() if value)


class ProgressLine:
    """One line on the terminal that says how far the work is; nothing without a terminal."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = sys.stderr.isatty()

    def update(self, number: int) -> None:
        """Show ``number`` rows or keys."""
        if self._shown:
            click.echo(f"\r{self._what}: {number:,}", nl=False, err=True)

    def done(self) -> None:
        """End the line."""
        if self._shown:
            click.echo(err=True)
