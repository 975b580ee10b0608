"""The demo company's population: the customers, products and sales every demo system starts from.

Guarantee: each function returns the same values on every call, machine and Python version: they
come from the lists below and a seeded generator, never from the clock or the environment. Only
the standard library is used, so that the ERP's own environment can import this module.

What may be relied upon:

- customer numbers, e-mail addresses and tax ids are unique where present (e-mails are lower case);
- a telephone number is shared by a few households and receptions, always under different names;
- a few namesakes exist, always with different telephone numbers and e-mail addresses;
- every tax id carries its country's prefix and a correct check digit;
- every telephone number is E.164; every e-mail address lies under a domain reserved for examples;
- a sale names only active customers and products, in EUR, CHF or GBP.
"""

import random
import unicodedata
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from examples.company.lists import CATALOGUE, COUNTRIES, SPREAD, Country

CUSTOMER_COUNT = 320
SALE_COUNT = 120

EXCHANGE_RATES = {"EUR": Decimal(1), "CHF": Decimal("0.94"), "GBP": Decimal("0.86")}
"""Units of each currency for one euro, fixed for the demo."""

Kind = Literal["person", "company"]


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer as the company knows it; `name` is the display name of either kind.

    `first_name` and `last_name` are None for a company. `phone` is E.164, `country` ISO 3166-1
    alpha-2, `language` ISO 639-1, `tax_id` without spaces or punctuation.
    """

    number: str
    kind: Kind
    name: str
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    tax_id: str | None
    street: str
    postal_code: str
    city: str
    country: str
    language: str
    active: bool


@dataclass(frozen=True, slots=True)
class Product:
    """One product; `list_price` is EUR per `unit`, `unit` one of Unit, Kilogram, Meter, Liter."""

    code: str
    name: str
    unit: str
    list_price: Decimal
    category: str
    active: bool


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One position of a sale; `unit_price` is in the sale's currency."""

    product_code: str
    quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Sale:
    """One sale of one day to one customer."""

    customer_number: str
    date: date
    currency: str
    lines: tuple[SaleLine, ...]


def customers() -> list[Customer]:
    """Return the ERP's 320 customers, numbered C10001 upwards."""
    made = make_customers(CUSTOMER_COUNT, purpose="erp", number="C", first_serial=10_001)
    return _with_shared_traits(made)


def make_customers(
    count: int, *, purpose: str, number: str, first_serial: int, domain: str = "example"
) -> list[Customer]:
    """Return `count` customers drawn from the lists; `purpose` seeds the generator.

    Populations drawn with disjoint serials and different domains share no telephone number
    and no e-mail address.
    """
    rng = _random(purpose)
    emails: set[str] = set()
    tax_ids: set[str] = set()
    made: list[Customer] = []
    for serial in range(first_serial, first_serial + count):
        customer = _draw(rng, serial, number, domain)
        made.append(_made_unique(customer, serial, emails, tax_ids))
    return made


def products() -> list[Product]:
    """Return the 60 products, twelve in each of five categories; three of them are inactive."""
    rng = _random("products")
    made: list[Product] = []
    for title, category in CATALOGUE.items():
        for position, name in enumerate(category.names, start=1):
            code = f"{category.prefix}-{position:04}"
            price = _cents(Decimal(rng.randrange(*category.cents, 10)) / 100)
            active = len(made) % 20 != 19
            made.append(Product(code, name, category.unit, price, title, active))
    return made


def sales() -> list[Sale]:
    """Return 120 sales of January to June 2025, oldest first, one to four lines each."""
    rng = _random("sales")
    buyers = [customer for customer in customers() if customer.active]
    goods = [product for product in products() if product.active]
    first = date(2025, 1, 6)
    days = sorted(rng.randrange(170) for _ in range(SALE_COUNT))
    return [_sale(rng, first + timedelta(days=day), rng.choice(buyers), goods) for day in days]


def ascii_name(name: str) -> str:
    """Return `name` the way a clerk without accents types it: ö as oe, ß as ss, č as c."""
    for written, typed in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("ł", "l")):
        name = name.replace(written, typed).replace(written.upper(), typed.capitalize())
    decomposed = unicodedata.normalize("NFKD", name)
    return decomposed.encode("ascii", "ignore").decode("ascii")


