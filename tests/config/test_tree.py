"""YAML becomes a tree whose nodes know their place, or a clear error; never anything else."""

from pathlib import Path

import pytest

from config.tree import parse_tree
from midspan.kernel.errors import ConfigurationError

FILE = Path("some.yaml")


def test_every_node_knows_its_line_and_column():
    """Counted from one, keys as well as values."""
    tree = parse_tree(b"a: 1\nb:\n  - x\n  - y: true\n", FILE)

    second = tree.value["b"].value[1]
    assert (second.line, second.column) == (4, 5)
    assert (tree.keys["b"].line, tree.keys["b"].column) == (2, 1)
    assert tree.plain() == {"a": 1, "b": ["x", {"y": True}]}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"a: &x [1]\nb: *x\n", 2),
        (b"a: 1\na: 2\n", 2),
        (b"a: !!python/object/apply:os.system ['true']\n", 1),
        (b"a: [1,\n", 2),
        (b"a: 1\nb: \xff\n", 2),
        (b"? [1, 2]\n: 3\n", 1),
        (b"a: 99999999-99-99\nb: !!int x\n", 2),
        (b'a: 1\nb: !!int ""\n', 2),
        (b"a: 1\nb: !!bool perhaps\n", 2),
        (b"a: 1\nb: !!map word\n", 2),
        (b"a: 1\nb: 9" + b":59" * 3000 + b"\n", 2),
        (b'a: 1\nb: "\\UFFFFFFFF"\n', 2),
        (b"a: 1\n---\nb: 2\n", 2),
    ],
    ids=[
        *("alias", "twice", "tag", "open", "bytes", "key", "number"),
        *("nothing", "boolean", "word", "endless", "escape", "second"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_at_its_line(text, line):
    """Aliases, repeated keys, tags, broken syntax and bytes that are no UTF-8."""
    with pytest.raises(ConfigurationError) as caught:
        parse_tree(text, FILE)

    problem = caught.value.problems[0]
    assert (problem.code, problem.line) == ("config.syntax", line)


@pytest.mark.parametrize("depth", [30, 5_000])
def test_nesting_is_bounded(depth):
    """A deep file ends in an error, not in a crash."""
    with pytest.raises(ConfigurationError):
        parse_tree(b"a: " + b"[" * depth + b"]" * depth, FILE)


def test_an_empty_file_is_an_empty_mapping():
    """Nothing said is nothing configured."""
    assert parse_tree(b"# only a comment\n", FILE).plain() == {}
