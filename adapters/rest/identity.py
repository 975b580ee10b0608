"""What identifies records: their keys, as the source gives them.

Guarantee: two records are one only when their keys are equal; a hash decides nothing, for -1 and
-2 have the same.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import xxhash

from adapters.rest.span import Span
from midspan.kernel.stream import Reject, Row


def identities(span: Span, primary_key: Sequence[str]) -> set[Any] | None:
    """Return what identifies the records of a span; None where their key is not read."""
    found: set[Any] = set()
    for records, start in span.parts:
        if not records.items:
            continue
        if not set(primary_key) <= set(records.columns):
            return None
        places = [records.columns.index(name) for name in primary_key]
        own = _of_rows(records.items[start:] if start else records.items, places)
        found = own if not found else found | own
    return found


def _of_rows(items: Sequence[Row | Reject], places: Sequence[int]) -> set[Any]:
    key: Callable[[Any], Any] = itemgetter(*places)
    try:
        # Plain rows with plain keys are the rule: all of it runs without a step of ours.
        return set(map(key, items))
    except TypeError:
        return {_identity(item, key) for item in items}


def _identity(item: Row | Reject, key: Callable[[Any], Any]) -> Any:
    if isinstance(item, Reject):
        return xxhash.xxh3_64_intdigest(item.raw)
    value = key(item)
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value
