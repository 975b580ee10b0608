"""Verbs about a project as a whole: made, and made ready to run."""

from pathlib import Path

import click

from midspan.cli.opened import open_project
from midspan.cli.output import guarded, json_option, print_json
from midspan.cli.scaffold import TYPES


@click.command(short_help="Make a project in FOLDER.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--type",
    "types",
    multiple=True,
    type=click.Choice(TYPES),
    help="Add an example of a system of this type; may be repeated.  [default: sql]",
)
@json_option
@guarded
def init(folder: Path, types: tuple[str, ...], as_json: bool) -> None:
    """Make a project in FOLDER; in a project, bring its JSON Schemas up to date."""
    from midspan.cli.scaffold import make_project

    made = make_project(folder, types)
    if as_json:
        print_json({"folder": str(folder.resolve()), "written": made})
        return
    for name in made:
        click.echo(f"wrote {folder / name}")
    if "README.md" in made:
        click.echo(f"\nNext: cd {folder}, and follow its README.md")


@click.command(short_help="Make what the project needs before its first run.")
@click.option("--pools/--no-pools", default=True, help="Create Airflow's pools as well.")
@json_option
@guarded
def apply(pools: bool, as_json: bool) -> None:
    """Make what the project needs before its first run: tables, and Airflow's pools."""
    from midspan.cli.apply import create_pools, create_stores

    project = open_project()
    made = {"centers": create_stores(project), "pools": create_pools(project) if pools else []}
    if as_json:
        print_json(made)
    else:
        click.echo(f"centers: {', '.join(made['centers'])}")
        click.echo(f"pools: {', '.join(made['pools']) or 'left alone'}")


VERBS: tuple[click.Command, ...] = (init, apply)
