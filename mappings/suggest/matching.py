"""Matches columns and slots: one assignment for all of them, each column used at most once.

The score of a pair joins what the name says with what the values tell, times what the values
leave possible. ``confidence`` is the score less what the next best column takes from it; at
``CONFIDENT`` and above a suggestion is called confident, which is meant to be wrong in at
most one of twenty cases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mappings.suggest.columns import Column
from mappings.suggest.fitting import Fit, fit
from mappings.suggest.naming import Named, Namer

CONFIDENT = 0.72
ACCEPTED = 0.42

_NAME_SHARE = 0.97
_CLOSE = 0.25
_CLOSE_COSTS = 0.35
_TAKEN = 0.4
_OTHERS = 0.4


@dataclass(frozen=True, slots=True)
class Pair:
    """A column as a slot: its score, and what was said for it."""

    slot: str
    column: Column
    score: float
    named: Named
    fit: Fit


@dataclass(frozen=True, slots=True)
class Match:
    """The column that a slot was given; ``rivals`` are the next best, best first."""

    pair: Pair
    confidence: float
    rivals: tuple[Pair, ...] = ()

    @property
    def confident(self) -> bool:
        """Whether it is at most once in twenty times wrong."""
        return self.confidence >= CONFIDENT


def match(slots: Sequence[str], columns: Sequence[Column], namer: Namer) -> dict[str, Match]:
    """Return the best assignment of columns to slots; a slot without a fair column is absent."""
    table = {slot: [_pair(slot, column, namer) for column in columns] for slot in slots}
    gains = [[max(0.0, pair.score - ACCEPTED) for pair in table[slot]] for slot in slots]
    chosen = {
        slot: table[slot][at]
        for slot, at in zip(slots, assign(gains), strict=True)
        if at is not None and table[slot][at].score >= ACCEPTED
    }
    taken = {pair.column.path: pair for pair in chosen.values()}
    return {slot: _match(pair, table[slot], taken) for slot, pair in chosen.items()}


def _pair(slot: str, column: Column, namer: Namer) -> Pair:
    named = namer.score(slot, column.texts)
    found = fit(namer.slot_of(slot), column.profile)
    decoy = namer.decoy(column.texts)
    by_name = named.score
    if decoy.score > by_name:
        by_name *= max(0.0, 1 - 1.5 * (decoy.score - by_name))
    telling = found.telling * (1 - 0.7 * decoy.score if decoy.score > named.score else 1)
    if namer.is_others(column.texts, named.phrase):
        telling *= _OTHERS
    score = (1 - (1 - _NAME_SHARE * by_name**1.3) * (1 - telling)) * found.fits
    return Pair(slot, column, score, named, found)


def _match(pair: Pair, pairs: Sequence[Pair], taken: Mapping[str, Pair]) -> Match:
    others = sorted(
        (one for one in pairs if one.column is not pair.column),
        key=lambda one: -one.score,
    )
    rivals = [one for one in others if one.score >= ACCEPTED]
    weights = [
        one.score * _TAKEN
        if one.column.path in taken and taken[one.column.path].score >= one.score
        else one.score
        for one in rivals
    ]
    margin = pair.score - max(weights, default=0.0)
    cost = _CLOSE_COSTS * max(0.0, _CLOSE - margin) / _CLOSE
    return Match(pair, max(0.0, pair.score - cost), tuple(rivals[:2]))


def assign(gains: Sequence[Sequence[float]]) -> list[int | None]:
    """Return for each row the column that makes the sum of gains greatest, each used once.

    None for a row that gains nothing. The Hungarian method, on rows padded with columns of no
    gain.
    """
    if not gains:
        return []
    count, width = len(gains), len(gains[0])
    total = width + count
    row_price = [0.0] * (count + 1)
    column_price = [0.0] * (total + 1)
    held = [0] * (total + 1)
    for row in range(1, count + 1):
        _augment(row, gains, width, held, row_price, column_price)
    result: list[int | None] = [None] * count
    for column in range(1, width + 1):
        if held[column] and gains[held[column] - 1][column - 1] > 0:
            result[held[column] - 1] = column - 1
    return result


def _augment(
    row: int,
    gains: Sequence[Sequence[float]],
    width: int,
    held: list[int],
    row_price: list[float],
    column_price: list[float],
) -> None:
    """Give ``row`` a column, moving earlier rows along the cheapest path."""
    total = len(held) - 1
    least, came = [float("inf")] * (total + 1), [0] * (total + 1)
    used = [False] * (total + 1)
    held[0], column = row, 0
    while held[column]:
        used[column] = True
        at, delta, following = held[column], float("inf"), 0
        for one in range(1, total + 1):
            if used[one]:
                continue
            gain = gains[at - 1][one - 1] if one <= width else 0.0
            price = -gain - row_price[at] - column_price[one]
            if price < least[one]:
                least[one], came[one] = price, column
            if least[one] < delta:
                delta, following = least[one], one
        for one in range(total + 1):
            if used[one]:
                row_price[held[one]] += delta
                column_price[one] -= delta
            else:
                least[one] -= delta
        column = following
    while column:
        held[column] = held[came[column]]
        column = came[column]
