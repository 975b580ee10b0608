"""Verbs about what a change would change, before it is made."""

import click

from midspan.cli.opened import open_project
from midspan.cli.output import guarded, json_option, print_json


@click.command(short_help="Show what a changed mapping changes on a stream's rows.")
@click.argument("old")
@click.argument("new")
@click.option("--sync", default="", metavar="NAME", help="Take the rows of this sync's stream.")
@click.option("--rows", default=200, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--offline", is_flag=True, help="Take the rows of golden file and examples.")
@click.option("--show-personal", is_flag=True, help="Show the values of personal fields.")
@json_option
@guarded
def diff(
    old: str, new: str, sync: str, rows: int, offline: bool, show_personal: bool, as_json: bool
) -> int:
    """Show what mapping NEW makes otherwise than OLD: a NAME, a FILE.yaml, or NAME@REVISION."""
    from midspan.cli.diffs import masked, plain, print_diff
    from midspan.sync.diff import diff as compared

    done = compared(open_project(), old, new, rows, sync, offline=offline)
    shown = done if show_personal else masked(done)
    if as_json:
        print_json(plain(shown))
    else:
        print_diff(shown)
    return 1 if done.comparison.differs else 0


VERBS: tuple[click.Command, ...] = (diff,)
