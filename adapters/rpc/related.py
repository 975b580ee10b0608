"""Reads the related records of a page by their ids: order lines, and what those refer to.

Guarantee: each relation costs one call a page (more only where a page holds more ids than
``read.limit``); lists keep their order. A row whose related record cannot be read is refused,
never delivered with a hole.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.rpc.models import Models
from adapters.rpc.query import Query
from adapters.rpc.shape import Record, is_pair, reference
from midspan.kernel.errors import ProtocolError, RecordError


class Relations:
    """What is asked of a model, and which of its fields are followed to other models."""

    def __init__(
        self,
        query: Query,
        models: Models,
        fields: Sequence[str],
        related: Mapping[str, str],
    ) -> None:
        deeper: dict[str, list[str]] = {}
        asked: list[str] = []
        for field in fields:
            root, _, rest = field.partition(".")
            if rest and root in related:
                deeper.setdefault(root, []).append(rest)
                asked.append(root)
            else:
                asked.append(field)
        self.asked = tuple(dict.fromkeys(asked))
        self._followed = {
            root: _Relation(query, models, related[root], rest, _below(related, root))
            for root, rest in deeper.items()
        }

    def attach(self, rows: Sequence[Mapping[str, Any]], records: Sequence[Record]) -> set[int]:
        """Put related records into ``records``, made of ``rows``; return those with a hole."""
        holes: set[int] = set()
        for name, relation in self._followed.items():
            holes |= relation.attach(name, rows, records)
        return holes


class _Relation:
    """One field that is followed."""

    def __init__(
        self,
        query: Query,
        models: Models,
        model: str,
        fields: Sequence[str],
        related: Mapping[str, str],
    ) -> None:
        self._query = query
        self._models = models
        self._model = model
        self._relations = Relations(query, models, fields, related)
        self._fields = tuple(dict.fromkeys([query.key, *self._relations.asked]))

    def attach(
        self, name: str, rows: Sequence[Mapping[str, Any]], records: Sequence[Record]
    ) -> set[int]:
        wanted = [_ids(row.get(name)) for row in rows]
        flat = [number for one in wanted for number in (one if isinstance(one, list) else [one])]
        found = self._fetch([one for one in dict.fromkeys(flat) if one is not None])
        holes: set[int] = set()
        for at, ids in enumerate(wanted):
            listed = ids if isinstance(ids, list) else [ids]
            if any(number is not None and number not in found for number in listed):
                holes.add(at)
            made = [found.get(number) for number in listed]
            records[at][name] = made if isinstance(ids, list) else made[0]
        return holes

    def _fetch(self, ids: Sequence[Any]) -> dict[Any, Record]:
        """Return the records by their ids; a server that caps its pages is asked again."""
        found: dict[Any, Record] = {}
        limit = self._query.limit
        for start in range(0, len(ids), limit):
            left = list(ids[start : start + limit])
            while left:
                found |= (got := self._page(left))
                if not got or len(got) == len(left):
                    break
                left = [one for one in left if one not in got]
        return found

    def _page(self, ids: Sequence[Any]) -> dict[Any, Record]:
        pieces = [self._query.keys(ids)]
        page = self._query.rows(self._model, pieces, self._fields, len(ids))
        shaper = self._models.shaper(self._model)
        rows: list[Mapping[str, Any]] = []
        records: list[Record] = []
        for at, row in enumerate(page.values):
            if not isinstance(row, Mapping):
                raise ProtocolError("rpc.rows", "a row is no record", remedy="Correct read.rows")
            if at in page.damaged:
                continue
            try:
                records.append(shaper.record(row))
            except RecordError:
                continue
            rows.append(row)
        holes = self._relations.attach(rows, records)
        asked = set(ids)
        keyed = {row.get(self._query.key): at for at, row in enumerate(rows) if at not in holes}
        return {key: records[at] for key, at in keyed.items() if key in asked}


def _ids(value: Any) -> Any:
    """Return a list of ids, one id, or None."""
    if isinstance(value, list) and not is_pair(value):
        return [reference(one) for one in value]
    return reference(value)


def _below(related: Mapping[str, str], root: str) -> dict[str, str]:
    start = f"{root}."
    return {name[len(start) :]: model for name, model in related.items() if name.startswith(start)}


def hole() -> RecordError:
    """Return the error of a row that names a related record which does not come."""
    return RecordError(
        "rpc.related_missing",
        "a related record that the row names cannot be read",
        remedy="It was deleted meanwhile, or the connection's user may not see it",
    )
