"""Sows the company's master data and sales into a freshly activated database.

Guarantee: the values are those of `examples.company.population`, through Tryton's own models
and their validation. Parties, their parts and products then get the history of an ERP that has
been in use: created over a month of 2025, three rows in each instant, and never updated, so
their `write_date` is null. Sales that left the state draft were updated by their workflow.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from trytond.transaction import Transaction  # type: ignore[import-not-found]

from examples.company import population

CURRENCIES = {"EUR": "Euro", "CHF": "Swiss franc", "GBP": "Pound sterling", "USD": "US dollar"}
RATES = {**population.EXCHANGE_RATES, "USD": Decimal("1.08")}
COUNTRIES = {
    "AT": "Austria",
    "CH": "Switzerland",
    "CZ": "Czechia",
    "DE": "Germany",
    "ES": "Spain",
    "FR": "France",
    "GB": "United Kingdom",
    "IT": "Italy",
    "PL": "Poland",
    "SE": "Sweden",
}
READABLE = (
    "party.party",
    "party.address",
    "party.contact_mechanism",
    "party.identifier",
    "product.product",
    "product.template",
    "product.category",
    "sale.sale",
    "sale.line",
)
AGED = (
    "party_party",
    "party_address",
    "party_contact_mechanism",
    "party_identifier",
    "product_product",
    "product_template",
)
"""Tables whose rows get a past."""

STATES = ("draft", "quotation", "confirmed", "confirmed", "cancelled")
"""The states of five consecutive sales."""

Pool = Any
Values = dict[str, Any]


def sow(pool: Pool) -> None:
    """Fill the database; the caller's transaction commits."""
    currencies = _currencies(pool)
    countries = _countries(pool)
    company = _company(pool, currencies["EUR"], countries["AT"])
    _users(pool, company)
    with Transaction().set_context(company=company):
        parties = _parties(pool, countries)
        products = _products(pool)
        _sales(pool, company, currencies, parties, products)
    _age()


def _ids(pool: Pool, model: str, values: list[Values], key: str) -> dict[str, int]:
    """Create one record per dict and return their ids by the value of `key`."""
    records = pool.get(model).create(values)
    return {row[key]: record.id for row, record in zip(values, records, strict=True)}


def _currencies(pool: Pool) -> dict[str, int]:
    rows = [
        {
            "name": name,
            "symbol": code,
            "code": code,
            "rates": [("create", [{"date": date(2026, 1, 1), "rate": RATES[code]}])],
        }
        for code, name in CURRENCIES.items()
    ]
    return _ids(pool, "currency.currency", rows, "code")


def _countries(pool: Pool) -> dict[str, int]:
    rows = [{"code": code, "name": name} for code, name in COUNTRIES.items()]
    return _ids(pool, "country.country", rows, "code")


def _company(pool: Pool, currency: int, country: int) -> int:
    """Create the company, itself a party as every company in Tryton, and number new parties."""
    address = {"street": "Hafenstraße 1", "postal_code": "4020", "city": "Linz", "country": country}
    (party,) = pool.get("party.party").create(
        [{"name": "Midspan Handels GmbH", "code": "C10000", "addresses": [("create", [address])]}]
    )
    (company,) = pool.get("company.company").create([{"party": party.id, "currency": currency}])
    (sequence,) = pool.get("ir.sequence").search([("name", "=", "Party")])
    sequence.prefix, sequence.number_next = "C", 20_001
    sequence.save()
    return int(company.id)


def _users(pool: Pool, company: int) -> None:
    """Create the clerk, who may do all, and the integration user, who may only read."""
    (readers,) = pool.get("res.group").create([{"name": "Integration (read only)"}])
    denied = {"perm_write": False, "perm_create": False, "perm_delete": False}
    pool.get("ir.model.access").create(
        [{"model": name, "group": readers.id, "perm_read": True, **denied} for name in READABLE]
    )
    groups = [group.id for group in pool.get("res.group").search([("id", "!=", readers.id)])]
    shared = {"companies": [("add", [company])], "company": company}
    pool.get("res.user").create(
        [
            {"name": "Clerk", "login": "admin", "groups": [("add", groups)], **shared},
            {"name": "Midspan", "login": "midspan", "groups": [("add", [readers.id])], **shared},
        ]
    )


def _parties(pool: Pool, countries: dict[str, int]) -> dict[str, int]:
    languages = {lang.code: lang.id for lang in pool.get("ir.lang").search([])}
    rows = [
        _party(position, customer, countries, languages)
        for position, customer in enumerate(population.customers())
    ]
    return _ids(pool, "party.party", rows, "code")


