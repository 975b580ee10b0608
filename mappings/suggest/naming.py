"""How well a column's name stands for what a slot is called, from 0 to 1, and by which words.

A name that is better explained by a decoy (a fax number, who changed a record) is told so by
``decoy``. Words that make a column another one's (``shipping``) weigh most of all that a
phrase leaves unexplained.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from mappings.suggest.lexicon import DECOYS, FAMILIES
from mappings.suggest.vocabulary import (
    Phrase,
    by_first_word,
    empty_words,
    generic,
    near,
    qualifiers,
    slots,
    vocabulary,
)
from mappings.suggest.words import Name, squeezed, take_apart

_SECOND = 0.8
_PLAIN = 0.95
_FAIR = 0.7
_ENOUGH_NAMES = 5
_NEARLY_ALL = 0.9
_LONGEST_PREFIX = 6
_PLAIN_NUMBERS = (0, 1)
_OTHER_NUMBER = 0.3
_QUALIFIER, _KNOWN, _UNKNOWN, _GENERIC, _EMPTY = 1.6, 0.8, 0.45, 0.3, 0.06

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """How well a name fits: ``phrase`` is what it was compared with.

    ``family`` is the system whose own name it is.
    """

    score: float
    phrase: str = ""
    family: str = ""


_NONE = Named(0.0)


@dataclass(frozen=True)
class Lexicon:
    """Which systems' own names are known; a judgement of a system's schema leaves its own out."""

    families: frozenset[str] = frozenset(FAMILIES)

    def known(self, text: str) -> Sequence[tuple[str, str]]:
        """Return family and slot where a whole name is a system's own; slot ``""``: none."""
        return self._own_names.get(squeezed(text), ())

    @cached_property
    def _own_names(self) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for family in sorted(self.families):
            for slot, names in FAMILIES[family].items():
                for name in names.split():
                    found.setdefault(squeezed(name), []).append((family, slot))
        return found


class Namer:
    """Compares the names of one stream's columns with what slots and decoys are called."""

    def __init__(self, words: Lexicon, entity: str, names: Sequence[str] = ()) -> None:
        self._lexicon = words
        self._entity = entity
        self._prefix = shared_prefix(names)
        self._drop = shared_beginnings(names, vocabulary())
        self._empty = empty_words(entity)
        self._names: dict[str, tuple[Name, ...]] = {}
        self._scores: dict[str, dict[str, Named]] = {}

    def slot_of(self, name: str) -> str:
        """Return the slot whose phrases a plain name has: the entity's own before the common."""
        own = f"{self._entity}.{name}"
        return own if own in slots() else name

    def score(self, slot: str, texts: Sequence[str]) -> Named:
        """Return how well the best of a column's names (its own, its label) fits a slot."""
        return max((self._score(slot, text) for text in texts if text), key=_by_score)

    def decoy(self, texts: Sequence[str]) -> Named:
        """Return what else the column is called like, with that as ``phrase``."""
        called = self._called(texts[0])
        found = max(
            (Named(called[one].score, one) for one in DECOYS if one in called),
            default=_NONE,
            key=_by_score,
        )
        for family, slot in self._lexicon.known(texts[0]):
            if not slot:
                told = found.score >= _FAIR
                what = found.phrase if told else f"a field of {family} that is none of ours"
                return Named(1.0, what, family)
        return found

    def is_others(self, texts: Sequence[str], phrase: str) -> bool:
        """Return whether a name says whose it is beyond a phrase: a size's unit, a bank's city."""
        explained = set(phrase.split())
        return any(
            word in qualifiers() and explained.isdisjoint(near(word))
            for word in self._ways(texts[0])[0].words
        )

    def _score(self, slot: str, text: str) -> Named:
        key = self.slot_of(slot)
        found = self._called(text).get(key, _NONE)
        for family, known in self._lexicon.known(text):
            if known in (slot, key) and found.score < _PLAIN:
                return Named(1.0, slot.replace("_", " "), family)
        return found

    def _ways(self, text: str) -> tuple[Name, ...]:
        """Return the ways in which a name can be taken apart."""
        if text not in self._names:
            plain = text.removeprefix(self._prefix) or text
            ways = [take_apart(plain, vocabulary(), self._drop, camel=one) for one in (True, False)]
            self._names[text] = tuple(dict.fromkeys(ways))
        return self._names[text]

    def _called(self, text: str) -> dict[str, Named]:
        """Return what a name is called like: the best phrase of each slot and decoy near it."""
        if text not in self._scores:
            best: dict[str, Named] = {}
            for name in self._ways(text):
                self._look_up(name, best)
            self._scores[text] = best
        return self._scores[text]

    def _look_up(self, name: Name, best: dict[str, Named]) -> None:
        close, index = _near(name.words), by_first_word()
        for word in close:
            for phrase in index.get(word, ()):
                if all(one in close for one in phrase.words):
                    score = self._compare(phrase.words, name.words, close) * _numbered(phrase, name)
                    if score > best.get(phrase.group, _NONE).score:
                        best[phrase.group] = Named(score, phrase.text)

    def _compare(self, phrase: Words, words: Words, close: dict[str, tuple[int, float]]) -> float:
        met: dict[int, float] = {}
        for wanted in phrase:
            at, score = close[wanted]
            met[at] = max(met.get(at, 0.0), score)
        recall = sum(met.values()) / len(phrase) if len(met) >= len(phrase) else 0.0
        total = sum(self._weight(word, at in met) for at, word in enumerate(words))
        precision = sum(self._weight(words[at], True) for at in met) / total if met else 0.0
        return recall * (0.3 + 0.7 * precision)

    def _weight(self, word: str, met: bool) -> float:
        if met:
            return 1.0
        if word in qualifiers():
            return _QUALIFIER
        if word in self._empty or len(word) == 1:
            return _EMPTY
        if word in generic():
            return _GENERIC
        return _KNOWN if word in vocabulary() else _UNKNOWN


def _numbered(phrase: Phrase, name: Name) -> float:
    """Return what the number at a name's end leaves of its likeness to a phrase."""
    if phrase.ordinal is not None:
        return 1.0 if phrase.ordinal == name.ordinal else _OTHER_NUMBER
    return 1.0 if name.ordinal in _PLAIN_NUMBERS else _SECOND


def _near(words: Words) -> dict[str, tuple[int, float]]:
    """Return the words of the vocabulary near a name's: the place of the nearest, how near."""
    found: dict[str, tuple[int, float]] = {}
    for at, word in enumerate(words):
        for one, score in near(word).items():
            if score > found.get(one, (0, 0.0))[1]:
                found[one] = (at, score)
    return found


def shared_beginnings(names: Sequence[str], known: Collection[str]) -> frozenset[str]:
    """Return the words with which most columns begin: a table's name before each of them."""
    taken = [take_apart(text, known).words for text in names]
    first = [words[0] for words in taken if len(words) > 1]
    return frozenset(word for word in set(first) if first.count(word) >= max(3, 0.6 * len(names)))


def shared_prefix(names: Sequence[str]) -> str:
    """Return the letters with which nearly all names begin, as in CMNAME, CMCITY, CMZIPC."""
    if len(names) < _ENOUGH_NAMES:
        return ""
    for size in range(_LONGEST_PREFIX, 1, -1):
        prefix, count = Counter(name[:size] for name in names).most_common(1)[0]
        rests = [name[size:] for name in names if name.startswith(prefix)]
        if count >= _NEARLY_ALL * len(names) and min(map(len, rests)) > 1 and prefix.isalnum():
            return prefix
    return ""


def _by_score(one: Named) -> float:
    return one.score
