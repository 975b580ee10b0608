"""Personal data on its way into a field that is not personal, and so into public events.

A field that the contract marks personal travels in personal events alone, which an app gets by a
grant; every other field reaches every app that asks for the entity.
"""

import re
from collections.abc import Callable

from config.tree import Node
from mappings.lint.findings import Lint, Placement
from mappings.lint.kinds import field_of
from mappings.lint.places import placed
from mappings.model import Lookup, Read
from mappings.paths import Path
from mappings.places import found_at, spell

_NAMES = re.compile(
    r"e?_?mail|smtp|phone|telefon|^tel(_|f|$)|mobil|handy|fax|birth|geburt|^dob$|iban|bic$|"
    r"passport|ssn|social_?sec|first_?name|last_?name|vorname|nachname|surname|^name1$",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[A-Za-z]{2,}")
_ENOUGH = 3
_REMEDY = "Map it to a personal field, or leave the column out with ignore"

Find = Callable[[Node, str, str, str, str], None]


def lint_privacy(lint: Lint) -> None:
    """Report personal source data that a field without a personal mark would carry."""
    personal = _personal_paths(lint)
    for one in lint.fields():
        field = field_of(lint, one)
        if field is None or field.personal or field.kind == "records":
            continue
        parts = list(placed(one.expression, one.node))
        coded = any(isinstance(part, Lookup) for part, _ in parts)
        for part, node in parts:
            if isinstance(part, Read):
                _read(lint, one, part.path, node, personal, coded=coded)


def _personal_paths(lint: Lint) -> set[Path]:
    return {
        part.path
        for one in lint.fields()
        if one.of_row and (field := field_of(lint, one)) is not None and field.personal
        for part, _ in placed(one.expression, one.node)
        if isinstance(part, Read)
    }


def _read(
    lint: Lint, one: Placement, path: Path, node: Node, personal: set[Path], *, coded: bool
) -> None:
    name = spell(path)
    if one.of_row and path.column in lint.mapping.personal:
        message = f"'{name}' is marked personal, but '{one.name}' reaches apps without a grant"
        lint.error(node, "lint.personal_exposed", message, _REMEDY, one.name)
    elif one.of_row and path in personal and not coded:
        message = f"'{name}' feeds a personal field, and '{one.name}' too, which every app may read"
        lint.warning(node, "lint.personal_shared", message, _REMEDY, one.name)
    elif not coded and (_NAMES.search(name) or (one.of_row and _looks_personal(lint, path))):
        message = f"'{name}' looks like personal data, and every app may read '{one.name}'"
        remedy = f"{_REMEDY}; what is none of a person's may stay"
        lint.warning(node, "lint.personal_suspected", message, remedy, one.name)


def _looks_personal(lint: Lint, path: Path) -> bool:
    """Return whether sampled values are e-mail addresses for the most part."""
    found = [found_at(path, row) for row in lint.facts.rows or ()]
    texts = [value for value in found if isinstance(value, str) and value]
    alike = [text for text in texts if _MAIL.fullmatch(text.strip())]
    return len(alike) >= _ENOUGH and len(alike) * 2 >= len(texts)
