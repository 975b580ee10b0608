"""Verbs that serve until they are stopped."""

import logging
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


@click.command()
@click.argument("centers", nargs=-1, required=True, callback=_known)
@click.option("--workers", default=4, show_default=True, help="Calls handled at the same time.")
@guarded
def serve(centers: tuple[str, ...], workers: int) -> None:
    """Answer the calls of CENTERS until stopped."""
    from midspan.cli.serve import serve_centers

    logging.getLogger("midspan").setLevel(logging.INFO)
    serve_centers(open_settings(), centers, workers)


@click.command()
@guarded
def relay() -> None:
    """Publish what the centers committed, until stopped."""
    from midspan.cli.serve import run_relay

    logging.getLogger("midspan").setLevel(logging.INFO)
    run_relay(open_settings())


VERBS: tuple[click.Command, ...] = (serve, relay)
