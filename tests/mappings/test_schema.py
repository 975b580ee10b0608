"""The JSON Schema of mapping files says what their loader says, and is told to editors."""

import json
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import mappings
from config.tree import parse_tree
from midspan.sync.schemas import FOLDER, project_schemas
from tests.docs.pages import blocks
from tests.mappings.helpers import CUSTOMER, problems_of, write
from tests.mappings.test_own_functions import FUNCTIONS

HEAD = "mapping: m\nentity: customer/1\nfields:\n  kind: {const: person}\n  name: NAME\n"
MAPPINGS = Path(mappings.__file__).parent

TAKEN = [
    "",
    "  email: {path: M, via: email, on_error: drop_field}\n",
    "  phone: {path: T, via: [trim, {phone: {country_from: LAND}}], default: '+431234567'}\n",
    "  city: {concat: [A, {path: B, via: upper}], separator: ' '}\n",
    "  city: {format: '{A} {B}'}\n",
    "  active: {when: [{if: {path: A, equals: X}, then: {const: false}}], else: {const: true}}\n",
    "  city: {when: [{if: {all: [{path: A, via: decimal, above: 1, below: 2}]}, then: B}]}\n",
    "  city: {when: [{if: {not: {path: A, matches: ['x+', y]}}, then: B}]}\n",
    "  city: {path: A, lookup: {table: t.csv, unknown: keep, trim: true}}\n",
    "  city: {path: A, lookup: t.csv}\n",
    "  city: {path: A, via: {name_part: {part: family}}}\n",
    "filter: [{when: {path: A, missing: true}, reason: none}]\nignore: [B]\npersonal: B\n",
    "checks: {c: {add: [{path: A, via: decimal}, {const: 1}], places: 2, rounding: up}}\n",
    "examples: [{in: {NAME: A}, out: {name: A}}, {in: {NAME: ''}, refused: mapping.required}]\n",
]
REFUSED = [
    "  emial: M\n",
    "  email: 5\n",
    "  email: {pth: M}\n",
    "  email: {path: M, const: x}\n",
    "  email: {via: trim}\n",
    "  email: {path: M, via: emial}\n",
    "  email: {path: M, via: {phone: {contry: AT}}}\n",
    "  email: {path: M, via: {phone: {country: {}}}}\n",
    "  email: {path: M, via: {trim: {}, upper: {}}}\n",
    "  email: {path: M, via: name_part}\n",
    "  email: {path: M, via: {name_part: {part: last}}}\n",
    "  email: {path: M, on_error: skip}\n",
    "  email: {path: M, separator: x}\n",
    "  email: {path: M, lookup: {tabel: t.csv}}\n",
    "  email: {path: M, lookup: {table: t.csv, unknown: kept}}\n",
    "  email: {coalesce: []}\n",
    "  email: {coalesce: [{path: A, on_error: drop_field}]}\n",
    "  email: {when: [{if: {path: A}, then: B}]}\n",
    "  email: {when: [{if: {path: A, equal: 1}, then: B}]}\n",
    "  email: {when: [{if: {path: A, missing: 1}, then: B}]}\n",
    "  email: {when: [{if: {path: A, starts_with: {}}, then: B}]}\n",
    "  email: {when: [{then: B}]}\n",
    "filter: [{when: {path: A, equals: 1}}]\n",
    "ignor: [A]\n",
    "examples: [{in: {NAME: A}}]\n",
    "examples: [{in: {NAME: A}, out: {}, refused: x}]\n",
]


@cache
def validator(home: Path | None = None) -> Draft202012Validator:
    return Draft202012Validator(json.loads(project_schemas(home)["mapping.schema.json"]))


def refusals(text: str, home: Path | None = None) -> list[str]:
    """Return what an editor would underline."""
    tree = parse_tree(text.encode(), Path("m.yaml")).plain()
    return [error.message for error in validator(home).iter_errors(tree)]


@pytest.mark.parametrize("more", TAKEN)
def test_what_loads_passes(more: str, tmp_path: Path) -> None:
    """Nothing is underlined that is right."""
    table = {"t.csv": "source,canonical\n1,one\n"}

    assert problems_of(write(tmp_path, HEAD + more, table), CUSTOMER) == []
    assert refusals(HEAD + more) == []


@pytest.mark.parametrize("more", REFUSED)
def test_what_is_of_another_shape_is_refused_by_both(more: str, tmp_path: Path) -> None:
    """A misspelt key, converter, field or option is underlined while it is typed."""
    table = {"t.csv": "source,canonical\n1,one\n"}

    assert problems_of(write(tmp_path, HEAD + more, table), CUSTOMER)
    assert refusals(HEAD + more)


@pytest.mark.parametrize(
    "text",
    ["mapping: m\nentity: customer/1\nfields: {kind: {const: person}}\n",
     "mapping: m\nentity: customer/9\nfields: {}\n", "mapping: m\nfields: {}\n"],
)  # fmt: skip
def test_required_fields_and_known_entities_are_asked_for(text: str) -> None:
    """The entity's version decides which fields there are."""
    assert refusals(text)


def _examples() -> list[str]:
    own = [file.read_text() for file in sorted(MAPPINGS.glob("*.yaml"))]
    told = [block.text for block in blocks("yaml") if block.text.startswith("# mappings/")]
    assert told
    return own + told


@pytest.mark.parametrize("text", _examples())
def test_every_mapping_that_is_shown_passes(text: str) -> None:
    """Those of this checkout and those of the documentation."""
    assert refusals(text) == []


@pytest.mark.parametrize("file", sorted(MAPPINGS.glob("*.yaml")), ids=lambda one: one.name)
def test_this_checkouts_mappings_name_their_schema(file: Path) -> None:
    """An editor finds it by the first line."""
    place = file.read_text().partition("\n")[0].partition("$schema=")[2]

    assert (file.parent / place).resolve() == MAPPINGS.parent / FOLDER / "mapping.schema.json"


def test_a_projects_own_converters_are_proposed(tmp_path: Path) -> None:
    """Its schema knows the functions that it has, and only they."""
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "functions.py").write_text(FUNCTIONS)
    text = HEAD + "  email: {path: A, via: tier}\n"

    assert refusals(text, tmp_path) == []
    assert refusals(text)
