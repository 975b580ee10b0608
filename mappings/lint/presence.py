"""What is there and what may be missing: fields nobody fills, required ones that rows lack."""

import re
from dataclasses import replace

from config.tree import Node
from mappings.lint.findings import Facts, Lint, Placement
from mappings.lint.places import placed
from mappings.model import Coalesce, Concat, Constant, Default, FieldExpression, Ordinal, Read
from midspan.kernel.catalog import CatalogField

_TEXT = re.compile(
    r"(n?(var)?char(acter)?2?|(n|tiny|medium|long)?text|n?clob|string)\b", re.IGNORECASE
)


def lint_presence(lint: Lint) -> None:
    """Report canonical fields that stay empty, and required ones that a row may lack."""
    entity = lint.mapping.entity
    empty = [one.name for one in entity.fields if one.name not in lint.mapping.fields]
    if empty:
        message = f"the fields of {entity.name} that stay empty: {', '.join(empty)}"
        lint.notice(lint.key("fields"), "lint.empty_fields", message, "Map those the source has")
    required = {one.name for one in entity.fields if not one.nullable}
    for one in lint.fields():
        if one.name in required and not never_missing(one.expression, one.facts):
            _required(lint, one)


def _required(lint: Lint, one: Placement) -> None:
    reads = _nullable(one)
    if reads:
        node, field = reads[0]
        message = f"'{field.name}' may be empty, and a row without '{one.name}' is refused"
        remedy = "Add a default, or another column with coalesce"
        lint.notice(node, "lint.may_be_missing", message, remedy, one.name)


def _nullable(one: Placement) -> list[tuple[Node, CatalogField]]:
    """Return the columns that a field takes its value of, if each of them may be empty."""
    found = []
    for part, node in placed(one.expression, one.node):
        if isinstance(part, Default | Constant):
            return []
        if isinstance(part, Read):
            field = column_of(part, one.facts)
            if field is None or not field.nullable:
                return []
            found.append((node, field))
    return found


def column_of(expression: object, facts: Facts) -> CatalogField | None:
    """Return what is known of the column that an expression reads as a whole, if it does."""
    if not isinstance(expression, Read) or expression.path.steps or expression.path.up:
        return None
    return facts.fields.get(expression.path.column)


def declared(expression: object, facts: Facts) -> CatalogField | None:
    """Return a column that the source itself declares; what was concluded proves nothing.

    Columns of text in which only days or yes and no were seen are still columns of text.
    """
    field = column_of(expression, facts)
    if field is None or not field.native:
        return None
    is_text = field.type != "string" and _TEXT.match(field.native)
    return replace(field, type="string") if is_text else field


def never_missing(expression: FieldExpression, facts: Facts) -> bool:
    """Return whether an expression has a value for every row, as far as can be known."""
    match expression:
        case Constant(value=value):
            return value is not None
        case Default() | Ordinal():
            return True
        case Coalesce(options=many) | Concat(parts=many):
            return any(never_missing(one, facts) for one in many)
        case _:
            field = declared(expression, facts)
            # A text that may not be null may still be empty, which is missing.
            return bool(field and not field.nullable and field.type != "string")
