"""What a sampled column holds, in shares and forms: enough to tell fields apart by values.

A profile keeps the sample's texts as long as a draft is made and shows none of them: evidence
is words about shapes.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from mappings.converters.codes import COUNTRIES, CURRENCIES, LANGUAGES
from mappings.converters.registry import Function, converters
from mappings.suggest.forms import (
    BOOLEAN_WORDS,
    FIRST_NAMES,
    KIND_WORDS,
    LEGAL_FORMS,
    STATUS_WORDS,
    STREET_WORDS,
    UNIT_WORDS,
)
from mappings.suggest.words import fold
from mappings.values import Refused

_PHONE = re.compile(
    r"(?:tel\.?\s*)?[+(]?[\d][\d\s()/.\-\u2013]{4,}\d(?:\s*(?:x|ext\.?)\s*\d+)?", re.IGNORECASE
)
_POSTAL = re.compile(
    r"\d{4,6}|[A-Z]{1,2}-?\s?\d{3,6}|\d{2,3}[- ]\d{2,3}|\d{4}\s?[A-Z]{2}|\d{5}-\d{3,4}"
    r"|[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}|[A-Z]\d[A-Z]\s?\d[A-Z]\d",
    re.IGNORECASE,
)
_POSTAL_MARKED = re.compile(
    r"\d{2}-\d{3}|\d{3} \d{2}|\d{4}\s?[A-Z]{2}|[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}"
)
_NUMBER = re.compile(r"[+-]?\d+(?:[.,' ]\d+)*[+-]?")
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_DECIMALS = re.compile(r"[+-]?(?:\d|[.,' ]\d)*[.,]\d{1,6}-?")
_HOUSE = re.compile(r"\d{1,5}\s?[a-z]?(?:\s?[-/]\s?\d{1,4}\s?[a-z]?)*", re.IGNORECASE)
_URL = re.compile(
    r"(?:https?://|www\.)\S+|\S+\.(?:com|de|at|org|net|fr|it|es|pl|nl)(?:/\S*)?", re.IGNORECASE
)
_LETTERS = re.compile(r"[^\W\d_]+(?:[\s.'\u2019\-/()&]+[^\W\d_]+)*\.?\)?")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{24,64}", re.IGNORECASE)
_VAT = re.compile(r"(?:[A-Z]{2,3})[\s.-]?[A-Z]?[\dA-Z](?:[\s.\-]?[\dA-Z+*]){6,13}", re.IGNORECASE)
_TAX = re.compile(r"(?:[A-Z]{1,4})?[\d\s.\-/]{7,20}[A-Z]?(?:\s?[A-Z]{3,4})?", re.IGNORECASE)
_DAY = re.compile(
    r"\d{4}[-/.]?\d{2}[-/.]?\d{2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}-[a-z]{3}-\d{2,4}",
    re.IGNORECASE,
)
_STAMP = re.compile(rf"(?:{_DAY.pattern})[T ]?\d{{2}}:?\d{{2}}.*", re.IGNORECASE)
_NO_DAY = re.compile(r"0{8}|0{4}-00-00.*|9999-?12-?31.*|00\.00\.0000")
_STREET_END = re.compile(
    r"\s\d{1,5}\s?[a-z]?(?:[-/]\d+\s?[a-z]?)*$|^\d{1,5}[a-z]?,?\s", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]+")
_CODE = re.compile(r"[\w./#+-]{1,40}")


@dataclass(frozen=True)
class Profile:
    """A column's sample: ``values`` as read, ``texts`` those that are there, stripped."""

    values: Sequence[Any]
    texts: Sequence[str] = field(repr=False)
    boolean: bool
    temporal: bool
    numeric: bool

    @property
    def empty(self) -> bool:
        """Whether the sample shows nothing."""
        return not self.texts

    @cached_property
    def filled(self) -> float:
        """The share of rows that hold something."""
        return len(self.texts) / len(self.values) if self.values else 0.0

    @cached_property
    def distinct(self) -> int:
        """How many different values there are."""
        return len(set(self.texts))

    @cached_property
    def unique(self) -> float:
        """Different values among those that are there, as a share."""
        return self.distinct / len(self.texts) if self.texts else 0.0

    @cached_property
    def length(self) -> float:
        """The mean length in characters."""
        return sum(map(len, self.texts)) / len(self.texts) if self.texts else 0.0

    @cached_property
    def words(self) -> frozenset[str]:
        """The different values, folded; empty when there are many."""
        return (
            frozenset(fold(one) for one in set(self.texts)) if self.distinct <= 24 else frozenset()
        )

    def share(self, test: Callable[[str], object]) -> float:
        """Return the share of texts that pass a test."""
        return sum(bool(test(one)) for one in self.texts) / len(self.texts) if self.texts else 0.0

    def matching(self, pattern: "re.Pattern[str]") -> float:
        """Return the share of texts that a pattern spans."""
        return self.share(pattern.fullmatch)

    @cached_property
    def email(self) -> float:
        """Share of e-mail addresses."""
        return self.converted("email")

    @cached_property
    def phone(self) -> float:
        """Share of what may be telephone numbers."""
        if self.date > 0.5 or self.decimals > 0.5:
            return 0.0
        return self.share(lambda one: _PHONE.fullmatch(one) and 6 <= _digits(one) <= 17)

    @cached_property
    def phone_marked(self) -> float:
        """Share of telephone numbers written as such: a plus, zeros, spaces."""
        marked = self.share(
            lambda one: one.startswith(("+", "00", "(")) or (one[:1] == "0" and " " in one)
        )
        return self.phone * marked

    @cached_property
    def vat(self) -> float:
        """Share of VAT numbers with a country's prefix and correct check digits."""
        if self.matching(_VAT) < 0.3:
            return 0.0
        return self.converted("tax_id")

    @cached_property
    def taxlike(self) -> float:
        """Share of what may be tax ids."""
        return self.share(
            lambda one: _digits(one) >= 6 and (_TAX.fullmatch(one) or _VAT.fullmatch(one))
        )

    @cached_property
    def postal(self) -> float:
        """Share of what may be postal codes."""
        return 0.0 if self.date > 0.7 else self.matching(_POSTAL)

    @cached_property
    def postal_marked(self) -> float:
        """Share of postal codes of a form that nothing else has."""
        return self.matching(_POSTAL_MARKED)

    @cached_property
    def country_code(self) -> float:
        """Share of ISO country codes of two letters."""
        return self.share(lambda one: one.upper() in COUNTRIES)

    @cached_property
    def country(self) -> float:
        """Share of what is read as a country."""
        return max(self.country_code, self.converted("country"))

    @cached_property
    def currency(self) -> float:
        """Share of ISO currency codes."""
        return self.share(lambda one: one.upper() in CURRENCIES)

    @cached_property
    def language(self) -> float:
        """Share of language codes and locales."""
        return self.share(lambda one: len(one) in (2, 5) and one[:2].lower() in LANGUAGES)

    @cached_property
    def unit(self) -> float:
        """Share of units of measure."""
        return self.share(lambda one: fold(one).strip(".") in UNIT_WORDS)

    @cached_property
    def number(self) -> float:
        """Share of numbers."""
        return 1.0 if self.numeric and self.texts else self.matching(_NUMBER)

    @cached_property
    def decimals(self) -> float:
        """Share of numbers with decimals."""
        return self.matching(_DECIMALS) if not self.date_marked else 0.0

    @cached_property
    def date_marked(self) -> bool:
        """Whether the values are dates by their type or separators."""
        return (
            self.temporal or self.share(lambda one: _DAY.fullmatch(one) and not one.isdigit()) > 0.5
        )

    @cached_property
    def date(self) -> float:
        """Share of days and moments; stand-ins for none among them."""
        if self.temporal:
            return 1.0
        return self.share(
            lambda one: _is_day(one) or _STAMP.fullmatch(one) is not None or _NO_DAY.fullmatch(one)
        )

    @cached_property
    def moment(self) -> float:
        """Share of values that carry a time of day."""
        return self.matching(_STAMP)

    @cached_property
    def url(self) -> float:
        """Share of web addresses."""
        return self.share(lambda one: "@" not in one and _URL.fullmatch(one))

    @cached_property
    def letters(self) -> float:
        """Share of texts of letters alone."""
        return self.matching(_LETTERS)

    @cached_property
    def lettered(self) -> float:
        """Share of texts that hold letters at all."""
        return self.share(_WORD.search)

    @cached_property
    def spaced(self) -> float:
        """Share of texts of more than one word."""
        return self.share(lambda one: " " in one)

    @cached_property
    def company(self) -> float:
        """Share of names with a legal form."""
        return self.share(lambda one: not LEGAL_FORMS.isdisjoint(_last_words(one)))

    @cached_property
    def person(self) -> float:
        """Share of texts of two or three words with a known first name among them."""
        return self.share(lambda one: " " in one and _first_names(one))

    @cached_property
    def first_name(self) -> float:
        """Share of known first names that stand alone."""
        return self.share(
            lambda one: fold(re.split(r"[\s-]", one)[0]) in FIRST_NAMES and len(one) < 20
        )

    @cached_property
    def street(self) -> float:
        """Share of streets: a word for one, or a house number at either end."""
        return self.share(lambda one: _is_street(one))

    @cached_property
    def house(self) -> float:
        """Share of house numbers."""
        return self.matching(_HOUSE)

    @cached_property
    def code(self) -> float:
        """Share of texts that may be codes: no space, not long."""
        return self.matching(_CODE)

    @cached_property
    def uuid(self) -> float:
        """Share of identifiers made by machines."""
        return self.matching(_UUID)

    @cached_property
    def truth(self) -> bool:
        """Whether the values are yes and no, or a mark and nothing."""
        if self.boolean:
            return True
        words = self.words
        if not words or len(words) > 2:
            return False
        return words <= BOOLEAN_WORDS

    @cached_property
    def status(self) -> bool:
        """Whether the values are words for a state such as active and blocked."""
        known = self.words & STATUS_WORDS.keys()
        # Letters are a state only beside A for active: D alone may be anything.
        told = [one for one in known if len(one) > 1 or "a" in known]
        return len(self.words) <= 8 and len(told) * 2 >= max(1, len(self.words))

    @cached_property
    def kinds(self) -> bool:
        """Whether the values are words for person and company."""
        words = self.words
        known = {KIND_WORDS[one] for one in words if one in KIND_WORDS}
        return (
            1 <= len(words) <= 4 and len(known) >= min(2, len(words)) and words <= KIND_WORDS.keys()
        )

    def converted(self, name: str) -> float:
        """Return the share of texts that a converter takes as it stands."""
        function = _plain(name)
        return self.share(lambda one: _taken(function, one))


