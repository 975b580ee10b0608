"""Verbs that prove a project's files and mappings before a row moves."""

from typing import TYPE_CHECKING

import click

from midspan.cli.opened import open_project, open_settings
from midspan.cli.output import guarded, json_option, print_json
from midspan.kernel.errors import ConfigurationError

if TYPE_CHECKING:
    from midspan.sync.project import Project


@click.command(short_help="Prove the project's files before anything runs.")
@click.argument("mappings", nargs=-1)
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option(
    "--sample",
    default=0,
    show_default=True,
    type=click.IntRange(0, 10_000),
    help="Read this many rows of each stream, and prove the mapping on them.",
)
@json_option
@guarded
def lint(mappings: tuple[str, ...], strict: bool, sample: int, as_json: bool) -> int:
    """Prove the project's files before anything runs: configuration, MAPPINGS, examples."""
    from midspan.cli.proofs import Linted, print_linted
    from midspan.sync.proving import linted, project_mappings, tested

    project = open_project()
    problems = project.prove_adapters()
    if problems:
        raise ConfigurationError(problems)
    chosen = project_mappings(project.settings.home, mappings)
    failures = tuple(failure for one in chosen for failure in tested(one).failures)
    findings = tuple(finding for one in chosen for finding in linted(project, one, sample))
    done = Linted(tuple(sorted(project.systems)), tuple(sorted(project.syncs)), failures, findings)
    if as_json:
        print_json(done.plain())
    else:
        print_linted(done)
    return done.exit_code(strict=strict)


@click.command(short_help="Run the mappings' examples and golden files.")
@click.argument("mappings", nargs=-1)
@click.option("--capture", metavar="SYSTEM.STREAM", help="Keep rows of a stream, masked.")
@click.option(
    "--rows",
    default=1000,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="Rows that are read to capture some.",
)
@click.option(
    "--keep",
    default=50,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Rows that are captured at most.",
)
@click.option("--force", is_flag=True, help="Overwrite a golden file.")
@json_option
@guarded
def test(
    mappings: tuple[str, ...],
    capture: str | None,
    rows: int,
    keep: int,
    force: bool,
    as_json: bool,
) -> int:
    """Run the examples and the golden files of MAPPINGS (all by default)."""
    from midspan.cli.proofs import print_tested, tested_plain
    from midspan.sync.proving import project_mappings, tested

    if capture is not None:
        if mappings:
            raise click.UsageError("--capture takes the stream's mapping: name no other")
        _capture(open_project(), capture, rows, keep, force=force, as_json=as_json)
        return 0
    done = [tested(one) for one in project_mappings(open_settings().home, mappings)]
    if as_json:
        print_json(tested_plain(done))
    else:
        print_tested(done)
    return 1 if any(one.failures for one in done) else 0


def _capture(
    project: "Project", name: str, rows: int, most: int, *, force: bool, as_json: bool
) -> None:
    from midspan.cli.proofs import captured_plain, print_captured
    from midspan.sync.proving import captured

    done = captured(project, name, rows, most, overwrite=force)
    if as_json:
        print_json(captured_plain(done))
    else:
        print_captured(done)


VERBS: tuple[click.Command, ...] = (lint, test)
