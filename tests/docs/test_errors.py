"""docs/errors.md names every error code of the tree, and no other."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from tests.docs.pages import ROOT, checked_tables, tables, words

PAGE = ROOT / "docs" / "errors.md"
ROOMS = (
    "adapters",
    "config",
    "dags",
    "deploy",
    "examples",
    "mappings",
    "midspan",
    "shared_services",
)
CODE = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z0-9_]*)+")

ASKS = {
    "ConfigurationError": "files",
    "TransientError": "retry",
    "SessionExpired": "relogin",
    "SystemClosed": "later",
    "RecordError": "quarantine",
    "UncertainWrite": "lookup",
    "Conflict": "nothing",
    "RemoteError": "caller",
}
"""What an error's class asks for; every other class asks for a person."""

CALLS = {
    "Problem": "files",
    "problem": "files",
    "report": "files",
    "_report": "files",
    "_refuse": "files",
    "Refused": "quarantine",
    "Reject": "quarantine",
    "ErrorBody": "caller",
    "_run": "person",
    "error": "error",
    "warning": "warning",
    "notice": "notice",
}
"""Other calls that are given a code, and what they ask for."""


@cache
def _nodes() -> list[ast.AST]:
    """Return every node of every module of the tree."""
    files = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]
    return [node for file in files for node in ast.walk(ast.parse(file.read_text()))]


@cache
def _error_classes() -> dict[str, str]:
    """Return what each error class of the tree asks for, by its name."""
    bases = {
        node.name: ast.unparse(node.bases[0])
        for node in _nodes()
        if isinstance(node, ast.ClassDef) and len(node.bases) == 1
    }
    found = {"MidspanError": "person"}
    for _depth in range(4):
        for name, base in bases.items():
            if base in found and name not in found:
                found[name] = ASKS.get(name, found[base])
    return found


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _given(node: ast.Call) -> list[str]:
    """Return the texts given to a call that look like codes."""
    values = [*node.args, *(keyword.value for keyword in node.keywords)]
    return [text for text in map(_text, values) if CODE.fullmatch(text)]


def _derived(node: ast.Call) -> Iterator[tuple[str, str]]:
    """Yield the codes that are put together from what a call is given."""
    name, texts = _called(node), [_text(one) for one in node.args]
    if name == "refuse" and texts[0]:
        yield f"mapping.{texts[0]}.invalid", "quarantine"
    if name == "_wrong_length":
        yield f"file.{texts[0]}_line", "quarantine"
    if name == "make_error":
        code = next(text for text in texts if CODE.fullmatch(text))
        yield from ((code, "person"), (f"{code}_busy", "retry"), (f"{code}_denied", "person"))


def _raised() -> dict[str, set[str]]:
    """Return every code that is given to an error, and what it asks for there."""
    asks = _error_classes() | CALLS
    raised: dict[str, set[str]] = defaultdict(set)
    for node in _nodes():
        if not isinstance(node, ast.Call):
            continue
        for code, asked in _derived(node):
            raised[code].add(asked)
        if _called(node) in asks:
            for code in _given(node)[:1]:
                raised[code].add(asks[_called(node)])
    return raised


def _named() -> set[str]:
    """Return the codes that stand in a variable before they are used."""
    return {
        _text(node.value)
        for node in _nodes()
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == "code"
        and CODE.fullmatch(_text(node.value))
    }


def _written_down() -> set[str]:
    """Return codes that no exception carries: those of the ledger and of dead letters."""
    files = (ROOT / "midspan/sync/state.py", ROOT / "shared_services/messaging/failures.py")
    names = {
        text
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.expr) and CODE.fullmatch(text := _text(node))
    }
    return {name for name in names if name.split(".")[0] in {"sync", "handler", "message"}}


def _documented() -> dict[str, str]:
    rows = [row for table in tables(PAGE) for row in table if "." in row[0]]
    codes = [words(row[0])[0] for row in rows]
    assert len(codes) == len(set(codes)), "a code is documented twice"
    return {code: row[1] for code, row in zip(codes, rows, strict=True)}


def test_every_code_is_documented_and_no_other() -> None:
    """A new code without documentation fails here, and so does one that vanished."""
    known = {*_raised(), *_named(), *_written_down(), "config.invalid"}

    assert set(_documented()) == known


def test_a_code_asks_for_what_its_class_decides() -> None:
    """The column *asks for* is the one of the class that carries the code."""
    documented = _documented()
    wrong = {
        code: (documented.get(code), asked)
        for code, asked in _raised().items()
        if asked != {documented.get(code)}
    }

    assert wrong == {}


def test_every_place_that_makes_a_code_is_understood() -> None:
    """A code put together from parts is put together in a way that this test follows."""
    makers = {*_error_classes(), *CALLS}
    templates = {
        ast.unparse(node.args[0])
        for node in _nodes()
        if isinstance(node, ast.Call)
        and _called(node) in makers
        and node.args
        and isinstance(node.args[0], ast.JoinedStr)
    }

    assert templates == {
        "f'file.{word}_line'",
        "f'mapping.{name}.invalid'",
        "f'{code}_busy'",
        "f'{code}_denied'",
    }


def test_exit_codes_are_those_of_the_classes() -> None:
    """The table at the top gives each class's own exit code."""
    from midspan.kernel import errors

    shown = checked_tables(PAGE, "exit-codes")[""]
    for row in shown:
        for name in words(row[1]):
            code = str(getattr(errors, name).exit_code)
            assert row[3] == code, name
