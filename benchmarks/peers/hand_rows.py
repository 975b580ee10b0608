"""Translates the benchmark's rows with functions written by hand for them alone.

They are what a careful person writes: what comes again is kept, the first bad value stops
everything, and nobody learns which field it was.
"""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.frame import tell
from benchmarks.mappings import run
from mappings.converters.codes import COUNTRIES, LANGUAGES

_ZONE = ZoneInfo("Europe/Vienna")
_KINDS = {"P": "person", "F": "company"}
_EMPTY_IS_ACTIVE = {"": True, "X": False}
_ACTIVE = {"0": True, "1": False}
_NUMBERED = {"1": "AT", "2": "DE", "3": "CH"}
_SHORT = {"D": "de", "E": "en", "F": "fr"}
_UNITS = {"ST": "H87", "KG": "KGM"}


class _Memo(dict[str, Any]):
    def __init__(self, make: Callable[[str], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: str) -> Any:
        made = self[text] = self._make(text)
        return made


def _day(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 a day has no zone


def _number(text: str) -> Decimal:
    return Decimal(text.rstrip("0").rstrip(".")) if "." in text else Decimal(text)


def _country(text: str) -> str:
    if text not in COUNTRIES:
        raise ValueError
    return text


def _language(text: str) -> str:
    if text.lower() not in LANGUAGES:
        raise ValueError
    return text.lower()


_countries, _languages, _days, _discounts, _iso_days = (
    _Memo(make) for make in (_country, _language, _day, _number, date.fromisoformat)
)


def plain(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the canonical rows of ``PLAIN``."""
    made = []
    for row in rows:
        code, name, part, street, postal, city, country, mail, kind, gone, *rest = row
        credit, discount, orders, since, changed, language = rest[:6]
        texts = _texts(code, name, part or "", street, postal, city, mail)
        at = datetime.fromisoformat(changed)
        if at.tzinfo is not UTC:
            raise ValueError
        codes = (_NUMBERED[country], texts[6], _KINDS[kind], _ACTIVE[gone])
        numbers = (_number(credit), _discounts[discount], int(orders))
        made.append((*texts[:6], *codes, *numbers, _iso_days[since], at, _SHORT[language]))
    return made


def local(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the canonical rows of ``LOCAL``."""
    made = []
    for row in rows:
        code, name, part, street, postal, city, country, mail, kind, gone, *rest = row
        credit, discount, orders, since, changed, language = rest[:6]
        texts = _texts(code, name, part, street, postal, city, mail)
        at = datetime.fromisoformat(changed).replace(tzinfo=_ZONE).astimezone(UTC)
        codes = (_countries[country], texts[6], _KINDS[kind], _EMPTY_IS_ACTIVE[gone])
        numbers = (_number(credit), _discounts[discount], int(orders))
        made.append((*texts[:6], *codes, *numbers, _days[since], at, _languages[language]))
    return made


def _texts(
    code: str, name: str, part: str, street: str, postal: str, city: str, mail: str
) -> tuple[str | None, ...]:
    code, name, part, street = code.strip(), name.strip(), part.strip(), street.strip()
    postal, city, mail = postal.strip(), city.strip(), mail.strip().lower()
    if not f"{code}{name}{part}{street}{postal}{city}{mail}".isprintable():
        raise ValueError
    if len(code) > 20 or len(name) > 200 or len(part) > 200 or len(street) > 200:
        raise ValueError
    if len(postal) > 16 or len(city) > 100 or len(mail) > 254 or not code or not name:
        raise ValueError
    return code, name, part or None, street or None, postal or None, city or None, mail or None


def orders(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the canonical rows of ``ORDERS``."""
    made = []
    for number, customer, placed, lines in rows:
        code, buyer, at = number.strip(), customer.strip(), datetime.fromisoformat(placed)
        if not code or not buyer or len(code) > 20 or len(buyer) > 20 or at.tzinfo is not UTC:
            raise ValueError
        if not f"{code}{buyer}".isprintable():
            raise ValueError
        made.append((code, buyer, at, tuple([_line(line) for line in lines])))
    return made


def _line(line: dict[str, str]) -> dict[str, Any]:
    product = line["MATNR"].strip()
    if not product or len(product) > 40 or not product.isprintable():
        raise ValueError
    return {
        "number": int(line["POSNR"]),
        "product": product,
        "quantity": _number(line["KWMENG"]),
        "unit": _UNITS[line["VRKME"]],
        "price": _number(line["NETPR"]),
    }


TRANSLATIONS = {"plain": plain, "local": local, "orders": orders}


if __name__ == "__main__":
    tell(run(sys.argv[1], TRANSLATIONS[sys.argv[1]], int(sys.argv[2])))
