"""Verbs about syncs: run by hand, and what their runs left behind."""

from datetime import UTC, datetime, timedelta

import click

from midspan.cli.opened import open_project
from midspan.cli.output import (
    ProgressLine,
    guarded,
    json_option,
    ledger_line,
    print_json,
    print_report,
    print_table,
)


@click.command()
@click.argument("name")
@click.option("--full-refresh", is_flag=True, help="Read the stream from its beginning.")
@click.option("--dry-run", is_flag=True, help="Judge and count, keep nothing.")
@click.option("--allow-volume", is_flag=True, help="Believe a number of rows unlike any before.")
@json_option
@guarded
def sync(name: str, full_refresh: bool, dry_run: bool, allow_volume: bool, as_json: bool) -> None:
    """Run the sync NAME (system.stream) once, here and now."""
    from midspan.sync.pipeline import run_sync
    from midspan.sync.run import RunOptions

    line = ProgressLine(f"{name}: rows read")
    options = RunOptions(full_refresh=full_refresh, dry_run=dry_run, allow_volume=allow_volume)
    report = run_sync(open_project(), name, options, lambda progress: line.update(progress.read))
    line.done()
    print_report(report, as_json=as_json)


@click.command(short_help="Read a past range of a stream again, beside the live sync.")
@click.argument("name")
@click.option("--from", "lower", metavar="VALUE", help="The first cursor value, or the beginning.")
@click.option("--to", "upper", metavar="VALUE", required=True, help="The end; not read itself.")
@click.option("--dry-run", is_flag=True, help="Judge and count, keep nothing.")
@json_option
@guarded
def backfill(name: str, lower: str | None, upper: str, dry_run: bool, as_json: bool) -> None:
    """Read the rows of sync NAME whose cursor lies in a range again, on the lane of backfills."""
    from midspan.sync.backfill import run_backfill
    from midspan.sync.run import RunOptions

    line = ProgressLine(f"{name}: rows read")
    options = RunOptions(dry_run=dry_run)
    report = run_backfill(
        open_project(), name, lower, upper, options, lambda progress: line.update(progress.read)
    )
    line.done()
    print_report(report, as_json=as_json)


@click.command(short_help="Go back after a source or a center was restored.")
@click.argument("name")
@click.option("--to", "value", metavar="VALUE", help="Set the cursor back to this value.")
@click.option("--source-restored", is_flag=True, help="The source was restored from a backup.")
@click.option("--center-restored", is_flag=True, help="The center was restored from a backup.")
@click.option("--golden-id-floor", type=click.IntRange(1), help="No new golden id is below this.")
@click.option("--dry-run", is_flag=True, help="Say what would be done.")
@json_option
@guarded
def rewind(
    name: str,
    value: str | None,
    source_restored: bool,
    center_restored: bool,
    golden_id_floor: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Set the sync NAME back, and say what its next run will do."""
    from midspan.cli.rewinding import print_rewind
    from midspan.sync.rewind import Restored, run_rewind
    from midspan.sync.run import RunOptions

    if [value is not None, source_restored, center_restored].count(True) != 1:
        raise click.UsageError("name one of --to, --source-restored and --center-restored")
    if golden_id_floor is not None and not center_restored:
        raise click.UsageError("--golden-id-floor belongs to --center-restored")
    restored = Restored(value, source_restored, center_restored, golden_id_floor)
    options = RunOptions(dry_run=dry_run, patience=timedelta(0))
    plan = run_rewind(open_project(), name, restored, options)
    if as_json:
        print_json(plan.as_dict())
    else:
        print_rewind(plan)


@click.command(short_help="Compare a source with its center, row by row.")
@click.argument("name")
@click.option("--heal", is_flag=True, help="Read what is found again, and apply it.")
@click.option("--buckets", type=click.IntRange(1, 1_000_000), help="How many; by default few rows.")
@json_option
@guarded
def reconcile(name: str, heal: bool, buckets: int | None, as_json: bool) -> int:
    """Name the rows of sync NAME that are missing, only in the center, or different."""
    from midspan.cli.reconciling import print_reconciliation
    from midspan.sync.reconcile import run_reconcile
    from midspan.sync.reconcile_heal import heal as healed

    line, project = ProgressLine(f"{name}: rows read"), open_project()
    found = run_reconcile(project, name, buckets, on_progress=line.update)
    line.done()
    if heal:
        found = healed(project, found)
    if as_json:
        print_json(found.as_dict())
    else:
        print_reconciliation(found)
    return 0 if found.clean else 1


@click.command(short_help="Find what vanished from a sync's source.")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Judge and count, keep nothing.")
@json_option
@guarded
def deletes(name: str, dry_run: bool, as_json: bool) -> None:
    """Find what vanished from the source of sync NAME, by comparing keys."""
    from midspan.sync.deletes import run_deletes
    from midspan.sync.run import RunOptions

    line = ProgressLine(f"{name}: keys listed")
    report = run_deletes(open_project(), name, RunOptions(dry_run=dry_run), line.update)
    line.done()
    print_report(report, as_json=as_json)


@click.command(short_help="Show each system's gate, each sync's last run, each backlog.")
@json_option
@guarded
def status(as_json: bool) -> None:
    """Show each system's gate, each sync's last run, each center's records and backlog."""
    from midspan.cli.queries import center_status, sync_status
    from midspan.cli.systems import system_status
    from midspan.sync.lag import Lag

    project = open_project()
    systems = [system_status(project, name) for name in project.systems]
    syncs = [sync_status(project, one) for one in project.syncs.values()]
    centers = [center_status(project, center) for center in project.centers.values()]
    if as_json:
        print_json({"systems": systems, "syncs": syncs, "centers": centers})
        return
    print_table(
        ("system", "state", "why", "running", "waiting"),
        [
            (one["system"], one["state"], one["why"], *map(_sum, (one["running"], one["waiting"])))
            for one in systems
        ],
    )
    rows = []
    for one in syncs:
        last = one["runs"][-1] if one["runs"] else {"status": "never ran", "kind": ""}
        late = Lag(**one["lag"]).said() if one["lag"] else ""
        ended = (last["kind"], last["status"])
        counts = (one["quarantined"], one["older_rows"])
        fresh = (_moment(one["as_of"]), "late" if one["late"] else "")
        rows.append((one["sync"], *fresh, *ended, ", ".join(one["drift"]), *counts, late))
    ran = ("last run", "status", "drift", "refused", "older mapping", "late rows")
    print_table(("sync", "as of", "fresh", *ran), rows)
    print_table(
        ("center", "golden records", "events waiting"),
        [(one["center"], ledger_line(one["golden"]), one["outbox"]) for one in centers],
    )


def _moment(stamp: str | None) -> str:
    return f"{datetime.fromisoformat(stamp).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if stamp else ""


def _sum(counts: dict[str, int]) -> int:
    return sum(counts.values())


VERBS: tuple[click.Command, ...] = (sync, backfill, rewind, reconcile, deletes, status)
