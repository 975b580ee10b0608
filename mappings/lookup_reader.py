"""Reads ``lookup`` of an expression: the table's name, or a mapping that says more.

``{table: units.csv, column: symbol, at: {path: DAY, via: date}, unknown: keep, trim: true,
ignore_case: true}``. A table whose codes change their meaning in time needs ``at``, the day.
"""

import re
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Literal

from config.binding import bind
from config.tree import Node
from mappings.analysis import kind_of
from mappings.conditions import ConditionReader
from mappings.model import Expression, Lookup, Span
from mappings.tables import VALUE, Table, Wanted, read_table
from midspan.kernel.errors import Problem
from shared_services.contracts.entities import FieldKind, FieldType

_INTEGER = re.compile("-?[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class LookupOptions:
    """``table`` is a file in lookups/, ``column`` the one of its columns that is taken.

    ``at`` is an expression of the day on which a code is looked up. ``unknown`` says what
    becomes of a code that the table lacks: the row is refused, the code is kept, or it is
    missing. ``trim`` cuts white space off codes; with ``ignore_case`` their case is nothing.
    """

    table: str
    column: str = VALUE
    at: Node | None = None
    unknown: Literal["refuse", "keep", "missing"] = "refuse"
    trim: bool = False
    ignore_case: bool = False


class LookupReader(ConditionReader):
    """Reads lookups of one file; tables stand beside it in ``folder``."""

    def __init__(self, folder: FilePath, problems: list[Problem]) -> None:
        super().__init__(problems)
        self._folder = folder

    @abstractmethod
    def _value(self, node: Node, value: Any, kind: FieldKind, field: FieldType | None) -> Any:
        """Return a value of the file as a canonical one of ``kind`` that ``field`` takes."""

    def _lookup(
        self, node: Node, of: Expression | None, field: FieldType | None
    ) -> Expression | None:
        options = self._lookup_options(node)
        if options is None:
            self._rest_of_lookup(node)
            return None
        at = None if options.at is None else self.read(options.at)
        wanted = Wanted(options.table, options.column, options.ignore_case)
        table = read_table(node.get("table") or node, wanted, self._folder, self._problems)
        if table is None or of is None or not self._fits(node, of, options, table, at, field):
            return None
        kind = field.kind if field else "string"
        spans = {
            code: tuple(
                Span(one.first, one.last, self._value(node, plain(one.value, kind), kind, field))
                for one in some
            )
            for code, some in table.spans.items()
        }
        meanings = {} if table.is_dated else {code: some[0].value for code, some in spans.items()}
        return Lookup(
            of,
            options.table,
            meanings,
            kind,
            spans=spans if table.is_dated else {},
            at=at,
            unknown=options.unknown,
            trim=options.trim,
            fold=options.ignore_case,
            preferred=table.preferred,
            spelling=table.spelling,
        )

    def _rest_of_lookup(self, node: Node) -> None:
        """Tell what is wrong with a lookup's table and day, though its options are wrong."""
        table, at = node.get("table"), node.get("at")
        if table is not None and isinstance(table.value, str):
            read_table(table, Wanted(table.value), self._folder, self._problems)
        if at is not None:
            self.read(at)

    def _lookup_options(self, node: Node) -> LookupOptions | None:
        if isinstance(node.value, dict):
            return bind(node, LookupOptions, self._problems)
        return LookupOptions(node.written() or str(node.plain()))

    def _fits(
        self,
        node: Node,
        of: Expression,
        options: LookupOptions,
        table: Table,
        at: Expression | None,
        field: FieldType | None,
    ) -> bool:
        """Return whether a table can be looked into like this; add what is wrong."""
        if kind_of(of) not in (None, "string", "integer"):
            message = f"codes are texts or integers, but this gives {kind_of(of)}"
            self._refuse(node, "mapping.kind", message)
        elif table.is_dated and options.at is None:
            message = f"the codes of {options.table} change their meaning in time"
            self._refuse(node, "mapping.expression", message, "Add at:, the day to look on")
        elif options.at is not None and not table.is_dated:
            message = f"the codes of {options.table} mean the same on every day"
            remedy = "Give the table the columns valid_from and valid_to, or leave at: out"
            self._refuse(options.at, "mapping.expression", message, remedy)
        elif options.at is not None and (at is None or kind_of(at) not in (None, "date")):
            if at is not None:
                message = f"a code is looked up on a day, but this gives {kind_of(at)}"
                self._refuse(options.at, "mapping.kind", message, "Add via: date")
        elif options.unknown == "keep" and field is not None and field.kind != "string":
            message = f"a code cannot be kept in a field that is {field.kind}"
            self._refuse(node, "mapping.kind", message, "Say unknown: refuse, or missing")
        else:
            return True
        return False


def plain(text: str, kind: FieldKind) -> Any:
    """Return a table's text as a project file would hold it."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return int(text) if kind == "integer" and _INTEGER.fullmatch(text) else text
