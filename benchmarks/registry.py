"""Which benchmarks there are, and the modules that measure their parts.

Each part has ``measure(settings)``, which yields measurements (``benchmarks.frame``). A name
runs all its parts; ``NAME.PART`` runs one of them.
"""

from collections.abc import Iterator
from importlib import import_module

from benchmarks.frame import BenchmarkError, Measurement, Settings

BENCHMARKS: dict[str, tuple[str, ...]] = {
    "adapters": ("rest", "sql", "soap"),
    "governor": ("governor",),
    "mappings": ("mappings", "suggest"),
    "messaging": ("messaging_queues", "messaging_rpc", "messaging_stores"),
}


def known(name: str) -> bool:
    """Whether a benchmark, or a part of one, goes by this name."""
    whole, _, part = name.partition(".")
    return whole in BENCHMARKS and (not part or part in BENCHMARKS[whole])


def measure(name: str, settings: Settings) -> Iterator[Measurement]:
    """Run a benchmark, or a part of one; raise BenchmarkError when there is none of that name."""
    if not known(name):
        raise BenchmarkError(f"there is no benchmark '{name}'; there are {', '.join(BENCHMARKS)}")
    whole, _, part = name.partition(".")
    for module in (part,) if part else BENCHMARKS[whole]:
        yield from import_module(f"benchmarks.{module}").measure(settings)
