"""The lexicon made ready: phrases as words, and which of all its words stand near a name's word.

Computed once per process and shared: none of it depends on what is judged.
"""

from functools import cache

from mappings.suggest import lexicon
from mappings.suggest.words import alike
from shared_services.contracts.entities import entity_types

_NEAREST = 0.55
_ABBREVIATED = 0.93
_SHORTEST = 2

Phrase = tuple[str, ...]


@cache
def phrases() -> dict[str, tuple[Phrase, ...]]:
    """Return the phrases of each slot."""
    found = {slot: _phrases(text) for slot, text in lexicon.PHRASES.items()}
    # What a product costs goes by the same names in a list of prices.
    found["price.amount"] += found["list_price"]
    return found


@cache
def decoys() -> dict[str, tuple[Phrase, ...]]:
    """Return the phrases of each decoy."""
    return {what: _phrases(text) for what, text in lexicon.DECOYS.items()}


def phrases_of(slot: str) -> tuple[Phrase, ...]:
    """Return a slot's phrases; a field that the lexicon does not know has its own name."""
    return phrases().get(slot) or (tuple(slot.rpartition(".")[2].split("_")),)


@cache
def vocabulary() -> frozenset[str]:
    """Return every word of the lexicon: what names are cut into."""
    groups = (*phrases().values(), *decoys().values())
    known = {word for group in groups for phrase in group for word in phrase}
    fields = (name for one in entity_types().values() for name in one.field_names)
    known |= {word for name in fields for word in name.split("_")}
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


def _phrases(text: str) -> tuple[Phrase, ...]:
    flat = " ".join(text.split())
    return tuple(tuple(phrase.split()) for one in flat.split(",") if (phrase := one.strip()))
