"""Verbs that serve until they are stopped."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import click

from midspan.cli.opened import open_settings
from midspan.cli.output import guarded


def _known(_context: Any, _parameter: Any, centers: tuple[str, ...]) -> tuple[str, ...]:
    # A choice of click's would import every center for each other verb's help.
    from midspan.sync.centers import NAMES

    for name in centers:
        if name not in NAMES:
            raise click.BadParameter(f"'{name}' is none of {', '.join(NAMES)}")
    return centers


def _door_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that every serving verb has."""
    options = (
        click.option("--host", default="127.0.0.1", show_default=True, help="Health's address."),
        click.option("--port", default=0, help="Health's port.  [default: a free one]"),
        click.option(
            "--log-format",
            type=click.Choice(["auto", "json", "text"]),
            default="auto",
            show_default=True,
            help="auto is text on a terminal, else JSON.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.command()
@click.argument("centers", nargs=-1, required=True, callback=_known)
@click.option("--workers", default=4, show_default=True, help="Calls handled at the same time.")
@_door_options
@guarded
def serve(centers: tuple[str, ...], workers: int, host: str, port: int, log_format: str) -> None:
    """Answer the calls of CENTERS until stopped."""
    from midspan.cli.serve import Door, serve_centers

    _log(log_format)
    serve_centers(open_settings(), centers, workers, Door(host, port))


@click.command()
@_door_options
@guarded
def relay(host: str, port: int, log_format: str) -> None:
    """Publish what the centers committed, until stopped."""
    from midspan.cli.serve import Door, run_relay

    _log(log_format)
    run_relay(open_settings(), Door(host, port))


def _log(wanted: str) -> None:
    if wanted == "json" or (wanted == "auto" and not sys.stderr.isatty()):
        from midspan.ops.logs import log_as_json

        log_as_json()
    logging.getLogger("midspan").setLevel(logging.INFO)


VERBS: tuple[click.Command, ...] = (serve, relay)
