"""Templates: data in, data out, and no way to anything else."""

from pathlib import Path
from typing import Any

import pytest

from adapters.templates import ABSENT, compile_sparse, compile_template
from config.tree import parse_tree
from midspan.kernel.errors import ConfigurationError

VALUES: dict[str, Any] = {
    "limit": 5,
    "keys": [1, 2],
    "none": None,
    "name": "a{limit}b",
    "yes": True,
}


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ("{limit}", 5),
        ("{keys}", [1, 2]),
        ("{none}", None),
        ("top {limit}!", "top 5!"),
        ("[{none}]", "[]"),
        ("is {yes}", "is true"),
        ("{name}", "a{limit}b"),
        ("<{name}>", "<a{limit}b>"),
        ("{{limit}}", "{limit}"),
        ("{{{limit}}}", "{5}"),
        ("", ""),
        (7, 7),
        (None, None),
        ({"a": ["{limit}", {"b": "{keys}"}], "c": False}, {"a": [5, {"b": [1, 2]}], "c": False}),
    ],
)
def test_placeholders_become_values(template: object, rendered: object) -> None:
    """Alone, a placeholder keeps its value's type; in a text it is text; values stay values."""
    assert compile_template(template, VALUES).render(VALUES) == rendered


@pytest.mark.parametrize(
    "template", ["{limit.__class__}", "{limit!r}", "{limit:>9}", "{0}", "{}", "{", "}", "{lim it}"]
)
def test_nothing_but_a_known_name_is_a_placeholder(template: str) -> None:
    """Attributes, formats and indexes are refused when the template is read."""
    with pytest.raises(ConfigurationError):
        compile_template(template, VALUES)


def test_problems_come_all_at_once_with_their_place() -> None:
    """A misspelt name is shown where it stands, with the one that was probably meant."""
    tree = parse_tree(b"params:\n  - '{limit}'\n  - [1, '{limt}']\n  - '{'\n", Path("erp.yaml"))

    with pytest.raises(ConfigurationError) as caught:
        compile_template(tree, VALUES)

    first, second = caught.value.problems
    assert (first.line, first.column) == (3, 9)
    assert first.remedy == "Did you mean 'limit'?"
    assert second.line == 4


def test_a_template_names_what_it_needs() -> None:
    """Its names are known without rendering."""
    assert compile_template(["{limit}", "x{keys}"], VALUES).names == {"limit", "keys"}


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ({"a": "{none}", "b": 1}, {"b": 1}),
        ({"a": {"b": "{none}"}}, ABSENT),
        ([["name", ">=", "{none}"], ["limit", "=", "{limit}"]], [["limit", "=", 5]]),
        ([["name", ">=", "{none}"]], ABSENT),
        (["{limit}", "{none}"], [5]),
        (["name", {"a": "{none}"}], ["name"]),
    ],
)
def test_what_has_no_value_is_left_out(template: object, rendered: object) -> None:
    """A member alone; a phrase of literals around a placeholder as a whole."""
    assert compile_sparse(template, VALUES).render(VALUES) == rendered
