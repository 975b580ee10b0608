"""E-mail addresses and telephone numbers in the one form that records are matched by.

An address differs from another in more than case only if it is another address; a number is
E.164 whichever way it was typed. Whether anybody answers there is not asked.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from mappings.converters.codes import COUNTRIES
from mappings.converters.countries import country
from mappings.converters.registry import Function, NoOptions, register
from mappings.values import CACHE_SIZE, Refused, refuse

_MAX_LOCAL = 64
_MAX_ADDRESS = 254
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_ADDRESS = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@{_LABEL}(?:\.{_LABEL})+")


@register("email", takes=(str,), gives="string")
def make_email(_options: NoOptions) -> Function:
    """Check an e-mail address and put it into lower case."""
    return email


def email(text: str) -> str | None:
    """Return the address in lower case; Refused ``mapping.email.invalid`` for none.

    Lower case rather than full case folding, which would turn straße.example into another
    domain.
    """
    address = text.strip().lower()
    if not address:
        return None
    match = _ADDRESS.fullmatch(address) if len(address) <= _MAX_ADDRESS else None
    if match is None or len(match["local"]) > _MAX_LOCAL:
        refuse("email", text, "e-mail address")
    return address


@dataclass(frozen=True, slots=True)
class PhoneOptions:
    """Which country a number without country code belongs to.

    ``country_from`` is a path to the country, as ``country`` reads it; ``country``, an alpha-2
    code, holds where that is missing.
    """

    country: str = ""
    country_from: str = ""


@register(
    "phone",
    takes=(str,),
    gives="string",
    options=PhoneOptions,
    paths=("country_from",),
    settled=True,
    revision=2,
)
def make_phone(options: PhoneOptions) -> Function:
    """Read a telephone number into E.164: +436641234567."""
    if options.country and options.country not in COUNTRIES:
        raise ValueError("'country' is an alpha-2 code such as AT")
    parse = lru_cache(maxsize=CACHE_SIZE)(_phone_parser())

    def convert(text: str, country: object = None) -> str | None:
        return parse(text, region(country) or options.country or None)

    return convert


def region(told: object) -> str:
    """Return the alpha-2 code of a row's own country; nothing when it names none."""
    if not isinstance(told, str):
        return ""
    code = told.strip().upper()
    if code in COUNTRIES:
        return code
    try:
        return country(told) or ""
    except Refused:
        return ""


def _phone_parser() -> Callable[[str, str | None], str | None]:
    """Return a function from text and region to E.164; the library loads here."""
    from phonenumbers import (
        NumberParseException,
        PhoneNumberFormat,
        format_number,
        is_possible_number,
        parse,
    )

    def to_e164(text: str, country: str | None) -> str | None:
        digits = text.strip()
        if not digits:
            return None
        # 00 is how most of Europe dials abroad; without a region the library cannot know.
        if digits.startswith("00"):
            digits = f"+{digits[2:]}"
        try:
            number = parse(digits, country)
        except NumberParseException:
            refuse("phone", text, "telephone number")
        # Possible, not valid: ranges are opened faster than any table of them is updated.
        if not is_possible_number(number):
            refuse("phone", text, "telephone number of its country")
        return format_number(number, PhoneNumberFormat.E164)

    return to_e164
