"""Random mappings of the whole language: compiled code does what a plain interpreter does."""

import json
import random
from typing import Any, get_args

import pytest

from mappings import CompiledMapping
from mappings.conditions import TESTS
from mappings.converters.numbers import Rounding
from mappings.expressions import _KEYS
from mappings.lists import EachEntry
from mappings.lookup_reader import LookupOptions
from mappings.model import (
    Arithmetic,
    Condition,
    Expression,
    FieldExpression,
    Lookup,
    Operator,
    Unknown,
)
from mappings.paths import Path as SourcePath
from mappings.paths import Step
from mappings.quick import ENOUGH_ROWS
from tests.mappings.generating import FUNCTIONS, TABLES, THING, Generator, keys_in, row, things_in
from tests.mappings.helpers import compiled, write
from tests.mappings.test_properties import interpreted
from tests.mappings.test_quick import told

Rows = list[tuple[Any, ...]]

SEEDS = range(14)


def tree_of(seed: int) -> Any:
    return Generator(random.Random(seed)).mapping()  # noqa: S311 - test data, no secret


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[CompiledMapping]:
    """Return the mapping of each seed."""
    folder = tmp_path_factory.mktemp("random")
    (folder / "functions.py").write_text(FUNCTIONS)
    trees = [json.dumps(tree_of(seed)) for seed in SEEDS]
    return [compiled(write(folder, tree, TABLES), THING) for tree in trees]


def rows_for(mapping: CompiledMapping, seed: int, hostile: float, count: int) -> Rows:
    rng = random.Random(f"rows {seed}")  # noqa: S311 - test data, no secret
    records = [row(rng, hostile) for _ in range(count)]
    return [tuple(record.get(name) for name in mapping.sources) for record in records]


@pytest.mark.parametrize("seed", SEEDS)
def test_compiled_and_interpreted_rows_agree(seed: int, made: list[CompiledMapping]) -> None:
    """Row by row and column by column, on good rows and on hostile ones."""
    mapping, columns = made[seed], made[seed].sources
    rows = [one for hostile in (0, 0.02, 0.2) for one in rows_for(mapping, seed, hostile, 12)]
    mapping.translate(columns, rows[:1] * ENOUGH_ROWS)

    wanted = interpreted(mapping, rows)

    assert told(CompiledMapping(mapping.mapping).translate(columns, rows), len(rows)) == wanted
    assert told(mapping.translate(columns, rows), len(rows)) == wanted


def test_every_construct_is_generated(made: list[CompiledMapping]) -> None:
    """What the language gains fails here until the generator makes it, too."""
    found = [one for mapping in made for one in things_in(mapping.mapping)]
    kinds = {type(one) for one in found}
    keys = {key for seed in SEEDS for key in keys_in(tree_of(seed))}
    wanted = {*get_args(Expression), *get_args(FieldExpression), *get_args(Condition)}

    assert {one for one in wanted | {*get_args(Step)} if isinstance(one, type)} <= kinds
    assert {*_KEYS, *TESTS, "on_error", "all", "any", "not", "filter", "checks"} <= keys
    assert {*EachEntry.__dataclass_fields__, *LookupOptions.__dataclass_fields__} <= keys
    assert {one.operator for one in found if isinstance(one, Arithmetic)} == {*get_args(Operator)}
    assert {one.rounding for one in found if isinstance(one, Arithmetic)} == {*get_args(Rounding)}
    assert {one.unknown for one in found if isinstance(one, Lookup)} == {*get_args(Unknown)}
    assert {one.up for one in found if isinstance(one, SourcePath)} == {0, 1, 2}
    assert {bool(one.spans) for one in found if isinstance(one, Lookup)} == {True, False}


def test_good_rows_come_through(made: list[CompiledMapping]) -> None:
    """The comparison is of values, not of refusals alone."""
    ends = {"row": 0, "refused": 0, "filtered": 0}
    for seed, mapping in enumerate(made):
        for way, _ in interpreted(mapping, rows_for(mapping, seed, 0, 6)):
            ends[way] += 1

    assert min(ends.values()) > 5, ends
