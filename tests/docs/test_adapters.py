"""docs/contributors/adapters.md shows files as they are, and every fault and method there is."""

from textwrap import indent

from adapters.testing import Counterpart, faults
from adapters.testing.counterpart import offers
from tests.adapters.testing.dbase_folder import DbaseFolder
from tests.docs.pages import ROOT, Block, blocks, checked_tables, words

PAGE = ROOT / "docs" / "contributors" / "adapters.md"
OURS = [block for block in blocks("ini", "python") if block.page == PAGE]


def test_what_is_shown_of_a_file_stands_in_it() -> None:
    """Each excerpt is there word for word; a method is shown without its indent."""
    shown = [block for block in OURS if block.kind == "file"]

    assert len(shown) >= 5
    assert [block.name for block in shown if not stands_there(block)] == []


def stands_there(block: Block) -> bool:
    """Return whether an excerpt is a part of its file."""
    text = _without_empty_lines((ROOT / block.subject).read_text())
    shown = _without_empty_lines(block.text)
    return shown in text or indent(shown, "    ") in text


def _without_empty_lines(text: str) -> str:
    """Return lines alone: functions stand further apart on a page than methods in a class."""
    return "".join(line for line in text.splitlines(keepends=True) if line.strip())


def test_every_optional_method_is_listed() -> None:
    """Those that a promise asks for, and no other."""
    (rows,) = checked_tables(PAGE, "hooks").values()
    listed = [word for row in rows for word in words(row[0])]
    optional = [
        name
        for name, member in vars(Counterpart).items()
        if callable(member) and "NotImplementedError" in member.__code__.co_names
    ]

    assert listed == optional
    assert [name for name in listed if offers(DbaseFolder, name)] == ["break_stream"]


def test_every_fault_is_listed() -> None:
    """Each class of faults has its line, in their order."""
    (rows,) = checked_tables(PAGE, "faults").values()
    listed = [word for row in rows for word in words(row[0])]
    known = [
        name
        for name, member in vars(faults).items()
        if isinstance(member, type)
        and issubclass(member, faults.Fault)
        and member is not faults.Fault
    ]

    assert listed == known


def test_the_example_runs() -> None:
    """As it stands there."""
    (block,) = [block for block in OURS if block.kind == "run"]

    exec(compile(block.text, block.name, "exec"), {})  # noqa: S102 the page's own example
