"""The short form of each benchmark: its file holds what was measured, and nothing is timed."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import registry
from benchmarks.checks import Check
from benchmarks.frame import (
    ROOT,
    BenchmarkError,
    Measurement,
    Sample,
    Settings,
    Side,
    at_least,
    at_most,
    side_by_side,
    write,
)

SHORT = Settings(rounds=1, short=True)
FIELDS = {"name", "unit", "value", "peer", "peer_value", "ratio", "target", "ok"}
PARTS = [f"{name}.{part}" for name, parts in registry.BENCHMARKS.items() for part in parts]


@pytest.mark.parametrize("part", PARTS)
def test_a_benchmark_writes_what_it_measured(part: str, tmp_path: Path) -> None:
    """Every part runs, its contenders agree on the values, and each line is whole."""
    file = write(part, list(registry.measure(part, SHORT)), tmp_path)

    lines = json.loads(file.read_text())
    assert lines
    assert all(set(line) >= FIELDS for line in lines)
    assert all(line["name"] and isinstance(line["value"], int | float) for line in lines)
    assert all((line["peer"] is None) == (line["peer_value"] is None) for line in lines)


def sample(count: int, seconds: float = 1.0, check: str = "same") -> Sample:
    return Sample(seconds, count, check, 1.0)


def test_contenders_take_turns_and_their_median_counts() -> None:
    """Each round begins with another one; one slow round changes nothing."""
    turns: list[str] = []
    seconds = {"a": iter((1.0, 9.0, 1.0)), "b": iter((2.0, 2.0, 2.0))}

    def side(name: str) -> Side:
        def run() -> Sample:
            turns.append(name)
            return sample(10, next(seconds[name]))

        return Side(name, run)

    found = side_by_side([side("a"), side("b")], rounds=3)

    assert turns == ["a", "b", "b", "a", "a", "b"]
    assert (found["a"].rate, found["b"].rate) == (10.0, 5.0)


@pytest.mark.parametrize("other", [sample(9), sample(10, check="else")], ids=["count", "values"])
def test_contenders_that_did_not_do_the_same_are_not_compared(other: Sample) -> None:
    """Another number of rows, or other values, is an error, not a figure."""
    sides = [Side("a", lambda: sample(10)), Side("b", lambda: other)]

    with pytest.raises(BenchmarkError, match="same work"):
        side_by_side(sides, rounds=1)


def test_a_check_is_the_same_however_a_driver_writes_values() -> None:
    """Order, decimals and forms of moments do not matter; any value does."""
    one, two, three = Check(), Check(), Check()
    one.add([1, 2], ["a", "b"], [1.5, 2.25], ["2026-01-01T00:00:01", "2026-01-01T00:00:02"])
    two.add(
        ["2", "1"], ["b", "a"], ["2.250", "1.50"], ["2026-01-01 00:00:02", "2026-01-01 00:00:01"]
    )
    three.add([1, 2], ["a", "c"], [1.5, 2.25], ["2026-01-01T00:00:01", "2026-01-01T00:00:02"])

    assert one.digest == two.digest
    assert one.digest != three.digest


TARGETS = {
    "high enough": (at_least("n", "u", 5.0, 4.0), True),
    "not high enough": (at_least("n", "u", 3.0, 4.0), False),
    "low enough": (at_most("n", "u", 3.0, 4.0), True),
    "not low enough": (at_most("n", "u", 5.0, 4.0), False),
    "only told": (at_least("n", "u", 0.0), True),
}


@pytest.mark.parametrize("case", TARGETS)
def test_a_measurement_knows_whether_it_met_its_target(case: str) -> None:
    """A table of targets."""
    measured, ok = TARGETS[case]

    assert measured.ok is ok


def test_a_ratio_is_that_of_this_very_run() -> None:
    """Value to peer's value, in one place."""
    assert asdict(at_least("n", "u", 6.0, peer=("p", 4.0)))["ratio"] == 1.5
    assert Measurement("n", "u", 6.0).ratio is None


def test_an_unknown_benchmark_is_told_with_the_known_ones() -> None:
    """Also an unknown part of a known one."""
    for name in ("speed", "adapters.speed"):
        with pytest.raises(BenchmarkError, match=", ".join(registry.BENCHMARKS)):
            list(registry.measure(name, SHORT))


def test_each_part_is_described() -> None:
    """The contributors' page has a line for each, and for no other."""
    page = (ROOT / "docs" / "contributors" / "benchmarks.md").read_text()
    told, name = set(), ""
    for whole, part in re.findall(r"^\| (?:`(\w+)`)? ?\| `(\w+)` \|", page, re.MULTILINE):
        name = whole or name
        told.add(f"{name}.{part}")

    assert told == set(PARTS)
