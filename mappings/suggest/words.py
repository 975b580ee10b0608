"""Takes names apart: ``KUNDENNUMMER``, ``custNo``, ``fld_PLZ1`` and ``Straße`` become words.

Words are folded: lower case, ä to ae, other accents dropped. A name without separators is cut
where words of a vocabulary meet, as German and old databases write them.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

_FOLDED = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "å": "a", "đ": "d"}
)
_CAMEL = re.compile(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])|(?<=[A-Z])(?=[A-Z][a-zß-ÿ])")
_SIGNS = re.compile(r"[\W_]+")
_PIECE = re.compile(r"\d+|[^\W\d_]+")
_LINKS = ("", "s", "n", "en", "e", "es")
_SHORTEST = 2
_LONGEST = 40


def fold(text: str) -> str:
    """Return ``text`` in lower case without accents."""
    plain = unicodedata.normalize("NFC", text).lower().translate(_FOLDED)
    return "".join(
        one for one in unicodedata.normalize("NFKD", plain) if one.isalnum() or one in " _-."
    )


def squeezed(text: str) -> str:
    """Return a folded name without signs, as the names of a family are compared."""
    return _SIGNS.sub("", fold(text))


@dataclass(frozen=True, slots=True)
class Name:
    """A name's words, and the number at its end (0 without one): ``NAME2`` is name and 2."""

    words: tuple[str, ...]
    ordinal: int = 0


def take_apart(
    text: str, vocabulary: Collection[str], drop: Collection[str] = (), *, camel: bool = True
) -> Name:
    """Return the words of a name, without the leading ones that are in ``drop``.

    With ``camel`` a capital within a word begins a new one.
    """
    parts = _SIGNS.split(_CAMEL.sub(" ", text) if camel else text)
    pieces = _initials([piece for part in parts for piece in _PIECE.findall(fold(part))])
    numbers = [int(one) for one in pieces if one.isdigit() and len(one) <= _SHORTEST]
    words = [word for one in pieces if not one.isdigit() for word in segment(one, vocabulary)]
    while len(words) > 1 and words[0] in drop:
        words = words[1:]
    return Name(tuple(words), numbers[-1] if numbers else 0)


def _initials(pieces: Sequence[str]) -> list[str]:
    """Return pieces with single letters that follow each other as one word: c.p. is cp."""
    joined: list[str] = []
    open_ = False
    for piece in pieces:
        single = len(piece) == 1 and piece.isalpha()
        if single and open_:
            joined[-1] += piece
        else:
            joined.append(piece)
        open_ = single
    return joined


def segment(word: str, vocabulary: Collection[str]) -> tuple[str, ...]:
    """Return the words of the vocabulary that a word is made of; the word itself otherwise."""
    if word in vocabulary or len(word) > _LONGEST:
        return (word,)
    best: dict[int, tuple[str, ...]] = {0: ()}
    for end in range(_SHORTEST, len(word) + 1):
        found = [
            (*best[start], piece)
            for start in range(end - 1)
            if start in best and (piece := _known(word[start:end], vocabulary))
        ]
        if found:
            best[end] = min(found, key=len)
    cut = best.get(len(word), ())
    return cut if cut and _plausible(cut) else (word,)


def _known(piece: str, vocabulary: Collection[str]) -> str:
    for link in _LINKS:
        stem = piece.removesuffix(link) if link else piece
        if len(stem) > len(link) and len(stem) >= _SHORTEST and stem in vocabulary:
            return stem
    return ""


def _plausible(cut: tuple[str, ...]) -> bool:
    """Return whether a cut is words rather than chance: few short pieces, one long one."""
    short = sum(len(one) <= _SHORTEST for one in cut)
    return short <= 1 and max(map(len, cut)) > _SHORTEST


@lru_cache(maxsize=200_000)
def alike(word: str, token: str) -> float:
    """Return from 0 to 1 how well a name's ``token`` stands for ``word``, perhaps shortened."""
    if word == token:
        return 1.0
    short, long_ = sorted((word, token), key=len)
    if len(short) < 3:
        return 0.0
    if long_.startswith(short):
        return _beginning(word, token)
    ratio = fuzz.ratio(word, token) / 100
    if len(short) >= 4 and ratio >= 0.82 and word[0] == token[0]:
        return ratio * 0.95
    return 0.65 if _skeleton(token, word) else 0.0


def _beginning(word: str, token: str) -> float:
    if len(token) < len(word):
        return 0.72 + 0.25 * len(token) / len(word) if len(word) > 4 else 0.6
    left = len(token) - len(word)
    if len(word) == 3:
        return 0.75 if left == 1 else 0.0
    return 0.93 if left <= 2 else 0.6


def _skeleton(token: str, word: str) -> bool:
    """Return whether ``token`` is ``word`` with letters left out, such as cstmr, strsse, vld."""
    if len(token) < 3 or token[0] != word[0] or len(token) * 3 < len(word):
        return False
    if sum(one in "aeiou" for one in token) * 3 > len(token):
        return False
    rest = iter(word)
    return all(letter in rest for letter in token)
