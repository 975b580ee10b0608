"""The nested orders that mappings are measured with: ten lines each."""

from typing import Any

from benchmarks.mapping_rows import Workload
from shared_services.contracts.entities import CustomerData, EntityType, FieldKind, FieldType

LINES = 10

_MAPPING = """\
entity: order/1
fields:
  number: {path: VBELN, via: trim}
  customer: {path: KUNNR, via: trim}
  placed_at: {path: AEDAT, via: datetime}
  lines:
    each:
      of: POSITIONS
      fields:
        number: {path: POSNR, via: integer}
        product: {path: MATNR, via: trim}
        quantity: {path: KWMENG, via: decimal}
        unit: {path: VRKME, lookup: units.csv}
        price: {path: NETPR, via: decimal}
"""


def _field(name: str, kind: FieldKind = "string", **more: Any) -> FieldType:
    return FieldType(name, kind, True, False, False, **more)


_LINE = (
    _field("number", "integer"),
    _field("product", max_length=40),
    _field("quantity", "decimal"),
    _field("unit", max_length=3),
    _field("price", "decimal"),
)
_FIELDS = (
    _field("number", max_length=20),
    _field("customer", max_length=20),
    _field("placed_at", "datetime"),
    _field("lines", "records", fields=_LINE),
)


def _row(number: int) -> tuple[Any, ...]:
    lines = [
        {
            "POSNR": str(10 * (line + 1)),
            "MATNR": f"M-{number * 7 % 5000 + line} ",
            "KWMENG": str(1 + (number + line) % 9),
            "VRKME": ("ST", "KG")[line % 2],
            "NETPR": f"{number * 3 % 900}.{line * 2 + 1:02d}",
        }
        for line in range(LINES)
    ]
    stamp = f"2024-01-{1 + number % 28:02d}T12:{number // 60 % 60:02d}:{number % 60:02d}Z"
    return f"{number:010d}", f"K{number % 5000}", stamp, lines


ORDERS = Workload(
    "orders",
    ("VBELN", "KUNNR", "AEDAT", "POSITIONS"),
    EntityType("order", 1, CustomerData, CustomerData, _FIELDS),
    _MAPPING,
    {"units.csv": "source,canonical\nST,H87\nKG,KGM\n"},
    _row,
)
