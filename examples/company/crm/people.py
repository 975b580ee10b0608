"""The 180 customers the CRM starts with, and what is known about each.

Guarantee: the rows are the same on every machine. Of the 180,

- 110 are also customers of the ERP (`same_as`): 88 carry the same e-mail address in another case,
  22 no e-mail address but the same tax id, written with spaces. Names are spelt as clerks spell
  them: as in the ERP, without accents, or in capitals. Twelve have a newer telephone number;
- 60 are known to the CRM alone;
- 4 are second records of one of the above (`same_as_crm`), with its e-mail address;
- 6 must be refused (`refused` says why): an e-mail address that is none, a country code that does
  not exist, no name, a change date that is no date, a telephone number that is none, a language
  code that does not exist.

60 rows share one CHG_TS, the second of a bulk import, which is more than fits on one page. One
row was changed in the hour that the end of summer time doubles. The change date that is no date
sorts behind the present, so that every reading by change date meets its row again.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from examples.company.crm.database import Database, Row
from examples.company.population import Customer, ascii_name, customers, make_customers

BULK_IMPORT = "2024-11-04T06:00:00"
DOUBLED_HOUR = "2024-10-27T02:30:00"

_FLAWS: tuple[tuple[str, Row], ...] = (
    ("the e-mail address is none", {"MAIL": "not-an-email"}),
    ("the country code does not exist", {"LAND": "XX"}),
    ("the name is missing", {"NAME1": None, "NAME2": None}),
    ("the change date is no date", {"CHG_TS": "2026-13-45T10:00:00"}),
    ("the telephone number is none", {"TEL": "see paper file"}),
    ("the language code does not exist", {"SPRACHE": "??"}),
)


@dataclass(frozen=True, slots=True)
class CrmCustomer:
    """One row of KUNDEN and what the demo knows of it; `same_as` is an ERP customer number."""

    row: Row
    same_as: str | None = None
    same_as_crm: str | None = None
    refused: str | None = None


def crm_customers() -> list[CrmCustomer]:
    """Return the 180 customers in the order of their numbers."""
    known = [_known(at, customer) for at, customer in enumerate(_shared())]
    strangers = make_customers(
        66, purpose="crm", number="", first_serial=50_001, domain="crm.example"
    )
    strangers = [
        replace(one, email=one.email or f"guest.{one.number}@crm.example.org") for one in strangers
    ]
    own = [CrmCustomer(_row(at, one)) for at, one in enumerate(strangers[:60], start=len(known))]
    twins = [_twin(176 + at, known[at * 7]) for at in range(2)]
    twins += [_twin(178 + at, own[at * 7]) for at in range(2)]
    flawed = [
        CrmCustomer(_row(170 + at, one) | flaw, refused=reason)
        for at, (one, (reason, flaw)) in enumerate(zip(strangers[60:], _FLAWS, strict=True))
    ]
    return sorted([*known, *own, *twins, *flawed], key=lambda one: one.row["CUST_NO"] or "")


def build(path: Path) -> Database:
    """Write the CRM's file anew, whole or not at all."""
    return Database.create(path, [customer.row for customer in crm_customers()])


def _shared() -> list[Customer]:
    """Return the 110 ERP customers the CRM knows too, those met by tax id last."""
    everyone = [customer for customer in customers() if customer.active]
    by_tax_id = [one for one in everyone if one.tax_id and one.email][::3][:22]
    by_email = [one for one in everyone if one.email and one not in by_tax_id][::2][:88]
    return by_email + [replace(one, email=None) for one in by_tax_id]


def _known(at: int, customer: Customer) -> CrmCustomer:
    if at % 9 == 4 and at < 12 * 9:
        customer = _with_newer_phone(at, customer)
    return CrmCustomer(_row(at, customer), same_as=customer.number)


def _with_newer_phone(at: int, customer: Customer) -> Customer:
    country_code = {"AT": "+43664", "DE": "+49151", "CH": "+4179"}.get(customer.country, "+43664")
    digits = 8 if customer.country == "DE" else 7
    return replace(customer, phone=f"{country_code}{(70_001 + at) * 7919 % 10**digits:0{digits}}")


def _row(at: int, customer: Customer) -> Row:
    return {
        "CUST_NO": f"{at + 1:06}",
        "KIND": "P" if customer.kind == "person" else "F",
        "NAME1": _spelt(at, customer.last_name or customer.name),
        "NAME2": customer.first_name and _spelt(at, customer.first_name),
        "MAIL": customer.email and _cased(at, customer.email),
        "TEL": customer.phone and _punctuated(at, customer.phone),
        "UID_NR": customer.tax_id and _spaced(customer.tax_id),
        "STR": customer.street,
        "PLZ": customer.postal_code,
        "ORT": customer.city,
        "LAND": customer.country,
        "SPRACHE": customer.language.upper(),
        "MARKETING_OK": "J" if at % 3 else "N",
        "DEL_FLAG": "N" if customer.active else "J",
        "CRT_TS": _later("2019-03-04T09:00:00", timedelta(hours=31 * at)),
        "CHG_TS": _change_time(at),
    }


def _change_time(at: int) -> str:
    if 30 <= at < 90:
        return BULK_IMPORT
    if at == 100:
        return DOUBLED_HOUR
    return _later("2025-01-07T08:15:00", timedelta(hours=19 * at, seconds=at))


def _later(start: str, elapsed: timedelta) -> str:
    return (datetime.fromisoformat(start) + elapsed).isoformat()


def _twin(at: int, original: CrmCustomer) -> CrmCustomer:
    row = original.row
    mail = (row["MAIL"] or "").swapcase()
    stamps: Row = {"CUST_NO": f"{at + 1:06}", "CHG_TS": _change_time(at)}
    twin = row | stamps | {"MAIL": mail, "TEL": None, "STR": None, "PLZ": None}
    return CrmCustomer(twin, same_as=original.same_as, same_as_crm=row["CUST_NO"])


def _spelt(at: int, name: str) -> str:
    return (name, ascii_name(name), name.upper(), ascii_name(name).upper())[at % 4]


def _cased(at: int, email: str) -> str:
    return (email.capitalize(), email.upper(), email, email.title())[at % 4]


def _punctuated(at: int, phone: str) -> str:
    """Write `+436641234567` as `+43 664 1234567` or `0043-664-1234567`."""
    end = 4 if phone.startswith("+420") else 3
    country, area, rest = phone[1:end], phone[end : end + 3], phone[end + 3 :]
    return f"+{country} {area} {rest}" if at % 2 else f"00{country}-{area}-{rest}"


def _spaced(tax_id: str) -> str:
    return " ".join((tax_id[:3], tax_id[3:7], tax_id[7:]))
