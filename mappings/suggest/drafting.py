"""Drafts a mapping for a sampled stream: which entity it is, and what feeds each field.

Guarantee: a draft is data beside its evidence. Nothing is written or applied here, and no
value of the sample is in it but the words that its conditions and options compare (yes and
no, codes).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from config.binding import nearest
from mappings.suggest.columns import Column, columns_of
from mappings.suggest.composing import Line, compose, slots_of
from mappings.suggest.lexicon import ENTITY_NAMES
from mappings.suggest.matching import match
from mappings.suggest.naming import Lexicon, Namer
from mappings.suggest.words import take_apart
from midspan.kernel.errors import MidspanError, UnknownName
from shared_services.contracts.entities import EntityType, FieldType, entity_types

_SLIGHT = 0.3
_FAIR_DECOY = 0.55


@dataclass(frozen=True, slots=True)
class Sample:
    """Some rows of a stream. ``labels`` are the source's names for people, by column."""

    system: str
    stream: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]] = field(repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)
    title: str = ""


@dataclass(frozen=True, slots=True)
class Left:
    """A column of the stream that the draft reads nothing of, and why."""

    column: str
    why: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A suggested mapping.

    ``choices`` are all entities with their scores, best first; ``missing`` are the required
    fields that nothing was found for; ``open`` are the others.
    """

    sample: Sample
    entity: EntityType
    choices: tuple[tuple[str, float], ...]
    lines: tuple[Line, ...]
    ignored: tuple[Left, ...]

    @property
    def missing(self) -> tuple[FieldType, ...]:
        """Required fields that nothing was found for."""
        return tuple(one for one in self._unfilled if one.required)

    @property
    def open(self) -> tuple[FieldType, ...]:
        """Fields that may stay empty, and do."""
        return tuple(one for one in self._unfilled if not one.required)

    @property
    def _unfilled(self) -> list[FieldType]:
        filled = {line.field for line in self.lines}
        return [one for one in self.entity.fields if one.name not in filled]


def suggest(sample: Sample, entity: str = "", words: Lexicon | None = None) -> Draft:
    """Return a draft for ``entity``, or for the one that the stream looks most like.

    Raises UnknownName ``suggest.unknown_entity``, and MidspanError ``suggest.no_entity`` when
    the stream looks like none.
    """
    known = entity_types()
    if entity and entity not in known:
        message = f"there is no entity '{entity}'"
        remedy = nearest(entity, list(known))
        raise UnknownName("suggest.unknown_entity", message, remedy=remedy)
    words = words or Lexicon()
    columns = columns_of(sample.columns, sample.rows, sample.labels)
    names = list(dict.fromkeys(column.top for column in columns))
    tries = [_Try(one, columns, Namer(words, one.name, names), sample) for one in known.values()]
    tries.sort(key=lambda one: -one.score)
    choices = tuple((one.entity.name, round(one.score, 2)) for one in tries)
    chosen = next((one for one in tries if one.entity.name == entity), tries[0])
    if not entity and chosen.score < _SLIGHT:
        message = f"{sample.system}.{sample.stream} looks like none of {', '.join(known)}"
        remedy = "Say which it is with --entity, if it is one"
        raise MidspanError("suggest.no_entity", message, remedy=remedy)
    return chosen.draft(choices)


class _Try:
    """A stream taken for one entity."""

    def __init__(
        self, entity: EntityType, columns: Sequence[Column], namer: Namer, sample: Sample
    ) -> None:
        self.entity = entity
        self._columns = columns
        self._namer = namer
        self._sample = sample
        self._matches = match(slots_of(entity), columns, namer)
        self._lines = compose(entity, self._matches)
        self._mapped = {line.field for line in self._lines}
        self.score = self._score()

    def _score(self) -> float:
        """Return how much the stream looks like the entity: its needs, its fields, its name."""
        sure = {line.field: line.confidence for line in self._lines if line.columns}
        needed = [one.name for one in self.entity.fields if one.required and not one.choices]
        need = sum(sure.get(one, 0.0) for one in needed) / max(1, len(needed))
        fields = sum(sure.values()) / len(self.entity.fields)
        return 0.45 * need + 0.3 * fields + 0.25 * self._called()

    def _called(self) -> float:
        names = frozenset(ENTITY_NAMES.get(self.entity.name, self.entity.name).split())
        words = {
            word
            for text in (self._sample.stream, self._sample.title)
            for word in take_apart(text, names).words
        }
        return 1.0 if words & names else 0.0

    def draft(self, choices: tuple[tuple[str, float], ...]) -> Draft:
        """Return what was found."""
        read = {path for line in self._lines for path in line.columns}
        used = {column.top for column in self._columns if column.path in read}
        ignored = tuple(
            Left(name, self._why_not(name)) for name in self._sample.columns if name not in used
        )
        return Draft(self._sample, self.entity, choices, tuple(self._lines), ignored)

    def _why_not(self, name: str) -> str:
        own = [column for column in self._columns if column.top == name]
        if all(column.profile.empty for column in own):
            return "no value in the sample"
        rival = self._rival(own)
        if rival:
            return rival
        decoy = self._namer.decoy((name,))
        if decoy.score >= _FAIR_DECOY:
            return f"looks like {decoy.phrase}"
        if all(column.profile.distinct == 1 for column in own) and len(self._sample.rows) > 1:
            return "one value in all rows"
        return f"like no field of {self.entity.name}"

    def _rival(self, own: Sequence[Column]) -> str:
        """Return for which field a column was second best, or could be a part."""
        for slot, found in self._matches.items():
            if found.pair.column in own and slot not in self._mapped:
                return f"looks like the {slot.replace('_', ' ')}, which no field is made of here"
            for pair in found.rivals:
                if pair.column in own and slot in self._mapped:
                    return f"second best for {slot.replace('_', ' ')} ({pair.score:.2f})"
        return ""
