"""What an Odoo holds and how its ORM answers, after Odoo's documented external API.

Enough of it to be mistaken for one over the wire: empty values are false, references are pairs
of id and name, lists are ids, archived records hide, domains are in prefix notation, stamps are
kept finer than they are shown, and a record that one may not see is as if it were not there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

SHOWN = "%Y-%m-%d %H:%M:%S"
Values = dict[str, Any]


class OdooError(Exception):
    """An exception of Odoo's: the Python name, and the status that JSON-2 gives it."""

    def __init__(self, name: str, message: str, fault: int = 1, status: int = 500) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.fault = fault
        self.status = status


def access_error(model: str) -> OdooError:
    text = f"You are not allowed to access '{model}' ({model}) records."
    return OdooError("odoo.exceptions.AccessError", text, 4, 403)


def missing_error() -> OdooError:
    text = "Record does not exist or has been deleted.\n(Record: x(1,), User: 2)"
    return OdooError("odoo.exceptions.MissingError", text, 2, 404)


@dataclass(frozen=True)
class Column:
    """A field: its type, its label, and what it refers to."""

    type: str
    label: str = ""
    relation: str = ""
    inverse: str = ""
    required: bool = False


STAMPED = {
    "id": Column("integer", "ID"),
    "create_date": Column("datetime", "Created on"),
    "write_date": Column("datetime", "Last Updated on"),
}
MODELS: dict[str, dict[str, Column]] = {
    "res.partner": {
        **STAMPED,
        "name": Column("char", "Name", required=True),
        "ref": Column("char", "Reference"),
        "email": Column("char", "Email"),
        "phone": Column("char", "Phone"),
        "active": Column("boolean", "Active"),
        "is_company": Column("boolean", "Is a Company"),
        "credit_limit": Column("float", "Credit Limit"),
        "date": Column("date", "Date"),
        "image_1920": Column("binary", "Image"),
        "country_id": Column("many2one", "Country", "res.country"),
        "child_ids": Column("one2many", "Contact", "res.partner", "parent_id"),
        "parent_id": Column("many2one", "Related Company", "res.partner"),
    },
    "res.country": {**STAMPED, "name": Column("char", "Name"), "code": Column("char", "Code")},
    "product.product": {
        **STAMPED,
        "name": Column("char", "Name", required=True),
        "default_code": Column("char", "Internal Reference"),
        "list_price": Column("monetary", "Sales Price"),
        "active": Column("boolean", "Active"),
    },
    "sale.order": {
        **STAMPED,
        "name": Column("char", "Order Reference"),
        "client_order_ref": Column("char", "Customer Reference"),
        "partner_id": Column("many2one", "Customer", "res.partner", required=True),
        "date_order": Column("datetime", "Order Date"),
        "state": Column("selection", "Status"),
        "order_line": Column("one2many", "Order Lines", "sale.order.line", "order_id"),
        "amount_total": Column("monetary", "Total"),
    },
    "sale.order.line": {
        **STAMPED,
        "order_id": Column("many2one", "Order Reference", "sale.order", required=True),
        "product_id": Column("many2one", "Product", "product.product"),
        "product_uom_qty": Column("float", "Quantity"),
        "price_unit": Column("float", "Unit Price"),
    },
    "ir.model": {
        **STAMPED,
        "model": Column("char", "Model"),
        "name": Column("char", "Model Description"),
        "transient": Column("boolean", "Transient Model"),
    },
}


