"""The lexicon made ready: phrases as words, and which of all its words stand near a name's word.

Computed once per process and shared: none of it depends on what is judged.
"""

from dataclasses import dataclass
from functools import cache

from mappings.suggest import lexicon
from mappings.suggest.words import alike
from shared_services.contracts.entities import entity_types

_NEAREST = 0.55
_ABBREVIATED = 0.93
_SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words by which ``group``, a slot or a decoy, is called; ``ordinal`` is the number in them."""

    group: str
    words: tuple[str, ...]
    text: str
    ordinal: int | None = None


@cache
def slots() -> dict[str, tuple[Phrase, ...]]:
    """Return the phrases of each slot; a field that the lexicon does not know has its own name."""
    texts = {**lexicon.PHRASES}
    # What a product costs goes by the same names in a list of prices.
    texts["price.amount"] += f", {texts['list_price']}"
    for entity in entity_types().values():
        for name in entity.field_names:
            if f"{entity.name}.{name}" not in texts:
                texts.setdefault(name, name.replace("_", " "))
    return {slot: _phrases(slot, text) for slot, text in texts.items()}


@cache
def by_first_word() -> dict[str, tuple[Phrase, ...]]:
    """Return all phrases, of slots and decoys, by the word they begin with."""
    decoys = [_phrases(what, text) for what, text in lexicon.DECOYS.items()]
    found: dict[str, list[Phrase]] = {}
    for group in (*slots().values(), *decoys):
        for phrase in group:
            found.setdefault(phrase.words[0], []).append(phrase)
    return {word: tuple(phrases) for word, phrases in found.items()}


@cache
def vocabulary() -> frozenset[str]:
    """Return every word of the lexicon: what names are cut into."""
    groups = by_first_word().values()
    known = {word for group in groups for phrase in group for word in phrase.words}
    texts = (lexicon.QUALIFIERS, lexicon.CONTEXT, lexicon.GENERIC, *lexicon.ENTITY_NAMES.values())
    known |= {word for text in texts for word in text.split()}
    return frozenset(word for word in known if len(word) >= _SHORTEST).union(_shortened())


@cache
def qualifiers() -> frozenset[str]:
    """Return the words that make a column another one's."""
    return frozenset(lexicon.QUALIFIERS.split())


@cache
def generic() -> frozenset[str]:
    """Return the words that say what a column holds, not of what."""
    return frozenset(lexicon.GENERIC.split())


@cache
def empty_words(entity: str) -> frozenset[str]:
    """Return the words that add nothing to the name of a column of this entity."""
    return frozenset(f"{lexicon.CONTEXT} {lexicon.ENTITY_NAMES.get(entity, entity)}".split())


@cache
def near(word: str) -> dict[str, float]:
    """Return the words of the vocabulary that a name's word may stand for, and how well."""
    short = _shortened().get(word, frozenset())
    found = {one: alike(one, word) for one in vocabulary()}
    found |= {one: max(_ABBREVIATED, found.get(one, 0.0)) for one in short}
    return {one: score for one, score in found.items() if score >= _NEAREST}


@cache
def _shortened() -> dict[str, frozenset[str]]:
    """Return the words that an abbreviation may stand for."""
    found: dict[str, set[str]] = {}
    for word, shorts in lexicon.ABBREVIATIONS.items():
        for short in shorts.split():
            found.setdefault(short, set()).add(word)
    return {short: frozenset(words) for short, words in found.items()}


def _phrases(group: str, text: str) -> tuple[Phrase, ...]:
    found = []
    for one in filter(None, (" ".join(phrase.split()) for phrase in text.split(","))):
        words = tuple(word for word in one.split() if not word.isdigit())
        numbers = [int(word) for word in one.split() if word.isdigit()]
        found.append(Phrase(group, words, one, numbers[0] if numbers else None))
    return tuple(found)
