"""``python -m benchmarks [NAME…]``: measure, say it, and write ``var/bench/NAME.json``.

Exit codes: 0 every target met, 1 one was missed, 2 the words were wrong or a benchmark could
not run. A benchmark that could not run leaves no file of an earlier run behind.
"""

import sys

import click

from benchmarks.frame import BENCH, BenchmarkError, Measurement, Settings, write
from benchmarks.registry import BENCHMARKS, known, measure
from midspan.kernel.errors import MidspanError


@click.command()
@click.argument("names", nargs=-1)
@click.option("--rows", type=click.IntRange(1), help="Rows or records to move.")
@click.option("--seconds", type=click.FloatRange(1), help="How long a load lasts.")
@click.option("--rounds", default=3, show_default=True, help="How often each contender runs.")
def main(names: tuple[str, ...], rows: int | None, seconds: float | None, rounds: int) -> None:
    """Run the benchmarks NAMES (all when none is given)."""
    for name in names:
        if not known(name):
            raise click.UsageError(
                f"there is no benchmark '{name}'; there are {', '.join(BENCHMARKS)}"
            )
    settings = Settings(rows, seconds, rounds)
    missed = [name for name in names or tuple(BENCHMARKS) if not run(name, settings)]
    sys.exit(1 if missed else 0)


def run(name: str, settings: Settings) -> bool:
    """Run one benchmark and write its file; return whether every target was met."""
    (BENCH / f"{name}.json").unlink(missing_ok=True)
    found = []
    for one in measure(name, settings):
        click.echo(line(one))
        found.append(one)
    click.echo(f"written: {write(name, found)}")
    return all(one.ok for one in found)


def line(one: Measurement) -> str:
    """Say one measurement for people."""
    said = f"{'ok     ' if one.ok else 'MISSED '}{one.name}: {one.value:,.4g} {one.unit}"
    if one.peer is not None and one.peer_value is not None:
        said += f"; {one.peer}: {one.peer_value:,.4g}"
    if one.ratio is not None:
        said += f" ({one.ratio:.2f}x)"
    return said + (f"; target {one.target:,.4g}" if one.target is not None else "")


if __name__ == "__main__":
    try:
        main()
    except (BenchmarkError, MidspanError) as error:
        click.echo(f"bench: {error}", err=True)
        sys.exit(2)
