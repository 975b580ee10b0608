"""Translates the benchmark's rows with one function, written by hand for them alone."""

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
_ACTIVE = {"": True, "X": False}


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


_countries, _languages, _days, _discounts = (
    _Memo(make) for make in (_country, _language, _day, _number)
)


def translate(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the canonical rows."""
    made = []
    for row in rows:
        code, name, part, street, postal, city, country, mail, kind, gone, *rest = row
        credit, discount, orders, since, changed, language = rest[:6]
        code, name, part, street = code.strip(), name.strip(), part.strip(), street.strip()
        postal, city, mail = postal.strip(), city.strip(), mail.strip().lower()
        if not f"{code}{name}{part}{street}{postal}{city}{mail}".isprintable():
            raise ValueError
        if len(code) > 20 or len(name) > 200 or len(part) > 200 or len(street) > 200:
            raise ValueError
        if len(postal) > 16 or len(city) > 100 or len(mail) > 254 or not code or not name:
            raise ValueError
        at = datetime.fromisoformat(changed).replace(tzinfo=_ZONE).astimezone(UTC)
        texts = (code, name, part or None, street or None, postal or None, city or None)
        codes = (_countries[country], mail or None, _KINDS[kind], _ACTIVE[gone])
        numbers = (_number(credit), _discounts[discount], int(orders))
        made.append((*texts, *codes, *numbers, _days[since], at, _languages[language]))
    return made


if __name__ == "__main__":
    tell(run(translate, int(sys.argv[1])))
