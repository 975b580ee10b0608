"""How a reconciliation is told: what was compared, and each row that slipped by its key."""

import click

from midspan.cli.output import ledger_line, print_table
from midspan.sync.reconcile import Reconciliation


def print_reconciliation(found: Reconciliation) -> None:
    """Print what was compared and found; a different row with the names of its fields."""
    click.echo(
        f"{found.sync}: {found.source_rows} rows in the source, {found.center_rows} in the center; "
        f"{found.differing} of {found.buckets} buckets differ, {found.compared} rows compared, "
        f"{found.moved} read again, {found.in_flight} in flight"
    )
    lines = [(one.key, one.kind.replace("_", " "), ", ".join(one.fields)) for one in found.findings]
    if lines:
        print_table(("key", "what", "fields"), lines)
    if found.unlooked:
        click.echo(f"{found.unlooked} more rows may differ: heal these, and reconcile again")
    if found.healed is not None:
        click.echo(f"healed: {ledger_line(found.healed.ledger.counts)}")
