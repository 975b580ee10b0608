"""Translates legacy rows of 20 texts into 16 canonical fields, beside pydantic and a hand.

Each contender trims, checks lengths and characters, looks codes up, and makes decimals, whole
numbers, a date, an instant and a boolean, from the same tuples in batches of 5,000. All end
with the same values. The hand-written functions are what a careful person writes for these rows
alone: they stop at the first bad one and cannot say which field. The collector of cycles is
held back for every contender as it is during a sync.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zlib import crc32

from benchmarks.frame import (
    Measurement,
    Sample,
    Settings,
    Side,
    Stopwatch,
    at_least,
    at_most,
    run_process,
    side_by_side,
    tell,
)
from benchmarks.mapping_orders import ORDERS
from benchmarks.mapping_rows import LOCAL, PLAIN, Workload
from mappings import CompiledMapping, compile_mapping, load_mapping
from midspan.kernel.errors import Problem
from midspan.kernel.memory import rare_collections

ROWS = 300_000
TARGET = 600_000
MANY, MANY_WITHIN = 200, 2.0
WORKLOADS = {one.name: one for one in (PLAIN, LOCAL, ORDERS)}

_BATCH = 5_000
_SHORT = 2_500
_LINES_COST = 10
_HAND, _PYDANTIC = ("hand-written", "hand_rows"), ("pydantic", "pydantic_rows")

Translate = Callable[[Sequence[tuple[Any, ...]]], Sequence[Any]]


def measure(settings: Settings) -> Iterator[Measurement]:
    """Yield the rates beside the peers', and the time that many mappings take to compile."""
    target = None if settings.short else TARGET
    peers = (_PYDANTIC, _HAND)
    yield from _beside(PLAIN, "mapping: 20 to 16 fields", "rows/s", peers, settings, target)
    told = "mapping: 20 to 16 fields, local times and code lists"
    yield from _beside(LOCAL, told, "rows/s", peers, settings)
    told = "mapping: orders of 10 lines"
    yield from _beside(ORDERS, told, "orders/s", (_HAND,), settings)
    many = 5 if settings.short else MANY
    limit = None if settings.short else MANY_WITHIN
    yield at_most(f"mapping: load and compile {many}", "s", compile_time(many), limit)


def _beside(
    workload: Workload,
    told: str,
    unit: str,
    peers: Sequence[tuple[str, str]],
    settings: Settings,
    target: float | None = None,
) -> Iterator[Measurement]:
    rows = settings.rows or (_SHORT if settings.short else ROWS)
    count = str(rows // _LINES_COST if workload is ORDERS else rows)
    sides = [Side("mapping", _process("benchmarks.mappings", workload, count))]
    sides += [
        Side(name, _process(f"benchmarks.peers.{module}", workload, count))
        for name, module in peers
    ]
    found = side_by_side(sides, settings.rounds)
    ours = found["mapping"]
    versions = {"pydantic": version("pydantic")}
    for name, _module in peers:
        peer = (name, found[name].rate)
        about = versions if name == "pydantic" else {}
        yield at_least(f"{told}, beside {name}", unit, ours.rate, target, peer=peer, versions=about)
    yield at_most(f"{told}, peak memory", "MB", ours.peak_mb)


def _process(module: str, workload: Workload, count: str) -> Callable[[], Sample]:
    return lambda: run_process(module, workload.name, count)


def written(workload: Workload, folder: Path, name: str = "legacy") -> Path:
    """Return the file that a workload's mapping was written to, beside its tables."""
    (folder / "lookups").mkdir(exist_ok=True)
    for table, content in workload.tables.items():
        (folder / "lookups" / table).write_text(content)
    file = folder / f"{name}.yaml"
    file.write_text(f"mapping: {name}\n{workload.mapping}")
    return file


def compiled(workload: Workload, file: Path) -> CompiledMapping:
    """Return the mapping of a file that was ``written``."""
    problems: list[Problem] = []
    mapping = load_mapping(file, workload.entity, problems)
    if mapping is None:
        raise ValueError([str(one) for one in problems])
    return compile_mapping(mapping)


def compile_time(count: int) -> float:
    """Return the seconds that ``count`` files take to be read, checked and compiled."""
    with tempfile.TemporaryDirectory() as folder:
        files = [written(PLAIN, Path(folder), f"m{number}") for number in range(count)]
        began = time.perf_counter()
        for number, file in enumerate(files):
            compiled(PLAIN, file).translate(PLAIN.columns, [PLAIN.row(number)])
        return time.perf_counter() - began


def run(name: str, translate: Translate, rows: int) -> Sample:
    """Translate ``rows`` rows in batches, timed without their making and their checking."""
    make = WORKLOADS[name].row
    check, count = 0, 0
    with rare_collections():
        watch = Stopwatch()
        for start in range(0, rows, _BATCH):
            with watch.aside():
                batch = [make(number) for number in range(start, min(start + _BATCH, rows))]
            done = translate(batch)
            with watch.aside():
                count += len(done)
                for row in done:
                    check = crc32(_spelt(row).encode(), check)
        return watch.sample(count, f"{check:08x}")


def _spelt(value: Any) -> str:
    """Return a value's type and its text: pydantic's UTC is UTC by another class."""
    if isinstance(value, tuple):
        return "|".join(map(_spelt, value))
    if isinstance(value, dict):
        return "|".join(f"{key}={_spelt(one)}" for key, one in value.items())
    return f"{type(value).__name__}:{value}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        chosen = WORKLOADS[sys.argv[1]]
        ours = compiled(chosen, written(chosen, Path(place)))
        tell(
            run(
                chosen.name,
                lambda batch: ours.translate(chosen.columns, batch).rows,
                int(sys.argv[2]),
            )
        )
