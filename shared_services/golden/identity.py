"""Which golden record a source row belongs to.

Deterministic: the same rows in the same order get the same ids. A row keeps the id it has; a
match brings two records together under the smaller (older) id, and the other one redirects.
Rows that disagree in an exclusive rule are never brought together.

Works on a chunk of one sync's changed rows inside the caller's transaction; what it decides
is returned, and written by the caller.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, true

from shared_services.golden.model import GoldenModel

Keys = Mapping[str, str]
_ALL = true()


class Identities:
    """Golden ids of a chunk: known ones found by match keys, new ones on request."""

    def __init__(self, model: GoldenModel, new_id: Callable[[], int]) -> None:
        self._model = model
        self._new_id = new_id
        self._owners: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._exclusive: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.merged: dict[int, int] = {}

    def keys(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Return the match keys of a row by rule name, strongest first."""
        found = ((rule.name, rule.key(values)) for rule in self._model.rules)
        return {name: key for name, key in found if key is not None}

    def prefetch(
        self,
        connection: Connection,
        rows: Sequence[Keys],
        ids: Iterable[int],
        among: ColumnElement[bool] = _ALL,
    ) -> None:
        """Load who owns the match keys of ``rows``, and what is exclusive to the owners.

        ``among``: which rows of the match table count.
        """
        match, source = self._model.match, self._model.source
        wanted = sorted({key for keys in rows for key in keys.values()})
        owners = set(ids)
        joined = match.join(
            source,
            (match.c.sync == source.c.sync) & (match.c.source_key == source.c.source_key),
        )
        found = connection.execute(
            select(match.c.rule, match.c.value, source.c.golden_id)
            .select_from(joined)
            .where(match.c.value.in_(wanted), source.c.golden_id.is_not(None), among)
        )
        for rule, value, golden_id in found:
            self._owners[rule, value].add(golden_id)
            owners.add(golden_id)
        rules = [rule.name for rule in self._model.rules if rule.exclusive]
        claims = connection.execute(
            select(source.c.golden_id, match.c.rule, match.c.value)
            .select_from(joined)
            .where(match.c.rule.in_(rules), source.c.golden_id.in_(sorted(owners)), among)
        )
        for golden_id, rule, value in claims:
            self._exclusive[golden_id][rule].add(value)

    def settle(self, own: int | None, keys: Keys) -> int:
        """Return the golden id of a row that has ``keys``; merge what it brings together."""
        current = None if own is None else self.resolve(own)
        for rule, value in keys.items():
            for owner in sorted({self.resolve(one) for one in self._owners[rule, value]}):
                if current is None:
                    if self._agree(self._exclusive[owner], _claims(keys)):
                        current = self.claim(owner, keys)
                elif owner != current and self._agree(
                    self._exclusive[owner], self._exclusive[current]
                ):
                    current = self._merge(owner, current)
        return self.claim(self._new_id(), keys) if current is None else current

    def resolve(self, golden_id: int) -> int:
        """Return the id that ``golden_id`` went into during this chunk, or itself."""
        while golden_id in self.merged:
            golden_id = self.merged[golden_id]
        return golden_id

    def claim(self, golden_id: int, keys: Keys) -> int:
        """Note that a row with ``keys`` belongs to ``golden_id``; return the id.

        To be called for every row of the chunk that has an id before any is settled: a row
        that comes first must not be matched against what a later one does not say any more.
        """
        for rule, value in keys.items():
            self._owners[rule, value].add(golden_id)
            self._exclusive[golden_id][rule].add(value)
        return golden_id

    def _merge(self, one: int, other: int) -> int:
        kept, gone = min(one, other), max(one, other)
        self.merged[gone] = kept
        for rule, values in self._exclusive.pop(gone, {}).items():
            self._exclusive[kept][rule] |= values
        return kept

    def _agree(self, one: Mapping[str, set[str]], other: Mapping[str, set[str]]) -> bool:
        for rule in self._model.rules:
            mine, theirs = one.get(rule.name), other.get(rule.name)
            if rule.exclusive and mine and theirs and not mine & theirs:
                return False
        return True


def _claims(keys: Keys) -> dict[str, set[str]]:
    return {rule: {value} for rule, value in keys.items()}
