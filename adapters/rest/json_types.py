"""Compiled types that decode a JSON page straight into tuples of the members that are asked for.

Guarantee: the values are those of a plain decoding: a number with a fraction is a Decimal, an
integer of any size is exact, a member that is missing is None.

The collector of cycles passes the records over, for JSON knows none.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
from msgspec.structs import astuple

from midspan.kernel.stream import Row

VALUE = msgspec.json.Decoder(float_hook=Decimal)
OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
LIST = msgspec.json.Decoder(list[msgspec.Raw])

_UNFIT = frozenset({'"', "\\"})


class RowReader:
    """Decodes objects into rows of some members."""

    def __init__(self, names: tuple[str, ...]) -> None:
        record = _record(names)
        self._names = names
        self._list = msgspec.json.Decoder(list[record], float_hook=Decimal)  # type: ignore[valid-type]  # made at run time
        self._dict = msgspec.json.Decoder(dict[str, record], float_hook=Decimal)  # type: ignore[valid-type]  # made at run time
        self._one = msgspec.json.Decoder(record, float_hook=Decimal)

    def listed(self, raw: bytes) -> list[Row]:
        """Return the rows of a list of objects."""
        return list(map(astuple, self._list.decode(raw)))

    def single(self, raw: bytes) -> list[Row]:
        """Return the row of one object."""
        return [astuple(self._one.decode(raw))]

    def named(self, raw: bytes, name: str) -> list[Row]:
        """Return the rows of an object's members; what they are called becomes ``name``."""
        found = self._dict.decode(raw)
        rows = map(astuple, found.values())
        if name not in self._names:
            return list(rows)
        at = self._names.index(name)
        return [(*row[:at], key, *row[at + 1 :]) for key, row in zip(found, rows, strict=True)]


class PageReader:
    """Decodes a whole reply: the rows of a list at ``steps``, and some members beside it."""

    def __init__(
        self, steps: tuple[str, ...], names: tuple[str, ...], head: frozenset[str]
    ) -> None:
        self._head = {f"h{at}": name for at, name in enumerate(sorted(head - {steps[0]}))}
        inner: Any = list[_record(names)]  # type: ignore[misc]  # made at run time
        for step in reversed(steps[1:]):
            inner = msgspec.defstruct("Inner", [("inner", inner)], rename={"inner": step})
        nothing = msgspec.Raw(b"")
        page = msgspec.defstruct(
            "Page",
            [("inner", inner), *((field, msgspec.Raw, nothing) for field in self._head)],
            rename={"inner": steps[0], **self._head},
        )
        self._depth = len(steps)
        self._page = msgspec.json.Decoder(page, float_hook=Decimal)

    def read(self, body: bytes) -> tuple[list[Row], Mapping[str, bytes]]:
        """Return the rows, and the members of the head that are there, undecoded.

        Raises as msgspec does for a reply that is built otherwise.
        """
        page: Any = self._page.decode(body)
        found = page
        for _ in range(self._depth):
            found = found.inner
        head = {name: getattr(page, field) for field, name in self._head.items()}
        return list(map(astuple, found)), {name: raw for name, raw in head.items() if len(raw)}


@cache
def row_reader(names: tuple[str, ...]) -> RowReader | None:
    """Return the reader of some members; None where a name is none that can be compiled."""
    return RowReader(names) if _fit(names) else None


@cache
def page_reader(
    steps: tuple[str, ...], names: tuple[str, ...], head: frozenset[str]
) -> PageReader | None:
    """Return the reader of some pages; None where a name is none that can be compiled."""
    return PageReader(steps, names, head) if _fit((*steps, *names, *head)) else None


def _record(names: Sequence[str]) -> type[msgspec.Struct]:
    fields = [f"f{at}" for at in range(len(names))]
    return msgspec.defstruct(
        "Record",
        [(field, Any, None) for field in fields],
        rename=dict(zip(fields, names, strict=True)),
        gc=False,
    )


def _fit(names: Sequence[str]) -> bool:
    return not any(_UNFIT & set(name) or min(name, default=" ") < " " for name in names)