def _party(
    position: int,
    customer: population.Customer,
    countries: dict[str, int],
    languages: dict[str, int],
) -> Values:
    address = {
        "street": customer.street,
        "postal_code": customer.postal_code,
        "city": customer.city,
        "country": countries[customer.country],
    }
    return {
        "name": customer.name,
        "code": customer.number,
        "lang": languages.get(customer.language),
        "active": customer.active,
        "addresses": [("create", [address])],
        "contact_mechanisms": [("create", list(_contact_mechanisms(position, customer)))],
        "identifiers": [("create", list(_identifiers(customer)))],
    }


def _contact_mechanisms(position: int, customer: population.Customer) -> Iterator[Values]:
    """Yield telephone and e-mail, and for some a fax or a website that nobody asked for."""
    if position % 9 == 0:
        site = customer.number.lower()
        yield {"type": "website", "value": f"https://{site}.example.com"}
    if customer.phone:
        mobile = customer.kind == "person" and position % 2 == 0
        yield {"type": "mobile" if mobile else "phone", "value": customer.phone}
    if customer.email:
        yield {"type": "email", "value": customer.email}
    if customer.phone and position % 14 == 0:
        yield {"type": "fax", "value": f"{customer.phone}9"}


def _identifiers(customer: population.Customer) -> Iterator[Values]:
    if customer.tax_id:
        kinds = {"CH": "ch_vat", "GB": "gb_vat"}
        yield {"type": kinds.get(customer.tax_id[:2], "eu_vat"), "code": customer.tax_id}


def _products(pool: Pool) -> dict[str, tuple[int, int]]:
    """Create the products and return, by code, the ids of product and unit."""
    catalogue = population.products()
    titles = sorted({product.category for product in catalogue})
    categories = _ids(pool, "product.category", [{"name": title} for title in titles], "name")
    units = {unit.name: unit.id for unit in pool.get("product.uom").search([])}
    rows = [
        {
            "name": product.name,
            "code": product.code,
            "type": "goods",
            "default_uom": units[product.unit],
            "salable": True,
            "sale_uom": units[product.unit],
            "list_price": product.list_price,
            "active": product.active,
            "categories": [("add", [categories[product.category]])],
            "products": [("create", [{"active": product.active}])],
        }
        for product in catalogue
    ]
    templates = _ids(pool, "product.template", rows, "code")
    codes = {template: code for code, template in templates.items()}
    found = pool.get("product.product").search([("active", "in", [True, False])])
    return {codes[product.template.id]: (product.id, product.default_uom.id) for product in found}


def _sales(
    pool: Pool,
    company: int,
    currencies: dict[str, int],
    parties: dict[str, int],
    products: dict[str, tuple[int, int]],
) -> None:
    """Create the sales as drafts and let Tryton's workflow carry them to their states."""
    model = pool.get("sale.sale")
    addresses = {
        address.party.id: address.id
        for address in pool.get("party.address").search([("active", "in", [True, False])])
    }
    rows = [
        _sale(sale, company, currencies, parties, products, addresses)
        for sale in population.sales()
    ]
    sales = model.create(rows)
    by_state = sorted(enumerate(sales), key=lambda pair: STATES[pair[0] % len(STATES)])
    for state, pairs in groupby(by_state, key=lambda pair: STATES[pair[0] % len(STATES)]):
        _advance(model, state, [sale for _, sale in pairs])


def _sale(
    sale: population.Sale,
    company: int,
    currencies: dict[str, int],
    parties: dict[str, int],
    products: dict[str, tuple[int, int]],
    addresses: dict[int, int],
) -> Values:
    party = parties[sale.customer_number]
    lines = [
        {
            "product": products[line.product_code][0],
            "unit": products[line.product_code][1],
            "quantity": float(line.quantity),
            "unit_price": line.unit_price,
        }
        for line in sale.lines
    ]
    return {
        "company": company,
        "currency": currencies[sale.currency],
        "party": party,
        "invoice_party": party,
        "invoice_address": addresses[party],
        "shipment_party": party,
        "shipment_address": addresses[party],
        "sale_date": sale.date,
        "invoice_method": "manual",
        "shipment_method": "manual",
        "lines": [("create", lines)],
    }


def _advance(model: Any, state: str, sales: list[Any]) -> None:
    if state in ("quotation", "confirmed"):
        model.quote(sales)
    if state == "confirmed":
        model.confirm(sales)
    if state == "cancelled":
        model.cancel(sales)


def _age() -> None:
    """Date the rows back; Tryton 8.2 itself would leave one date for all, and write it twice."""
    cursor = Transaction().connection.cursor()
    instant = "datetime('2025-01-07 06:00:00', (id / 3 * 7) || ' hours') || '.250000'"
    for table in AGED:
        cursor.execute(
            f"UPDATE {table} SET create_date = {instant}, "  # noqa: S608 - constants of this module
            "write_date = NULL, write_uid = NULL"
        )
