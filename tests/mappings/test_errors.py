"""What is wrong in a mapping file is told all at once, each with its line and column."""

from pathlib import Path

import pytest

from tests.mappings.helpers import CUSTOMER, entity, field, problems_of, write

HEAD = "mapping: m\nentity: customer/1\nfields:\n  kind: {const: person}\n"
NAMED = HEAD + "  name: NAME\n"

# The mark § stands before the place of the mistake, and not in the file.
WRONG: list[tuple[str, str, str]] = [
    (NAMED + "  §emial: MAIL\n", "mapping.unknown_field", "Did you mean 'email'?"),
    (
        "mapping: m\nentity: customer/1\n§fields:\n  kind: {const: person}\n",
        "mapping.missing_field",
        "'name'",
    ),
    (NAMED + "  email: {path: M, via: §emial}\n", "mapping.unknown_converter", "'email'"),
    (
        NAMED + "  email: {path: M, via: [trim, {§fone: {}}]}\n",
        "mapping.unknown_converter",
        "'phone'",
    ),
    (NAMED + "  email: §M[type=]\n", "mapping.path_syntax", "character 2"),
    (NAMED + "  email: §a..b\n", "mapping.path_syntax", "a name is missing after the dot"),
    (NAMED + "  email: §Tel.\n", "mapping.path_syntax", "is written ['Tel.']"),
    (NAMED + "  email: {path: §[a]}\n", "mapping.path_syntax", "a path is a text"),
    (NAMED + "  email: §5\n", "mapping.expression", "{const: ...}"),
    (NAMED + "  email: §{path: a, const: b}\n", "mapping.expression", "found 2"),
    (NAMED + "  email: {§pth: a}\n", "mapping.unknown_key", "Did you mean 'path'?"),
    (NAMED + "  email: {path: a, §else: b}\n", "mapping.expression", "belongs to 'when'"),
    (NAMED + "  email: §{path: a, via: decimal}\n", "mapping.kind", "is string"),
    (NAMED + "  active: §{path: a, via: trim}\n", "mapping.kind", "via: boolean"),
    (NAMED + "  email: {path: a, via: [decimal, §trim]}\n", "mapping.kind", "take decimal"),
    (NAMED + "  email: §{concat: [a, {path: b, via: date}]}\n", "mapping.kind", "joined"),
    (
        NAMED + "  active: §{coalesce: [{path: a, via: boolean}, {path: a, via: trim}]}\n",
        "mapping.kind",
        "boolean, string",
    ),
    (NAMED + "  active: {const: §J}\n", "mapping.value", "'J' is no boolean"),
    (NAMED + "  country: {const: §at}\n", "mapping.value", "does not match"),
    (NAMED + "  country: {path: a, via: country, default: §aut}\n", "mapping.value", "'aut'"),
    (
        NAMED + "  email: {path: a, lookup: §code.csv}\n",
        "mapping.unknown_lookup",
        "Did you mean 'codes.csv'?",
    ),
    (NAMED + "  language: {path: a, lookup: §codes.csv}\n", "mapping.value", "'deu'"),
    (
        NAMED + "  phone: {path: a, via: {phone: {§contry: AT}}}\n",
        "config.unknown_key",
        "'country'",
    ),
    (NAMED + "  phone: {path: a, via: {phone: §{country: Austria}}}\n", "mapping.option", "AT"),
    (
        NAMED + "  phone: {path: a, via: {phone: {country_from: §']'}}}\n",
        "mapping.path_syntax",
        "cannot stand here",
    ),
    (NAMED + "  email: {when: [{if: §{path: a}, then: b}]}\n", "mapping.condition", "equals"),
    (
        NAMED + "  email: {when: [{if: {path: a, missing: §1}, then: b}]}\n",
        "mapping.condition",
        "true or false",
    ),
    (NAMED + "  email: {coalesce: §[]}\n", "mapping.expression", "a list with something"),
    (NAMED + "  email: {path: a, on_error: §skip}\n", "mapping.expression", "drop_field"),
    (NAMED + "  email: {path: a, on_error: §default}\n", "mapping.expression", "Add default:"),
    (NAMED + "  active: {path: a, on_error: §drop_field}\n", "mapping.expression", "required"),
    (NAMED + "  email: {coalesce: [{path: a, §on_error: default}]}\n", "mapping.unknown_key", ""),
    (NAMED + "  email: §{divide: [a, b]}\n", "mapping.expression", "places:"),
    (NAMED + "  email: §{subtract: [a, b, c]}\n", "mapping.expression", "two numbers"),
    (NAMED + "  email: §{add: [a, {path: b, via: trim}]}\n", "mapping.kind", "via: decimal"),
    (NAMED + "  email: §{add: [a, b], places: 19}\n", "mapping.option", "between 0 and 18"),
    (NAMED + "  email: {add: [a, b], rounding: §up_half}\n", "config.value", "half_up"),
    (NAMED + "  email: {path: a, §places: 2}\n", "mapping.expression", "belongs to 'add or"),
    (NAMED + "ignore: [§NAME]\n", "mapping.ignored_used", "Remove it"),
    (NAMED + "§ignor: [X]\n", "config.unknown_key", "Did you mean 'ignore'?"),
    (NAMED + "filter: [§{when: {path: a, equals: b}}]\n", "config.missing", "'reason'"),
    (NAMED + "examples: [{in: {§NAM: A}, out: {}}]\n", "mapping.example", "'NAME'"),
    (NAMED + "examples: [{in: {NAME: A}, out: {§nam: A}}]\n", "mapping.example", "'name'"),
    (NAMED + "examples: [§{in: {NAME: A}}]\n", "mapping.example", "one of: out"),
    (
        "mapping: m\nentity: §customer/2\nfields:\n  kind: {const: person}\n  name: NAME\n",
        "mapping.entity",
        "'customer/1'",
    ),
    (
        "mapping: §n\nentity: customer/1\nfields:\n  kind: {const: person}\n  name: NAME\n",
        "mapping.name",
        "same name",
    ),
    (NAMED + "  email: &a M\n  phone: §*a\n", "config.syntax", "aliases"),
]


