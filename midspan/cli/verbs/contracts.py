"""Verbs about the published language: what it holds, what changed, and its releases."""

from pathlib import Path

import click

from midspan.cli.output import guarded, json_option, print_json, print_table


@click.group()
def contracts() -> None:
    """Show, compare and release what apps and centers say to each other."""


@contracts.command("list")
@json_option
@guarded
def list_messages(as_json: bool) -> None:
    """List every method, command and event."""
    from shared_services.contracts.schemas import published

    rows = [(name, one["kind"], one.get("center", "")) for name, one in published().items()]
    if as_json:
        print_json([dict(zip(("message", "kind", "center"), row, strict=True)) for row in rows])
        return
    print_table(("message", "kind", "center"), rows)


@contracts.command()
@click.argument("message", required=False)
@click.option(
    "--write",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write all JSON Schemas and the AsyncAPI document into this folder.",
)
@guarded
def schema(message: str | None, folder: Path | None) -> None:
    """Print the JSON Schemas of MESSAGE, or the AsyncAPI document of all."""
    from midspan.cli.contracts import document, parts_of, write_documents

    if folder is not None:
        click.echo(f"wrote {write_documents(folder)} files to {folder}")
    elif message is None:
        print_json(document())
    else:
        print_json(parts_of(message))


@contracts.command()
@json_option
@guarded
def diff(as_json: bool) -> int:
    """Compare with the last release; exit code 1 when a change breaks apps."""
    from shared_services.contracts.releases import changes_since_release, last_release

    found = changes_since_release()
    breaking = sum(one.breaking for one in found)
    if as_json:
        print_json({"release": last_release().number, "breaking": breaking, "changes": found})
    elif found:
        rows = [("breaking" if one.breaking else "fine", one.place, one.what) for one in found]
        print_table(("effect", "place", "change"), rows)
    if not as_json:
        said = f"{len(found)} changes since release {last_release().number}, {breaking} breaking"
        click.echo(said)
    return 1 if breaking else 0


@contracts.command()
@click.option("--breaking", is_flag=True, help="Release changes that break apps as well.")
@click.option(
    "--into",
    "folder",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Write the release into this folder.  [default: the package's own]",
)
@guarded
def release(breaking: bool, folder: Path | None) -> None:
    """Keep today's contracts as the set that later ones are compared with."""
    from shared_services.contracts.releases import own_folder, write_release

    file = write_release(folder or own_folder(), breaking=breaking)
    click.echo(f"wrote {file}" if file else "nothing changed since the last release")


VERBS: tuple[click.Command, ...] = (contracts,)
