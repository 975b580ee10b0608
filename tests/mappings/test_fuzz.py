"""Whatever stands in a mapping file, the answer is a mapping or a list of problems, and soon."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

import mappings
from config.tree import parse_tree
from mappings import CompiledMapping, load_mapping
from midspan.kernel.errors import ConfigurationError, Problem
from shared_services.contracts.entities import EntityType, entity_types
from tests.mappings.alike import VALUES
from tests.mappings.helpers import CUSTOMER, entity, field, translate, write
from tests.mappings.orders import ORDER
from tests.mappings.orders import TEXT as ORDERS
from tests.mappings.test_differential import HARD, TABLES, WIDE

HANG = 60
"""Seconds after which a loader hangs: a hundred times what any of these takes."""
MAPPINGS = Path(mappings.__file__).parent
THING = entity(field("a"), field("b"), field("c"), field("d"))
SEEDS: dict[str, tuple[str, EntityType]] = {
    "demo": ((MAPPINGS / "crm_customers.yaml").read_text(), CUSTOMER),
    "hard": (HARD, entity_types()["price"]),
    "wide": (WIDE, THING),
    "orders": (ORDERS, ORDER),
}
TOKENS = (
    *("*a", "&a", "&a *a", "!!python/object:os.system", "!!binary", "!", "<<: *a", "? ", ": "),
    *("{", "}", "[", "]", "[[[[[", "|", ">", "---\n", "...\n", "\t", "\x00", "\ufeff"),
    *("'", '"', '"\\ud800"', '"\\0"', "\u2028", "#", ".inf", ".nan", "0x", "1_", "1:1:1.5", "~"),
    *("{{", "}}", "{0!r}", "[a=", "['", "^.", "$.", "@", "-1", "9" * 400, "NO", "2025-13-45"),
    *("each", "of", "lookup", "at", "via", "when", "not", "all", "matches", "((((", "(?P<"),
    *("0001-01-01T00:00:00+14:00", "\n", "  ", "const", "on_error", "../../../etc/passwd"),
)  # fmt: skip
ODD: list[Any] = [
    *(None, True, 0, -1, 10**30, 1.5, float("inf"), float("nan"), "", " ", "\x00", "a..b", "{", []),
    *({}, [[]], [None], {"": 1}, {"path": {}}, {"const": []}, {"each": {}}, {"via": 1}, "x" * 500),
    *({"not": {"not": 5}}, {"all": []}, {"all": {}}, {"in": {}, "path": "a"}, {"if": 1, "then": 2}),
    *({"lookup": {"table": []}}, {"table": "t.csv", "at": {}}, {"position": "x"}, {"format": "{"}),
    *({"add": [1]}, {"add": "x"}, {"path": "a", "matches": ["("]}, {"path": "a", "above": []}),
    *({"const": "0001-01-01T00:00:00+14:00"}, {"const": 2**70}, {"date": {"f": 1}}),
]  # fmt: skip


@contextmanager
def soon() -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < HANG


def problems_in(file: Path, wanted: EntityType) -> list[Problem]:
    """Return what is wrong with a file; a mapping that loads has to translate, too."""
    problems: list[Problem] = []
    mapping = load_mapping(file, wanted, problems)
    assert (mapping is None) == bool(problems)
    if mapping is not None:
        done = CompiledMapping(mapping)
        columns = [example.row for example in mapping.examples]
        translate(done, {}, *columns, *(dict.fromkeys(done.sources, one) for one in VALUES))
    for one in problems:
        assert one.code.startswith(("mapping.", "config.")), one
        assert one.message, one
        assert one.file.is_relative_to(file.parent), one
        is_of_the_file = one.code == "config.unreadable" or "larger than" in one.message
        assert is_of_the_file or (one.line >= 1 and one.column >= 1), one
    return problems


def text_mutant(text: str, rng: random.Random) -> str:
    """Return a text in which something is cut, doubled, put in, moved or indented."""
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(text) + 1)
        upto = min(len(text), at + rng.choice((1, 3, 20, 200)))
        token = rng.choice(TOKENS)
        text = rng.choice(
            (
                text[:at] + text[upto:],
                text[:upto] + text[at:],
                text[:at] + token + text[at:],
                text[:at] + token + text[upto:],
                text[:at],
                text[:at] + "\n" + " " * rng.randrange(8) + text[at:],
            )
        )
    return text


def tree_mutant(tree: Any, rng: random.Random) -> Any:
    """Return a tree in which one place holds something else, is gone, doubled or renamed."""
    if rng.random() < 0.15 or not isinstance(tree, dict | list) or not tree:
        return rng.choice(ODD)
    if isinstance(tree, list):
        at = rng.randrange(len(tree))
        return [*tree[:at], tree_mutant(tree[at], rng), *tree[at + rng.randrange(2) :]]
    name = rng.choice(sorted(tree, key=str))
    mutant = dict(tree)
    if rng.random() < 0.2:
        mutant[rng.choice(TOKENS)] = mutant.pop(name)
        return mutant
    return mutant | {name: tree_mutant(tree[name], rng)}


def mutants(text: str, seed: str) -> Iterator[str]:
    rng = random.Random(seed)  # noqa: S311 - test data, no secret
    tree = parse_tree(text.encode(), Path(seed)).plain()
    for _ in range(70):
        yield text_mutant(text, rng)
        yield yaml.safe_dump(tree_mutant(tree, rng), allow_unicode=rng.random() < 0.5)


@pytest.mark.parametrize("name", SEEDS)
def test_a_mutated_mapping_loads_or_is_told(name: str, tmp_path: Path) -> None:
    """Cut, doubled, moved, of wrong types: nothing but problems, each at its place."""
    text, wanted = SEEDS[name]
    tables = TABLES | {one.name: one.read_text() for one in (MAPPINGS / "lookups").glob("*.csv")}
    write(tmp_path, text, tables)
    refused = 0

    with soon():
        for mutant in mutants(text, name):
            (tmp_path / "m.yaml").write_bytes(mutant.encode("utf-8", "surrogatepass"))
            refused += bool(problems_in(tmp_path / "m.yaml", wanted))

    assert refused > 90


HEAD = "mapping: m\nentity: thing/1\nfields:\n  a: "
MILLION = 10**6
HARMLESS = ("deep expressions",)
WIDE_AND_DEEP = "{coalesce: [" + "x, " * 150 + ("{coalesce: [" + "x, " * 150) * 9 + "x" + "]}" * 10
BOMBS: dict[str, Callable[[], bytes]] = {
    "deep lists": lambda: (HEAD + "[" * MILLION).encode(),
    "deep records": lambda: (HEAD + "{a: " * (MILLION // 4)).encode(),
    "deep blocks": lambda: "\n".join(" " * at + "-" for at in range(1_900)).encode(),
    "deep in one line": lambda: (HEAD + "- " * MILLION).encode(),
    "deep conditions": lambda: (HEAD + "{when: [{if: " + "{not: " * 500).encode(),
    "deep expressions": lambda: (HEAD + "{coalesce: [" * 11 + "x" + "]}" * 11).encode(),
    "many branches": lambda: (HEAD + "{coalesce: [" + "x, " * 3_000 + "x]}").encode(),
    "many steps": lambda: (HEAD + "{path: x, via: [" + "trim, " * 3_000 + "trim]}").encode(),
    "complex keys": lambda: (HEAD + "? " * MILLION).encode(),
    "billion laughs": lambda: b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
    "an alias of itself": lambda: b"mapping: m\nentity: thing/1\nfields: &a {a: *a}\n",
    "a merge": lambda: b"mapping: m\nfields: {<<: {a: b}}\n",
    "anchors": lambda: b"".join(b"a%d: &a%d x\n" % (at, at) for at in range(3_000)),
    "an object": lambda: b"mapping: !!python/object/apply:os.system [ls]\n",
    "a time of many parts": lambda: (HEAD + "{const: 1" + ":1" * 900_000 + "}").encode(),
    "a fraction of many parts": lambda: (HEAD + "{const: 1" + ":1" * 300 + ".5}").encode(),
    "a long number": lambda: (HEAD + "{const: " + "9" * MILLION + "}").encode(),
    "a long path": lambda: (HEAD + "a" + ".b[0]" * 200_000).encode(),
    "a long key": lambda: (HEAD + "b\n" + "x" * 1_000 + ": 1\n").encode(),
    "a long pattern": lambda: (
        f"{HEAD}{{when: [{{if: {{path: a, matches: '{'(a*)*' * 20_000}'}}, then: b}}]}}\n"
    ).encode(),
    "many repetitions": lambda: (
        f"{HEAD}{{when: [{{if: {{path: a, matches: '((a{{1000}}){{1000}}){{9}}'}}, then: b}}]}}\n"
    ).encode(),
    "a long format": lambda: (HEAD + "{format: '" + "{a}" * 20_000 + "'}").encode(),
    "many keys": lambda: (HEAD + "b\n" + "".join(f"k{at}: 1\n" for at in range(3_000))).encode(),
    "one key many times": lambda: (HEAD + "b\n" + "  a: b\n" * 3_000).encode(),
    "many documents": lambda: b"---\n" * 10_000,
    "too large": lambda: b"#" * (3 * 1024 * 1024),
    "nothing": lambda: b"",
    "NUL": lambda: HEAD.encode() + b"a\x00b",
    "UTF-16": lambda: HEAD.encode("utf-16"),
    "no UTF-8": lambda: HEAD.encode() + b"\xff\xfe",
    "a lone surrogate": lambda: (HEAD + "\ud800").encode("utf-8", "surrogatepass"),
    "an escaped surrogate": lambda: (HEAD + '"\\ud800"').encode(),
    "control characters": lambda: HEAD.encode() + b"\x1b[31m\x07",
    "another version": lambda: b"%YAML 9.9\n---\nmapping: m\n",
    "a tab": lambda: b"mapping: m\nfields:\n\ta: b\n",
    "a scalar": lambda: b"42",
    "a directive without end": lambda: b"%TAG ! tag:" + b"x" * 100_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_told_and_does_not_go_off(name: str, tmp_path: Path) -> None:
    """Depth, size, aliases, tags, encodings: refused at their place, in bounded time."""
    file = write(tmp_path, "")
    file.write_bytes(BOMBS[name]())

    with soon():
        problems = problems_in(file, THING)

    assert bool(problems) == (name not in HARMLESS)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Windows editors begin their files with one."""
    file = write(tmp_path, "\ufeff" + HEAD + "b\n")

    assert problems_in(file, THING) == []


def test_what_is_too_deep_to_be_compiled_is_told(tmp_path: Path) -> None:
    """Within the bounds of each list, and beyond those of all together."""
    problems: list[Problem] = []
    mapping = load_mapping(write(tmp_path, HEAD + WIDE_AND_DEEP), THING, problems)
    assert mapping is not None, problems

    with pytest.raises(ConfigurationError, match="too deep"):
        translate(CompiledMapping(mapping), {})