@pytest.mark.parametrize(("marked", "code", "part"), WRONG)
def test_each_mistake_is_told_at_its_place(
    marked: str, code: str, part: str, tmp_path: Path
) -> None:
    """A mistake is one problem with code, line, column and what to do, and nothing loads."""
    before, after = marked.split("§")
    place = (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
    tables = {"codes.csv": "source,canonical\nD,deu\n"}
    file = write(tmp_path, before + after, tables)

    (problem,) = problems_of(file, CUSTOMER)

    assert (problem.line, problem.column) == place
    assert problem.code == code
    assert problem.file == file
    assert part in f"{problem.message}. {problem.remedy}"


def test_all_mistakes_come_at_once_and_in_order(tmp_path: Path) -> None:
    """One reading tells everything: nobody mends a file one message at a time."""
    text = (
        "mapping: n\nentity: customer/2\nfields:\n  kind: {const: persn}\n  nam: {pth: A}\n"
        "  email: {path: a..b, via: emial, on_eror: drop}\n"
        "  phone: {concat: [A], seprator: '-', via: fone, on_error: drop}\n"
        "  city: {when: [{if: {pat: a, equls: b}, thn: c}], els: d}\n"
        "  street: {path: S, lookup: {tabl: x, table: no.csv, unknown: kep}}\n"
        "filter: [{when: {path: a..b, missing: true}, reson: x}]\n"
        "cheks: {}\nreverse: {A: nam}\nexamples: [{inn: {A: 1}, out: {nam: 1}}]\n"
    )

    found = problems_of(write(tmp_path, text), CUSTOMER)

    assert [(one.line, one.column, one.code.partition(".")[2]) for one in found] == [
        (1, 10, "name"),
        (2, 9, "entity"),
        (3, 1, "missing_field"),
        (4, 17, "value"),
        (5, 3, "unknown_field"),
        (5, 9, "unknown_key"),
        (6, 17, "path_syntax"),
        (6, 28, "unknown_converter"),
        (6, 35, "unknown_key"),
        (7, 24, "unknown_key"),
        (7, 44, "unknown_converter"),
        (7, 60, "expression"),
        (8, 23, "unknown_key"),
        (8, 31, "unknown_key"),
        (8, 42, "unknown_key"),
        (8, 52, "unknown_key"),
        (9, 30, "unknown_key"),
        (9, 46, "unknown_lookup"),
        (9, 63, "value"),
        (10, 10, "missing"),
        (10, 24, "path_syntax"),
        (10, 46, "unknown_key"),
        (11, 1, "unknown_key"),
        (12, 14, "unknown_field"),
        (13, 13, "example"),
    ]


@pytest.mark.parametrize(
    ("table", "line", "part"),
    [
        ("code,value\nP,person\n", 1, "Begin with"),
        ("source,canonical\nP,person\nP,company\n", 3, "twice"),
        ("source,canonical\nP\n", 2, "a code and its canonical value"),
        ('source,canonical\n"P,person\n', 2, "no CSV"),
    ],
)
def test_a_broken_lookup_table_is_told_by_its_own_line(
    table: str, line: int, part: str, tmp_path: Path
) -> None:
    """A table's mistakes are found when the mapping loads, in the table's file."""
    text = "mapping: m\nentity: thing/1\nfields: {x: {path: a, lookup: t.csv}}\n"
    file = write(tmp_path, text, {"t.csv": table})

    problem = problems_of(file, entity(field("x")))[0]

    assert (problem.file.name, problem.line, problem.code) == (
        "t.csv",
        line,
        "mapping.lookup_table",
    )
    assert part in f"{problem.message}. {problem.remedy}"


@pytest.mark.parametrize(
    "text",
    ["", "- a\n", "fields: 5\n", "mapping: [1]\nentity: {}\nfields: []\n",
     "a: " + "[" * 40 + "]" * 40,
     "filter: 3\nchecks: 3\nexamples: 3\nignore: 3\nfields: {kind: {when: 3, else: {}}}\n"],
)  # fmt: skip
def test_a_file_of_another_shape_is_refused_not_tripped_over(text: str, tmp_path: Path) -> None:
    """Whatever stands in the file, the answer is a list of problems."""
    assert problems_of(write(tmp_path, text), CUSTOMER)


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    """A mapping that is not there is told like every other mistake."""
    (problem,) = problems_of(tmp_path / "m.yaml", CUSTOMER)

    assert problem.code == "config.unreadable"
