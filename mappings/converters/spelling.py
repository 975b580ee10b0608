"""Words as people write them, in one form: how converters know a name in any language again."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

_BETWEEN = re.compile(r"[^\w]+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa"})
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe"}
)

LANGUAGES = (
    *("de", "en", "fr", "es", "it", "pt", "nl", "da", "sv", "nb", "fi", "is", "et", "lv", "lt"),
    *("pl", "cs", "sk", "sl", "hr", "sr", "bs", "mk", "bg", "ro", "hu", "sq", "el", "tr", "uk"),
    *("ru", "ca", "eu", "gl", "ga", "mt"),
)
"""The languages that names are known in: those of Europe."""


def words(text: str) -> frozenset[str]:
    """Return the words of a list."""
    return frozenset(text.split())


def folded(text: str) -> str:
    """Return words without case, accents and punctuation: Côte-d'Ivoire is cote d ivoire."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    letters = "".join(one for one in plain if not unicodedata.combining(one))
    return " ".join(_BETWEEN.sub(" ", letters).split())


def spellings(text: str) -> set[str]:
    """Return a name's folded spellings: Österreich is also written Oesterreich."""
    return {folded(text), folded(text.casefold().translate(_UMLAUTS))}


def unambiguous(names: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the code of each name that stands for one code only, by its folded spellings."""
    found: dict[str, set[str]] = {}
    for name, code in names:
        for spelling in spellings(name):
            found.setdefault(spelling, set()).add(code)
    return {name: min(codes) for name, codes in found.items() if len(codes) == 1 and name}


def merged(names: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return names with ``more``, which are folded here and have the last word."""
    return dict(names) | {folded(name): code for name, code in more.items()}
