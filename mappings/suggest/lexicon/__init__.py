"""The words by which fields go in many languages and systems: data, nothing else.

Guarantee: what is here is general knowledge of languages and products. A system's own names
stand apart under the family they belong to, so that a judgement of the suggestions can leave
out what it judges.

Phrases are in lower case, as ``mappings.suggest.words`` folds names: ä is ae, é is e.
"""

from mappings.suggest.lexicon.decoys import DECOYS
from mappings.suggest.lexicon.families import FAMILIES
from mappings.suggest.lexicon.phrases import PHRASES
from mappings.suggest.lexicon.qualifiers import (
    ABBREVIATIONS,
    CONTEXT,
    ENTITY_NAMES,
    GENERIC,
    QUALIFIERS,
)

__all__ = [
    "ABBREVIATIONS",
    "CONTEXT",
    "DECOYS",
    "ENTITY_NAMES",
    "FAMILIES",
    "GENERIC",
    "PHRASES",
    "QUALIFIERS",
]
