"""What stands beside a mapping (tables, golden rows, functions) is told of in the same way."""

import random
from pathlib import Path

import pytest

from mappings import CompiledMapping, load_mapping
from mappings.proving.goldens import failed_rows, golden_path, read_golden
from midspan.kernel.errors import ConfigurationError, Problem
from tests.mappings.helpers import compiled, entity, field, write
from tests.mappings.test_fuzz import problems_in, soon, text_mutant
from tests.mappings.test_own_functions import FUNCTIONS

THING = entity(field("x"), field("n", "integer"), field("d", "decimal"), field("b", "boolean"))
TEXT = """
mapping: m
entity: thing/1
fields:
  x: {path: a, lookup: {table: t.csv, at: {path: day, via: date}, trim: true, ignore_case: true}}
  n: {path: a, lookup: {table: n.csv, column: number}}
  d: {path: a, lookup: {table: n.csv, column: share}}
  b: {path: a, lookup: {table: n.csv, column: flag, unknown: missing}}
"""
TABLES = {
    "t.csv": "source,canonical,valid_from,valid_to,preferred\n"
    'a,"x, y",,2024-12-31,\na,z,2025-01-01,,1\n',
    "n.csv": "source,canonical,number,share,flag\na,one,1,0.5,true\nb,two,-2,12,false\n",
}  # fmt: skip
CELLS = (
    *("--5", "-", "٣", "9" * 30, "1e5", "NaN", "2025-02-30", "0000-00-00", '"', '""', ",", ";"),
    *("\x00", "\r", "\r\n", "\ufeff", "\u2028", "x" * 200_000, "=1", "\t", "\n\n", "\x1a"),
)  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_mutated_table_loads_or_is_told(name: str, tmp_path: Path) -> None:
    """Cut, doubled, of wrong values: each problem at a line of a file."""
    rng = random.Random(name)  # noqa: S311 - test data, no secret
    file = write(tmp_path, TEXT, TABLES)
    assert problems_in(file, THING) == []

    with soon():
        for _ in range(150):
            text = TABLES[name]
            at = rng.randrange(len(text))
            mutant = text[:at] + rng.choice(CELLS) + text[at + rng.randrange(3) :]
            mutant = mutant if rng.random() < 0.6 else text_mutant(text, rng)
            data = mutant.encode("utf-8", "surrogatepass")
            (tmp_path / "lookups" / name).write_bytes(
                data if rng.random() < 0.95 else data + b"\xff"
            )
            problems_in(file, THING)


LINES = (
    '{"mapping": "m", "entity": "thing/1", "source": "s.t", "version": "1"}',
    '{"in": {"a": "a", "day": {"$date": "2025-01-01"}}, "out": {"x": "z", "n": 1}}',
    '{"in": {"a": {"$decimal": "1.5"}}, "refused": "mapping.type", "field": "x"}',
    '{"in": {"a": {"$record": {"$x": [1, null, true]}}}, "filtered": "old"}',
)
JSON = (
    *("{", "}", "[" * 3_000, "]", '"', ":", ",", "null", "NaN", "-Infinity", "1e999", "9" * 5_000),
    *('{"$decimal": "x"}', '{"$seconds": "1E+999999"}', '{"$date": "2025-02-30"}'),
    *('"\\ud800"', "\\", "\x00", "\x85", '{"$no": 1}', '{"$uuid": ""}', '{"$float": "x"}', "{}"),
)  # fmt: skip


def is_told(mapping: CompiledMapping) -> bool:
    """Return whether a golden file is refused; one that is read has rows that go their way."""
    try:
        golden = read_golden(mapping.mapping)
    except ConfigurationError as error:
        places = {(one.code, one.file) for one in error.problems}
        return places == {("mapping.golden", golden_path(mapping.mapping))}
    assert golden is not None
    failed_rows(mapping, golden)
    return False


def test_a_mutated_golden_file_is_read_or_told(tmp_path: Path) -> None:
    """Every line that cannot be read is a problem of the file, and rows still go their way."""
    rng = random.Random("golden")  # noqa: S311 - test data, no secret
    mapping = compiled(write(tmp_path, TEXT, TABLES), THING)
    file = golden_path(mapping.mapping)
    file.parent.mkdir()
    told = 0

    with soon():
        for _ in range(300):
            text = "\n".join(LINES) + "\n"
            at = rng.randrange(len(text))
            mutant = text[:at] + rng.choice(JSON) + text[at + rng.randrange(20) :]
            mutant = mutant if rng.random() < 0.6 else text_mutant(text, rng)
            file.write_bytes(mutant.encode("utf-8", "surrogatepass"))
            told += is_told(mapping)

    assert told > 100


def test_a_golden_file_that_is_a_folder_is_told(tmp_path: Path) -> None:
    """It is there, and cannot be read."""
    mapping = compiled(write(tmp_path, TEXT, TABLES), THING).mapping
    golden_path(mapping).mkdir(parents=True)

    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_golden(mapping)


BROKEN: dict[str, bytes] = {
    "NUL": b"x = 1\n\x00\n",
    "no UTF-8": b"x = '\xff'\n",
    "deep": b"(" * 5_000,
    "deep calls": b"def f():\n    return f()\nf()\n",
    "an exit": b"import sys\nsys.exit(3)\n",
    "an odd module": b"class Odd:\n  def __getattr__(self, name):\n    raise OSError\no = Odd()\n",
    "no types": FUNCTIONS.replace("takes=(str,)", "takes=5", 1).encode(),
    "no name": FUNCTIONS.replace('"tier"', "5").encode(),
    "an import of itself": b"from functions import *\n",
    "a coding": b"# coding: nothing-known\n",
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_functions_that_cannot_be_used_are_told(name: str, tmp_path: Path) -> None:
    """Whatever the file does while it is imported, the mapping's own mistakes are told beside."""
    text = "mapping: m\nentity: thing/1\nfields: {x: {path: a, via: trm}}\n"
    (tmp_path / "functions.py").write_bytes(BROKEN[name])
    problems: list[Problem] = []

    with soon():
        assert load_mapping(write(tmp_path, text), THING, problems) is None

    assert {one.code for one in problems} == {"mapping.functions", "mapping.unknown_converter"}
