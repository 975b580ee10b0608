"""How a benchmark measures and what it writes; every part of every benchmark uses it.

Guarantee: a figure is measured in this very run, beside its peer. Contenders take turns, round
by round, each in a process of its own, and the median counts; whoever did not do the same work
(another count, another check of the values) stops the benchmark. Nothing is typed in.

Standard library alone: the peers' environments import it too. A part is a module with

    def measure(settings: Settings) -> Iterator[Measurement]

and a line in ``benchmarks.registry``.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / "var" / "bench"
_LONGEST = 1800


class BenchmarkError(Exception):
    """A benchmark that cannot be believed, or could not run."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How large a benchmark is. None: each part's own default.

    ``rows``: how many rows or records are moved; ``seconds``: how long a load lasts;
    ``rounds``: how often each contender runs. ``short``: the form that the tests run.
    """

    rows: int | None = None
    seconds: float | None = None
    rounds: int = 3
    short: bool = False


@dataclass(frozen=True, slots=True)
class Measurement:
    """One line of ``var/bench/NAME.json``.

    ``target`` is in the unit of ``value``; where a peer sets it (five times as fast), it is
    what that comes to in this run. ``ratio`` is value to peer_value. ``versions``: which
    packages and servers were measured.
    """

    name: str
    unit: str
    value: float
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    target: float | None = None
    ok: bool = True
    versions: Mapping[str, str] = field(default_factory=dict)


def at_least(
    name: str,
    unit: str,
    value: float,
    target: float | None = None,
    *,
    peer: tuple[str, float] | None = None,
    versions: Mapping[str, str] | None = None,
) -> Measurement:
    """Return a figure that should be high; ``target`` None: only told."""
    ok = target is None or value >= target
    return _measurement(name, unit, value, target, ok, peer, versions)


def at_most(
    name: str,
    unit: str,
    value: float,
    target: float | None = None,
    *,
    peer: tuple[str, float] | None = None,
    versions: Mapping[str, str] | None = None,
) -> Measurement:
    """Return a figure that should be low; ``target`` None: only told."""
    ok = target is None or value <= target
    return _measurement(name, unit, value, target, ok, peer, versions)


def _measurement(
    name: str,
    unit: str,
    value: float,
    target: float | None,
    ok: bool,
    peer: tuple[str, float] | None,
    versions: Mapping[str, str] | None,
) -> Measurement:
    peer_name, peer_value = peer or (None, None)
    ratio = value / peer_value if peer_value else None
    return Measurement(
        name, unit, value, peer_name, peer_value, ratio, target, ok, dict(versions or {})
    )


@dataclass(frozen=True, slots=True)
class Sample:
    """What one run of one contender showed.

    ``count``: rows or calls done in ``seconds``; ``check``: a digest of the values that were
    seen, the same for all contenders; ``peak_mb``: the process's largest memory;
    ``cpu_seconds``: what its threads spent, which a busy machine changes less than ``seconds``.
    """

    seconds: float
    count: int
    check: str
    peak_mb: float
    cpu_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Side:
    """A contender; ``run`` does the work once, from the beginning."""

    name: str
    run: Callable[[], Sample]


@dataclass(frozen=True, slots=True)
class Result:
    """All rounds of one contender."""

    name: str
    samples: tuple[Sample, ...]

    @property
    def rate(self) -> float:
        """Return the median of what was done in a second."""
        return statistics.median(one.count / one.seconds for one in self.samples)

    @property
    def cpu_micros(self) -> float:
        """Return the median of the processor time that each row or call took, in µs."""
        return statistics.median(1e6 * one.cpu_seconds / one.count for one in self.samples)

    @property
    def peak_mb(self) -> float:
        """Return the largest memory of any round."""
        return max(one.peak_mb for one in self.samples)


def side_by_side(sides: Sequence[Side], rounds: int) -> dict[str, Result]:
    """Run the contenders in turns, each round beginning with another one.

    Raises BenchmarkError when two of them did not do the same.
    """
    samples: dict[str, list[Sample]] = {side.name: [] for side in sides}
    for turn in range(rounds):
        first = turn % len(sides)
        for side in (*sides[first:], *sides[:first]):
            samples[side.name].append(side.run())
    _require_same(samples)
    return {name: Result(name, tuple(seen)) for name, seen in samples.items()}


def _require_same(samples: Mapping[str, Sequence[Sample]]) -> None:
    told = {(one.count, one.check): name for name, seen in samples.items() for one in seen}
    if len(told) > 1:
        raise BenchmarkError(f"the contenders did not do the same work: {told}")


class Stopwatch:
    """Times a contender's work; ``aside`` stops it while values are checked."""

    def __init__(self) -> None:
        self._began, self._cpu_began = time.perf_counter(), time.process_time()
        self._aside = self._cpu_aside = 0.0

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Leave out what is done in this context."""
        began, cpu_began = time.perf_counter(), time.process_time()
        yield
        self._aside += time.perf_counter() - began
        self._cpu_aside += time.process_time() - cpu_began

    def sample(self, count: int, check: str) -> Sample:
        """Return what this process did since the stopwatch was made."""
        seconds = time.perf_counter() - self._began - self._aside
        cpu_seconds = time.process_time() - self._cpu_began - self._cpu_aside
        return Sample(seconds, count, check, peak_mb(), cpu_seconds)


def peak_mb() -> float:
    """Return this process's largest memory so far."""
    # Not ru_maxrss: a started process inherits its parent's there.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise BenchmarkError("this system does not tell a process's largest memory")


def tell(sample: Sample) -> None:
    """Hand a contender's sample to the process that started it."""
    print(json.dumps(asdict(sample)), flush=True)


def run_process(
    module: str,
    *words: str,
    python: Path = Path(sys.executable),
    environment: Mapping[str, str] | None = None,
) -> Sample:
    """Run a contender in a process of its own: a module that ends with ``tell(sample)``.

    Raises BenchmarkError with its last words when it fails.
    """
    done = subprocess.run(  # noqa: S603 our own modules, run by interpreters we made
        [python, "-m", module, *words],
        cwd=ROOT,
        env=None if environment is None else dict(environment),
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"{module} {' '.join(words[:1])}: {done.stderr[-2000:]}")
    return Sample(**json.loads(done.stdout.splitlines()[-1]))


def write(name: str, found: Sequence[Measurement], folder: Path = BENCH) -> Path:
    """Write a benchmark's figures to ``NAME.json``, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    target, draft = folder / f"{name}.json", folder / f".{name}.json"
    draft.write_text(json.dumps([asdict(one) for one in found], indent=2) + "\n")
    draft.replace(target)
    return target
