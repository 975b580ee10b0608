"""Which fields can be written back into the source, and why the others cannot."""

from typing import Any

from mappings.analysis import way_back
from mappings.lint.findings import Lint
from mappings.model import (
    Arithmetic,
    Choose,
    Coalesce,
    Concat,
    Convert,
    Default,
    Each,
    Format,
    Guarded,
    Lookup,
    Read,
)
from mappings.paths import Position

_NONE: dict[type, str] = {
    Arithmetic: "numbers that were calculated with cannot be told apart again",
    Choose: "the value depends on other columns",
    Concat: "joined texts cannot be told apart again",
    Format: "joined texts cannot be told apart again",
}


def lint_ways_back(lint: Lint) -> None:
    """Name the fields that have no way back, with the reason."""
    for one in lint.fields():
        reason = "" if isinstance(one.expression, Each) else why_not(one.expression)
        if reason:
            message = f"{one.name} cannot be written back: {reason}"
            remedy = "Nothing to do where nothing is written back"
            lint.notice(one.node, "lint.not_reversible", message, remedy, one.name)


def why_not(expression: Any) -> str:
    """Return why an expression has no way back; empty where it has one."""
    match expression:
        case Guarded(of=of) | Default(of=of):
            return why_not(of)
        case Coalesce(options=options):
            return why_not(options[0])
        case Convert(of=of, converter=converter):
            lost = "" if converter.reverse else f"the converter '{converter.name}' has no way back"
            return lost or why_not(of)
        case Lookup(of=of):
            several = way_back(expression).ambiguous
            lost = f"several codes of {expression.file} mean the same" if several else ""
            return lost or why_not(of)
        case Read(path=path) if any(
            isinstance(step, Position) and step.index < 0 for step in path.steps
        ):
            return "the last item of a list has no place of its own"
        case _:
            return _NONE.get(type(expression), "")
