"""Does to the lists of a whole column at once what ``each`` does to the list of one row.

Guarantee: as for ``mappings.columnwise``: equal to the exact function's records, or one of
``UNSURE``. The items of all rows are put in one list, translated column by column as rows are,
and dealt out again; a single item that is not plainly well leaves all of them to the exact one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat
from typing import Any

from mappings.chunks import Part
from mappings.fields import counted
from shared_services.contracts.entities import FieldType


@dataclass(frozen=True, slots=True)
class Lists:
    """The function of a column of lists.

    ``members`` are the names read of each item, ``parts`` make the fields of the records from
    their columns, and ``record`` makes one record of its fields' values. ``count`` refuses
    too few records or too many.
    """

    members: Sequence[str]
    parts: Sequence[Part]
    record: Callable[..., dict[str, Any]]
    count: Callable[[tuple[Any, ...]], None] | None

    def __call__(self, column: Sequence[Any]) -> Sequence[tuple[dict[str, Any], ...]]:
        """Return each row's records; one of ``UNSURE`` where a row or an item is odd."""
        if set(map(type, column)) != {list}:
            raise TypeError
        items = list(chain.from_iterable(column))
        records = iter(self._records(items) if items else ())
        made = [tuple(islice(records, len(listed))) for listed in column]
        if self.count is not None:
            for one in made:
                self.count(one)
        return made

    def _records(self, items: Sequence[Any]) -> Sequence[dict[str, Any]]:
        if set(map(type, items)) != {dict}:
            raise TypeError
        columns = [list(map(dict.get, items, repeat(name))) for name in self.members]
        odd: set[int] = set()
        values = [part.values(columns, odd) for part in self.parts]
        if odd:
            raise ValueError
        return list(map(self.record, *values))


def counting(spec: FieldType) -> Callable[[tuple[Any, ...]], None] | None:
    """Return what holds a field's records to their number; None where any number will do."""
    return counted(spec) if spec.min_length or spec.max_length is not None else None
