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
from mappings.suggest import shapes
from mappings.suggest.forms import (
    BOOLEAN_WORDS,
    FIRST_NAMES,
    KIND_WORDS,
    LEGAL_FORMS,
    STATUS_WORDS,
    UNIT_WORDS,
)
from mappings.suggest.words import fold
from mappings.values import Refused


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
    def padded(self) -> bool:
        """Whether white space stands at a value's ends, or in its place."""
        return any(isinstance(one, str) and one != one.strip() for one in self.values)

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
        return self.share(
            lambda one: shapes.PHONE.fullmatch(one) and 6 <= shapes.count_digits(one) <= 17
        )

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
        if self.matching(shapes.VAT) < 0.3:
            return 0.0
        return self.converted("tax_id")

    @cached_property
    def taxlike(self) -> float:
        """Share of what may be tax ids."""
        return self.share(
            lambda one: (
                shapes.count_digits(one) >= 6
                and (shapes.TAX.fullmatch(one) or shapes.VAT.fullmatch(one))
            )
        )

    @cached_property
    def postal(self) -> float:
        """Share of what may be postal codes."""
        return 0.0 if self.date > 0.7 else self.matching(shapes.POSTAL)

    @cached_property
    def postal_marked(self) -> float:
        """Share of postal codes of a form that nothing else has."""
        return self.matching(shapes.POSTAL_MARKED)

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
        return 1.0 if self.numeric and self.texts else self.matching(shapes.NUMBER)

    @cached_property
    def decimals(self) -> float:
        """Share of numbers with decimals."""
        return self.matching(shapes.DECIMALS) if not self.date_marked else 0.0

    @cached_property
    def date_marked(self) -> bool:
        """Whether the values are dates by their type or separators."""
        return (
            self.temporal
            or self.share(lambda one: shapes.DAY.fullmatch(one) and not one.isdigit()) > 0.5
        )

    @cached_property
    def date(self) -> float:
        """Share of days and moments; stand-ins for none among them."""
        if self.temporal:
            return 1.0
        return self.share(
            lambda one: (
                shapes.is_day(one)
                or shapes.STAMP.fullmatch(one) is not None
                or shapes.NO_DAY.fullmatch(one)
            )
        )

    @cached_property
    def moment(self) -> float:
        """Share of values that carry a time of day."""
        return self.matching(shapes.STAMP)

    @cached_property
    def url(self) -> float:
        """Share of web addresses."""
        return self.share(lambda one: "@" not in one and shapes.URL.fullmatch(one))

    @cached_property
    def letters(self) -> float:
        """Share of texts of letters alone."""
        return self.matching(shapes.LETTERS)

    @cached_property
    def lettered(self) -> float:
        """Share of texts that hold letters at all."""
        return self.share(shapes.WORD.search)

    @cached_property
    def spaced(self) -> float:
        """Share of texts of more than one word."""
        return self.share(lambda one: " " in one)

    @cached_property
    def company(self) -> float:
        """Share of names with a legal form."""
        return self.share(lambda one: not LEGAL_FORMS.isdisjoint(shapes.last_words(one)))

    @cached_property
    def person(self) -> float:
        """Share of texts of two or three words with a known first name among them."""
        return self.share(lambda one: " " in one and shapes.holds_first_name(one))

    @cached_property
    def first_name(self) -> float:
        """Share of known first names that stand alone."""
        return self.share(
            lambda one: fold(re.split(r"[\s-]", one)[0]) in FIRST_NAMES and len(one) < 20
        )

    @cached_property
    def street(self) -> float:
        """Share of streets: a word for one, or a house number at either end."""
        return self.share(lambda one: shapes.is_street(one))

    @cached_property
    def house(self) -> float:
        """Share of house numbers."""
        return self.matching(shapes.HOUSE)

    @cached_property
    def code(self) -> float:
        """Share of texts that may be codes: no space, not long."""
        return self.matching(shapes.CODE)

    @cached_property
    def uuid(self) -> float:
        """Share of identifiers made by machines."""
        return self.matching(shapes.UUID)

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
