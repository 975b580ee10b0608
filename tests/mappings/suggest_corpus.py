"""Labelled schemas with sampled rows, and how a draft is judged by them.

A schema's file names its columns, what stands in each (a recipe, below) and with ``->`` which
canonical field it feeds; ``~>`` marks a column that is right as well. Rows are drawn from the
demo's population by a seed, so that a person's columns belong together and tax ids are true;
real systems' names of tables and columns are real.
"""

import random
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path

import phonenumbers
import yaml

from examples.company.population import Customer, make_customers, products
from mappings.suggest import Lexicon, Sample, suggest
from mappings.suggest.lexicon import FAMILIES
from mappings.suggest.words import squeezed
from midspan.kernel.errors import MidspanError

FOLDER = Path(__file__).parent / "schemas"
ROWS = 40
_START = date(2019, 1, 7)
_COUNTRIES_DE = {
    "AT": "Österreich",
    "DE": "Deutschland",
    "CH": "Schweiz",
    "FR": "Frankreich",
    "IT": "Italien",
    "ES": "Spanien",
    "CZ": "Tschechien",
    "SE": "Schweden",
    "PL": "Polen",
    "GB": "Großbritannien",
}
_COUNTRIES_EN = {
    "AT": "Austria",
    "DE": "Germany",
    "CH": "Switzerland",
    "FR": "France",
    "IT": "Italy",
    "ES": "Spain",
    "CZ": "Czech Republic",
    "SE": "Sweden",
    "PL": "Poland",
    "GB": "United Kingdom",
}
_SAP_LANGUAGES = {"de": "D", "en": "E", "fr": "F", "it": "I", "es": "S", "cs": "C", "pl": "L"}
_UNITS = {"Unit": "ST", "Kilogram": "KG", "Liter": "L", "Meter": "M"}
_ODOO_UNITS = {"Unit": "Units", "Kilogram": "kg", "Liter": "L", "Meter": "m"}
_NOTES = ("call first", "see letter of May", "delivers on Mondays, back door", "paper file 12")


@dataclass(frozen=True)
class Schema:
    """One labelled schema; ``truth`` are the columns of each field, ``accepted`` fair others."""

    name: str
    about: str
    entity: str
    stream: str
    recipes: dict[str, str]
    truth: dict[str, frozenset[str]]
    accepted: dict[str, frozenset[str]]
    family: str = ""
    countries: tuple[str, ...] = ()
    people: bool = False

    @cached_property
    def sample(self) -> Sample:
        """Return its rows."""
        rng = random.Random(self.name)  # noqa: S311 - reproducible rows, no secrets
        people = [
            one
            for one in _population()
            if (not self.countries or one.country in self.countries)
            and (not self.people or one.kind == "person")
        ][:ROWS]
        goods = products()
        recipes = [tuple(shlex.split(recipe)) for recipe in self.recipes.values()]
        rows = [
            tuple(_value(recipe, _Draw(rng, n, one, goods[n % len(goods)])) for recipe in recipes)
            for n, one in enumerate(people)
        ]
        return Sample("legacy", self.stream, tuple(self.recipes), rows)


@cache
def _population() -> list[Customer]:
    return make_customers(900, purpose="labelled", number="K", first_serial=10_001)


def read_schemas(folder: Path = FOLDER) -> list[Schema]:
    """Return the labelled schemas of a folder."""
    return [_read(file) for file in sorted(folder.glob("*.yaml"))]


