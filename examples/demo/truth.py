"""What the centers must hold, computed a second time and plainly.

Guarantee: nothing of the platform takes part, no adapter, no mapping, no center. The values come
by SQL from Tryton's tables and the CRM's file and by slicing the price list; who is who is
decided by grouping rows that share a tax id, an e-mail address or a telephone with a name; whose
word counts is read from ``config/syncs``. Values are compared in one plain form: text, bool,
Decimal, ISO dates.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import yaml

from examples.company import pricelist
from examples.company.crm import truth as crm_truth
from examples.company.crm.database import Row
from examples.company.erp import truth as erp_truth
from examples.company.lists import COUNTRIES

ERP, CRM = "erp.customers", "crm.customers"
CUSTOMER_FIELDS: Final = (
    *("kind", "name", "email", "phone", "tax_id", "street", "postal_code", "city", "country"),
    *("language", "marketing_consent", "active"),
)
_UNITS: Final = {"Unit": "H87", "Kilogram": "KGM", "Meter": "MTR", "Liter": "LTR"}
_CURRENCIES: Final = {"EUR", "CHF", "GBP", "USD"}
_UNRANKED: Final = 100

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A good row of a source, in canonical values; ``name`` is ``sync:key``."""

    sync: str
    key: str
    changed: str
    values: Values

    @property
    def name(self) -> str:
        """Return what the row is called in findings."""
        return f"{self.sync}:{self.key}"


@dataclass(slots=True)
class Truth:
    """Expected records by what they are known by, and the keys that must be refused.

    A customer is known by the names of its source rows, a product by its code, a price by code,
    currency and first day.
    """

    customers: dict[frozenset[str], Values]
    products: dict[str, Values]
    prices: dict[tuple[str, str, str], Values]
    refused: dict[str, set[str]]
    source_rows: int
    ambiguous: list[str] = field(default_factory=list)


def read_truth(erp: Path, crm: Path, price_list: Path, syncs: Path) -> Truth:
    """Compute it from the ERP's and the CRM's file, the newest price list and ``config/syncs``."""
    rows, refused = read_customers(erp, crm)
    groups = group(rows)
    ranks = read_ranks(syncs)
    prices, refused_prices = _prices(pricelist.read(price_list))
    return Truth(
        customers={frozenset(row.name for row in rows): golden(rows, ranks) for rows in groups},
        products=_products(erp_truth.products(erp)),
        prices=prices,
        refused={CRM: refused, "pricelist.prices": refused_prices},
        source_rows=len(rows),
        ambiguous=[" + ".join(sorted(row.name for row in rows)) for rows in groups if torn(rows)],
    )


def read_customers(erp: Path, crm: Path) -> tuple[list[SourceRow], set[str]]:
    """Return the good rows of both systems, and the CRM's numbers that must be refused."""
    good, refused = _crm_rows(crm_truth.customers(crm))
    return [*map(_erp_row, erp_truth.parties(erp)), *good], refused


def group(rows: Iterable[SourceRow]) -> list[list[SourceRow]]:
    """Return the rows of each customer: those connected by a shared match key."""
    groups: dict[str, list[SourceRow]] = {}
    owner: dict[tuple[str, ...], str] = {}
    member: dict[str, str] = {}
    for row in rows:
        groups[row.name], member[row.name] = [row], row.name
        for key in _match_keys(row.values):
            other = member[owner.setdefault(key, row.name)]
            mine = member[row.name]
            if other != mine:
                for moved in groups[mine]:
                    member[moved.name] = other
                groups[other] += groups.pop(mine)
    return list(groups.values())


def torn(rows: Iterable[SourceRow]) -> bool:
    """Tell whether rows that share a key disagree about the tax id: plain grouping is wrong."""
    return len({row.values["tax_id"] for row in rows} - {None}) > 1


def golden(rows: Iterable[SourceRow], ranks: Mapping[str, Mapping[str, int]]) -> Values:
    """Return each field's value from the best ranked row that has one, then the latest."""
    latest = sorted(sorted(rows, key=lambda row: row.key), key=lambda row: row.changed)[::-1]
    values: Values = {}
    for name in CUSTOMER_FIELDS:
        holders = [row for row in latest if row.values[name] is not None]
        best = min(holders, key=lambda row: _rank(ranks, row.sync, name), default=None)
        values[name] = best.values[name] if best else None
    return values


def read_ranks(syncs: Path) -> dict[str, dict[str, int]]:
    """Return each sync's rank by field; the field ``""`` stands for all others."""
    ranks = {}
    for file in sorted(syncs.glob("*.yaml")):
        tree = yaml.safe_load(file.read_text())
        said = tree.get("survivorship") or {}
        ranks[f"{tree['system']}.{tree['stream']}"] = {
            "": said.get("priority", _UNRANKED),
            **(said.get("fields") or {}),
        }
    return ranks


