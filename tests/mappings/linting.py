"""Lints mappings of a few lines, whose other fields are well."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mappings.lint import Facts, Finding, lint_mapping
from midspan.kernel.catalog import CatalogField
from tests.mappings.helpers import compiled, entity, field, write

THING = entity(
    field("code", required=True, max_length=10),
    field("name"),
    field("amount", "decimal"),
    field("day", "date"),
    field("active", "boolean"),
)
HEAD = "mapping: m\nentity: thing/1\nsource: old.things\nfields:\n"
CODE = "  code: {path: CODE, default: none}\n"
UNITS = "source,canonical\nSTK,piece\nKG,kilogram\nPCE,piece\n"


def column(name: str, kind: Any = "string", *, nullable: bool = True, **more: Any) -> CatalogField:
    return CatalogField(name, kind, nullable, native="declared", **more)


def facts(*columns: CatalogField, rows: Sequence[Mapping[str, Any]] | None = None) -> Facts:
    return Facts({one.name: one for one in columns}, used=frozenset({"ID"}), rows=rows)


def lint(folder: Path, text: str, known: Facts | None = None, wanted: Any = THING) -> list[Finding]:
    """Return the findings about a mapping of these fields."""
    file = write(folder, HEAD + text, {"units.csv": UNITS})
    return lint_mapping(compiled(file, wanted), known or facts(column("CODE")))


def found(findings: Sequence[Finding], *codes: str) -> list[tuple[str, str, int, int]]:
    """Return severity, code, line and column of the findings of some codes."""
    return [
        (one.severity, one.problem.code, one.problem.line, one.problem.column)
        for one in findings
        if one.problem.code in codes
    ]
