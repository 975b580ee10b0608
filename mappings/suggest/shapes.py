"""What single values look like: patterns of numbers, codes and days, and tests by words."""

import re

from mappings.suggest.forms import FIRST_NAMES, STREET_WORDS
from mappings.suggest.words import fold

PHONE = re.compile(
    r"(?:tel\.?\s*)?[+(]?[\d][\d\s()/.\-\u2013]{4,}\d(?:\s*(?:x|ext\.?)\s*\d+)?", re.IGNORECASE
)
POSTAL = re.compile(
    r"\d{4,6}|[A-Z]{1,2}-?\s?\d{3,6}|\d{2,3}[- ]\d{2,3}|\d{4}\s?[A-Z]{2}|\d{5}-\d{3,4}"
    r"|[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}|[A-Z]\d[A-Z]\s?\d[A-Z]\d",
    re.IGNORECASE,
)
POSTAL_MARKED = re.compile(
    r"\d{2}-\d{3}|\d{3} \d{2}|\d{4}\s?[A-Z]{2}|[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}"
)
NUMBER = re.compile(r"[+-]?\d+(?:[.,' ]\d+)*[+-]?")
DECIMALS = re.compile(r"[+-]?(?:\d|[.,' ]\d)*[.,]\d{1,6}-?")
HOUSE = re.compile(r"\d{1,5}\s?[a-z]?(?:\s?[-/]\s?\d{1,4}\s?[a-z]?)*", re.IGNORECASE)
URL = re.compile(
    r"(?:https?://|www\.)\S+|\S+\.(?:com|de|at|org|net|fr|it|es|pl|nl)(?:/\S*)?", re.IGNORECASE
)
LETTERS = re.compile(r"[^\W\d_]+(?:[\s.'\u2019\-/()&]+[^\W\d_]+)*\.?\)?")
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{24,64}", re.IGNORECASE)
VAT = re.compile(r"(?:[A-Z]{2,3})[\s.-]?[A-Z]?[\dA-Z](?:[\s.\-]?[\dA-Z+*]){6,13}", re.IGNORECASE)
TAX = re.compile(r"(?:[A-Z]{1,4})?[\d\s.\-/]{7,20}[A-Z]?(?:\s?[A-Z]{3,4})?", re.IGNORECASE)
DAY = re.compile(
    r"\d{4}[-/.]?\d{2}[-/.]?\d{2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}-[a-z]{3}-\d{2,4}",
    re.IGNORECASE,
)
STAMP = re.compile(rf"(?:{DAY.pattern})[T ]?\d{{2}}:?\d{{2}}.*", re.IGNORECASE)
NO_DAY = re.compile(r"0{8}|0{4}-00-00.*|9999-?12-?31.*|00\.00\.0000")
STREET_END = re.compile(
    r"\s\d{1,5}\s?[a-z]?(?:[-/]\d+\s?[a-z]?)*$|^\d{1,5}[a-z]?,?\s", re.IGNORECASE
)
WORD = re.compile(r"[^\W\d_]+")
CODE = re.compile(r"[\w./#+-]{1,40}")


def count_digits(text: str) -> int:
    """Return how many digits a text holds."""
    return sum(one.isdigit() for one in text)


def is_day(text: str) -> bool:
    """Return whether a text is a day in a usual form; eight digits must be one that can be."""
    if not DAY.fullmatch(text):
        return False
    if not text.isdigit():
        return True
    return "1900" <= text[:4] <= "2100" and "01" <= text[4:6] <= "12" and "01" <= text[6:] <= "31"


def is_street(text: str) -> bool:
    """Return whether a text names a street, or a place with a house number."""
    words = [fold(one) for one in WORD.findall(text)]
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
    return bool(words) and (named or (len(words) <= 5 and STREET_END.search(text) is not None))


def last_words(text: str) -> set[str]:
    """Return a name's last words, where a legal form stands, joined ones among them."""
    words = fold(text).replace(".", "").replace("-", " ").split()
    return {*words[-3:], "".join(words[-2:]), "".join(words[-3:])}


def holds_first_name(text: str) -> bool:
    """Return whether a short text holds a known first name."""
    words = [fold(one) for one in re.split(r"[\s,]+", text)]
    return len(words) <= 4 and any(one in FIRST_NAMES for one in words)
