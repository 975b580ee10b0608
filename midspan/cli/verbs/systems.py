"""Verbs about the legacy systems: checked, looked into, shown, stopped and let go on."""

from pathlib import Path
from typing import Any

import click

from midspan.cli.opened import open_project
from midspan.cli.output import guarded, json_option, print_json


@click.command(short_help="Log in to systems, and read one row of each stream.")
@click.argument("systems", nargs=-1)
@click.option("--deep", is_flag=True, help="Prove each capability too; no record is changed.")
@json_option
@guarded
def check(systems: tuple[str, ...], deep: bool, as_json: bool) -> int:
    """Log in to SYSTEMS (all by default) and read one row of each stream."""
    from midspan.cli.checks import check_systems, print_checks

    project = open_project()
    found = check_systems(project, systems or tuple(project.systems), deep=deep)
    if as_json:
        print_json([row for one in found for row in one.as_rows()])
    else:
        print_checks(found)
    return max((one.exit_code for one in found), default=0)


@click.command(short_help="Show what there is to read in a system.")
@click.argument("system")
@click.argument("streams", nargs=-1)
@click.option("--refresh", is_flag=True, help="Look again at what is known already.")
@click.option("--yaml", "as_yaml", is_flag=True, help="Print streams for the system's file.")
@json_option
@guarded
def discover(
    system: str, streams: tuple[str, ...], refresh: bool, as_yaml: bool, as_json: bool
) -> int:
    """Show what there is to read in SYSTEM: everything in short, or STREAMS in full."""
    from midspan.cli.catalog import print_listing, print_stream, stream_yaml
    from midspan.sync.catalogs import discover as look

    found = look(open_project(), system, streams, refresh=refresh)
    if as_json:
        print_json(found)
    elif as_yaml:
        click.echo(stream_yaml(found, everything=not streams))
    elif streams:
        for number, kept in enumerate(found.streams):
            click.echo("\n" * (number > 0), nl=False)
            print_stream(kept)
    else:
        print_listing(found)
    for remark in found.remarks:
        click.echo(f"midspan: {remark}", err=True)
    return 1 if found.remarks else 0


@click.command(short_help="Draft a mapping of a stream, with its evidence.")
@click.argument("system")
@click.argument("stream")
@click.option("--entity", default="", help="The canonical entity; the likeliest by default.")
@click.option("--rows", default=300, show_default=True, type=click.IntRange(1, 1000))
@click.option("--write", type=click.Path(path_type=Path), help="Write to a file not there yet.")
@json_option
@guarded
def suggest(
    system: str, stream: str, entity: str, rows: int, write: Path | None, as_json: bool
) -> int:
    """Draft a mapping of a STREAM of SYSTEM from its names and some values; apply nothing."""
    from midspan.cli.drafts import Drafted, write_draft

    drafted = Drafted.of(open_project(), system, stream, entity=entity, rows=rows, file=write)
    if write is not None:
        write_draft(drafted, write)
    if as_json:
        print_json(drafted.plain())
    elif write is None:
        click.echo(drafted.text, nl=False)
    else:
        click.echo(f"wrote {write}{drafted.told}")
    for remark in drafted.remarks:
        click.echo(f"midspan: {remark}", err=True)
    return 1 if drafted.remarks else 0


@click.command(short_help="Show a stream's first rows, and what becomes of them.")
@click.argument("system")
@click.argument("stream")
@click.option("--rows", default=5, show_default=True, type=click.IntRange(1, 1000))
@click.option("--show-personal", is_flag=True, help="Show what is, or may be, personal.")
@json_option
@guarded
def preview(system: str, stream: str, rows: int, show_personal: bool, as_json: bool) -> int:
    """Show the first rows of a STREAM of SYSTEM, and what a run would make of them."""
    from midspan.cli.rows import masked, plain, print_preview
    from midspan.sync.preview import preview as read

    shown = read(open_project(), system, stream, rows)
    if not show_personal:
        shown = masked(shown)
    if as_json:
        print_json(plain(shown))
    else:
        print_preview(shown, hidden=not show_personal)
    refused = shown.rejects or any(row.outcome == "refused" for row in shown.rows)
    return 1 if refused else 0


@click.command(short_help="Stop all calls into a system until it is resumed.")
@click.argument("system")
@click.option("--why", default="no reason given", help="Kept, and shown to whoever wants to call.")
@json_option
@guarded
def pause(system: str, why: str, as_json: bool) -> None:
    """Stop all calls into SYSTEM until it is resumed; work under way is kept."""
    from midspan.cli.systems import pause_system

    _print_system(pause_system(open_project(), system, why), as_json=as_json)


@click.command()
@click.argument("system")
@json_option
@guarded
def resume(system: str, as_json: bool) -> None:
    """Let calls into SYSTEM begin again."""
    from midspan.cli.systems import resume_system

    _print_system(resume_system(open_project(), system), as_json=as_json)


def _print_system(status: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(status)
        return
    click.echo(f"{status['system']}: {status['state']} {status['why']}".rstrip())


VERBS: tuple[click.Command, ...] = (check, discover, suggest, preview, pause, resume)