def _rank(ranks: Mapping[str, Mapping[str, int]], sync: str, name: str) -> int:
    return ranks[sync].get(name, ranks[sync][""])


def _match_keys(values: Values) -> list[tuple[str, ...]]:
    rules = (("tax_id",), ("email",), ("phone", "name"))
    return [
        (*rule, *(_folded(values[name]) for name in rule))
        for rule in rules
        if all(values[name] for name in rule)
    ]


def _folded(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(one for one in letters if not unicodedata.combining(one)).split())


def _erp_row(party: erp_truth.Party) -> SourceRow:
    values = {
        "kind": "company" if party["tax_identifier"] else "person",
        "name": " ".join(party["name"].split()),
        "email": party["email"] and party["email"].strip().lower(),
        "phone": _phone(party["phone"]),
        "tax_id": _tax_id(party["tax_identifier"]),
        "street": party["street"],
        "postal_code": party["postal_code"],
        "city": party["city"],
        "country": party["country"],
        "language": party["language"],
        "marketing_consent": None,
        "active": party["active"],
    }
    changed = party["write_date"] or party["create_date"]
    return SourceRow(ERP, str(party["id"]), changed.isoformat(), _blank_as_none(values))


def _crm_rows(rows: Iterable[Row]) -> tuple[list[SourceRow], set[str]]:
    good, refused = [], set()
    for row in rows:
        if _is_flawed(row):
            refused.add(row["CUST_NO"] or "")
        else:
            good.append(_crm_row(row))
    return good, refused


def _is_flawed(row: Row) -> bool:
    text: Mapping[str, str] = {name: value or "" for name, value in row.items()}
    return (
        not (text["NAME1"] or text["NAME2"]).strip()
        or ("@" not in text["MAIL"] and bool(text["MAIL"]))
        or bool(text["TEL"] and not any(map(str.isdigit, text["TEL"])))
        or text["LAND"] not in (*COUNTRIES, "")
        or not (text["SPRACHE"].isalpha() or not text["SPRACHE"])
        or not _is_time(text["CHG_TS"])
    )


def _crm_row(row: Row) -> SourceRow:
    values = {
        "kind": {"P": "person", "F": "company"}[row["KIND"] or ""],
        "name": " ".join(f"{row['NAME2'] or ''} {row['NAME1'] or ''}".split()),
        "email": row["MAIL"] and row["MAIL"].strip().lower(),
        "phone": _phone(row["TEL"]),
        "tax_id": _tax_id(row["UID_NR"]),
        "street": row["STR"],
        "postal_code": row["PLZ"],
        "city": row["ORT"],
        "country": row["LAND"],
        "language": row["SPRACHE"] and row["SPRACHE"].lower(),
        "marketing_consent": row["MARKETING_OK"] == "J",
        "active": row["DEL_FLAG"] != "J",
    }
    return SourceRow(CRM, row["CUST_NO"] or "", row["CHG_TS"] or "", _blank_as_none(values))


def _products(found: Iterable[erp_truth.Product]) -> dict[str, Values]:
    return {
        product["code"]: {
            "code": product["code"],
            "name": product["name"],
            "category": None,
            "unit": _UNITS[product["unit"]],
            "list_price": product["list_price"],
            "currency": "EUR",
            "active": product["active"],
        }
        for product in found
    }


def _prices(
    details: Iterable[Mapping[str, str]],
) -> tuple[dict[tuple[str, str, str], Values], set[str]]:
    prices, refused = {}, set()
    for detail in details:
        code, currency, digits = detail["code"], detail["currency"], detail["price"]
        if not digits.isdecimal() or currency not in _CURRENCIES:
            refused.add(f'["{code}","{currency}"]')
            continue
        day = datetime.strptime(detail["valid_from"], "%Y%m%d").date().isoformat()  # noqa: DTZ007 a day
        prices[code, currency, day] = {
            "product_code": code,
            "currency": currency,
            "amount": Decimal(digits).scaleb(-2),
            "valid_from": day,
            "unit": detail["unit"],
        }
    return prices, refused


def _phone(typed: str | None) -> str | None:
    """Return the digits behind a plus; all the demo's numbers carry their country's code."""
    digits = re.sub(r"\D", "", typed or "")
    return f"+{digits.removeprefix('00')}" if digits else None


def _tax_id(typed: str | None) -> str | None:
    return re.sub(r"[^0-9A-Z]", "", (typed or "").upper()) or None


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _blank_as_none(values: Values) -> Values:
    return {
        name: (value.strip() or None) if isinstance(value, str) else value
        for name, value in values.items()
    }