@dataclass
class Odoo:
    """One database.

    ``hidden`` are records that a rule hides, ``denied`` rights not given, ``gone`` models whose
    module was removed. ``cap`` is the most that a page holds, whatever was asked for.
    """

    clock: Callable[[], datetime] = lambda: datetime.now(UTC).replace(tzinfo=None)
    tables: dict[str, dict[int, Values]] = field(default_factory=dict)
    hidden: set[tuple[str, int]] = field(default_factory=set)
    denied: set[tuple[str, str]] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    swallowing: bool = False
    cap: int | None = None

    def __post_init__(self) -> None:
        for model in MODELS:
            self.tables.setdefault(model, {})
        for model in MODELS:
            self.insert("ir.model", {"model": model, "name": model.title()})

    def call(self, model: str, method: str, args: Sequence[Any], kwargs: Values) -> Any:
        """Run a public method of a model."""
        if model not in MODELS or model in self.gone:
            raise OdooError("odoo.exceptions.UserError", f"Object {model} doesn't exist", 2, 422)
        known = getattr(self, f"do_{method}", None)
        if known is None:
            text = f"The method '{model}.{method}' does not exist"
            raise OdooError("builtins.AttributeError", text)
        return known(model, *args, **kwargs)

    def insert(self, model: str, values: Values) -> int:
        """Make a record beside the API; its stamps may be given."""
        number = max(self.tables[model], default=0) + 1
        now = self.clock()
        row = {"create_date": now, "write_date": now, **values, "id": number}
        if "active" in MODELS[model]:
            row.setdefault("active", True)
        self.tables[model][number] = row
        return number

    def do_fields_get(
        self, model: str, allfields: Any = None, attributes: Any = None, context: Any = None
    ) -> Any:
        told = {}
        for name, column in MODELS[model].items():
            known = {
                "type": column.type,
                "string": column.label,
                "required": column.required,
                "readonly": False,
                "store": column.type != "one2many",
                **({"relation": column.relation} if column.relation else {}),
            }
            wanted = attributes or known
            told[name] = {key: value for key, value in known.items() if key in wanted}
        return told if not allfields else {name: told[name] for name in allfields}

    def do_search_read(
        self,
        model: str,
        domain: Sequence[Any] = (),
        fields: Sequence[str] | None = None,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
        context: Values | None = None,
    ) -> list[Values]:
        self._allow(model, "read")
        found = self._search(model, domain, context)
        found.sort(key=lambda row: row["id"], reverse=bool(order and order.endswith("desc")))
        page = found[offset : offset + limit if limit else None]
        return [self._shown(model, row, fields) for row in page[: self.cap]]

    def do_search_count(
        self, model: str, domain: Sequence[Any] = (), context: Values | None = None
    ) -> int:
        self._allow(model, "read")
        return len(self._search(model, domain, context))

    def do_read(
        self,
        model: str,
        ids: Sequence[int],
        fields: Sequence[str] | None = None,
        context: Any = None,
    ) -> list[Values]:
        self._allow(model, "read")
        rows = [self.tables[model].get(number) for number in ids]
        if any(row is None for row in rows):
            raise missing_error()
        if any((model, number) in self.hidden for number in ids):
            raise access_error(model)
        return [self._shown(model, row, fields) for row in rows if row]

    def do_create(self, model: str, values: Any, context: Any = None) -> Any:
        self._allow(model, "create")
        if isinstance(values, list):
            return [self._create(model, one) for one in values]
        return self._create(model, values)

    def do_write(self, model: str, ids: Sequence[int], values: Values, context: Any = None) -> bool:
        self._allow(model, "write")
        if any(number not in self.tables[model] for number in ids):
            raise missing_error()
        for number in ids:
            self.tables[model][number] |= {**self._taken(model, values), "write_date": self.clock()}
        return True

    def do_unlink(self, model: str, ids: Sequence[int], context: Any = None) -> bool:
        self._allow(model, "unlink")
        for number in ids:
            self.tables[model].pop(number, None)
        return True

    def do_check_access_rights(
        self, model: str, operation: str, raise_exception: bool = True
    ) -> bool:
        granted = (model, operation) not in self.denied
        if not granted and raise_exception:
            raise access_error(model)
        return granted

    def do_has_access(self, model: str, ids: Sequence[int], operation: str) -> bool:
        return (model, operation) not in self.denied

    def _create(self, model: str, values: Values) -> int:
        for name, column in MODELS[model].items():
            if column.required and not values.get(name):
                text = f"Missing required value for the field '{column.label}' ({name})"
                raise OdooError("odoo.exceptions.ValidationError", text, 2, 422)
        taken = self._taken(model, values)
        if self.swallowing:
            return max(self.tables[model], default=0) + 1
        number = self.insert(model, taken)
        for name, column in MODELS[model].items():
            for command in values.get(name) or () if column.inverse else ():
                self._create(column.relation, {**command[2], column.inverse: number})
        return number

    def _taken(self, model: str, values: Values) -> Values:
        unknown = [name for name in values if name not in MODELS[model]]
        if unknown:
            raise OdooError(
                "builtins.ValueError", f"Invalid field '{unknown[0]}' on model '{model}'"
            )
        return {
            name: _moment(value) if MODELS[model][name].type == "datetime" else value
            for name, value in values.items()
            if not MODELS[model][name].inverse
        }

    def _allow(self, model: str, operation: str) -> None:
        if (model, operation) in self.denied:
            raise access_error(model)

    def _search(self, model: str, domain: Sequence[Any], context: Values | None) -> list[Values]:
        terms = list(domain)
        named = {term[0] for term in terms if not isinstance(term, str)}
        hides = (context or {}).get("active_test", True) and "active" not in named
        matches = self._condition(model, terms)
        return [
            row
            for number, row in self.tables[model].items()
            if (model, number) not in self.hidden
            and (not hides or row.get("active", True))
            and matches(row)
        ]

    def _condition(self, model: str, domain: list[Any]) -> Callable[[Values], bool]:
        """Read a domain in prefix notation; terms that stand side by side are all to hold."""
        parts = []
        rest = list(domain)
        while rest:
            part, rest = self._operand(model, rest)
            parts.append(part)
        return lambda row: all(part(row) for part in parts)

    def _operand(self, model: str, rest: list[Any]) -> tuple[Callable[[Values], bool], list[Any]]:
        head, rest = rest[0], rest[1:]
        if head == "!":
            one, rest = self._operand(model, rest)
            return (lambda row: not one(row)), rest
        if head in ("|", "&"):
            left, rest = self._operand(model, rest)
            right, rest = self._operand(model, rest)
            if head == "|":
                return (lambda row: left(row) or right(row)), rest
            return (lambda row: left(row) and right(row)), rest
        return self._term(model, *head), rest

    def _term(self, model: str, name: str, operator: str, value: Any) -> Callable[[Values], bool]:
        root = name.split(".")[0]
        if root not in MODELS[model]:
            text = f"Invalid field {model}.{root} in condition {(name, operator, value)!r}"
            raise OdooError("builtins.ValueError", text)
        known = _moment(value) if MODELS[model][root].type == "datetime" else value
        compare = _OPERATORS[operator]
        return lambda row: compare(row.get(root) or False, known)

    def _shown(self, model: str, row: Values, fields: Sequence[str] | None) -> Values:
        names = dict.fromkeys(["id", *(fields or MODELS[model])])
        return {name: self._value(model, row, name) for name in names}

    def _value(self, model: str, row: Values, name: str) -> Any:
        column = MODELS[model].get(name)
        if column is None:
            raise OdooError("builtins.ValueError", f"Invalid field '{name}' on model '{model}'")
        if column.inverse:
            lines = self.tables[column.relation].values()
            return [line["id"] for line in lines if line.get(column.inverse) == row["id"]]
        value = row.get(name)
        if column.type == "many2one":
            target = self.tables[column.relation].get(value or 0)
            return [value, target.get("name") or f"{column.relation},{value}"] if target else False
        if isinstance(value, datetime):
            return value.strftime(SHOWN)
        if column.type in ("float", "monetary", "integer"):
            return value or 0.0 if column.type != "integer" else value
        return False if value in (None, "") else value


def _moment(value: Any) -> Any:
    """Odoo takes its own form of a date-time and no other."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.strptime(value, SHOWN)  # noqa: DTZ007 Odoo's are in UTC and naive
    except ValueError:
        text = f"time data {value!r} does not match format '{SHOWN}'"
        raise OdooError("builtins.ValueError", text) from None


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">": lambda left, right: bool(left) and left > right,
    ">=": lambda left, right: bool(left) and left >= right,
    "<": lambda left, right: bool(left) and left < right,
    "<=": lambda left, right: bool(left) and left <= right,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
    "ilike": lambda left, right: str(right).strip("%").lower() in str(left or "").lower(),
}
