"""The ``midspan`` command: each verb parses its words, calls one function, and says the result.

Heavy libraries are imported by the verbs that need them.
"""

import logging

import click

from midspan import __version__
from midspan.cli.verbs import (
    changes,
    contracts,
    drift,
    project,
    proofs,
    quarantine,
    servers,
    syncs,
    systems,
)


class InOrder(click.Group):
    """Lists its verbs as they are added: in the order in which they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs' names."""
        del ctx
        return list(self.commands)


@click.group(cls=InOrder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option("-v", "--verbose", is_flag=True, help="Log what is being done.")
def main(verbose: bool) -> None:
    """Sync legacy systems into shared services."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )


for verb in (
    *project.VERBS,
    *proofs.VERBS,
    *systems.VERBS,
    *changes.VERBS,
    *syncs.VERBS,
    *quarantine.VERBS,
    *drift.VERBS,
    *servers.VERBS,
    *contracts.VERBS,
):
    main.add_command(verb)
