"""The legacy rows that mappings are measured with, and what is to become of them."""

from collections.abc import Sequence

from shared_services.contracts.entities import CustomerData, EntityType, FieldKind, FieldType

COLUMNS = (
    *("KUNNR", "NAME1", "NAME2", "STRAS", "PSTLZ", "ORT01", "LAND1", "SMTP", "KTOKD", "LOEVM"),
    *("KLIMK", "RABATT", "ANZAHL", "ERDAT", "AEDAT", "SPRAS", "MANDT", "ERNAM", "TELF1", "ZUSATZ"),
)
TABLE = "source,canonical\nP,person\nF,company\n"
MAPPING = """\
entity: legacy/1
fields:
  code: {path: KUNNR, via: trim}
  name: {path: NAME1, via: trim}
  department: {path: NAME2, via: trim}
  street: {path: STRAS, via: trim}
  postal_code: {path: PSTLZ, via: trim}
  city: {path: ORT01, via: trim}
  country: {path: LAND1, via: country}
  email: {path: SMTP, via: [trim, lower]}
  kind: {path: KTOKD, lookup: kinds.csv}
  active: {path: LOEVM, via: {boolean: {yes: [""], no: [X]}}}
  credit_limit: {path: KLIMK, via: decimal}
  discount: {path: RABATT, via: decimal}
  orders: {path: ANZAHL, via: integer}
  since: {path: ERDAT, via: {date: {format: "%Y%m%d"}}}
  changed_at: {path: AEDAT, via: {datetime: {zone: Europe/Vienna}}}
  language: {path: SPRAS, via: language}
ignore: [MANDT, ERNAM, TELF1, ZUSATZ]
"""


def _field(name: str, kind: FieldKind = "string", most: int | None = None) -> FieldType:
    required = name in ("code", "name")
    return FieldType(name, kind, required, not required, False, max_length=most)


ENTITY = EntityType(
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
_LANGUAGES = ("DE", "EN", "fr")


def made_rows(count: int) -> Sequence[tuple[str | None, ...]]:
    """Return rows as a legacy system has them: padded texts, few cities, every stamp its own."""
    return [_row(number) for number in range(count)]


def _row(number: int) -> tuple[str | None, ...]:
    place, day, minute, second = number % 7, number // 997, number // 60 % 60, number % 60
    return (
        f"{number:010d}",
        f"Kunde Nummer {number} GmbH  ",
        "" if number % 3 else f"Abteilung {number % 50}",
        f"Hauptstraße {number % 900}",
        f"{1000 + number * 7 % 80000}",
        _CITIES[place],
        _COUNTRIES[place],
        f"Kunde{number}@example.com",
        "PF"[number % 2],
        "X" if number % 10 == 0 else "",
        f"{number * 37 % 10**6}.{number % 100:02d}",
        f"{number % 40}.50",
        str(number % 1000),
        f"20{day % 24:02d}{1 + day % 12:02d}{1 + day % 28:02d}",
        f"2024-{1 + day % 12:02d}-{1 + day % 28:02d}T{10 + number % 12}:{minute:02d}:{second:02d}",
        _LANGUAGES[number % 3],
        "100",
        "BATCH",
        f"+43 1 {number}",
        None,
    )
