"""A sampled stream as columns that a mapping's paths can name, members of records among them.

``address.city``, the first of a list (``addresses[0].city``) and a list's records by their
type (``contact_mechanisms[type=email].value``) are columns of their own. Bounded: a sample
has at most ``MAX_COLUMNS`` of them, three steps deep.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mappings.suggest.profile import Profile, profile

MAX_COLUMNS = 600
_DEPTH = 3
_MAX_TYPES = 8
_DISCRIMINATORS = ("type", "kind", "typ", "role", "usage", "name", "key", "label", "code")
_PLAIN = re.compile(r"[^\s.\[\]'\"=](?:[^.\[\]'\"=]*[^\s.\[\]'\"=])?")
_CODE = re.compile(r"[A-Za-z][\w-]{0,23}")


@dataclass(frozen=True)
class Column:
    """A place in a stream's rows. ``path`` is spelt for a mapping; ``top`` is the row's column.

    ``texts`` are the names by which people know it, its own first.
    """

    path: str
    top: str
    texts: tuple[str, ...]
    values: Sequence[Any] = field(repr=False)

    @cached_property
    def profile(self) -> Profile:
        """What its values look like."""
        return profile(self.values)


def columns_of(
    names: Sequence[str], rows: Sequence[Sequence[Any]], labels: Mapping[str, str]
) -> list[Column]:
    """Return the columns of a sample; a record or list gives its members instead of itself."""
    found: list[Column] = []
    for index, name in enumerate(names):
        if not name or "'" in name:
            # No path can name it.
            continue
        values = [row[index] for row in rows]
        path = name if _PLAIN.fullmatch(name) else f"['{name}']"
        known = (name, labels.get(name, ""))
        for column in _expand(path, name, tuple(filter(None, known)), values, _DEPTH):
            if len(found) < MAX_COLUMNS:
                found.append(column)
    return found


def _expand(
    path: str, top: str, texts: tuple[str, ...], values: Sequence[Any], depth: int
) -> Iterator[Column]:
    there = [one for one in values if one is not None and one is not False and one != ""]
    if there and depth and all(isinstance(one, Mapping) for one in there):
        yield from _members(path, top, texts[0], values, depth)
    elif there and depth and all(isinstance(one, list | tuple) for one in there):
        yield from _items(path, top, texts[0], values, depth)
    else:
        yield Column(path, top, texts, values)


def _members(path: str, top: str, text: str, values: Sequence[Any], depth: int) -> Iterator[Column]:
    records = [one if isinstance(one, Mapping) else {} for one in values]
    for name in dict.fromkeys(str(key) for record in records for key in record):
        step = f".{name}" if _PLAIN.fullmatch(name) else f"['{name}']"
        inner: list[Any] = [record.get(name) for record in records]
        yield from _expand(path + step, top, (f"{text} {name}",), inner, depth - 1)


def _items(path: str, top: str, text: str, values: Sequence[Any], depth: int) -> Iterator[Column]:
    lists = [list(one) if isinstance(one, list | tuple) else [] for one in values]
    items = [item for one in lists for item in one]
    if items and all(isinstance(item, Mapping) for item in items):
        yield from _typed(path, top, lists, depth)
    elif items and all(len(one) in (0, 2) for one in lists) and _is_pair(lists):
        # An Odoo reference: number and name.
        yield Column(f"{path}[1]", top, (text,), _seconds(lists))
        return
    first: list[Any] = [one[0] if one else None for one in lists]
    yield from _expand(f"{path}[0]", top, (text,), first, depth - 1)


def _seconds(lists: Sequence[Sequence[Any]]) -> list[Any]:
    return [one[1] if one else None for one in lists]


def _typed(path: str, top: str, lists: Sequence[Sequence[Any]], depth: int) -> Iterator[Column]:
    """Yield the columns of each type of a list's records, where a member tells types apart."""
    member, types = _discriminator([item for one in lists for item in one])
    for kind in types:
        chosen = [next((i for i in one if i.get(member) == kind), None) for one in lists]
        inner: list[Any] = [
            None if one is None else {k: v for k, v in one.items() if k != member} for one in chosen
        ]
        step = f"[{member}={kind}]"
        yield from _expand(path + step, top, (f"{kind}",), inner, depth - 1)


def _discriminator(items: Sequence[Mapping[str, Any]]) -> tuple[str, list[str]]:
    for member in _DISCRIMINATORS:
        values: list[Any] = [item[member] for item in items if item.get(member) is not None]
        if not values or not all(isinstance(one, str) and _CODE.fullmatch(one) for one in values):
            continue
        counted: Counter[str] = Counter(values)
        if 2 <= len(counted) <= _MAX_TYPES and len(values) > len(counted):
            return member, [kind for kind, _ in counted.most_common()]
    return "", []


def _is_pair(lists: Sequence[Sequence[Any]]) -> bool:
    return all(isinstance(one[0], int) and isinstance(one[1], str) for one in lists if one)
