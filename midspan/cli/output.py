"""How the command speaks: tables and plain words for people, JSON for machines.

A progress line is shown only where a person is watching. Errors go to standard error, with
their code and remedy, and decide the exit code: 0 ok, 1 findings, 2 configuration, 3 transient.
"""

import functools
import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from errno import ENOSPC, EPIPE
from typing import TYPE_CHECKING, Any, ParamSpec

import click
import msgspec
from rich.box import HEAVY_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from midspan.kernel.errors import MidspanError

if TYPE_CHECKING:
    from midspan.sync.report import RunReport

P = ParamSpec("P")

_PIPE_WIDTH = 400
_NARROWEST = 60

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
        except OSError as error:
            # Whoever closed the other end of a pipe has seen enough: that is click's to end.
            if error.errno == EPIPE or not (error.filename or error.errno == ENOSPC):
                raise
            click.echo(f"midspan: {_file_error(error)}", err=True)
            code = 2
        sys.exit(code)

    return run


def _file_error(error: OSError) -> MidspanError:
    name = error.filename or "the output"
    return MidspanError(
        "cli.file",
        f"{name} cannot be read or written ({error.strerror})",
        remedy="Check that it is there, whose it is, and that its disk has room",
    )


def print_json(value: Any) -> None:
    """Print a value as JSON, indented."""
    click.echo(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode())


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, indent: int = 0, lines: bool = True
) -> None:
    """Print rows under their columns; without ``lines`` as plain columns.

    On a terminal cells are wrapped to its width, elsewhere each row is one line.
    """
    table = Table(*columns, box=HEAVY_HEAD if lines else None, pad_edge=lines)
    for row in rows:
        table.add_row(*(Text(printable(value)) for value in row))
    # Cells come from foreign systems: no word of theirs is markup.
    console = Console(markup=False, highlight=False)
    console.width = console.width - indent if console.is_terminal else _PIPE_WIDTH
    with console.capture() as printed:
        console.print(table)
    for line in printed.get().splitlines():
        click.echo(f"{' ' * indent}{line}".rstrip())


def print_wrapped(text: str, indent: int) -> None:
    """Print a paragraph, indented and wrapped to the terminal's width."""
    space = " " * indent
    width = max(shutil.get_terminal_size().columns, _NARROWEST)
    for line in textwrap.wrap(printable(text), width - indent - 1, break_long_words=False):
        click.echo(space + line)


def printable(value: Any) -> str:
    """Return a value as text that cannot meddle with a terminal; None is empty."""
    text = "" if value is None else str(value)
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def age(moment: datetime, now: datetime | None = None) -> str:
    """Return how long ago a moment was, in one unit: ``3 minutes ago``."""
    seconds = int(((now or datetime.now(UTC)) - moment).total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def ledger_line(counts: Mapping[str, Any]) -> str:
    """Return the parts of a ledger that are not zero, in words."""
    return ", ".join(f"{name} {value}" for name, value in counts.items() if value)


def print_report(report: "RunReport", *, as_json: bool) -> None:
    """Print what a run did."""
    if as_json:
        print_json(report.as_dict())
        return
    if report.remapped:
        click.echo(f"{report.sync}: the mapping is another now: every row was read again")
    click.echo(f"{report.sync}: {ledger_line(report.ledger.counts) or 'nothing to read'}")
    changed = ledger_line(report.golden) or "unchanged"
    click.echo(f"golden records: {changed}; events: {report.events}")
    if report.lag and report.lag.said():
        click.echo(f"late rows: {report.lag.said()}")


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
