"""The verb about drift: what changed in the sources, and what it reaches."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from midspan.cli.opened import open_project
from midspan.cli.output import guarded, json_option, print_json, print_table

if TYPE_CHECKING:
    from midspan.sync.drift import Drift


@click.command(short_help="Show what changed in the shape of sources, and what it reaches.")
@click.argument("name", required=False)
@click.option("--refresh", is_flag=True, help="Look at the sources now, field by field.")
@click.option("--accept", "accepted", is_flag=True, help="Take the shape of NAME as it is now.")
@json_option
@guarded
def drift(name: str | None, refresh: bool, accepted: bool, as_json: bool) -> int:
    """Show what changed in the source of sync NAME (all by default), and what it reaches."""
    from midspan.kernel.clock import SystemClock
    from midspan.sync.drift import accept, look

    if accepted and name is None:
        raise click.UsageError("name the sync whose source is to be taken as it is")
    project = open_project()
    syncs = [project.sync(name)] if name else list(project.syncs.values())
    if accepted:
        accept(project, syncs[0])
    now = SystemClock().now()
    found = [one for sync in syncs for one in look(project, sync, now, refresh=refresh)]
    if as_json:
        print_json([{**asdict(one), "stops": one.stops} for one in found])
    elif found:
        columns = ("sync", "source field", "what", "since", "stops", "reaches", "events")
        print_table(columns, [_line(one) for one in found])
    else:
        click.echo("no drift")
    return 1 if any(one.stops for one in found) else 0


def _line(one: "Drift") -> tuple[Any, ...]:
    reach = [*(["every row"] if one.reach.marks else []), *one.reach.fields]
    return (
        one.sync,
        one.source_field or "not known",
        f"{one.kind}: {one.message}",
        f"{one.first_seen:%Y-%m-%d %H:%M}",
        "yes" if one.stops else "no",
        ", ".join(reach) or "nothing",
        ", ".join(one.reach.events),
    )


VERBS: tuple[click.Command, ...] = (drift,)
