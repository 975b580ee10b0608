"""A project's own functions are converters like the others, and what they raise stays with them."""

from pathlib import Path
from typing import Any

import pytest

from config.loader import project_digest
from mappings import load_mapping
from midspan.kernel.errors import Problem
from tests.mappings.helpers import compiled, entity, field, translate, write

FUNCTIONS = """
from mappings.converters.own import converter


def back(text):
    return text[0].upper()


@converter("tier", takes=(str,), gives="string", revision=1, reverse=back)
def tier(text: str) -> str | None:
    return {"A": "gold", "-": None}[text]


@converter("digits", takes=(str,), gives="integer")
def digits(text: str):
    return text
"""
WANTED = entity(field("x"), field("n", "integer"))
TEXT = "mapping: m\nentity: thing/1\nfields:\n  x: {path: a, via: tier}\n"


def project(folder: Path, text: str = TEXT, functions: str = FUNCTIONS) -> Path:
    (folder / "functions.py").write_text(functions)
    return write(folder, text)


def test_a_projects_function_converts_and_is_told_by_its_declaration(tmp_path: Path) -> None:
    """It is called by its name, with values of its types, and may say that nothing is there."""
    mapping = compiled(project(tmp_path), WANTED)

    done = translate(mapping, {"a": "A"}, {"a": "-"}, {"a": None}, {"a": ""}, {"a": 5})

    assert [row[0] for row in done.rows] == ["gold", None, None, None]
    assert [one.code for one in done.refusals] == ["mapping.type"]


def test_what_a_function_raises_refuses_the_row_by_its_class_alone(tmp_path: Path) -> None:
    """The error's text may hold the value, so nobody sees it."""
    mapping = compiled(project(tmp_path), WANTED)

    (refusal,) = translate(mapping, {"a": "secret name"}).refusals

    assert refusal.code == "mapping.function.failed"
    assert refusal.message == "the function of 'tier' failed with KeyError"


def test_what_a_function_gives_is_of_the_kind_it_declares(tmp_path: Path) -> None:
    """A text where a number was promised goes no further."""
    text = TEXT + "  n: {path: b, via: digits}\n"
    mapping = compiled(project(tmp_path, text), WANTED)

    (refusal,) = translate(mapping, {"a": "A", "b": "x"}).refusals

    assert (refusal.field, refusal.code) == ("n", "mapping.type")


def test_a_functions_kind_is_checked_before_a_row_moves(tmp_path: Path) -> None:
    """A text does not become a number because a function of one's own gives it."""
    text = TEXT.replace("x: {path: a, via: tier}", "n: {path: a, via: tier}")
    problems: list[Problem] = []
    load_mapping(project(tmp_path, text), WANTED, problems)

    assert [one.code for one in problems] == ["mapping.kind"]


@pytest.mark.parametrize(
    ("functions", "line", "part"),
    [
        ("x = 1\ndef f(:\n", 2, "SyntaxError"),
        ("import nowhere_at_all\n", 1, "ModuleNotFoundError"),
        ("raise SystemExit('done')\n", 1, "SystemExit"),
        (FUNCTIONS.replace('"tier"', '"trim"'), 9, "'trim' already"),
        (FUNCTIONS.replace('"digits"', '"tier"'), 14, "'tier' already"),
        (FUNCTIONS.replace('gives="string"', 'gives="text"'), 9, "not text"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_at_its_line(
    functions: str, line: int, part: str, tmp_path: Path
) -> None:
    """Its mistakes come with the mapping's own, and nothing loads."""
    problems: list[Problem] = []
    load_mapping(project(tmp_path, functions=functions), WANTED, problems)

    told = [one for one in problems if one.code == "mapping.functions"]

    assert [(one.file.name, one.line) for one in told] == [("functions.py", line)]
    assert part in told[0].message


def test_a_raised_revision_is_another_version(tmp_path: Path) -> None:
    """The author says when the meaning changes."""
    first = compiled(project(tmp_path), WANTED).version
    again = compiled(project(tmp_path, functions=FUNCTIONS + "# a word\n"), WANTED).version
    other = FUNCTIONS.replace("revision=1", "revision=2")

    assert first == again
    assert compiled(project(tmp_path, functions=other), WANTED).version != first


def test_a_run_is_pinned_to_the_functions_too(tmp_path: Path) -> None:
    """The project's hash changes with its code."""
    (tmp_path / "mappings").mkdir()
    before = project_digest(tmp_path)
    (tmp_path / "mappings" / "functions.py").write_text(FUNCTIONS)

    assert project_digest(tmp_path) != before


def test_the_way_back_is_the_functions_own(tmp_path: Path) -> None:
    """What it declares as reverse is called with what it gave."""
    mapping = compiled(project(tmp_path), WANTED).mapping
    convert: Any = mapping.fields["x"]

    assert convert.converter.reverse(None)("alpha") == "A"


def test_a_function_never_sees_the_empty_text(tmp_path: Path) -> None:
    """It is a missing value also where numbers are taken, as everywhere."""
    functions = FUNCTIONS.replace('"digits", takes=(str,)', '"digits", takes=(str, int)')
    text = TEXT + "  n: {path: b, via: digits}\n"
    mapping = compiled(project(tmp_path, text, functions), WANTED)

    assert translate(mapping, {"a": "A", "b": ""}).rows == [("gold", None)]
