"""Types: whether a converter or field takes what its column is declared to hold."""

from datetime import date, datetime, time
from decimal import Decimal

from mappings.converters import converters
from mappings.lint.findings import Lint, Placement
from mappings.lint.places import placed
from mappings.lint.presence import declared
from mappings.model import Convert, Lookup, Read
from mappings.values import KIND_TYPES
from midspan.kernel.catalog import CatalogField
from shared_services.contracts.entities import FieldType

_CLASSES: dict[str, type] = {
    "string": str,
    "integer": int,
    "decimal": Decimal,
    "float": float,
    "boolean": bool,
    "date": date,
    "datetime": datetime,
    "time": time,
    "bytes": bytes,
    "record": dict,
    "list": list,
}
_MAY_COME_AS_TEXT = ("decimal", "date", "datetime", "time")


def lint_kinds(lint: Lint) -> None:
    """Report columns of a type that is not taken, and texts longer than their field."""
    for one in lint.expressions():
        parts = [part for part, _ in placed(one.expression, one.node)]
        for part, node in placed(one.expression, one.node):
            column = declared(part.of, one.facts) if isinstance(part, Convert) else None
            # Sampled rows prove more than a declaration does.
            if column and lint.facts.rows is None and not _takes(part.converter.takes, column):
                wanted = f"the converter '{part.converter.name}'"
                lint.warning(node, "lint.type", _said(column, wanted), _remedy(column), one.name)
        field = field_of(lint, one)
        if field is not None and field.kind != "records":
            _direct(lint, one, field)
            if not any(isinstance(part, Lookup) for part in parts):
                _length(lint, one, field)


def field_of(lint: Lint, one: Placement) -> FieldType | None:
    """Return the canonical field of an expression; None for a check."""
    name, *inner = one.name.split(".")
    if name not in lint.mapping.fields:
        return None
    field = lint.mapping.entity.field(name)
    for part in inner:
        field = next(spec for spec in field.fields if spec.name == part)
    return field


def _direct(lint: Lint, one: Placement, field: FieldType) -> None:
    column = declared(one.expression, one.facts)
    if column is None or lint.facts.rows is not None:
        return
    takes = (Decimal, int) if field.kind == "decimal" else (KIND_TYPES[field.kind],)
    if _CLASSES.get(column.type, object) not in takes and column.type != "unknown":
        message = _said(column, f"the field '{field.name}'")
        giving = [name for name, known in converters().items() if known.gives == field.kind]
        remedy = f"Add via: {' or '.join(sorted(giving))}"
        lint.warning(one.node, "lint.type", message, remedy, one.name)


def _takes(types: tuple[type, ...], column: CatalogField) -> bool:
    kind = _CLASSES.get(column.type)
    if kind is None or kind in types:
        return True
    return column.type in _MAY_COME_AS_TEXT and str in types


def _said(column: CatalogField, wanted: str) -> str:
    return f"'{column.name}' is {column.type} ({column.native}), which {wanted} does not take"


def _remedy(column: CatalogField) -> str:
    kind = _CLASSES[column.type]
    taking = [name for name, known in converters().items() if kind in known.takes]
    return f"What takes it: {', '.join(sorted(taking))}" if taking else "Map another column"


def _length(lint: Lint, one: Placement, field: FieldType) -> None:
    if field.max_length is None:
        return
    for part, node in placed(one.expression, one.node):
        if isinstance(part, Convert) and part.converter.name in ("slice", "split"):
            return
        column = declared(part, one.facts) if isinstance(part, Read) else None
        if column and column.type == "string" and (column.size or 0) > field.max_length:
            message = (
                f"'{column.name}' holds up to {column.size} characters, and a row with more than "
                f"{field.max_length} in '{one.name}' is refused"
            )
            lint.notice(node, "lint.length", message, "Cut it via slice if that is meant", one.name)
