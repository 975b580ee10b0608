"""Translates legacy rows of 20 texts into 16 canonical fields, beside pydantic and a hand.

Each contender trims, checks lengths and characters, looks codes up, and makes decimals, whole
numbers, a date, an instant of a local time and a boolean, row by row from the same tuples in
batches of 5,000. All end with the same values. The hand-written function is what a careful
person writes for these rows alone: it stops at the first bad one and cannot say which field.
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
from benchmarks.mapping_rows import COLUMNS, ENTITY, MAPPING, TABLE, made_rows
from mappings import CompiledMapping, compile_mapping, load_mapping
from midspan.kernel.errors import Problem

ROWS = 300_000
TARGET = 600_000
MANY, MANY_WITHIN = 200, 2.0

_BATCH = 5_000
_SHORT = 2_500
_PYDANTIC, _HAND = "pydantic", "hand-written"
_MODULES = {_PYDANTIC: "benchmarks.peers.pydantic_rows", _HAND: "benchmarks.peers.hand_rows"}

Translate = Callable[[Sequence[tuple[Any, ...]]], Sequence[Any]]


def measure(settings: Settings) -> Iterator[Measurement]:
    """Yield the rate beside the peers', and the time that many mappings take to compile."""
    rows = str(settings.rows or (_SHORT if settings.short else ROWS))
    sides = [Side("mapping", lambda: run_process("benchmarks.mappings", rows))]
    sides += [Side(name, _peer(module, rows)) for name, module in _MODULES.items()]
    found = side_by_side(sides, settings.rounds)
    ours = found["mapping"]
    versions = {"pydantic": version("pydantic")}
    target = None if settings.short else TARGET
    for name in (_PYDANTIC, _HAND):
        peer = (name, found[name].rate)
        told = f"mapping: 20 to 16 fields, beside {name}"
        yield at_least(told, "rows/s", ours.rate, target, peer=peer, versions=versions)
    yield at_most("mapping: peak memory", "MB", ours.peak_mb)
    many = 5 if settings.short else MANY
    limit = None if settings.short else MANY_WITHIN
    yield at_most(f"mapping: load and compile {many}", "s", compile_time(many), limit)


def _peer(module: str, rows: str) -> Callable[[], Sample]:
    return lambda: run_process(module, rows)


def compiled(folder: Path, name: str = "legacy") -> CompiledMapping:
    """Return the benchmark's mapping, written to a file and loaded from it."""
    (folder / "lookups").mkdir(exist_ok=True)
    (folder / "lookups" / "kinds.csv").write_text(TABLE)
    file = folder / f"{name}.yaml"
    file.write_text(f"mapping: {name}\n{MAPPING}")
    problems: list[Problem] = []
    mapping = load_mapping(file, ENTITY, problems)
    if mapping is None:
        raise ValueError([str(one) for one in problems])
    return compile_mapping(mapping)


def compile_time(count: int) -> float:
    """Return the seconds that ``count`` files take to be read, checked and compiled."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        for number in range(count):
            compiled(Path(folder), f"m{number}").translate(COLUMNS, made_rows(1))
        return time.perf_counter() - began


def run(translate: Translate, rows: int) -> Sample:
    """Translate ``rows`` rows in batches, timed without their making and their checking."""
    source = list(made_rows(rows))
    check, count = 0, 0
    watch = Stopwatch()
    for start in range(0, rows, _BATCH):
        done = translate(source[start : start + _BATCH])
        with watch.aside():
            count += len(done)
            for row in done:
                check = crc32(repr(tuple(row)).encode(), check)
    return watch.sample(count, f"{check:08x}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        mapping = compiled(Path(place))
        tell(run(lambda batch: mapping.translate(COLUMNS, batch).rows, int(sys.argv[1])))
