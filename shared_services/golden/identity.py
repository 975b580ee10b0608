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

from sqlalchemy import ColumnElement, Connection, Select, Table, select, true

from midspan.store.load import mappings
from shared_services.golden.model import GoldenModel, match_hash

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

        ``among``: which source rows count.
        """
        source, owners = self._model.source, set(ids)
        for rule in self._model.rules:
            wanted = {keys[rule.name] for keys in rows if rule.name in keys}
            hashed = source.c[rule.column].in_(sorted(map(match_hash, wanted)))
            found = self._rows(source, rule.fields).where(
                hashed, source.c.golden_id.is_not(None), among
            )
            for row in mappings(connection.execute(found)):
                # Two keys may share a hash: only the same key makes them the same.
                if (value := rule.key(row)) in wanted:
                    self._owners[rule.name, str(value)].add(row["golden_id"])
                    owners.add(row["golden_id"])
        proofs = [rule for rule in self._model.rules if rule.exclusive]
        claims = self._rows(source, [name for rule in proofs for name in rule.fields])
        mine = source.c.golden_id.in_(sorted(owners))
        for row in mappings(connection.execute(claims.where(mine, among))) if proofs else ():
            for rule in proofs:
                if (value := rule.key(row)) is not None:
                    self._exclusive[row["golden_id"]][rule.name].add(value)

    def _rows(self, source: Table, names: Iterable[str]) -> "Select[Any]":
        return select(source.c.golden_id, *(source.c[name] for name in dict.fromkeys(names)))

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
