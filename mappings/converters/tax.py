"""Tax ids as VAT numbers: country prefix, no punctuation, check digits proven.

Two spellings of one number become the same text, since golden records are matched on it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mappings.converters.codes import COUNTRIES
from mappings.converters.contact import region
from mappings.converters.registry import Function, register
from mappings.values import CACHE_SIZE, refuse

_PUNCTUATION = re.compile(r"[\s.\-/_,:]+")
_PREFIXED = re.compile(r"([A-Z]{2})([0-9A-Z+*]{2,30})", re.ASCII)
_SWISS_SUFFIX = re.compile(r"(?:TVA|IVA|TPV)$")
# Greece writes EL, its country code is GR; Northern Ireland's XI is checked as Great Britain.
_CHECKED_AS = {"EL": "GR", "XI": "GB"}
_WRITTEN_AS = {"GR": "EL"}
_PREFIXES = COUNTRIES | frozenset(_CHECKED_AS)


@dataclass(frozen=True, slots=True)
class TaxIdOptions:
    """Which country a number without prefix belongs to.

    ``country_from`` is a path to the country, as ``country`` reads it; ``country``, an alpha-2
    code, holds where that is missing.
    """

    country: str = ""
    country_from: str = ""


@register(
    "tax_id",
    takes=(str,),
    gives="string",
    options=TaxIdOptions,
    paths=("country_from",),
    settled=True,
    revision=3,
)
def make_tax_id(options: TaxIdOptions) -> Function:
    """Read a VAT number: ATU12345675 whether typed with spaces, dots or in lower case."""
    if options.country and options.country not in COUNTRIES:
        raise ValueError("'country' is an alpha-2 code such as AT")
    checker = lru_cache(maxsize=None)(_validator)

    @lru_cache(maxsize=CACHE_SIZE)
    def parse(text: str, country: str) -> str | None:
        number = _PUNCTUATION.sub("", text).upper()
        if not number:
            return None
        found = list(_readings(number, country))
        valid = next((prefix + rest for prefix, rest in found if checker(prefix)(rest)), None)
        if valid is None:
            lacks = "correct check digits" if found else "a country"
            refuse("tax_id", text, f"tax id with {lacks}")
        return valid

    def convert(text: str, country: object = None) -> str | None:
        return parse(text, region(country) or options.country)

    return convert


def _readings(number: str, country: str) -> Iterator[tuple[str, str]]:
    """Yield prefix and rest of what a number may be: by its own letters, else of ``country``.

    A number may begin with letters that are no prefix, as in Mexico. It is one of ``country`` then
    where that country's numbers can be checked.
    """
    own = _PREFIXED.fullmatch(number)
    if own and own[1] in _PREFIXES:
        yield own[1], _SWISS_SUFFIX.sub("MWST", own[2]) if own[1] == "CH" else own[2]
    prefix = _WRITTEN_AS.get(country, country)
    named = _PREFIXED.fullmatch(prefix + number)
    if prefix in _PREFIXES and named and (own is None or _module(prefix)):
        yield prefix, _SWISS_SUFFIX.sub("MWST", number) if prefix == "CH" else number


def _module(prefix: str) -> Any:
    """Return the module that knows a country's numbers, if there is one. The library loads here."""
    from stdnum.util import get_cc_module

    return get_cc_module(_CHECKED_AS.get(prefix, prefix).lower(), "vat")


def _validator(prefix: str) -> Callable[[str], bool]:
    """Return the check of a country's numbers; a country without a known check passes all.

    Some countries' checks want the prefix before the number, others know none. A Swiss UID without
    its VAT suffix is checked as what it is.
    """
    from stdnum.ch import uid

    module = _module(prefix)
    if module is None:
        return lambda _number: True
    is_valid: Callable[[str], bool] = module.is_valid
    if prefix == "CH":
        return lambda rest: is_valid(prefix + rest) or uid.is_valid(prefix + rest)
    return lambda rest: is_valid(prefix + rest) or is_valid(rest)