def _random(purpose: str) -> random.Random:
    return random.Random(f"midspan demo company: {purpose}")  # noqa: S311 - test data, no secret


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))


def _draw(rng: random.Random, serial: int, number: str, domain: str) -> Customer:
    code = rng.choice(SPREAD)
    country = COUNTRIES[code]
    kind: Kind = "company" if rng.random() < 0.35 else "person"
    first, last = rng.choice(country.first_names), rng.choice(country.last_names)
    trade = rng.choice(country.trades)
    person = kind == "person"
    name = f"{first} {last}" if person else f"{last} {trade} {country.legal_form}"
    postal_code, city = rng.choice(country.towns)
    tax_id = country.tax_id(rng)
    return Customer(
        number=f"{number}{serial}",
        kind=kind,
        name=name,
        first_name=first if person else None,
        last_name=last if person else None,
        email=_email(first, last, trade, person, domain) if rng.random() > 0.06 else None,
        phone=_phone(country, serial) if rng.random() > 0.12 else None,
        tax_id=tax_id if rng.random() < (0.05 if person else 0.9) else None,
        street=f"{rng.choice(country.streets)} {rng.randrange(1, 180)}",
        postal_code=postal_code,
        city=city,
        country=code,
        language=rng.choice(country.languages),
        active=rng.random() > 0.04,
    )


def _email(first: str, last: str, trade: str, person: bool, domain: str) -> str:
    if person:
        return f"{_slug(first)}.{_slug(last)}@{domain}.org"
    return f"office@{_slug(last)}-{_slug(trade)}.{domain}.com"


def _slug(name: str) -> str:
    typed = ascii_name(name).lower().replace(" ", "-")
    return "".join(letter for letter in typed if letter.isalnum() or letter == "-")


def _phone(country: Country, serial: int) -> str:
    prefix, digits = country.phone
    # A multiplier prime to ten scatters consecutive serials without ever meeting one twice.
    return f"{prefix}{serial * 7919 % 10**digits:0{digits}}"


def _made_unique(customer: Customer, serial: int, emails: set[str], tax_ids: set[str]) -> Customer:
    if customer.email in emails:
        local, host = customer.email.split("@")
        customer = replace(customer, email=f"{local}.{serial}@{host}")
    if customer.tax_id in tax_ids:
        customer = replace(customer, tax_id=None)
    emails.update(filter(None, [customer.email]))
    tax_ids.update(filter(None, [customer.tax_id]))
    return customer


def _with_shared_traits(made: list[Customer]) -> list[Customer]:
    """Give four households one telephone and three pairs of strangers one name."""
    persons = [at for at, customer in enumerate(made) if customer.kind == "person"]
    reachable = [at for at in persons if made[at].phone]
    for one, other in zip(reachable[10:14], reachable[20:24], strict=True):
        made[other] = _moved_in(made[other], made[one])
    for one, other in zip(reachable[30:33], reachable[40:43], strict=True):
        namesake = made[one]
        made[other] = replace(
            made[other],
            name=namesake.name,
            first_name=namesake.first_name,
            last_name=namesake.last_name,
        )
    return made


def _moved_in(customer: Customer, host: Customer) -> Customer:
    """Return `customer` at the address and telephone of `host`, under its own first name."""
    return replace(
        customer,
        phone=host.phone,
        street=host.street,
        postal_code=host.postal_code,
        city=host.city,
        country=host.country,
        language=host.language,
    )


def _sale(rng: random.Random, day: date, buyer: Customer, goods: list[Product]) -> Sale:
    currency = {"CH": "CHF", "GB": "GBP"}.get(buyer.country, "EUR")
    chosen = rng.sample(goods, rng.randrange(1, 5))
    lines = tuple(_sale_line(rng, product, currency) for product in chosen)
    return Sale(buyer.number, day, currency, lines)


def _sale_line(rng: random.Random, product: Product, currency: str) -> SaleLine:
    whole = product.unit == "Unit"
    quantity = Decimal(rng.randrange(1, 9)) if whole else Decimal(rng.randrange(5, 250)) / 10
    price = _cents(product.list_price * EXCHANGE_RATES[currency])
    return SaleLine(product.code, quantity, price)