def _read(file: Path) -> Schema:
    told = yaml.safe_load(file.read_text("utf-8"))
    recipes: dict[str, str] = {}
    truth: dict[str, set[str]] = {}
    accepted: dict[str, set[str]] = {key: set(one) for key, one in told.get("accepted", {}).items()}
    for field_name, path in told.get("labels", {}).items():
        truth.setdefault(field_name, set()).add(path)
    for column, text in told["columns"].items():
        for arrow, into in (("~>", accepted), ("->", truth)):
            recipe, found, label = text.partition(f" {arrow} ")
            if found:
                into.setdefault(label.strip(), set()).add(column)
                text = recipe
        recipes[column] = text.strip()
    frozen = {key: frozenset(one) for key, one in truth.items()}
    return Schema(
        file.stem,
        told["about"],
        told["entity"],
        told["stream"],
        recipes,
        frozen,
        {key: frozenset(one) for key, one in accepted.items()},
        told.get("family", ""),
        tuple(told.get("countries", ())),
        told.get("people", False),
    )


@dataclass(frozen=True)
class _Draw:
    rng: random.Random
    n: int
    customer: Customer
    product: object


def _value(recipe: tuple[str, ...], draw: _Draw):
    name, *words = recipe
    if name == "rarely":
        return _value(tuple(words), draw) if draw.rng.random() < 0.2 else ""
    if name == "rarely_false":
        return _value(tuple(words), draw) if draw.rng.random() < 0.2 else False
    return _RECIPES[name](draw, *words)


def _day(draw):
    return _START + timedelta(days=draw.rng.randrange(2400))


def _moment(draw):
    return datetime(2019, 1, 7, 8, tzinfo=UTC) + timedelta(minutes=draw.rng.randrange(3_400_000))


def _phone(draw, form):
    if not draw.customer.phone:
        return ""
    number = phonenumbers.parse(draw.customer.phone)
    return phonenumbers.format_number(number, form)


def _split_street(draw):
    street, _, house = draw.customer.street.rpartition(" ")
    return street, house


def _ascii_upper(text):
    return squeezed(text).upper()[:25]


def _digits(draw, count):
    return "".join(draw.rng.choice("0123456789") for _ in range(int(count)))


def _money(draw, low=1.0, high=400.0):
    return round(draw.rng.uniform(low, high), 2)


def _mechanisms(draw):
    found = [{"id": draw.n * 3, "type": "website", "value": "https://www.example.com"}]
    if draw.customer.phone:
        found.append({"id": draw.n * 3 + 1, "type": "phone", "value": draw.customer.phone})
    if draw.customer.email:
        found.append({"id": draw.n * 3 + 2, "type": "email", "value": draw.customer.email})
    return found


def _addresses(draw):
    one = draw.customer
    country = {"id": 1, "code": one.country}
    return [
        {
            "id": draw.n,
            "street": one.street,
            "postal_code": one.postal_code,
            "city": one.city,
            "country": country,
        }
    ]


def _identifiers(draw):
    return (
        [{"id": draw.n, "type": "eu_vat", "code": draw.customer.tax_id}]
        if draw.customer.tax_id
        else []
    )


