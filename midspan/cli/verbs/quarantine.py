"""Verbs about refused rows: listed, shown, replayed, emptied, erased."""

import sys
from typing import TYPE_CHECKING

import click

from midspan.cli.opened import open_project
from midspan.cli.output import guarded, json_option, print_json, print_report

if TYPE_CHECKING:
    from midspan.sync.quarantine_replay import Foreseen


@click.group()
def quarantine() -> None:
    """Rows that were refused: listed, shown, replayed, erased."""


@quarantine.command("list")
@click.argument("name", required=False)
@click.option("--counts", is_flag=True, help="Only count them by sync, code and field.")
@json_option
@guarded
def quarantine_list(name: str | None, counts: bool, as_json: bool) -> None:
    """List the refused rows of sync NAME (all syncs by default): why and where."""
    from midspan.cli.refused import print_counts, print_rows
    from midspan.sync.quarantine import refused_counts, refused_rows

    project = open_project()
    syncs = [project.sync(name)] if name else list(project.syncs.values())
    counted = [one for sync in syncs for one in refused_counts(project, sync)]
    rows = [] if counts else [one for sync in syncs for one in refused_rows(project, sync)]
    if as_json:
        print_json(counted if counts else rows)
        return
    print_counts(counted)
    if rows:
        print_rows(rows)


@quarantine.command("show")
@click.argument("name")
@click.argument("entry", type=int)
@click.option("--raw", is_flag=True, help="Show the bytes as they came, personal data included.")
@click.option("--show-personal", is_flag=True, help="Show what is personal in the record.")
@json_option
@guarded
def quarantine_show(name: str, entry: int, raw: bool, show_personal: bool, as_json: bool) -> None:
    """Show the refused row ENTRY of sync NAME; what is personal is hidden."""
    from midspan.cli.refused import plain_entry, print_entry

    if raw:
        click.echo("midspan: the original bytes may hold personal data", err=True)
    shown = plain_entry(open_project(), name, entry, raw=raw, personal=show_personal)
    if as_json:
        print_json(shown)
    else:
        print_entry(shown)


@quarantine.command("replay", short_help="Translate refused rows again, and apply them once.")
@click.argument("name")
@click.option("--code", "codes", multiple=True, help="Only rows refused with this code.")
@click.option("--entry", "ids", multiple=True, type=int, help="Only this row, as listed.")
@click.option("--yes", is_flag=True, help="Apply without asking.")
@click.option("--dry-run", is_flag=True, help="Only tell what would become of each row.")
@click.option("--diff", is_flag=True, help="Tell before and after of each changed field.")
@click.option("--show-personal", is_flag=True, help="Show personal values in --diff.")
@json_option
@guarded
def quarantine_replay(
    name: str,
    codes: tuple[str, ...],
    ids: tuple[int, ...],
    yes: bool,
    dry_run: bool,
    diff: bool,
    show_personal: bool,
    as_json: bool,
) -> int:
    """Translate the refused rows of sync NAME again, tell what becomes of each, and apply it.

    What is told first is applied with --yes, or after the question at a terminal.
    """
    from midspan.cli.refused import plain_foreseen, print_foreseen
    from midspan.sync.quarantine_replay import foresee_replay, replay

    project = open_project()
    foreseen = foresee_replay(project, name, codes=codes, ids=ids)
    if not (yes and as_json):
        sync = project.sync(name)
        told = plain_foreseen(sync, foreseen, diff=diff, personal=show_personal)
        if as_json:
            print_json(told)
        else:
            print_foreseen(name, told)
    if dry_run or not foreseen or not (yes or _agreed(foreseen, as_json=as_json)):
        return 1 if _stuck(foreseen) else 0
    report = replay(project, name, codes=codes, ids=ids)
    print_report(report, as_json=as_json)
    return 1 if report.ledger["quarantined"] else 0


@quarantine.command("prune", short_help="Empty what is kept longer than keep_days.")
@click.argument("name", required=False)
@json_option
@guarded
def quarantine_prune(name: str | None, as_json: bool) -> None:
    """Empty refused rows of sync NAME (all by default) that are older than its keep_days."""
    from midspan.sync.quarantine import prune_sync

    project = open_project()
    names = [project.sync(name).name] if name else list(project.syncs)
    emptied = {one: prune_sync(project, one) for one in names}
    if as_json:
        print_json(emptied)
        return
    for one, count in emptied.items():
        click.echo(f"{one}: {count} emptied")


@quarantine.command("erase", short_help="Erase refused rows for good.")
@click.argument("name")
@click.option("--key", "keys", multiple=True, help="The row's key in the source.")
@click.option("--identity", "identities", multiple=True, help="The row's identity, as shown.")
@json_option
@guarded
def quarantine_erase(
    name: str, keys: tuple[str, ...], identities: tuple[str, ...], as_json: bool
) -> int:
    """Erase refused rows of sync NAME by key or identity, for good.

    A row that the source still holds comes back with the next run that reads it.
    """
    from midspan.sync.quarantine import erase

    if not (keys or identities):
        raise click.UsageError("name what to erase: --key or --identity")
    erased = erase(open_project(), name, keys, identities)
    if as_json:
        print_json({"sync": name, "erased": erased})
    else:
        click.echo(f"{name}: {erased} erased")
    return 0 if erased else 1


def _agreed(foreseen: "list[Foreseen]", *, as_json: bool) -> bool:
    """Return whether the person at the terminal says yes; nobody there is no."""
    if as_json or not sys.stdin.isatty():
        click.echo("midspan: nothing was applied; --yes applies it", err=True)
        return False
    return click.confirm(f"Replay {len(foreseen)} rows?")


def _stuck(foreseen: "list[Foreseen]") -> bool:
    return any(one.outcome in ("refused", "lost") for one in foreseen)


VERBS: tuple[click.Command, ...] = (quarantine,)
