"""What a person would read in Tryton's own tables: the yardstick for the sync.

Guarantee: plain SQL on a read-only connection, no adapter and no ORM in between; a running
server is neither needed nor disturbed. Every row is there, inactive ones too, in order of ids.
Dates are UTC; among parts of a party the first is the first by (sequence, id), null first, and
archived parts do not count.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypedDict, cast

COMPANY = 1

# fmt: off
FIRST_PART = "active AND party = p.id ORDER BY sequence NULLS FIRST, id LIMIT 1"
PARTIES = f"""
SELECT p.id, p.code, p.name, p.active, p.create_date, p.write_date,
  (SELECT l.code FROM party_party_lang v JOIN ir_lang l ON l.id = v.lang
    WHERE v.party = p.id AND v.company = {COMPANY}) AS language,
  (SELECT value FROM party_contact_mechanism WHERE type = 'email' AND {FIRST_PART}) AS email,
  (SELECT value FROM party_contact_mechanism
    WHERE type IN ('phone', 'mobile') AND {FIRST_PART}) AS phone,
  (SELECT iif(type = 'gb_vat', 'GB', '') || code_compact FROM party_identifier
    WHERE type LIKE '%\\_vat' ESCAPE '\\' AND {FIRST_PART}) AS tax_identifier,
  a.street_unstructured AS street, a.postal_code, a.city, c.code AS country
FROM party_party p
LEFT JOIN party_address a ON a.id = (SELECT id FROM party_address WHERE {FIRST_PART})
LEFT JOIN country_country c ON c.id = a.country
ORDER BY p.id
"""  # noqa: S608 - constants of this module
PRODUCTS = f"""
SELECT p.id, p.code, t.name, u.name AS unit, p.active, p.create_date, p.write_date,
  (SELECT list_price FROM product_list_price v
    WHERE v.template = t.id AND v.company = {COMPANY}) AS list_price
FROM product_product p
JOIN product_template t ON t.id = p.template
JOIN product_uom u ON u.id = t.default_uom
ORDER BY p.id
"""  # noqa: S608 - constants of this module
SALES = """
SELECT s.id, s.number, p.code AS party, c.code AS currency, s.state, s.sale_date
FROM sale_sale s
JOIN party_party p ON p.id = s.party
JOIN currency_currency c ON c.id = s.currency
ORDER BY s.id
"""
LINES = """
SELECT l.sale, p.code AS product, l.quantity, u.name AS unit, l.unit_price
FROM sale_line l
JOIN product_product p ON p.id = l.product
JOIN product_uom u ON u.id = l.unit
ORDER BY l.sale, l.sequence NULLS FIRST, l.id
"""
# fmt: on


class Party(TypedDict):
    """A party; `country` is ISO alpha-2, `language` ISO 639-1, address and contact the first.

    `tax_identifier` is compact and carries its country's prefix, which Tryton leaves off for GB.
    """

    id: int
    code: str
    name: str
    active: bool
    create_date: datetime
    write_date: datetime | None
    language: str | None
    email: str | None
    phone: str | None
    tax_identifier: str | None
    street: str | None
    postal_code: str | None
    city: str | None
    country: str | None


class Product(TypedDict):
    """A product; `list_price` is in the company's currency, EUR, per `unit`."""

    id: int
    code: str
    name: str
    unit: str
    active: bool
    create_date: datetime
    write_date: datetime | None
    list_price: Decimal


class SaleLine(TypedDict):
    """One line; `product` is a code, `unit_price` in the sale's currency."""

    product: str
    quantity: float
    unit: str
    unit_price: Decimal


class Sale(TypedDict):
    """A sale; `party` is a code, `number` None until it is quoted."""

    id: int
    number: str | None
    party: str
    currency: str
    state: str
    sale_date: date | None
    lines: list[SaleLine]


def parties(database: Path) -> list[Party]:
    """Return every party of the database file."""
    return [cast("Party", _dated(row)) for row in _rows(database, PARTIES)]


def products(database: Path) -> list[Product]:
    """Return every product of the database file."""
    return [
        cast("Product", {**_dated(row), "list_price": _decimal(row["list_price"])})
        for row in _rows(database, PRODUCTS)
    ]


def sales(database: Path) -> list[Sale]:
    """Return every sale with its lines."""
    lines: dict[int, list[SaleLine]] = {}
    for row in _rows(database, LINES):
        sale = row.pop("sale")
        row["unit_price"] = _decimal(row["unit_price"])
        lines.setdefault(sale, []).append(cast("SaleLine", row))
    return [
        cast(
            "Sale", {**row, "sale_date": _day(row["sale_date"]), "lines": lines.get(row["id"], [])}
        )
        for row in _rows(database, SALES)
    ]


def _rows(database: Path, query: str) -> Iterator[dict[str, Any]]:
    with _reading(database) as connection:
        cursor = connection.execute(query)
        names = [column[0] for column in cursor.description]
        for values in cursor:
            yield dict(zip(names, values, strict=True))


@contextmanager
def _reading(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    moments = {name: _moment(row[name]) for name in ("create_date", "write_date")}
    return {**row, "active": bool(row["active"]), **moments}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _decimal(stored: bytes | str) -> Decimal:
    """Tryton keeps decimals as their digits, in a blob."""
    return Decimal(stored.decode() if isinstance(stored, bytes) else stored)
