"""The ``midspan`` command: each verb parses its words, calls one function, and says the result.

Heavy libraries are imported by the verbs that need them.
"""

import logging
from typing import TYPE_CHECKING, Any

import click

from config.settings import Settings
from midspan import __version__
from midspan.cli.output import (
    ProgressLine,
    guarded,
    json_option,
    ledger_line,
    print_json,
    print_table,
)
from midspan.kernel.errors import ConfigurationError, MidspanError
from midspan.kernel.house import require_own_packages

if TYPE_CHECKING:
    from midspan.sync.project import Project
    from midspan.sync.report import RunReport

_CENTERS = ("user_center", "product_center")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option("-v", "--verbose", is_flag=True, help="Log what is being done.")
def main(verbose: bool) -> None:
    """Sync legacy systems into shared services."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )


@main.command()
@json_option
@guarded
def lint(as_json: bool) -> int:
    """Prove the project's files before anything runs: configuration, mappings, examples."""
    from mappings import run_examples

    project = _project()
    problems = project.prove_adapters()
    if problems:
        raise ConfigurationError(problems)
    failures = [
        str(failure) for sync in project.syncs.values() for failure in run_examples(sync.mapping)
    ]
    if as_json:
        print_json({"syncs": sorted(project.syncs), "failures": failures})
    else:
        for failure in failures:
            click.echo(failure)
        click.echo(f"{len(project.syncs)} syncs, {len(failures)} failing examples")
    return 1 if failures else 0


@main.command()
@click.argument("systems", nargs=-1)
@json_option
@guarded
def check(systems: tuple[str, ...], as_json: bool) -> int:
    """Log in to SYSTEMS (all by default) and read one row of each stream."""
    from midspan.cli.checks import check_system

    project = _project()
    names = systems or tuple(project.systems)
    for name in names:
        project.system(name)
    found, code = [], 0
    for name in names:
        try:
            found += check_system(project, name)
        except MidspanError as error:
            click.echo(f"midspan: {error}", err=True)
            found.append({"system": name, "stream": None, "ok": False, "problem": error.code})
            code = max(code, error.exit_code)
    if as_json:
        print_json(found)
    else:
        rows = [(one["system"], one["stream"], one["problem"] or "readable") for one in found]
        print_table(("system", "stream", "result"), rows)
    return code or (0 if all(one["ok"] for one in found) else 1)


@main.command()
@click.option("--pools/--no-pools", default=True, help="Create Airflow's pools as well.")
@json_option
@guarded
def apply(pools: bool, as_json: bool) -> None:
    """Make what the project needs before its first run: tables, and Airflow's pools."""
    from midspan.cli.apply import create_pools, create_stores

    project = _project()
    made = {"centers": create_stores(project), "pools": create_pools(project) if pools else []}
    if as_json:
        print_json(made)
    else:
        click.echo(f"centers: {', '.join(made['centers'])}")
        click.echo(f"pools: {', '.join(made['pools']) or 'left alone'}")


@main.command()
@click.argument("name")
@click.option("--full-refresh", is_flag=True, help="Read the stream from its beginning.")
@click.option("--dry-run", is_flag=True, help="Judge and count, keep nothing.")
@json_option
@guarded
def sync(name: str, full_refresh: bool, dry_run: bool, as_json: bool) -> None:
    """Run the sync NAME (system.stream) once, here and now."""
    from midspan.sync.pipeline import run_sync
    from midspan.sync.run import RunOptions

    line = ProgressLine(f"{name}: rows read")
    options = RunOptions(full_refresh=full_refresh, dry_run=dry_run)
    report = run_sync(_project(), name, options, lambda progress: line.update(progress.read))
    line.done()
    _print_report(report, as_json=as_json)


@main.command()
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Judge and count, keep nothing.")
@json_option
@guarded
def deletes(name: str, dry_run: bool, as_json: bool) -> None:
    """Find what vanished from the source of sync NAME, by comparing keys."""
    from midspan.sync.deletes import run_deletes
    from midspan.sync.run import RunOptions

    line = ProgressLine(f"{name}: keys listed")
    report = run_deletes(_project(), name, RunOptions(dry_run=dry_run), line.update)
    line.done()
    _print_report(report, as_json=as_json)


@main.command()
@click.argument("centers", nargs=-1, required=True, type=click.Choice(_CENTERS))
@click.option("--workers", default=4, show_default=True, help="Calls handled at the same time.")
@guarded
def serve(centers: tuple[str, ...], workers: int) -> None:
    """Answer the calls of CENTERS until stopped."""
    from midspan.cli.serve import serve_centers

    logging.getLogger("midspan").setLevel(logging.INFO)
    serve_centers(_settings(), centers, workers)


@main.command()
@guarded
def relay() -> None:
    """Publish what the centers committed, until stopped."""
    from midspan.cli.serve import run_relay

    logging.getLogger("midspan").setLevel(logging.INFO)
    run_relay(_settings())


@main.command()
@json_option
@guarded
def status(as_json: bool) -> None:
    """Show each system's gate, each sync's last run, each center's records and backlog."""
    from midspan.cli.queries import center_status, sync_status
    from midspan.cli.systems import system_status

    project = _project()
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
        rows.append((one["sync"], one["as_of"], last["kind"], last["status"], one["quarantined"]))
    print_table(("sync", "as of", "last run", "status", "refused"), rows)
    print_table(
        ("center", "golden records", "events waiting"),
        [(one["center"], ledger_line(one["golden"]), one["outbox"]) for one in centers],
    )


@main.command()
@click.argument("system")
@click.option("--why", default="no reason given", help="Kept, and shown to whoever wants to call.")
@json_option
@guarded
def pause(system: str, why: str, as_json: bool) -> None:
    """Stop all calls into SYSTEM until it is resumed; work under way is kept."""
    from midspan.cli.systems import pause_system

    _print_system(pause_system(_project(), system, why), as_json=as_json)


@main.command()
@click.argument("system")
@json_option
@guarded
def resume(system: str, as_json: bool) -> None:
    """Let calls into SYSTEM begin again."""
    from midspan.cli.systems import resume_system

    _print_system(resume_system(_project(), system), as_json=as_json)


@main.group()
def quarantine() -> None:
    """Rows that were refused."""


@quarantine.command("list")
@click.argument("name", required=False)
@json_option
@guarded
def quarantine_list(name: str | None, as_json: bool) -> None:
    """List the refused rows of sync NAME (all syncs by default): why and where."""
    from midspan.cli.queries import quarantined_rows

    project = _project()
    syncs = [project.sync(name)] if name else list(project.syncs.values())
    rows = [row for one in syncs for row in quarantined_rows(project, one)]
    if as_json:
        print_json(rows)
        return
    columns = ("sync", "source_key", "code", "field", "message", "place")
    print_table(columns, [[row[column] for column in columns] for row in rows])


def _settings() -> Settings:
    require_own_packages()
    return Settings.from_environment()


def _project() -> "Project":
    from midspan.sync.project import assemble

    return assemble(_settings())


def _sum(counts: dict[str, int]) -> int:
    return sum(counts.values())


def _print_system(status: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(status)
        return
    click.echo(f"{status['system']}: {status['state']} {status['why']}".rstrip())


def _print_report(report: "RunReport", *, as_json: bool) -> None:
    if as_json:
        print_json(report.as_dict())
        return
    click.echo(f"{report.sync}: {ledger_line(report.ledger.counts) or 'nothing to read'}")
    changed = ledger_line(report.golden) or "unchanged"
    click.echo(f"golden records: {changed}; events: {report.events}")
