"""Tax ids as VAT numbers: country prefix, no punctuation, check digits proven.

Two spellings of one number become the same text, since golden records are matched on it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

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
    revision=2,
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
        found = _prefixed(number, country)
        if found is None:
            refuse("tax_id", text, "tax id with a country")
        prefix, rest = found
        if not checker(prefix)(prefix + rest):
            refuse("tax_id", text, "tax id with correct check digits")
        return prefix + rest

    def convert(text: str, country: object = None) -> str | None:
        return parse(text, region(country) or options.country)

    return convert


def _prefixed(number: str, country: str) -> tuple[str, str] | None:
    """Return prefix and rest; a number that does not begin with letters takes ``country``."""
    match = _PREFIXED.fullmatch(number)
    prefix = _WRITTEN_AS.get(country, country)
    if match is None and prefix:
        match = _PREFIXED.fullmatch(prefix + number)
    if match is None or match[1] not in _PREFIXES:
        return None
    rest = _SWISS_SUFFIX.sub("MWST", match[2]) if match[1] == "CH" else match[2]
    return match[1], rest


def _validator(prefix: str) -> Callable[[str], bool]:
    """Return the check of a country's numbers; a country without a known check passes all.

    A Swiss UID without its VAT suffix is checked as what it is.
    """
    from stdnum.ch import uid
    from stdnum.util import get_cc_module

    module = get_cc_module(_CHECKED_AS.get(prefix, prefix).lower(), "vat")
    if module is None:
        return lambda _number: True
    is_valid: Callable[[str], bool] = module.is_valid
    if prefix == "CH":
        return lambda number: is_valid(number) or uid.is_valid(number)
    return is_valid
