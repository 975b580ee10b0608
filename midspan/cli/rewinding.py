"""How a rewind is told: what it changes, and what the next runs will do."""

import click

from midspan.sync.rewind import RewindPlan


def print_rewind(plan: RewindPlan) -> None:
    """Print what was changed, or would be, and what happens next."""
    click.echo(f"{plan.sync}: {'would be' if plan.dry_run else 'was'} set back")
    if plan.cursor_to != plan.cursor_from:
        beginning = "the beginning"
        click.echo(f"  cursor: {plan.cursor_from or beginning} → {plan.cursor_to or beginning}")
    if plan.again:
        click.echo(f"  known rows to read again: {plan.again}")
    if plan.epoch_to != plan.epoch_from:
        click.echo(f"  epoch: {plan.epoch_from} → {plan.epoch_to}")
    for entity, (before, after) in plan.golden_ids.items():
        click.echo(f"  last golden id of {entity}: {before} → {after}")
    for step in plan.then:
        click.echo(f"  then: {step}")
