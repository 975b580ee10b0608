"""A tree binds to dataclasses, and every mismatch is reported at its place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest

from config.binding import bind
from config.tree import parse_tree
from midspan.kernel.errors import Problem


@dataclass(frozen=True)
class Inner:
    size: int
    label: str = "x"


@dataclass(frozen=True)
class Outer:
    name: str
    wait: timedelta = timedelta(seconds=1)
    share: Decimal = Decimal(5)
    kind: Literal["a", "b"] = "a"
    inner: Inner | None = None
    many: tuple[str, ...] = ()
    table: Mapping[str, int] = field(default_factory=dict)
    either: int | timedelta = 0
    rest: Any = None
    pattern: re.Pattern[str] | None = None


def bound(text: str) -> tuple[Any, list[Problem]]:
    problems: list[Problem] = []
    return bind(parse_tree(text.encode(), Path("f.yaml")), Outer, problems), problems


def test_values_take_their_declared_types():
    """Durations, decimals, literals, nested mappings, lists, unions by shape."""
    value, problems = bound(
        "name: n\nwait: 90s\nshare: 2.5\nkind: b\ninner: {size: 3}\n"
        "many: [p, q]\ntable: {k: 1}\neither: 2m\nrest: {deep: [1]}\npattern: a+\n"
    )

    assert problems == []
    assert value == Outer(
        "n",
        timedelta(seconds=90),
        Decimal("2.5"),
        "b",
        Inner(3),
        ("p", "q"),
        {"k": 1},
        timedelta(minutes=2),
        {"deep": [1]},
        re.compile("a+"),
    )


def test_one_value_stands_for_a_list_of_one():
    """``fields: CHG_TS`` reads as it is meant."""
    assert bound("name: n\nmany: p\n")[0].many == ("p",)


@pytest.mark.parametrize(
    ("text", "code", "place", "hint"),
    [
        ("nam: n\n", "config.unknown_key", (1, 1), "Did you mean 'name'?"),
        ("wait: 5m\n", "config.missing", (1, 1), ""),
        ("name: n\nwait: soon\n", "config.type", (2, 7), ""),
        ("name: n\nwait: 0x\n", "config.type", (2, 7), ""),
        ("name: n\nkind: c\n", "config.value", (2, 7), ""),
        ("name: n\ninner: {sise: 3}\n", "config.unknown_key", (2, 9), "Did you mean 'size'?"),
        ("name: n\ninner: [1]\n", "config.type", (2, 8), ""),
        ("name: n\nmany: {a: 1}\n", "config.type", (2, 7), ""),
        ("name: n\npattern: '(a'\n", "config.pattern", (2, 10), ""),
        ("name: n\npattern: 5\n", "config.type", (2, 10), ""),
        ("name: 5\n", "config.type", (1, 7), ""),
        ("name: n\ntable: {k: true}\n", "config.type", (2, 12), ""),
        ("- name\n", "config.type", (1, 1), ""),
    ],
)
def test_a_mismatch_is_reported_at_its_place(text, code, place, hint):
    """With the nearest known name where one is near."""
    value, problems = bound(text)

    assert value is None
    first = problems[0]
    assert (first.code, (first.line, first.column)) == (code, place)
    assert hint in first.remedy


def test_a_missing_key_names_the_word_that_stands_in_its_place():
    """Also where that word may be another schema's key, which is judged later."""
    _, problems = bound("namee: n\n")

    assert problems[-1].code == "config.missing"
    assert problems[-1].remedy == "Write it in place of 'namee'"


def test_all_mismatches_come_at_once():
    """Nobody mends a file one error at a time."""
    _, problems = bound("nam: n\nwait: soon\nkind: c\n")

    assert len(problems) == 4


def test_a_duration_of_nothing_is_a_duration():
    """Zero is a value, not a missing one."""
    assert bound("name: n\nwait: 0s\n")[0].wait == timedelta(0)