def profile(values: Sequence[Any]) -> Profile:
    """Return the profile of a column's sampled values."""
    there = [one for one in values if one is not None and one != ""]
    boolean = bool(there) and all(isinstance(one, bool) for one in there)
    if not boolean:
        # Among other values it is nothing, as XML-RPC servers write it.
        there = [one for one in there if one is not False]
        values = [None if one is False else one for one in values]
    temporal = bool(there) and all(isinstance(one, date) for one in there)
    numeric = (
        bool(there) and not boolean and all(isinstance(one, int | Decimal | float) for one in there)
    )
    texts = [text for one in there if (text := _text(one))]
    return Profile(values, texts, boolean, temporal, numeric)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict | list | tuple | bytes | bytearray | memoryview):
        return ""
    return str(value).strip()


def _plain(name: str) -> Function:
    found = converters()[name]
    function: Function = found.make(found.options())
    return function


def _taken(function: Function, text: str) -> bool:
    try:
        return function(text) is not None
    except Refused:
        return False


def _digits(text: str) -> int:
    return sum(one.isdigit() for one in text)


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    if not text.isdigit():
        return True
    return "1900" <= text[:4] <= "2100" and "01" <= text[4:6] <= "12" and "01" <= text[6:] <= "31"


def _is_street(text: str) -> bool:
    words = [fold(one) for one in _WORD.findall(text)]
    named = any(
        word in STREET_WORDS
        or (
            word.endswith(
                ("strasse", "gasse", "weg", "platz", "straat", "laan", "gatan", "vej", "str")
            )
            and len(word) > 4
        )
        for word in words
    )
    return bool(words) and (named or (len(words) <= 5 and _STREET_END.search(text) is not None))


def _last_words(text: str) -> set[str]:
    words = fold(text).replace(".", "").replace("-", " ").split()
    return {*words[-3:], "".join(words[-2:]), "".join(words[-3:])}


def _first_names(text: str) -> bool:
    words = [fold(one) for one in re.split(r"[\s,]+", text)]
    return len(words) <= 4 and any(one in FIRST_NAMES for one in words)