_FORMATS = phonenumbers.PhoneNumberFormat
_RECIPES: dict[str, Callable[..., object]] = {
    "blank": lambda d: "",
    "const": lambda d, value: value,
    "const_int": lambda d, value: int(value),
    "pick": lambda d, *words: d.rng.choice(words).strip(),
    "pick_int": lambda d, *words: int(d.rng.choice(words)),
    "int": lambda d, low, high: d.rng.randint(int(low), int(high)),
    "digits": _digits,
    "serial": lambda d: d.n + 1,
    "padded": lambda d, size: str(d.n + 4711 if int(size) > 4 else d.n % 90).zfill(int(size)),
    "uuid": lambda d: f"{d.rng.getrandbits(32):08x}-1a2b-4c3d-8e4f-{d.rng.getrandbits(48):012x}",
    "sfid": lambda d: (
        "001" + "".join(d.rng.choice("0123456789ABCDEFabcdefXYZxyz") for _ in range(15))
    ),
    "hash": lambda d: f"$P${d.rng.getrandbits(120):030x}",
    "user": lambda d: d.rng.choice(["SMITH", "MEIERH", "admin", "batch01", "jdoe"]),
    "note": lambda d: d.rng.choice(_NOTES),
    "url": lambda d: f"www.{_ascii_upper(d.customer.name).lower()}.example.com",
    "slug": lambda d: squeezed(d.product.name),
    "bool": lambda d, share: d.rng.random() < float(share),
    "yesno": lambda d, yes, no, share: yes if d.rng.random() < float(share) else no,
    "mark": lambda d, mark, share: mark if d.rng.random() < float(share) else "",
    "day": lambda d, *form: _day(d).strftime(" ".join(form)),
    "stamp": lambda d, *form: _moment(d).strftime(" ".join(form)),
    "money": lambda d: f"{_money(d):.2f}",
    "money6": lambda d: f"{_money(d):.6f}",
    "money_comma": lambda d: f"{_money(d, 1, 3000):.2f}".replace(".", ","),
    "cost": lambda d: f"{_money(d, 1, 200):.2f}",
    "cost_comma": lambda d: f"{_money(d, 1, 200):.2f}".replace(".", ","),
    "weight": lambda d: f"{_money(d, 0, 30):.3f}",
    "ean": lambda d: "40" + _digits(d, 11),
    "name": lambda d: d.customer.name,
    "first": lambda d: d.customer.first_name or "",
    "last": lambda d: d.customer.last_name or "",
    "company": lambda d: d.customer.name if d.customer.kind == "company" else "",
    "department": lambda d: d.rng.choice(["Einkauf", "Abt. Bau", "Logistik"]),
    "contact": lambda d: d.rng.choice(["Hr. Maier", "Frau Schulz", "John Roberts", ""]),
    "sortname": lambda d: _ascii_upper(d.customer.name)[:10],
    "upper_name": lambda d: d.customer.name.upper(),
    "upper_city": lambda d: d.customer.city.upper(),
    "upper_product": lambda d: d.product.name.upper(),
    "email": lambda d: d.customer.email or "",
    "email_false": lambda d: d.customer.email or False,
    "phone": lambda d: d.customer.phone or "",
    "phone_false": lambda d: d.customer.phone or False,
    "phone_national": lambda d: _phone(d, _FORMATS.NATIONAL),
    "phone_spaced": lambda d: _phone(d, _FORMATS.INTERNATIONAL),
    "tax": lambda d: d.customer.tax_id or "",
    "tax_false": lambda d: d.customer.tax_id or False,
    "tax_bare": lambda d: (d.customer.tax_id or "")[2:],
    "street": lambda d: d.customer.street,
    "street_name": lambda d: _split_street(d)[0],
    "house": lambda d: _split_street(d)[1],
    "postal": lambda d: d.customer.postal_code,
    "city": lambda d: d.customer.city,
    "country": lambda d: d.customer.country,
    "country_name": lambda d: _COUNTRIES_EN[d.customer.country],
    "country_name_de": lambda d: _COUNTRIES_DE[d.customer.country],
    "lang": lambda d: d.customer.language,
    "lang_sap": lambda d: _SAP_LANGUAGES[d.customer.language],
    "locale": lambda d: f"{d.customer.language}_{d.customer.language.upper()}",
    "kind": lambda d, person, company: person if d.customer.kind == "person" else company,
    "is_company": lambda d: d.customer.kind == "company",
    "is_person": lambda d: d.customer.kind == "person",
    "code": lambda d: d.product.code,
    "product": lambda d: d.product.name,
    "category_code": lambda d: d.product.category[:6].upper(),
    "category": lambda d: d.product.category,
    "unit_sap": lambda d: _UNITS.get(d.product.unit, "ST"),
    "nothing_false": lambda d: False,
    "empty_list": lambda d: [],
    "tryton_lang": lambda d: {"id": 5, "code": d.customer.language},
    "tryton_mechanisms": _mechanisms,
    "tryton_addresses": _addresses,
    "tryton_identifiers": _identifiers,
    "tryton_uom": lambda d: {"id": 4, "name": d.product.unit, "symbol": d.product.unit[:1].lower()},
    "tryton_category": lambda d: {"id": 7, "name": d.product.category},
    "shopify_address": lambda d: {
        "id": d.n,
        "address1": d.customer.street,
        "address2": "",
        "city": d.customer.city,
        "zip": d.customer.postal_code,
        "country_code": d.customer.country,
        "default": True,
    },
    "pohoda_address": lambda d: {
        "company": d.customer.name,
        "street": d.customer.street,
        "city": d.customer.city,
        "zip": d.customer.postal_code,
    },
    "int_code": lambda d: 100_000 + d.n,
    "money_number": lambda d: Decimal(str(_money(d))),
    "real_day": lambda d: _day(d),
    "one_zero": lambda d, share: int(d.rng.random() < float(share)),
    "odoo_country": lambda d: [12, _COUNTRIES_EN[d.customer.country]],
    "odoo_category": lambda d: [3, f"All / {d.product.category}"],
    "odoo_uom": lambda d: [1, _ODOO_UNITS.get(d.product.unit, "Units")],
    "odoo_currency": lambda d: [1, "EUR"],
}


