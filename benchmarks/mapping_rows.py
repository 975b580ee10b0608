"""The legacy rows that mappings are measured with, and what is to become of them.

``PLAIN`` is the form that mapping engines are compared by: texts that are trimmed and bounded,
codes, a boolean, numbers, a day, and an instant that states its zone. ``LOCAL`` is what legacy
systems really send: local times, dates without separators, code lists, empty texts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared_services.contracts.entities import CustomerData, EntityType, FieldKind, FieldType


@dataclass(frozen=True, slots=True)
class Workload:
    """Rows, made from their numbers, and their mapping; ``tables`` are its lookup tables."""

    name: str
    columns: tuple[str, ...]
    entity: EntityType
    mapping: str
    tables: Mapping[str, str]
    row: Callable[[int], tuple[Any, ...]]


_COLUMNS = (
    *("KUNNR", "NAME1", "NAME2", "STRAS", "PSTLZ", "ORT01", "LAND1", "SMTP", "KTOKD", "LOEVM"),
    *("KLIMK", "RABATT", "ANZAHL", "ERDAT", "AEDAT", "SPRAS", "MANDT", "ERNAM", "TELF1", "ZUSATZ"),
)
_TABLES = {
    "kinds.csv": "source,canonical\nP,person\nF,company\n",
    "countries.csv": "source,canonical\n1,AT\n2,DE\n3,CH\n",
    "languages.csv": "source,canonical\nD,de\nE,en\nF,fr\n",
}
_TEXTS = """\
entity: legacy/1
fields:
  code: {path: KUNNR, via: trim}
  name: {path: NAME1, via: trim}
  department: {path: NAME2, via: trim}
  street: {path: STRAS, via: trim}
  postal_code: {path: PSTLZ, via: trim}
  city: {path: ORT01, via: trim}
  email: {path: SMTP, via: [trim, lower]}
  kind: {path: KTOKD, lookup: kinds.csv}
  credit_limit: {path: KLIMK, via: decimal}
  discount: {path: RABATT, via: decimal}
  orders: {path: ANZAHL, via: integer}
"""
_IGNORE = "ignore: [MANDT, ERNAM, TELF1, ZUSATZ]\n"
_PLAIN = """\
  country: {path: LAND1, lookup: countries.csv}
  active: {path: LOEVM, via: {boolean: {yes: ["0"], no: ["1"]}}}
  since: {path: ERDAT, via: date}
  changed_at: {path: AEDAT, via: datetime}
  language: {path: SPRAS, lookup: languages.csv}
"""
_LOCAL = """\
  country: {path: LAND1, via: country}
  active: {path: LOEVM, via: {boolean: {yes: [""], no: [X]}}}
  since: {path: ERDAT, via: {date: {format: "%Y%m%d"}}}
  changed_at: {path: AEDAT, via: {datetime: {zone: Europe/Vienna}}}
  language: {path: SPRAS, via: language}
"""


def _field(name: str, kind: FieldKind = "string", most: int | None = None) -> FieldType:
    required = name in ("code", "name")
    return FieldType(name, kind, required, not required, False, max_length=most)


_ENTITY = EntityType(
    "legacy",
    1,
    CustomerData,
    CustomerData,
    (
        _field("code", most=20),
        _field("name", most=200),
        _field("department", most=200),
        _field("street", most=200),
        _field("postal_code", most=16),
        _field("city", most=100),
        FieldType("country", "string", False, True, False, pattern="^[A-Z]{2}$"),
        _field("email", most=254),
        FieldType("kind", "string", False, True, False, choices=("person", "company")),
        _field("active", "boolean"),
        _field("credit_limit", "decimal"),
        _field("discount", "decimal"),
        _field("orders", "integer"),
        _field("since", "date"),
        _field("changed_at", "datetime"),
        FieldType("language", "string", False, True, False, pattern="^[a-z]{2}$"),
    ),
)

_CITIES = ("Wien", "Graz", "Köln", "München", "Zürich", "Linz", "Bern")
_COUNTRIES = ("AT", "AT", "DE", "DE", "CH", "AT", "CH")
_NUMBERED = ("1", "1", "2", "2", "3", "1", "3")
_LANGUAGES = ("DE", "EN", "fr")


def _texts(number: int) -> tuple[str, ...]:
    return (
        f"{number:010d}",
        f"Kunde Nummer {number} GmbH  ",
        f"Hauptstraße {number % 900}",
        f"{1000 + number * 7 % 80000}",
        _CITIES[number % 7],
        f"Kunde{number}@example.com",
        "PF"[number % 2],
    )


def _clock(number: int) -> str:
    return f"T{10 + number % 12}:{number // 60 % 60:02d}:{number % 60:02d}"


def _day(number: int) -> str:
    day = number // 997
    return f"2024-{1 + day % 12:02d}-{1 + day % 28:02d}"


def _plain_row(number: int) -> tuple[str | None, ...]:
    """Return a row whose last decimals are no zeros, so that no contender has to cut them."""
    code, name, street, postal, city, mail, kind = _texts(number)
    department = None if number % 3 else f"Abteilung {number % 50}"
    gone, language = "1" if number % 10 == 0 else "0", "DEF"[number % 3]
    return (
        *(code, name, department, street, postal, city, _NUMBERED[number % 7], mail, kind, gone),
        f"{number * 37 % 10**6}.{number % 50 * 2 + 1:02d}",
        *(f"{number % 40}.5", str(number % 1000), _day(number)),
        *(f"{_day(number)}{_clock(number)}Z", language),
        *("100", "BATCH", f"+43 1 {number}", None),
    )


def _local_row(number: int) -> tuple[str | None, ...]:
    code, name, street, postal, city, mail, kind = _texts(number)
    department, gone = "" if number % 3 else f"Abteilung {number % 50}", "" if number % 10 else "X"
    return (
        *(code, name, department, street, postal, city, _COUNTRIES[number % 7], mail, kind, gone),
        *(f"{number * 37 % 10**6}.{number % 100:02d}", f"{number % 40}.50", str(number % 1000)),
        *(_day(number).replace("-", ""), _day(number) + _clock(number), _LANGUAGES[number % 3]),
        *("100", "BATCH", f"+43 1 {number}", None),
    )


PLAIN = Workload("plain", _COLUMNS, _ENTITY, _TEXTS + _PLAIN + _IGNORE, _TABLES, _plain_row)
LOCAL = Workload("local", _COLUMNS, _ENTITY, _TEXTS + _LOCAL + _IGNORE, _TABLES, _local_row)
