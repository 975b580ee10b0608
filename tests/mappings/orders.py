"""An order with lines: a canonical entity that only tests know, and a mapping that fills it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from msgspec import Meta, Struct

from shared_services.contracts.entities import entity_type


class OrderLine(Struct, frozen=True, kw_only=True):
    """A position of an order."""

    sku: Annotated[str, Meta(min_length=1, max_length=20)]
    quantity: Decimal
    unit: str | None = None
    due: date | None = None
    notes: tuple["Note", ...] = ()
    place: int = 0


class Note(Struct, frozen=True, kw_only=True):
    """What somebody wrote beside a line."""

    text: Annotated[str, Meta(max_length=200, extra={"personal": True})]
    at: datetime | None = None
    order: str | None = None


class OrderData(Struct, frozen=True, kw_only=True):
    """An order."""

    number: str
    lines: Annotated[tuple[OrderLine, ...], Meta(min_length=1, max_length=50)]
    currency: str | None = None


ORDER = entity_type("order", 1, OrderData, OrderData)

TEXT = """
mapping: m
entity: order/1
fields:
  number: {format: "{NR}/{YEAR}"}
  currency: {path: CUR, via: currency}
  lines:
    each:
      of: POS
      filter:
        - {when: {path: DEL, via: boolean, equals: true}, reason: deleted}
      fields:
        sku: {path: art.no, via: trim}
        quantity: {path: qty, via: decimal}
        unit: {path: unit, via: unit, on_error: drop_field}
        due: {coalesce: [{path: due, via: date}, {path: $.DUE, via: date}]}
        place: {position: 1}
        notes:
          each:
            of: notes
            fields:
              text: "@"
              at: {path: ^.written, via: {datetime: {zone: Europe/Vienna}}}
              order: $.NR
          default: []
"""

ROW: dict[str, Any] = {
    "NR": "4711",
    "YEAR": 2025,
    "CUR": "eur",
    "DUE": "2025-03-01",
    "POS": [
        {"art": {"no": " A1 "}, "qty": "2.50", "unit": "Stk", "due": "2025-02-01"},
        {"art": {"no": "B2"}, "qty": "1", "DEL": "X"},
        {
            "art": {"no": "C3"},
            "qty": "7",
            "unit": "what?",
            "notes": ["call first", "then ring"],
            "written": "2025-01-01T12:00:00",
        },
    ],
}
