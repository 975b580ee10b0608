"""The pages hold together: links lead somewhere, and what they name exists."""

import ast
import re
from configparser import ConfigParser
from pathlib import Path

import pytest

from midspan import __version__
from midspan.sync.centers import load_centers
from tests.docs.pages import (
    ROOT,
    Block,
    anchor,
    blocks,
    checked_tables,
    headings,
    links,
    pages,
    section,
    words,
)

ARCHITECTURE = ROOT / "docs" / "architecture"
DECISIONS = ROOT / "docs" / "adr"
TEST = re.compile(r"^(tests/\S+\.py)::(\w+)$")


def _setup() -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg")
    return parser


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A link inside the repository names a file that is there, and a heading that it has."""
    broken = []
    for target in links(page):
        if target.startswith(("https://", "http://")):
            continue
        path, _, place = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (place and place not in map(anchor, headings(file))):
            broken.append(target)

    assert broken == []


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.name)
def test_python_is_python(block: Block) -> None:
    """Each Python block compiles."""
    compile(block.text, block.name, "exec")


def test_every_page_can_be_reached_from_the_readme() -> None:
    """No page is an island."""
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        waiting += [(page.parent / target.partition("#")[0]).resolve() for target in links(page)]

    assert set(pages()) - seen == set()


def test_layers_are_those_of_the_contract() -> None:
    """The order of rooms on the page is the one that import-linter enforces."""
    shown = next(block for block in blocks("text") if block.kind == "layers")
    enforced = _setup()["importlinter:contract:layers"]["layers"]

    assert shown.text.split("\n") == [*enforced.strip().split("\n"), ""]


def test_every_room_is_described() -> None:
    """Each package of the tree stands in the table of rooms or in one of its rooms' names."""
    text = section(ARCHITECTURE / "overview.md", "## Rooms")
    named = " ".join(words(text))
    rooms = [
        path.parent.relative_to(ROOT)
        for top in ("midspan", "shared_services")
        for path in (ROOT / top).glob("*/__init__.py")
    ]

    assert [str(room) for room in rooms if f"{room.name}/" not in named] == []


def test_match_rules_are_those_of_the_centers() -> None:
    """Rule by rule, in order of strength, with fields and whether it is exclusive."""
    rows = checked_tables(ARCHITECTURE / "golden-records.md", "match-rules")[""]
    shown = [
        (*words(row[0]), *words(row[1]), tuple(words(row[2])), row[3] == "yes") for row in rows
    ]

    assert shown == [
        (entity, rule.name, rule.fields, rule.exclusive)
        for center in load_centers().values()
        for entity, model in center.models.items()
        for rule in model.rules
    ]


def test_every_invariant_names_tests_that_exist() -> None:
    """A test that is renamed or removed is missed here; I1 to I9 all have their word."""
    page = ARCHITECTURE / "invariants.md"
    named = [match for word in words(page.read_text()) if (match := TEST.match(word))]
    missing = [match[0] for match in named if match[2] not in _functions(ROOT / match[1])]
    invariants = [one.split()[0] for one in headings(page)[1:]]

    assert missing == []
    assert invariants == [f"I{number}" for number in range(1, 10)]


def _functions(file: Path) -> set[str]:
    if not file.exists():
        return set()
    return {
        node.name
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef)
    }


def test_decisions_have_the_same_shape_and_are_listed() -> None:
    """Context, decision, consequences, revisit; numbered without a gap; in the list."""
    files = sorted(DECISIONS.glob("[0-9]*.md"))
    shapes = {file.name: headings(file)[1:] for file in files}
    shape = ["Context", "Decision", "Consequences", "Revisit"]

    assert shapes == dict.fromkeys(shapes, shape)
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    assert [file.name for file in files] == links(DECISIONS / "README.md")


def test_every_package_has_its_reason() -> None:
    """A package that setup.cfg asks for stands among the dependencies' reasons, and no other."""
    options = _setup()
    asked = options["options"]["install_requires"] + "".join(
        options["options.extras_require"].values()
    )
    names = set(re.findall(r"^([\w-]+)", asked, re.MULTILINE))
    text = (DECISIONS / "0002-dependencies.md").read_text()
    shown = set(re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE))

    assert shown == names


def test_the_changelog_knows_this_version() -> None:
    """The version in setup.cfg, in the package and at the changelog's top are the same."""
    newest = re.match(r"\[(\S+)\]", headings(ROOT / "CHANGELOG.md")[1])

    assert newest is not None
    assert newest[1] == __version__ == _setup()["metadata"]["version"]