@dataclass
class Verdict:
    """How one schema was drafted: by field, the columns suggested and whether that is right."""

    schema: Schema
    right: list[str] = field(default_factory=list)
    wrong: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    confident: int = 0
    confidently_wrong: dict[str, tuple[str, ...]] = field(default_factory=dict)
    entity: str = ""

    @property
    def mappable(self) -> int:
        """How many fields the schema feeds."""
        return len(self.schema.truth)


def lexicon_without(schema: Schema) -> Lexicon:
    """Return the words that are allowed when a schema is judged: not its own system's names."""
    return Lexicon(families=frozenset(FAMILIES) - {schema.family})


def judge(schema: Schema, words: Lexicon | None = None) -> Verdict:
    """Draft a schema and compare; its own family's names are left out unless ``words`` say so."""
    verdict = Verdict(schema)
    try:
        words = words or lexicon_without(schema)
        draft = suggest(schema.sample, words=words)
        verdict.entity = draft.entity.name
        if schema.entity not in ("", verdict.entity):
            draft = suggest(schema.sample, schema.entity, words)
    except MidspanError:
        verdict.lost = list(schema.truth)
        return verdict
    lines = {line.field: line for line in draft.lines if line.columns}
    for name, line in lines.items():
        fair = _fair(schema, name, frozenset(map(_plain, line.columns)))
        verdict.confident += line.confident
        if fair and name in schema.truth:
            verdict.right.append(name)
        elif not fair:
            verdict.wrong[name] = line.columns
            if line.confident:
                verdict.confidently_wrong[name] = line.columns
    verdict.lost = [name for name in schema.truth if name not in lines]
    return verdict


def _plain(path: str) -> str:
    """Return a column's name as it stands in the file: a path quotes some."""
    return path[2:-2] if path.startswith("['") and path.endswith("']") else path


def _fair(schema: Schema, name: str, columns: frozenset[str]) -> bool:
    needed = schema.truth.get(name, frozenset())
    other = schema.accepted.get(name, frozenset())
    if not needed or not columns <= needed | other:
        # What makes a kind of a company's name is no column of its own.
        return name == "kind" and not needed and columns <= schema.truth.get("name", frozenset())
    return needed <= columns or bool(columns & other)


def report(verdicts: list[Verdict]) -> dict[str, float]:
    """Return the shares over all schemas: right of mappable, confidently wrong of confident."""
    mappable = sum(one.mappable for one in verdicts)
    confident = sum(one.confident for one in verdicts)
    return {
        "schemas": len(verdicts),
        "mappable": mappable,
        "right": sum(len(one.right) for one in verdicts) / mappable,
        "confident": confident,
        "confidently_wrong": sum(len(one.confidently_wrong) for one in verdicts)
        / max(1, confident),
        "entity": sum(one.entity == one.schema.entity for one in verdicts) / len(verdicts),
    }
