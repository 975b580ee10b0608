"""A mapping's version changes exactly when its meaning does."""

from pathlib import Path

import pytest

from tests.mappings.helpers import compiled, entity, field, write

WANTED = entity(field("x"), field("y"))
TEXT = """\
mapping: m
entity: thing/1
fields:
  x: {path: a, via: {phone: {country: AT}}}
  y: {path: b, lookup: t.csv}
"""
TABLE = "source,canonical\nP,person\nF,company\n"


def version(folder: Path, text: str = TEXT, table: str = TABLE) -> str:
    return compiled(write(folder, text, {"t.csv": table}), WANTED).version


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("# a comment\n" + TEXT + "ignore: [z]\nsource: erp.things\n", TABLE),
        (TEXT + "examples: [{in: {b: P}, out: {y: person}}]\n", TABLE),
        (TEXT.replace("country: AT", 'country: "AT"'), TABLE),
        (TEXT, "source,canonical,note\nF,company,Firma\nP,person,\n"),
    ],
)
def test_the_same_meaning_keeps_its_version(text: str, table: str, tmp_path: Path) -> None:
    """Comments, examples, order and notes do not make rows old."""
    assert version(tmp_path, text, table) == version(tmp_path)


@pytest.mark.parametrize(
    ("text", "table"),
    [
        (TEXT.replace("path: a", "path: c"), TABLE),
        (TEXT.replace("country: AT", "country: DE"), TABLE),
        (TEXT + "checks: {z: {path: a, via: email}}\n", TABLE),
        (TEXT + "filter: [{when: {path: a, missing: true}, reason: none}]\n", TABLE),
        (TEXT, TABLE + "Q,person\n"),
    ],
)
def test_another_meaning_is_another_version(text: str, table: str, tmp_path: Path) -> None:
    """Paths, options, checks, filters and tables' entries do."""
    assert version(tmp_path, text, table) != version(tmp_path)


def test_a_version_is_twelve_hex_digits(tmp_path: Path) -> None:
    """It is short enough to stand beside every row."""
    assert len(version(tmp_path)) == 12
    assert int(version(tmp_path), 16) >= 0
